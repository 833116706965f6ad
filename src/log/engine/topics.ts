/**
 * The topics of the log by name and by id. A topic made anew under an old name is another topic with another id;
 * nothing of the old one (offsets, batches) is inherited. Names and partition counts follow Kafka's rules.
 */
import type { Random } from '../../env/env.js';
import { assert, StreamsError } from '../../errors.js';
import type { ConfigChange, NewTopic, TopicConfig, TopicDescription } from '../client.js';
import type { Durability } from './durability.js';
import { didYouMean } from '../../nearest-name.js';
import { Partition } from './partition.js';
import type { JournalEntry, LogStorage } from './storage.js';
import {
  alteredConfig,
  parseTopicConfig,
  topicSettings,
  type ConfigValues,
  type TopicSettings,
} from './topic-config.js';

const NAME_LENGTH_MAX = 249;
const PARTITIONS_MAX = 10_000;

export class Topic {
  readonly topicId: string;
  readonly name: string;
  deleted = false;
  readonly #partitions: Partition[] = [];
  #config: ConfigValues;
  #settings: TopicSettings;

  constructor(topicId: string, name: string, partitions: number, config: ConfigValues) {
    this.topicId = topicId;
    this.name = name;
    this.#config = config;
    this.#settings = topicSettings(config);
    this.grow(partitions);
  }

  /** What is set; `configure` replaces it. */
  get config(): ConfigValues {
    return this.#config;
  }

  /** What is in force; another object after `configure`. */
  get settings(): TopicSettings {
    return this.#settings;
  }

  /** The same list for the life of the topic; it may grow. */
  get partitions(): readonly Partition[] {
    return this.#partitions;
  }

  get maxMessageBytes(): number {
    return this.#settings.maxMessageBytes;
  }

  configure(config: ConfigValues): void {
    this.#config = config;
    this.#settings = topicSettings(config);
  }

  /** Makes partitions until there are `count`; returns the new ones. */
  grow(count: number): readonly Partition[] {
    const first = this.#partitions.length;
    for (let partition = first; partition < count; partition++)
      this.#partitions.push(new Partition(this.topicId, this.name, partition));
    return this.#partitions.slice(first);
  }

  /** Throws `UNKNOWN_PARTITION`. */
  partition(partition: number): Partition {
    const found = this.partitions[partition];
    if (found !== undefined) return found;
    throw new StreamsError(
      'UNKNOWN_PARTITION',
      `Topic '${this.name}' has no partition ${partition}; it has ${this.partitions.length}, numbered from 0.`,
      { topic: this.name, partition },
    );
  }

