/** `millrace offsets`: what Kafka's get-offsets tool tells. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import type { OffsetSpec } from '../../log/client.js';
import { withLog } from '../opened-log.js';
import { table } from '../terminal/table.js';

export const offsets = defineCommand({
  words: ['offsets'],
  summary: 'print where partitions begin and end, or where a time is in them',
  notes: [
    'A time is in milliseconds since 1970; the offset is that of the first record at or after it, and the end where there is none.',
  ],
  args: [
    {
      name: 'topic',
      summary: 'names of the topics; all when none is named',
      many: true,
      optional: true,
      option: 'topic',
    },
  ],
  options: {
    time: {
      kind: 'text',
      value: 'TIME',
      default: 'latest',
      summary:
        'earliest (or -2), latest (or -1), max-timestamp (or -3: the record with the latest time), or milliseconds',
    },
    isolation: {
      kind: 'text',
      value: 'LEVEL',
      choices: ['read_committed', 'read_uncommitted'],
      default: 'read_uncommitted',
      summary: 'whether the latest offset is before or after open transactions',
    },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, partition, offset }]',
  async run({ args, options }, io) {
    const spec = offsetSpec(options.time);
    const found = await withLog(io, options, async (log) => {
      const admin = log.admin();
      const topics = args.topic.length > 0 ? args.topic : await admin.listTopics();
      await admin.describeTopics(topics);
      const rows: { topic: string; partition: number; offset: number }[] = [];
      for (const topic of topics)
        for (const { partition, offset } of await admin.listOffsets(topic, spec, {
          isolation: options.isolation,
        }))
          rows.push({ topic, partition, offset });
      return rows;
    });
    if (options.json) await io.out.write(`${JSON.stringify(found)}\n`);
    else {
      const rows = found.map(({ topic, partition, offset }) => [
        topic,
        `${partition}`,
        `${offset}`,
      ]);
      await io.out.write(table(['TOPIC', 'PARTITION', 'OFFSET'], rows, io.out));
    }
    return 0;
  },
});

function offsetSpec(text: string): OffsetSpec {
  if (text === 'earliest' || text === '-2') return 'earliest';
  if (text === 'latest' || text === '-1') return 'latest';
  if (text === 'max-timestamp' || text === '-3') return 'max-timestamp';
  const ms = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(ms)) return ms;
  throw new UsageError(
    `--time: '${text}' is neither earliest nor latest nor max-timestamp nor milliseconds since 1970.`,
  );
}
