/**
 * The admin of the typed face: Kafka's admin calls over any log. A topic that does not exist is an error that names
 * the nearest one.
 */
import {
  checkConfigChanges,
  checkNewTopics,
  checkPartitionCounts,
  requireArray,
} from './checked-options.js';
import type {
  ConfigChange,
  ConfigEntry,
  GroupDescription,
  Isolation,
  LogAdmin,
  NewTopic,
  OffsetSpec,
  PartitionOffset,
  PartitionOffsetAndMetadata,
  TopicDescription,
  TopicPartition,
} from './client.js';
import { unknownTopic, withTopicHint } from './unknown-topic.js';

/**
 * Makes, lists and describes topics, groups and offsets.
 *
 * @example
 * ```ts
 * import { memoryLog } from 'millrace';
 *
 * await using log = memoryLog();
 * const admin = log.admin();
 * await admin.createTopics([{ topic: 'order', partitions: 3, config: { 'retention.ms': 86_400_000 } }]);
 * console.log(await admin.listTopics()); // [ 'order' ]
 * console.log(await admin.listOffsets('order', 'latest')); // [{ partition: 0, offset: 0 }, ...]
 * ```
 */
export interface Admin {
  /** Throws `TOPIC_EXISTS` (unless `ifNotExists`), `INVALID_TOPIC`, `INVALID_PARTITIONS`, `INVALID_CONFIG`. */
  createTopics(
    topics: readonly NewTopic[],
    options?: { readonly ifNotExists?: boolean },
  ): Promise<void>;
  /** Throws `UNKNOWN_TOPIC`. */
  deleteTopics(topics: readonly string[]): Promise<void>;
  /** Raises partition counts, all or none. Records stay where they are, so new records of a key may go elsewhere. Throws `UNKNOWN_TOPIC`, `INVALID_PARTITIONS`. */
  createPartitions(
    topics: readonly { readonly topic: string; readonly partitions: number }[],
  ): Promise<void>;
  /** Every config of each topic with its value, source (set or default) and meaning. Throws `UNKNOWN_TOPIC`. */
  describeConfigs(topics: readonly string[]): Promise<(readonly ConfigEntry[])[]>;
  /** Sets and unsets topic configs, all changes or none; what is not named stays. In force when it resolves. Throws `UNKNOWN_TOPIC`, `INVALID_CONFIG`. */
  alterConfigs(changes: readonly ConfigChange[]): Promise<void>;
  listTopics(): Promise<string[]>;
  /** In the order asked for; all topics when none are named. Throws `UNKNOWN_TOPIC`. */
  describeTopics(topics?: readonly string[]): Promise<TopicDescription[]>;
  /** Per partition: where it begins, where it ends, the youngest record, or the first one at or after a timestamp; -1 when there is no such record. */
  listOffsets(
    topic: string,
    spec: OffsetSpec,
    options?: { readonly isolation?: Isolation },
  ): Promise<PartitionOffset[]>;
  /** Makes the records below the given offsets unreadable, for everybody. */
  deleteRecords(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  listGroups(): Promise<string[]>;
  /** Every committed offset of a group. */
  committedOffsets(groupId: string): Promise<PartitionOffsetAndMetadata[]>;
  /** State, generation, assignor and members, in the order asked for; all groups when none are named. A group that does not exist is `Dead`. */
  describeGroups(groupIds?: readonly string[]): Promise<GroupDescription[]>;
  /** Sets committed offsets of a group without members. Throws `GROUP_NOT_EMPTY`, `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`, `INVALID_ARGUMENT`. */
  alterGroupOffsets(groupId: string, offsets: readonly PartitionOffsetAndMetadata[]): Promise<void>;
  /** Forgets committed offsets. Throws `UNKNOWN_GROUP`, `GROUP_NOT_EMPTY` while a member reads the topic. */
  deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void>;
  /** Deletes groups with their offsets, all or none. Throws `UNKNOWN_GROUP`, `GROUP_NOT_EMPTY`. */
  deleteGroups(groupIds: readonly string[]): Promise<void>;
}

export class TypedAdmin implements Admin {
  readonly #admin: LogAdmin;

  constructor(admin: LogAdmin) {
    this.#admin = admin;
  }

  async createTopics(
    topics: readonly NewTopic[],
    options?: { readonly ifNotExists?: boolean },
  ): Promise<void> {
    checkNewTopics(topics, options);
    await this.#admin.createTopics(topics, options);
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    requireArray(topics, 'deleteTopics', "['order']");
    await this.describeTopics(topics); // Names the first that does not exist, before anything is deleted.
    await this.#admin.deleteTopics(topics);
  }

  listTopics(): Promise<string[]> {
    return this.#admin.listTopics();
  }

  async describeTopics(topics?: readonly string[]): Promise<TopicDescription[]> {
    if (topics !== undefined) requireArray(topics, 'describeTopics', "['order']");
    const asked = topics ?? (await this.#admin.listTopics());
    const found = await this.#admin.describeTopics(asked);
    const missing = found.indexOf(undefined);
    if (missing >= 0) throw await unknownTopic(this.#admin, asked[missing] ?? '');
    return found.filter((description) => description !== undefined);
  }

  async listOffsets(
    topic: string,
    spec: OffsetSpec,
    options?: { readonly isolation?: Isolation },
  ): Promise<PartitionOffset[]> {
    try {
      return await this.#admin.listOffsets(topic, spec, options);
    } catch (error) {
      throw await withTopicHint(this.#admin, topic, error);
    }
  }

  deleteRecords(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    return this.#admin.deleteRecords(offsets);
  }

  listGroups(): Promise<string[]> {
    return this.#admin.listGroups();
  }

  committedOffsets(groupId: string): Promise<PartitionOffsetAndMetadata[]> {
    return this.#admin.committedOffsets(groupId);
  }

  async createPartitions(
    topics: readonly { readonly topic: string; readonly partitions: number }[],
  ): Promise<void> {
    checkPartitionCounts(topics);
    await this.describeTopics(topics.map(({ topic }) => topic));
    await this.#admin.createPartitions(topics);
  }

  async describeConfigs(topics: readonly string[]): Promise<(readonly ConfigEntry[])[]> {
    requireArray(topics, 'describeConfigs', "['order']");
    await this.describeTopics(topics);
    return this.#admin.describeConfigs(topics);
  }

  async alterConfigs(changes: readonly ConfigChange[]): Promise<void> {
    checkConfigChanges(changes);
    await this.describeTopics(changes.map(({ topic }) => topic));
    await this.#admin.alterConfigs(changes);
  }

  async describeGroups(groupIds?: readonly string[]): Promise<GroupDescription[]> {
    if (groupIds !== undefined) requireArray(groupIds, 'describeGroups', "['billing']");
    return this.#admin.describeGroups(groupIds ?? (await this.#admin.listGroups()));
  }

  async alterGroupOffsets(
    groupId: string,
    offsets: readonly PartitionOffsetAndMetadata[],
  ): Promise<void> {
    requireArray(
      offsets,
      'alterGroupOffsets',
      "[{ topic: 'order', partition: 0, offset: 0, metadata: '' }]",
    );
    await this.#admin.alterGroupOffsets(groupId, offsets);
  }

  async deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    requireArray(partitions, 'deleteGroupOffsets', "[{ topic: 'order', partition: 0 }]");
    await this.#admin.deleteGroupOffsets(groupId, partitions);
  }

  async deleteGroups(groupIds: readonly string[]): Promise<void> {
    requireArray(groupIds, 'deleteGroups', "['billing']");
    await this.#admin.deleteGroups(groupIds);
  }
}
