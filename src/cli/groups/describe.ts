/** `millrace groups describe`: where groups are, how far behind, and who is in them. */
import type { GroupDescription, TopicPartition } from '../../log/client.js';
import type { Admin } from '../../log/typed-admin.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { withLog } from '../opened-log.js';
import { table } from '../terminal/table.js';
import { knownGroups } from './known-groups.js';

interface PartitionProgress extends TopicPartition {
  /** Null: nothing committed. */
  readonly currentOffset: number | null;
  readonly logEndOffset: number;
  readonly lag: number | null;
  readonly consumerId: string | null;
  readonly clientId: string | null;
}

interface DescribedGroup {
  readonly groupId: string;
  readonly state: string;
  readonly assignor: string;
  readonly generationId: number;
  readonly offsets: readonly PartitionProgress[];
  readonly members: GroupDescription['members'];
}

export const describeGroups = defineCommand({
  words: ['groups', 'describe'],
  summary: 'print committed offsets and lag of consumer groups, or their members, or their state',
  notes: [
    'LAG is how many offsets are between the committed one and the end. A - stands for what is not there.',
  ],
  args: [
    {
      name: 'group',
      summary: 'names of the groups; all when none is named',
      many: true,
      optional: true,
      option: 'group',
    },
  ],
  options: {
    offsets: { kind: 'flag', summary: 'print offsets and lag (this is the default)' },
    members: { kind: 'flag', summary: 'print the members' },
    state: { kind: 'flag', summary: 'print state, assignor and number of members' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ groupId, state, assignor, generationId, offsets: [{ topic, partition, currentOffset, logEndOffset, lag, consumerId, clientId }], members: [{ memberId, clientId, groupInstanceId, assignment }] }]',
  examples: ['millrace groups describe hello-group'],
  async run({ args, options }, io) {
    const { offsets, members, state } = options;
    if ([offsets, members, state].filter(Boolean).length > 1)
      throw new UsageError('--offsets, --members and --state: give one of them.');
    const groups = await withLog(io, options, (log) =>
      describe(log.admin(), args.group.length === 0 ? undefined : args.group),
    );
    if (options.json) await io.out.write(`${JSON.stringify(groups)}\n`);
    else if (members) await printMembers(groups, io);
    else if (state) await printStates(groups, io);
    else await printOffsets(groups, io);
    return 0;
  },
});

async function describe(
  admin: Admin,
  groupIds: readonly string[] | undefined,
): Promise<DescribedGroup[]> {
  const ends = new LogEnds(admin);
  const groups: DescribedGroup[] = [];
  for (const group of await knownGroups(admin, groupIds)) {
    const { groupId, state, assignor, generationId, members } = group;
    groups.push({
      groupId,
      state,
      assignor,
      generationId,
      offsets: await progressOf(admin, group, ends),
      members,
    });
  }
  return groups;
}

/** Every partition with a committed offset or a member that has it. */
async function progressOf(
  admin: Admin,
  { groupId, members }: GroupDescription,
  ends: LogEnds,
): Promise<PartitionProgress[]> {
  const committed = await admin.committedOffsets(groupId);
  const owners = new Map(
    members.flatMap((member) =>
      member.assignment.map((at) => [placeOf(at), { ...member, at }] as const),
    ),
  );
  const offsets = new Map(committed.map((entry) => [placeOf(entry), entry.offset]));
  const places = new Map<string, TopicPartition>([
    ...committed.map((entry) => [placeOf(entry), entry] as const),
    ...Array.from(owners, ([place, { at }]) => [place, at] as const),
  ]);
  const rows: PartitionProgress[] = [];
  for (const [place, { topic, partition }] of places) {
    const currentOffset = offsets.get(place) ?? null;
    const logEndOffset = await ends.of(topic, partition);
    rows.push({
      topic,
      partition,
      currentOffset,
      logEndOffset,
      lag: currentOffset === null ? null : Math.max(0, logEndOffset - currentOffset),
      consumerId: owners.get(place)?.memberId ?? null,
      clientId: owners.get(place)?.clientId ?? null,
    });
  }
  return rows.toSorted((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
  );
}

const placeOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** Ends of partitions, asked for once per topic. */
class LogEnds {
  readonly #admin: Admin;
  readonly #ends = new Map<string, Promise<Map<number, number>>>();

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  async of(topic: string, partition: number): Promise<number> {
    const known = this.#ends.get(topic) ?? this.#ask(topic);
    this.#ends.set(topic, known);
    return (await known).get(partition) ?? 0;
  }

  async #ask(topic: string): Promise<Map<number, number>> {
    const ends = await this.#admin.listOffsets(topic, 'latest');
    return new Map(ends.map(({ partition, offset }) => [partition, offset]));
  }
}

const orDash = (value: string | number | null): string =>
  value === null || value === '' ? '-' : String(value);

async function printOffsets(groups: readonly DescribedGroup[], io: CommandIo): Promise<void> {
  await tellEmpty(groups, io);
  const several = groups.length > 1;
  const rows = groups.flatMap(({ groupId, offsets }) =>
    offsets.map((at) => [
      ...(several ? [groupId] : []),
      at.topic,
      String(at.partition),
      orDash(at.currentOffset),
      String(at.logEndOffset),
      orDash(at.lag),
      orDash(at.consumerId),
      orDash(at.clientId),
    ]),
  );
  const header = [
    'TOPIC',
    'PARTITION',
    'CURRENT-OFFSET',
    'LOG-END-OFFSET',
    'LAG',
    'CONSUMER-ID',
    'CLIENT-ID',
  ];
  await io.out.write(table(several ? ['GROUP', ...header] : header, rows, io.out));
}

async function printMembers(groups: readonly DescribedGroup[], io: CommandIo): Promise<void> {
  await tellEmpty(groups, io);
  const rows = groups.flatMap(({ groupId, members }) =>
    members.map(({ memberId, clientId, assignment }) => [
      groupId,
      memberId,
      clientId,
      String(assignment.length),
      assignment.map(placeOf).join(' '),
    ]),
  );
  const header = ['GROUP', 'CONSUMER-ID', 'CLIENT-ID', '#PARTITIONS', 'ASSIGNMENT'];
  if (rows.length > 0) await io.out.write(table(header, rows, io.out));
}

async function printStates(groups: readonly DescribedGroup[], io: CommandIo): Promise<void> {
  const rows = groups.map(({ groupId, state, assignor, members }) => [
    groupId,
    orDash(assignor),
    state,
    String(members.length),
  ]);
  await io.out.write(table(['GROUP', 'ASSIGNMENT-STRATEGY', 'STATE', '#MEMBERS'], rows, io.out));
}

async function tellEmpty(groups: readonly DescribedGroup[], io: CommandIo): Promise<void> {
  for (const { groupId, members } of groups)
    if (members.length === 0)
      await io.err.write(`Consumer group '${groupId}' has no active members.\n`);
}
