/** `millrace topics alter --partitions N`: more partitions. Kafka has no way to fewer, and neither has this. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import { counted } from '../counted.js';
import { withLog } from '../opened-log.js';

export const alterTopics = defineCommand({
  words: ['topics', 'alter'],
  summary: 'give topics more partitions',
  notes: [
    'Records stay where they are, so new records of a key may go to another partition than its old ones. Configs are altered with millrace configs alter.',
  ],
  args: [{ name: 'topic', summary: 'names of the topics', many: true, option: 'topic' }],
  options: {
    partitions: {
      kind: 'number',
      value: 'N',
      min: 1,
      summary: 'partitions that each topic shall have',
    },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, partitions }]',
  examples: ['millrace topics alter hello.kafka --partitions 4'],
  async run({ args, options }, io) {
    const { partitions } = options;
    if (partitions === undefined)
      throw new UsageError('say how many partitions there shall be: --partitions N.');
    await withLog(io, options, (log) =>
      log.admin().createPartitions(args.topic.map((topic) => ({ topic, partitions }))),
    );
    if (options.json) {
      const altered = args.topic.map((topic) => ({ topic, partitions }));
      await io.out.write(`${JSON.stringify(altered)}\n`);
      return 0;
    }
    for (const topic of args.topic)
      await io.out.write(`Topic ${topic} has ${counted(partitions, 'partition')} now.\n`);
    return 0;
  },
});