  describe(): TopicDescription {
    const config: TopicConfig = { ...this.#config };
    return { topic: this.name, topicId: this.topicId, partitions: this.#partitions.length, config };
  }
}

/** What a change of topics needs. */
export interface TopicParts {
  readonly durability: Durability;
  readonly storage: LogStorage;
  readonly random: Random;
  readonly partitionsMax: number;
}

export class Topics {
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();
  /** Names by what Kafka's metrics make of them, where '.' is '_'. */
  readonly #byMetricName = new Map<string, string>();
  #partitionCount = 0;

  find(name: string): Topic | undefined {
    return this.#byName.get(name);
  }

  byId(topicId: string): Topic | undefined {
    return this.#byId.get(topicId);
  }

  /** Throws `UNKNOWN_TOPIC` naming the nearest topic. */
  get(name: string): Topic {
    const topic = this.#byName.get(name);
    if (topic !== undefined) return topic;
    const hint = didYouMean(name, this.#byName.keys());
    throw new StreamsError(
      'UNKNOWN_TOPIC',
      `There is no topic '${name}' in this log.${hint} Create it with admin().createTopics([{ topic: '${name}', partitions: 1 }]).`,
      {
        topic: name,
      },
    );
  }

  all(): IterableIterator<Topic> {
    return this.#byName.values();
  }

  /** Partitions of all topics. */
  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Makes those that do not exist yet. All are checked before the first is made. */
  create(topics: readonly NewTopic[], ifNotExists: boolean, parts: TopicParts): Topic[] {
    const made: { readonly topic: NewTopic; readonly config: ConfigValues }[] = [];
    const names = new Map<string, string>();
    for (const topic of topics) {
      checkName(topic.topic);
      checkPartitions(topic.topic, topic.partitions);
      const config = parseTopicConfig(topic.topic, topic.config ?? {});
      const metric = metricName(topic.topic);
      const exists = this.#byName.has(topic.topic) || names.get(metric) === topic.topic;
      if (exists && !ifNotExists)
        throw new StreamsError(
          'TOPIC_EXISTS',
          `Topic '${topic.topic}' exists already; pass { ifNotExists: true } to leave it as it is.`,
          { topic: topic.topic },
        );
      if (exists) continue;
      checkCollision(topic.topic, this.#byMetricName.get(metric) ?? names.get(metric));
      made.push({ topic, config });
      names.set(metric, topic.topic);
    }
    this.#checkCount(
      made.reduce((sum, { topic }) => sum + topic.partitions, 0),
      parts,
    );
    parts.durability.assertWritable();
    return made.map(({ topic, config }) => {
      const entry = {
        type: 'topic-created',
        topicId: parts.random.uuid(),
        topic: topic.topic,
        partitions: topic.partitions,
        config,
      } as const;
      parts.durability.append(entry);
      return this.replayCreated(entry, parts.storage);
    });
  }

  /** Raises partition counts; returns the topics. All are checked before the first is changed. */
  createPartitions(
    counts: readonly { readonly topic: string; readonly partitions: number }[],
    parts: TopicParts,
  ): Topic[] {
    const found = new Set<Topic>();
    let more = 0;
    for (const { topic: name, partitions } of counts) {
      const topic = this.get(name);
      checkPartitions(name, partitions);
      const current = topic.partitions.length;
      if (partitions <= current || found.has(topic))
        throw new StreamsError(
          'INVALID_PARTITIONS',
          found.has(topic)
            ? `Topic '${name}' is named twice; give each topic once.`
            : `Topic '${name}' has ${current} partitions already; give more than that, partitions cannot be taken away.`,
          { topic: name },
        );
      found.add(topic);
      more += partitions - current;
    }
    this.#checkCount(more, parts);
    parts.durability.assertWritable();
    for (const { topic, partitions } of counts) {
      const { topicId } = this.get(topic);
      const entry = { type: 'topic-partitions', topicId, partitions } as const;
      parts.durability.append(entry);
      this.replayPartitions(entry, parts.storage);
    }
    return [...found];
  }

  /** All changes or none; in force for the next batch. */
  alterConfigs(changes: readonly ConfigChange[], { durability }: TopicParts): void {
    const altered = new Map<Topic, ConfigValues>();
    for (const change of changes) {
      const topic = this.get(change.topic);
      altered.set(topic, alteredConfig(altered.get(topic) ?? topic.config, change));
    }
    durability.assertWritable();
    for (const [{ topicId }, config] of altered) {
      const entry = { type: 'topic-config', topicId, config } as const;
      durability.append(entry);
      this.replayConfig(entry);
    }
  }

  delete(topic: Topic, durability: Durability): void {
    durability.append({ type: 'topic-deleted', topicId: topic.topicId });
    this.replayDeleted(topic.topicId);
  }

  replayCreated(
    entry: JournalEntry & { readonly type: 'topic-created' },
    storage: LogStorage | undefined,
  ): Topic {
    const topic = new Topic(entry.topicId, entry.topic, entry.partitions, entry.config);
    // A journal that begins with a snapshot names topics that an older journal file has named already.
    const known = this.#byId.get(entry.topicId);
    if (known !== undefined) return known;
    assert(!this.#byName.has(entry.topic), `topic '${entry.topic}' exists once`);
    this.#byName.set(topic.name, topic);
    this.#byId.set(topic.topicId, topic);
    this.#byMetricName.set(metricName(topic.name), topic.name);
    this.#partitionCount += topic.partitions.length;
    if (storage !== undefined) attach(topic.topicId, topic.partitions, storage);
    return topic;
  }

  replayPartitions(
    entry: JournalEntry & { readonly type: 'topic-partitions' },
    storage: LogStorage | undefined,
  ): void {
    const made = this.#byId.get(entry.topicId)?.grow(entry.partitions) ?? [];
    this.#partitionCount += made.length;
    if (storage !== undefined) attach(entry.topicId, made, storage);
  }

  replayConfig(entry: JournalEntry & { readonly type: 'topic-config' }): void {
    this.#byId.get(entry.topicId)?.configure(entry.config);
  }

  replayDeleted(topicId: string): void {
    const topic = this.#byId.get(topicId);
    if (topic === undefined) return;
    this.#byId.delete(topicId);
    this.#byName.delete(topic.name);
    this.#byMetricName.delete(metricName(topic.name));
    this.#partitionCount -= topic.partitions.length;
    topic.deleted = true;
    for (const partition of topic.partitions) partition.delete();
  }

  /** The storage has recovered: every partition is in it. */
  attach(storage: LogStorage): void {
    for (const { topicId, partitions } of this.#byId.values()) attach(topicId, partitions, storage);
  }

  #checkCount(more: number, { partitionsMax }: TopicParts): void {
    if (this.#partitionCount + more <= partitionsMax) return;
    throw new StreamsError(
      'LIMIT_EXCEEDED',
      `The log would have ${this.#partitionCount + more} partitions, more than its limit of ${partitionsMax}. Delete topics, or open the log with a higher partitionsMax.`,
    );
  }
}

function attach(topicId: string, partitions: readonly Partition[], storage: LogStorage): void {
  for (const partition of partitions)
    partition.attach(storage.partition(topicId, partition.partition));
}

const metricName = (name: string): string => name.replaceAll('.', '_');

function checkCollision(name: string, other: string | undefined): void {
  if (other === undefined) return;
  throw new StreamsError(
    'INVALID_TOPIC',
    `Topic '${name}' collides with '${other}': as in Kafka, names may not differ in '.' and '_' alone. Choose another name.`,
    { topic: name },
  );
}

function checkName(name: unknown): asserts name is string {
  const valid =
    typeof name === 'string' &&
    name.length >= 1 &&
    name.length <= NAME_LENGTH_MAX &&
    /^[A-Za-z0-9._-]+$/.test(name) &&
    name !== '.' &&
    name !== '..';
  if (valid) return;
  throw new StreamsError(
    'INVALID_TOPIC',
    `${JSON.stringify(name)} is not a topic name: 1 to ${NAME_LENGTH_MAX} letters, digits, '.', '_' or '-' are allowed, and not '.' or '..'.`,
  );
}

function checkPartitions(topic: string, partitions: number): void {
  if (Number.isInteger(partitions) && partitions >= 1 && partitions <= PARTITIONS_MAX) return;
  throw new StreamsError(
    'INVALID_PARTITIONS',
    `Topic '${topic}' cannot have ${partitions} partitions: give a whole number from 1 to ${PARTITIONS_MAX}.`,
    { topic },
  );
}
