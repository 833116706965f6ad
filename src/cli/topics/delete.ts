/** `millrace topics delete`: topics with all their records. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';

export const deleteTopics = defineCommand({
  words: ['topics', 'delete'],
  summary: 'delete topics with all their records',
  args: [{ name: 'topic', summary: 'names of the topics', many: true, option: 'topic' }],
  options: {
    'if-exists': { kind: 'flag', summary: 'a topic that does not exist is no error' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, deleted }]; deleted is false for a topic that was not there',
  async run({ args, options }, io) {
    await withLog(io, options, async (log) => {
      const admin = log.admin();
      const there = options['if-exists'] ? new Set(await admin.listTopics()) : undefined;
      const wanted = args.topic.filter((topic) => there?.has(topic) !== false);
      if (wanted.length > 0) await admin.deleteTopics(wanted);
      if (options.json) {
        const gone = args.topic.map((topic) => ({ topic, deleted: wanted.includes(topic) }));
        await io.out.write(`${JSON.stringify(gone)}\n`);
        return;
      }
      for (const topic of args.topic)
        await io.out.write(
          wanted.includes(topic)
            ? `Deleted topic ${topic}.\n`
            : `Topic ${topic} does not exist; nothing was deleted.\n`,
        );
    });
    return 0;
  },
});
