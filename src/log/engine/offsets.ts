/**
 * Committed offsets of the groups, by topic id, so that a topic made anew inherits none. An offset can be read
 * when its entry is durable; a snapshot takes what is appended, because the journal file that holds the entry may go.
 */
import { StreamsError } from '../../errors.js';
import type { OffsetAndMetadata, PartitionOffsetAndMetadata } from '../client.js';
import type { Durability } from './durability.js';
import { checkGroupId, tooManyGroups } from './group-errors.js';
import type { JournalEntry } from './storage.js';
import type { Topics } from './topics.js';

export type GroupOffsetsEntry = JournalEntry & { readonly type: 'group-offsets' };
export type GroupOffset = GroupOffsetsEntry['offsets'][number];

/** With the topic that the offset was read from, where that is known: another one may have its name by now. */
export interface OffsetToCommit extends PartitionOffsetAndMetadata {
  readonly topicId?: string | undefined;
}

/** Kafka's offset.metadata.max.bytes, which counts characters. */
const METADATA_LENGTH_MAX = 4096;
/** In a transaction: there an application keeps the times of its operators, some 60 characters for each of a task. */
export const TRANSACTION_METADATA_LENGTH_MAX = 65_536;

/** By `topicId/partition`. */
type Offsets = Map<string, GroupOffset>;

export class GroupOffsets {
  readonly #topics: Topics;
  readonly #durability: Durability;
  readonly #groupsMax: number;
  readonly #written: () => void;
  readonly #visible = new Map<string, Offsets>();
  readonly #appended = new Map<string, Offsets>();

  /** `written` is told of each entry. */
  constructor(topics: Topics, durability: Durability, groupsMax: number, written: () => void) {
    this.#topics = topics;
    this.#durability = durability;
    this.#groupsMax = groupsMax;
    this.#written = written;
  }

