/**
 * The partitions of one consumer and the fetch over those that have something. Partitions take turns to be first, so
 * that none starves; positions are resolved here from committed offset and reset policy.
 */
import { assert, StreamsError } from '../../errors.js';
import type { FetchedRecords, LogConsumerOptions, TopicPartition } from '../client.js';
import { AssignedPartition, UNRESOLVED } from './assigned-partition.js';
import type { Broker } from './broker.js';
import { checkGroupId, checkInstanceId } from './group-errors.js';
import type { PartitionReader } from './partition.js';
import { EngineProducer } from './producer.js';
import { ReadyQueue } from './ready-queue.js';
import { partitionKey } from './subscription.js';

const DEFAULT_MAX_PARTITION_BYTES = 1_048_576;
const DEFAULT_MAX_BYTES = 50 * 1_048_576;

export class Assignment {
  /** Set for a member of a group: partitions that were deleted are skipped, the group takes them away. */
  skipsDeleted = false;
  readonly #broker: Broker;
  readonly #options: LogConsumerOptions;
  readonly #reader: PartitionReader;
  readonly #maxPartitionBytes: number;
  readonly #maxBytes: number;
  /** By `topic/partition`. */
  readonly #byKey = new Map<string, AssignedPartition>();
  readonly #ready = new ReadyQueue();

  /** `reader` is told when one of the partitions has more. */
  constructor(broker: Broker, options: LogConsumerOptions, reader: PartitionReader) {
    this.#broker = broker;
    this.#options = options;
    this.#reader = reader;
    this.#maxPartitionBytes = options.maxPartitionBytes ?? DEFAULT_MAX_PARTITION_BYTES;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    checkOptions(options);
    const through = options.readThrough?.producer;
    if (through !== undefined && !(through instanceof EngineProducer)) {
      throw new StreamsError('INVALID_ARGUMENT', 'readThrough needs a producer of the same log.');
    }
  }

  list(): TopicPartition[] {
    return Array.from(this.#byKey.values(), ({ partition: { topic, partition } }) => ({
      topic,
      partition,
    }));
  }

  /** Partitions that stay keep position and pause. */
  set(partitions: readonly TopicPartition[]): void {
    const next = new Map<string, AssignedPartition>();
    for (const at of partitions) {
      const found = this.#broker.topics.get(at.topic).partition(at.partition);
      const key = partitionKey(at);
      if (next.has(key)) continue;
      const kept = this.#byKey.get(key);
      next.set(
        key,
        kept?.partition === found
          ? kept
          : new AssignedPartition(
              this,
              found,
              this.#options.isolation ?? 'read_committed',
              this.#readThrough(at.topic),
            ),
      );
    }
    for (const [key, assigned] of this.#byKey)
      if (next.get(key) !== assigned) assigned.partition.removeReader(assigned);
    this.#byKey.clear();
    this.#ready.clear();
    for (const [key, assigned] of next) {
      this.#byKey.set(key, assigned);
      assigned.partition.addReader(assigned);
      this.#ready.add(assigned);
    }
  }

  remove(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) {
      const key = partitionKey(at);
      const assigned = this.#byKey.get(key);
      if (assigned === undefined) continue;
      assigned.partition.removeReader(assigned);
      this.#byKey.delete(key);
    }
    this.#ready.clear();
    for (const assigned of this.#byKey.values()) this.#ready.add(assigned);
  }

  /** The partition may have something to read; whoever waits looks. */
  ready(assigned: AssignedPartition): void {
    this.#ready.add(assigned);
    this.#reader.available();
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
  topicId(at: TopicPartition): string | undefined {
    return this.#byKey.get(partitionKey(at))?.partition.topicId;
  }

  /** What can be read now. Costs a look at each partition that may have something. */
  fetch(): FetchedRecords[] {
    const collected: FetchedRecords[] = [];
    const queue = this.#ready;
    let room = this.#maxBytes;
    for (let left = queue.size; left > 0 && room > 0; left--) {
      const one = queue.first();
      assert(one !== undefined, 'a queue that is not empty has a first one');
      let fetched: FetchedRecords | undefined;
      try {
        fetched = this.#fetchOne(one, Math.min(room, this.#maxPartitionBytes));
      } catch (error) {
        // What was read already is handed out; the next poll begins with the partition that failed.
        if (collected.length === 0) throw error;
        return collected;
      }
      if (fetched === undefined) {
        queue.drop();
        continue;
      }
      for (const batch of fetched.batches) room -= batch.end - batch.start;
      if (room < 0 && collected.length > 0) {
        // Its first batch is too large for what is left: it is the first one of the next poll.
        one.position = fetched.firstOffset;
        return collected;
      }
      collected.push(fetched);
      queue.rotate();
    }
    // One turn further even when all were looked at, so that no partition is always first.
    if (room > 0) queue.rotate();
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
    if (assigned.position !== UNRESOLVED && !assigned.outOfRange) return;
    const lost = assigned.reset(this.#options.offsetReset ?? 'earliest');
    if (lost === undefined) return;
    const who =
      this.#options.groupId === undefined ? 'a consumer' : `group '${this.#options.groupId}'`;
    this.#broker.logger?.warn(`millrace log: ${who}, ${lost}`);
  }

  /** Undefined when there is nothing to read until the partition says so. */
  #fetchOne(one: AssignedPartition, maxBytes: number): FetchedRecords | undefined {
    // `resume` lists it again.
    if (one.paused || (one.partition.deleted && this.skipsDeleted)) return undefined;
    if (one.position === UNRESOLVED || one.partition.deleted || one.outOfRange) this.resolve(one);
    const { end } = one;
    if (one.position >= end) return undefined;
    const fetched = one.fetch(end, maxBytes);
    const { codecs } = this.#broker;
    return codecs === undefined ? fetched : { ...fetched, codecs };
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
  const { groupId, isolation, offsetReset, maxPartitionBytes, maxBytes, maxPollIntervalMs } =
    options;
  if (groupId !== undefined) checkGroupId(groupId);
  checkInstanceId(options.groupInstanceId, groupId);
  checkChoice('isolation', isolation, ['read_committed', 'read_uncommitted']);
  checkChoice('offsetReset', offsetReset, ['earliest', 'latest', 'none']);
  checkPositive('maxPartitionBytes', maxPartitionBytes);
  checkPositive('maxBytes', maxBytes);
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
