/**
 * The partitions of one consumer and the fetch over all of them. Partitions take turns to be first, so that none
 * starves; positions are resolved here from committed offset and reset policy.
 */
import { assert, StreamsError } from '../../errors.js';
import type { FetchedRecords, LogConsumerOptions, TopicPartition } from '../client.js';
import { AssignedPartition, UNRESOLVED } from './assigned-partition.js';
import type { Broker } from './broker.js';
import type { PartitionReader } from './partition.js';
import { EngineProducer } from './producer.js';

const DEFAULT_MAX_PARTITION_BYTES = 1_048_576;
/** What one fetch returns at most; the next one goes on with the partitions that were left out. */
const FETCH_BYTES_MAX = 16 * 1_048_576;

export class Assignment {
  readonly #broker: Broker;
  readonly #options: LogConsumerOptions;
  readonly #reader: PartitionReader;
  readonly #maxPartitionBytes: number;
  #assigned: AssignedPartition[] = [];
  /** By `topic/partition`. */
  readonly #byKey = new Map<string, AssignedPartition>();
  /** Where the next fetch begins. */
  #turn = 0;

  /** `reader` is told when one of the partitions has more. */
  constructor(broker: Broker, options: LogConsumerOptions, reader: PartitionReader) {
    this.#broker = broker;
    this.#options = options;
    this.#reader = reader;
    this.#maxPartitionBytes = options.maxPartitionBytes ?? DEFAULT_MAX_PARTITION_BYTES;
    checkOptions(options);
    const through = options.readThrough?.producer;
    if (through !== undefined && !(through instanceof EngineProducer)) {
      throw new StreamsError('INVALID_ARGUMENT', 'readThrough needs a producer of the same log.');
    }
  }

  list(): TopicPartition[] {
    return this.#assigned.map(({ partition: { topic, partition } }) => ({ topic, partition }));
  }

  /** Partitions that stay keep position and pause. */
  set(partitions: readonly TopicPartition[]): void {
    const next: AssignedPartition[] = [];
    const keys = new Set<string>();
    for (const { topic, partition } of partitions) {
      const key = `${topic}/${partition}`;
      if (keys.has(key)) continue;
      const found = this.#broker.topics.get(topic).partition(partition);
      const kept = this.#byKey.get(key);
      keys.add(key);
      next.push(
        kept?.partition === found
          ? kept
          : new AssignedPartition(
              found,
              this.#options.isolation ?? 'read_committed',
              this.#readThrough(topic),
            ),
      );
    }
    for (const assigned of this.#assigned) assigned.partition.removeReader(this.#reader);
    this.#byKey.clear();
    this.#assigned = next;
    for (const assigned of next) {
      this.#byKey.set(`${assigned.partition.topic}/${assigned.partition.partition}`, assigned);
      assigned.partition.addReader(this.#reader);
    }
  }

  /** Throws `INVALID_STATE` when it is not assigned. */
  of({ topic, partition }: TopicPartition): AssignedPartition {
    const found = this.#byKey.get(`${topic}/${partition}`);
    if (found !== undefined) return found;
    throw new StreamsError(
      'INVALID_STATE',
      `${topic}-${partition} is not assigned to this consumer.`,
      { topic, partition },
    );
  }

  /** The topic id behind an assigned partition; undefined when it is not assigned. */
  topicId({ topic, partition }: TopicPartition): string | undefined {
    return this.#byKey.get(`${topic}/${partition}`)?.partition.topicId;
  }

  /** What can be read now. Costs a look at each partition when there is nothing. */
  fetch(): FetchedRecords[] {
    const assigned = this.#assigned;
    const count = assigned.length;
    const collected: FetchedRecords[] = [];
    let bytes = 0;
    const first = this.#turn < count ? this.#turn : 0;
    let at = first;
    for (let looked = 0; looked < count && bytes < FETCH_BYTES_MAX; looked++) {
      const one = assigned[at]!;
      try {
        if (!one.paused) {
          if (one.position === UNRESOLVED || one.partition.deleted || one.outOfRange)
            this.resolve(one);
          const end = one.end;
          if (one.position < end) {
            const fetched = one.fetch(end, this.#maxPartitionBytes);
            for (const batch of fetched.batches) bytes += batch.end - batch.start;
            collected.push(fetched);
          }
        }
      } catch (error) {
        // What was read already is handed out; the next poll begins with the partition that failed.
        this.#turn = at;
        if (collected.length === 0) throw error;
        return collected;
      }
      at = at + 1 === count ? 0 : at + 1;
    }
    // One turn further even when all were looked at, so that no partition is always first.
    if (collected.length > 0) this.#turn = bytes < FETCH_BYTES_MAX ? first + 1 : at;
    return collected;
  }

  /** Gives the partition a position that can be read. */
  resolve(assigned: AssignedPartition): void {
    const { partition } = assigned;
    if (partition.deleted) {
      throw new StreamsError(
        'UNKNOWN_TOPIC',
        `Topic '${partition.topic}' was deleted while it was read; assign again to go on.`,
        { topic: partition.topic, partition: partition.partition },
      );
    }
    if (assigned.position === UNRESOLVED && this.#options.groupId !== undefined) {
      const committed = this.#broker.offsets.committed(
        this.#options.groupId,
        partition.topicId,
        partition.partition,
      );
      if (committed !== undefined) assigned.position = committed.offset;
    }
    if (assigned.position === UNRESOLVED || assigned.outOfRange)
      assigned.reset(this.#options.offsetReset ?? 'earliest');
  }

  #readThrough(topic: string): EngineProducer | undefined {
    const { readThrough } = this.#options;
    if (readThrough === undefined || !readThrough.topics.has(topic)) return undefined;
    assert(readThrough.producer instanceof EngineProducer, 'the constructor checked the producer');
    return readThrough.producer;
  }
}

/** A misspelt isolation would otherwise read uncommitted records without a word. */
function checkOptions(options: LogConsumerOptions): void {
  const { isolation, offsetReset, maxPartitionBytes, maxPollIntervalMs } = options;
  checkChoice('isolation', isolation, ['read_committed', 'read_uncommitted']);
  checkChoice('offsetReset', offsetReset, ['earliest', 'latest', 'none']);
  checkPositive('maxPartitionBytes', maxPartitionBytes);
  checkPositive('maxPollIntervalMs', maxPollIntervalMs);
}

function checkChoice(name: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${name} is '${value}', expected one of ${choices.join(', ')}.`,
  );
}

function checkPositive(name: string, value: number | undefined): void {
  if (value === undefined || value > 0) return;
  throw new StreamsError('INVALID_ARGUMENT', `${name} is ${value}, expected a number above 0.`);
}