  /** The entry for these offsets. Throws `INVALID_GROUP`, `LIMIT_EXCEEDED`, `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`, `INVALID_ARGUMENT`, `OFFSET_METADATA_TOO_LARGE`. */
  entry(
    groupId: string,
    offsets: Iterable<OffsetToCommit>,
    timestamp: number,
    metadataLengthMax = METADATA_LENGTH_MAX,
  ): GroupOffsetsEntry {
    checkGroupId(groupId);
    if (this.#appended.size >= this.#groupsMax && !this.#appended.has(groupId))
      throw tooManyGroups(groupId, this.#groupsMax);
    const list: GroupOffset[] = [];
    for (const { topic: name, topicId, partition, offset, metadata } of offsets) {
      const topic = this.#topics.get(name);
      if (topicId !== undefined && topicId !== topic.topicId) {
        throw new StreamsError(
          'UNKNOWN_TOPIC',
          `Topic '${name}' was deleted and made anew; offset ${offset} of the former one cannot be committed. Read the new one from its beginning.`,
          { topic: name, partition },
        );
      }
      topic.partition(partition);
      if (!Number.isSafeInteger(offset) || offset < 0) {
        throw new StreamsError(
          'INVALID_ARGUMENT',
          `${name}-${partition}: ${offset} cannot be committed, an offset is a whole number >= 0.`,
          { topic: name, partition },
        );
      }
      checkMetadata(metadata, name, partition, metadataLengthMax);
      list.push({ topicId: topic.topicId, partition, offset, metadata, timestamp });
    }
    return { type: 'group-offsets', groupId, offsets: list };
  }

  /** The entry that removes these offsets of the group, all of them when none are named; those that do not exist are left out. */
  removal(
    groupId: string,
    partitions?: readonly { readonly topicId: string; readonly partition: number }[],
  ): GroupOffsetsEntry {
    const known = this.#appended.get(groupId);
    const found =
      partitions === undefined
        ? [...(known?.values() ?? [])]
        : partitions.flatMap((at) => known?.get(keyOf(at)) ?? []);
    const offsets = found.map(({ topicId, partition, timestamp }) => ({
      topicId,
      partition,
      offset: -1,
      metadata: '',
      timestamp,
    }));
    return { type: 'group-offsets', groupId, offsets };
  }

  /** Appends the entry, which can be read once it is durable: before anybody is told who waits from now on. */
  write(entry: GroupOffsetsEntry): void {
    this.#durability.append(entry);
    put(this.#appended, entry);
    this.#written();
    this.#durability.wait({
      durable: (error) => {
        if (error === undefined) put(this.#visible, entry);
      },
    });
  }

  /** The entry that commits the group's offsets again as they are, at another time. */
  renewal(groupId: string, timestamp: number): GroupOffsetsEntry {
    const known = [...(this.#appended.get(groupId)?.values() ?? [])];
    const offsets = known.map(({ topicId, partition, offset, metadata }) => ({
      topicId,
      partition,
      offset,
      metadata,
      timestamp,
    }));
    return { type: 'group-offsets', groupId, offsets };
  }

  /** What is appended of the group, durable or not. */
  appended(groupId: string): Iterable<GroupOffset> {
    return this.#appended.get(groupId)?.values() ?? [];
  }

  /** Recovery: the entry is in the journal and durable. */
  replay(entry: GroupOffsetsEntry): void {
    put(this.#appended, entry);
    put(this.#visible, entry);
  }

  /** The group has offsets, durable or not. */
  has(groupId: string): boolean {
    return this.#appended.has(groupId);
  }

  committed(groupId: string, topicId: string, partition: number): OffsetAndMetadata | undefined {
    const found = this.#visible.get(groupId)?.get(keyOf({ topicId, partition }));
    return found === undefined ? undefined : { offset: found.offset, metadata: found.metadata };
  }

  ofGroup(groupId: string): PartitionOffsetAndMetadata[] {
    const list: PartitionOffsetAndMetadata[] = [];
    for (const { topicId, partition, offset, metadata } of this.#visible.get(groupId)?.values() ??
      []) {
      const topic = this.#topics.byId(topicId);
      if (topic !== undefined) list.push({ topic: topic.name, partition, offset, metadata });
    }
    return list.sort((a, b) =>
      a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition,
    );
  }

  /** Of the groups that have offsets, durable or not. */
  groupIds(): IterableIterator<string> {
    return this.#appended.keys();
  }

  topicDeleted(topicId: string): void {
    for (const groups of [this.#visible, this.#appended]) {
      for (const [groupId, offsets] of groups) {
        for (const [key, offset] of offsets) if (offset.topicId === topicId) offsets.delete(key);
        if (offsets.size === 0) groups.delete(groupId);
      }
    }
  }

  snapshot(): GroupOffsetsEntry[] {
    return [...this.#appended].map(([groupId, offsets]) => ({
      type: 'group-offsets',
      groupId,
      offsets: [...offsets.values()],
    }));
  }
}

function checkMetadata(
  metadata: unknown,
  topic: string,
  partition: number,
  lengthMax: number,
): void {
  if (typeof metadata !== 'string')
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${topic}-${partition}: the metadata of an offset is a text ('' for none), not ${typeof metadata}.`,
      { topic, partition },
    );
  if (metadata.length > lengthMax)
    throw new StreamsError(
      'OFFSET_METADATA_TOO_LARGE',
      `${topic}-${partition}: metadata of ${metadata.length} characters cannot be committed, ${lengthMax} are allowed. Keep it elsewhere and commit where it is.`,
      { topic, partition },
    );
}

function put(groups: Map<string, Offsets>, entry: GroupOffsetsEntry): void {
  let offsets = groups.get(entry.groupId);
  if (offsets === undefined) groups.set(entry.groupId, (offsets = new Map()));
  for (const offset of entry.offsets) {
    const key = keyOf(offset);
    if (offset.offset < 0) offsets.delete(key);
    else offsets.set(key, offset);
  }
  if (offsets.size === 0) groups.delete(entry.groupId);
}

function keyOf(at: { readonly topicId: string; readonly partition: number }): string {
  return `${at.topicId}/${at.partition}`;
}
