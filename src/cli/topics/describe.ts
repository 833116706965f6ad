/** `millrace topics describe`: partitions with where they begin and end, and the configs that are set. */
import type { Admin } from '../../log/typed-admin.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';
import { table } from '../terminal/table.js';

const HEADER = ['TOPIC', 'PARTITION', 'START', 'END', 'CONFIG'];

interface Described {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly config: { readonly [name: string]: string };
  readonly offsets: readonly {
    readonly partition: number;
    readonly start: number;
    readonly end: number;
  }[];
}

export const describeTopics = defineCommand({
  words: ['topics', 'describe'],
  summary: 'print partitions, offsets and configs of topics',
  notes: [
    'START is the first offset that can be read, END the offset that the next record gets. CONFIG holds what is set for the topic; millrace configs describe --all shows all that is in force.',
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
  options: { ...JSON_OPTION, ...LOG_OPTIONS },
  json: '[{ topic, topicId, partitions, config: { NAME: VALUE }, offsets: [{ partition, start, end }] }]',
  async run({ args, options }, io) {
    const described = await withLog(io, options, (log) =>
      describe(log.admin(), args.topic.length === 0 ? undefined : args.topic),
    );
    if (options.json) await io.out.write(`${JSON.stringify(described)}\n`);
    else await io.out.write(table(HEADER, described.flatMap(rows), io.out));
    return 0;
  },
});

async function describe(admin: Admin, topics: readonly string[] | undefined): Promise<Described[]> {
  const described: Described[] = [];
  for (const { topic, topicId, partitions, config } of await admin.describeTopics(topics)) {
    const starts = await admin.listOffsets(topic, 'earliest');
    const ends = await admin.listOffsets(topic, 'latest', { isolation: 'read_uncommitted' });
    described.push({
      topic,
      topicId,
      partitions,
      config: Object.fromEntries(
        Object.entries(config).map(([name, value]) => [name, String(value)]),
      ),
      offsets: ends.map(({ partition, offset }, i) => ({
        partition,
        start: starts[i]?.offset ?? 0,
        end: offset,
      })),
    });
  }
  return described;
}

function rows({ topic, config, offsets }: Described): string[][] {
  const text = Object.entries(config)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  return offsets.map(({ partition, start, end }, i) => [
    topic,
    String(partition),
    String(start),
    String(end),
    i === 0 ? text : '',
  ]);
}
