/** `millrace groups reset`: moves committed offsets of a group that has no members. Shows them first; --execute does it. */
import type { TopicPartition } from '../../log/client.js';
import type { Log } from '../../log/log.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { withLog } from '../opened-log.js';
import { table } from '../terminal/table.js';
import { dateTimeMs, periodMs } from './date-time.js';
import { partitionScope } from './partition-scope.js';

const ANY = Number.MIN_SAFE_INTEGER;

type Target =
  | { readonly to: 'earliest' | 'latest' | 'current' }
  | { readonly to: 'time'; readonly ms: number }
  | { readonly to: 'ago'; readonly ms: number }
  | { readonly to: 'offset'; readonly offset: number }
  | { readonly to: 'shift'; readonly by: number };

interface NewOffset extends TopicPartition {
  readonly offset: number;
}

export const resetGroup = defineCommand({
  words: ['groups', 'reset'],
  summary: 'move the committed offsets of a group',
  notes: [
    'Shows the new offsets and changes nothing, unless --execute is given. The group must have no members. A group that does not exist is made. Offsets beyond a partition are moved to its beginning or end.',
  ],
  args: [{ name: 'group', summary: 'name of the group', option: 'group' }],
  options: {
    topic: { kind: 'list', value: 'TOPIC[:0,1]', summary: 'the topic, or some of its partitions' },
    'all-topics': { kind: 'flag', summary: 'every partition that has a committed offset' },
    'to-earliest': { kind: 'flag', summary: 'to the beginning' },
    'to-latest': { kind: 'flag', summary: 'to the end' },
    'to-current': { kind: 'flag', summary: 'to where it is' },
    'to-offset': { kind: 'number', value: 'N', min: 0, summary: 'to this offset' },
    'to-datetime': {
      kind: 'text',
      value: 'TIME',
      summary:
        'to the first record at or after YYYY-MM-DDTHH:MM:SS.sss, in UTC unless a zone is given',
    },
    'by-duration': {
      kind: 'text',
      value: 'PERIOD',
      summary: 'to the first record of the last PnDTnHnMnS, or 7d, 12h',
    },
    'shift-by': {
      kind: 'number',
      value: 'N',
      min: ANY,
      summary: 'N offsets forward, or back when N is negative',
    },
    'dry-run': { kind: 'flag', summary: 'only show the new offsets (this is the default)' },
    execute: { kind: 'flag', summary: 'commit the new offsets' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, partition, offset }]',
  examples: ['millrace groups reset hello-group --topic hello.kafka --to-earliest --execute'],
  async run({ args, options }, io) {
    const target = targetOf(options);
    if (options.execute && options['dry-run'])
      throw new UsageError('--execute and --dry-run: give one of them.');
    if (options['all-topics'] === options.topic.length > 0)
      throw new UsageError('say which partitions: --topic TOPIC, or --all-topics.');
    const group = args.group;
    const moved = await withLog(io, options, async (log) => {
      const admin = log.admin();
      const scope = options['all-topics']
        ? await admin.committedOffsets(group)
        : await partitionScope(admin, options.topic);
      const offsets = await newOffsets(log, group, scope, target, io);
      if (options.execute)
        await admin.alterGroupOffsets(
          group,
          offsets.map((at) => ({ ...at, metadata: '' })),
        );
      return offsets;
    });
    if (options.json) {
      await io.out.write(`${JSON.stringify(moved)}\n`);
      return 0;
    }
    const rows = moved.map(({ topic, partition, offset }) => [
      group,
      topic,
      `${partition}`,
      `${offset}`,
    ]);
    await io.out.write(table(['GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET'], rows, io.out));
    if (!options.execute) await io.err.write('Nothing was changed; --execute does it.\n');
    return 0;
  },
});

interface TargetOptions {
  readonly 'to-earliest': boolean;
  readonly 'to-latest': boolean;
  readonly 'to-current': boolean;
  readonly 'to-offset': number | undefined;
  readonly 'to-datetime': string | undefined;
  readonly 'by-duration': string | undefined;
  readonly 'shift-by': number | undefined;
}

function targetOf(options: TargetOptions): Target {
  const targets: Target[] = [];
  if (options['to-earliest']) targets.push({ to: 'earliest' });
  if (options['to-latest']) targets.push({ to: 'latest' });
  if (options['to-current']) targets.push({ to: 'current' });
  const { 'to-offset': offset, 'shift-by': by, 'to-datetime': time, 'by-duration': ago } = options;
  if (offset !== undefined) targets.push({ to: 'offset', offset });
  if (by !== undefined) targets.push({ to: 'shift', by });
  if (time !== undefined) targets.push({ to: 'time', ms: dateTimeMs('to-datetime', time) });
  if (ago !== undefined) targets.push({ to: 'ago', ms: periodMs('by-duration', ago) });
  const [target, second] = targets;
  if (target === undefined || second !== undefined)
    throw new UsageError(
      'say once where to: --to-earliest, --to-latest, --to-current, --to-offset, --to-datetime, --by-duration or --shift-by.',
    );
  return target;
}

async function newOffsets(
  log: Log,
  group: string,
  scope: readonly TopicPartition[],
  target: Target,
  io: CommandIo,
): Promise<NewOffset[]> {
  const admin = log.admin();
  const committed = new Map(
    (await admin.committedOffsets(group)).map((at) => [`${at.topic}-${at.partition}`, at.offset]),
  );
  const offsets: NewOffset[] = [];
  for (const topic of new Set(scope.map((at) => at.topic))) {
    const starts = await admin.listOffsets(topic, 'earliest');
    const ends = await admin.listOffsets(topic, 'latest');
    const timed =
      target.to === 'time' || target.to === 'ago'
        ? await admin.listOffsets(
            topic,
            target.to === 'time' ? target.ms : Math.max(0, io.env.clock.now() - target.ms),
          )
        : [];
    for (const { partition } of scope.filter((at) => at.topic === topic)) {
      const start = offsetIn(starts, partition) ?? 0;
      const end = offsetIn(ends, partition) ?? 0;
      const wanted = wantedOffset(target, {
        start,
        end,
        current: committed.get(`${topic}-${partition}`),
        timed: offsetIn(timed, partition),
      });
      const offset = Math.min(Math.max(wanted, start), end);
      if (offset !== wanted)
        await io.err.write(
          `Offset ${wanted} of ${topic}-${partition} is beyond the partition; it becomes ${offset}.\n`,
        );
      offsets.push({ topic, partition, offset });
    }
  }
  return offsets;
}

function offsetIn(
  offsets: readonly { readonly partition: number; readonly offset: number }[],
  partition: number,
): number | undefined {
  return offsets.find((at) => at.partition === partition)?.offset;
}

interface KnownOffsets {
  readonly start: number;
  readonly end: number;
  /** The committed one. */
  readonly current: number | undefined;
  /** The first record at the time asked for; undefined or below 0 when there is none. */
  readonly timed: number | undefined;
}

/** Kafka's rule: without a committed offset, the end stands for it. */
function wantedOffset(target: Target, { start, end, current = end, timed }: KnownOffsets): number {
  switch (target.to) {
    case 'earliest':
      return start;
    case 'latest':
      return end;
    case 'current':
      return current;
    case 'offset':
      return target.offset;
    case 'shift':
      return current + target.by;
    case 'time':
    case 'ago':
      return timed === undefined || timed < 0 ? end : timed;
  }
}
