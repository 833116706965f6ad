/** The admin port of the bundled log. Every change is durable when its promise resolves. */
import { StreamsError } from '../../errors.js';
import type {
  ConfigChange,
  ConfigEntry,
  CustomCodecs,
  GroupDescription,
  Isolation,
  LogAdmin,
  NewTopic,
  OffsetSpec,
  PartitionOffset,
  PartitionOffsetAndMetadata,
  TopicDescription,
  TopicPartition,
} from '../client.js';
import type { Broker } from './broker.js';
import { GroupAdmin } from './group-admin.js';
import { offsetOfMaxTimestamp } from './max-timestamp.js';
import type { Partition } from './partition.js';
import { describeConfig } from './topic-config.js';
import type { Topic } from './topics.js';

export class EngineAdmin implements LogAdmin {
  readonly #broker: Broker;
  readonly #groups: GroupAdmin;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#groups = new GroupAdmin(broker);
  }

  async createTopics(
    topics: readonly NewTopic[],
    options: { readonly ifNotExists?: boolean } = {},
  ): Promise<void> {
    this.#broker.assertOpen();
    this.#broker.createTopics(topics, options.ifNotExists ?? false);
    await this.#durable();
  }

  async deleteTopics(topics: readonly string[]): Promise<void> {
    this.#broker.assertOpen();
    const found = topics.map((name) => this.#broker.topics.get(name));
    for (const topic of new Set(found)) this.#broker.deleteTopic(topic);
    await this.#durable();
  }

  async createPartitions(
    topics: readonly { readonly topic: string; readonly partitions: number }[],
  ): Promise<void> {
    this.#broker.assertOpen();
    this.#broker.createPartitions(topics);
    await this.#durable();
  }

  async describeConfigs(topics: readonly string[]): Promise<ConfigEntry[][]> {
    this.#broker.assertOpen();
    return topics.map((name) => describeConfig(this.#broker.topics.get(name).config));
  }

  async alterConfigs(changes: readonly ConfigChange[]): Promise<void> {
    this.#broker.assertOpen();
    this.#broker.alterConfigs(changes);
    await this.#durable();
  }

  async listTopics(): Promise<string[]> {
    this.#broker.assertOpen();
    return [...this.#broker.topics.all()].map((topic) => topic.name).sort();
  }

  async describeTopics(topics: readonly string[]): Promise<(TopicDescription | undefined)[]> {
    this.#broker.assertOpen();
    return topics.map((name) => this.#broker.topics.find(name)?.describe());
  }

  /** Default isolation is Kafka's, `read_uncommitted`. Without a record at or after a timestamp the offset is -1, as in Kafka. */
  async listOffsets(
    topic: string,
    spec: OffsetSpec,
    options: { readonly isolation?: Isolation } = {},
  ): Promise<PartitionOffset[]> {
    this.#broker.assertOpen();
    const committedOnly = options.isolation === 'read_committed';
    return this.#broker.topics.get(topic).partitions.map((partition) => ({
      partition: partition.partition,
      offset: offsetOf(
        partition,
        spec,
        committedOnly ? partition.lastStableOffset : partition.highWatermark,
        this.#broker.codecs,
      ),
    }));
  }

  async deleteRecords(
    offsets: readonly (TopicPartition & { readonly offset: number })[],
  ): Promise<void> {
    this.#broker.assertOpen();
    const targets = offsets.map(({ topic: name, partition: number, offset }) => {
      const topic = this.#broker.topics.get(name);
      const partition = topic.partition(number);
      requireDeletes(topic);
      const { startOffset, highWatermark } = partition;
      // -1 is Kafka's way to say "all there is".
      if (offset === -1) return { partition, offset: highWatermark };
      if (Number.isInteger(offset) && offset >= 0 && offset <= highWatermark)
        return { partition, offset };
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `Records of ${name}-${number} cannot be deleted up to ${offset}: the partition has offsets ${startOffset} to ${highWatermark}.`,
        { topic: name, partition: number, offset },
      );
    });
    for (const { partition, offset } of targets) this.#broker.deleteRecords(partition, offset);
    await this.#durable();
  }

  async listGroups(): Promise<string[]> {
    this.#broker.assertOpen();
    return [
      ...new Set([...this.#broker.offsets.groupIds(), ...this.#broker.groups.groupIds()]),
    ].sort();
  }

  async committedOffsets(groupId: string): Promise<PartitionOffsetAndMetadata[]> {
    this.#broker.assertOpen();
    return this.#broker.offsets.ofGroup(groupId);
  }

  async describeGroups(groupIds: readonly string[]): Promise<GroupDescription[]> {
    this.#broker.assertOpen();
    return this.#groups.describe(groupIds);
  }

  async alterGroupOffsets(
    groupId: string,
    offsets: readonly PartitionOffsetAndMetadata[],
  ): Promise<void> {
    this.#broker.assertOpen();
    this.#groups.alterOffsets(groupId, offsets);
    await this.#durable();
  }

  async deleteGroupOffsets(groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
    this.#broker.assertOpen();
    this.#groups.deleteOffsets(groupId, partitions);
    await this.#durable();
  }

  async deleteGroups(groupIds: readonly string[]): Promise<void> {
    this.#broker.assertOpen();
    this.#groups.deleteGroups(groupIds);
    await this.#durable();
  }

  #durable(): Promise<void> {
    const { durability } = this.#broker;
    return new Promise((resolve, reject) => {
      durability.wait({ durable: (error) => (error === undefined ? resolve() : reject(error)) });
      durability.syncNow();
    });
  }
}

/** Kafka's rule: a compacted topic promises the last value of every key, so its records cannot be deleted by offset. */
function requireDeletes({ name, settings }: Topic): void {
  if (settings.deletes) return;
  throw new StreamsError(
    'POLICY_VIOLATION',
    `Records of topic '${name}' cannot be deleted: its cleanup.policy is 'compact'. Write tombstones, or set cleanup.policy to 'compact,delete' first.`,
    { topic: name },
  );
}

function offsetOf(
  partition: Partition,
  spec: OffsetSpec,
  end: number,
  codecs: CustomCodecs | undefined,
): number {
  if (spec === 'earliest') return partition.startOffset;
  if (spec === 'latest') return end;
  const { topic, partition: number } = partition;
  const place = { topic, partition: number, ...(codecs === undefined ? {} : { codecs }) };
  if (spec === 'max-timestamp') return offsetOfMaxTimestamp(partition.storage, end, place);
  if (Number.isFinite(spec)) return partition.storage.findTimestamp(spec, end, place)?.offset ?? -1;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${String(spec)} names no offset: give 'earliest', 'latest', 'max-timestamp' or a timestamp in ms.`,
    {
      topic: partition.topic,
      partition: partition.partition,
    },
  );
}
