/**
 * The admin of the typed face: Kafka's admin calls over any log. A topic that does not exist is an error that names
 * the nearest one.
 */
import { checkNewTopics, requireArray } from './checked-options.js';
import type {
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
  listTopics(): Promise<string[]>;
  /** In the order asked for; all topics when none are named. Throws `UNKNOWN_TOPIC`. */
  describeTopics(topics?: readonly string[]): Promise<TopicDescription[]>;
  /** Per partition: where it begins, where it ends, or the first record at or after a timestamp (its end when there is none). */
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
}
