/** `millrace topics create`. Makes the log too, when the directory holds none. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { assignments } from '../command-line.js';
import { counted } from '../counted.js';
import { withNewLog } from '../opened-log.js';

export const createTopics = defineCommand({
  words: ['topics', 'create'],
  summary: 'make topics, and the log if the directory holds none',
  args: [{ name: 'topic', summary: 'names of the topics', many: true, option: 'topic' }],
  options: {
    partitions: {
      kind: 'number',
      value: 'N',
      min: 1,
      default: 1,
      summary: 'partitions of each topic',
    },
    config: { kind: 'list', value: 'NAME=VALUE', summary: "a topic config, with Kafka's name" },
    'if-not-exists': { kind: 'flag', summary: 'leave a topic that exists as it is' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, created }]; created is false for a topic that was there',
  examples: ['millrace topics create hello.kafka --partitions 3 --config retention.ms=172800000'],
  async run({ args, options }, io) {
    const { partitions } = options;
    const config = assignments('config', options.config);
    await withNewLog(io, options, async (log) => {
      const admin = log.admin();
      const there = new Set(options['if-not-exists'] ? await admin.listTopics() : []);
      await admin.createTopics(
        args.topic.map((topic) => ({ topic, partitions, config })),
        { ifNotExists: options['if-not-exists'] },
      );
      if (options.json) {
        const made = args.topic.map((topic) => ({ topic, created: !there.has(topic) }));
        await io.out.write(`${JSON.stringify(made)}\n`);
        return;
      }
      for (const topic of args.topic)
        await io.out.write(
          there.has(topic)
            ? `Topic ${topic} exists; it was left as it is.\n`
            : `Created topic ${topic} with ${counted(partitions, 'partition')}.\n`,
        );
    });
    return 0;
  },
});
