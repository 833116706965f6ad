/** `millrace topics delete`: topics with all their records. */
import { defineCommand, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';

export const deleteTopics = defineCommand({
  words: ['topics', 'delete'],
  summary: 'delete topics with all their records',
  args: [{ name: 'topic', summary: 'names of the topics', many: true, option: 'topic' }],
  options: {
    'if-exists': { kind: 'flag', summary: 'a topic that does not exist is no error' },
    ...LOG_OPTIONS,
  },
  async run({ args, options }, io) {
    await withLog(io, options, async (log) => {
      const admin = log.admin();
      const there = options['if-exists'] ? new Set(await admin.listTopics()) : undefined;
      const wanted = args.topic.filter((topic) => there?.has(topic) !== false);
      if (wanted.length > 0) await admin.deleteTopics(wanted);
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
