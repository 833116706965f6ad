/**
 * The topics of the log by name and by id. A topic made anew under an old name is another topic with another id;
 * nothing of the old one (offsets, batches) is inherited. Names and partition counts follow Kafka's rules.
 */
import type { Random } from '../../env/env.js';
import { assert, StreamsError } from '../../errors.js';
import type { NewTopic, TopicConfig, TopicDescription } from '../client.js';
import type { Durability } from './durability.js';
import { didYouMean } from '../../nearest-name.js';
import { Partition } from './partition.js';
import type { JournalEntry, LogStorage } from './storage.js';
import {
  configNumber,
  DEFAULT_MAX_MESSAGE_BYTES,
  parseTopicConfig,
  type ConfigValues,
} from './topic-config.js';

const NAME_LENGTH_MAX = 249;
const PARTITIONS_MAX = 10_000;

export class Topic {
  readonly topicId: string;
  readonly name: string;
  readonly config: ConfigValues;
  readonly partitions: readonly Partition[];
  readonly maxMessageBytes: number;
  /** Records get the time of their append instead of the producer's. */
  readonly logAppendTime: boolean;
  deleted = false;

  constructor(topicId: string, name: string, partitions: number, config: ConfigValues) {
    this.topicId = topicId;
    this.name = name;
    this.config = config;
    this.partitions = Array.from(
      { length: partitions },
      (_, partition) => new Partition(topicId, name, partition),
    );
    this.maxMessageBytes = configNumber(config, 'max.message.bytes', DEFAULT_MAX_MESSAGE_BYTES);
    this.logAppendTime = config['message.timestamp.type'] === 'LogAppendTime';
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
    const config: TopicConfig = { ...this.config };
    return { topic: this.name, topicId: this.topicId, partitions: this.partitions.length, config };
  }
}

export class Topics {
  readonly #byName = new Map<string, Topic>();
  readonly #byId = new Map<string, Topic>();

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

  /** Appends the entries of those that do not exist yet. All are checked before the first is made. */
  create(
    topics: readonly NewTopic[],
    ifNotExists: boolean,
    durability: Durability,
    storage: LogStorage,
    random: Random,
  ): Topic[] {
    const made: { readonly topic: NewTopic; readonly config: ConfigValues }[] = [];
    const names = new Set<string>();
    for (const topic of topics) {
      checkName(topic.topic);
      checkPartitions(topic);
      const config = parseTopicConfig(topic.topic, topic.config ?? {});
      const exists = this.#byName.has(topic.topic) || names.has(topic.topic);
      if (exists && !ifNotExists)
        throw new StreamsError(
          'TOPIC_EXISTS',
          `Topic '${topic.topic}' exists already; pass { ifNotExists: true } to leave it as it is.`,
          { topic: topic.topic },
        );
      if (!exists) made.push({ topic, config });
      names.add(topic.topic);
    }
    durability.assertWritable();
    return made.map(({ topic, config }) => {
      const entry = {
        type: 'topic-created',
        topicId: random.uuid(),
        topic: topic.topic,
        partitions: topic.partitions,
        config,
      } as const;
      durability.append(entry);
      return this.replayCreated(entry, storage);
    });
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
    if (storage !== undefined) this.attach(topic, storage);
    return topic;
  }

  replayDeleted(topicId: string): void {
    const topic = this.#byId.get(topicId);
    if (topic === undefined) return;
    this.#byId.delete(topicId);
    this.#byName.delete(topic.name);
    topic.deleted = true;
    for (const partition of topic.partitions) partition.delete();
  }

  attach(topic: Topic, storage: LogStorage): void {
    for (const partition of topic.partitions)
      partition.attach(storage.partition(topic.topicId, partition.partition));
  }
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

function checkPartitions(topic: NewTopic): void {
  if (
    Number.isInteger(topic.partitions) &&
    topic.partitions >= 1 &&
    topic.partitions <= PARTITIONS_MAX
  )
    return;
  throw new StreamsError(
    'INVALID_PARTITIONS',
    `Topic '${topic.topic}' cannot have ${topic.partitions} partitions: give a whole number from 1 to ${PARTITIONS_MAX}.`,
    {
      topic: topic.topic,
    },
  );
}
