/** What a consumer of the typed face is: the interfaces a user sees. `typed-consumer.ts` implements them. */
import type { Duration } from '../duration.js';
import type { Serde } from '../serde/serde.js';
import type {
  AssignorName,
  ConsumerGroupMetadata,
  Isolation,
  OffsetAndMetadata,
  PartitionOffsetAndMetadata,
  RebalanceListener,
  RecordHeader,
  TopicPartition,
} from './client.js';

export interface ConsumerOptions<K, V> {
  /** Needed by `subscribe` and by commits. */
  readonly groupId?: string;
  /** Default: keys are bytes. */
  readonly key?: Serde<K>;
  /** Default: values are bytes. */
  readonly value?: Serde<V>;
  /**
   * Where to go on without a committed offset, and where what was to be read next is deleted: at the first record
   * that is there, at those that come from now on (default), or nowhere: `OFFSET_OUT_OF_RANGE`.
   */
  readonly offsetReset?: 'earliest' | 'latest' | 'none';
  /** Short for `offsetReset`: true is 'earliest', false is 'latest'. Give one of the two. */
  readonly fromBeginning?: boolean;
  /** Default `read_committed`: records of open and aborted transactions are not seen. */
  readonly isolation?: Isolation;
  /** Commit by itself what was handed out: every `autoCommitInterval`, when partitions are given up, and on close. Default: true with a `groupId`. */
  readonly autoCommit?: boolean;
  /** Default 5 s. */
  readonly autoCommitInterval?: Duration;
  /** A member that does not ask for records for this long loses its partitions. Default 5 min. */
  readonly maxPollInterval?: Duration;
  /** How the group shares partitions out; all members name the same one. Default 'range'; 'cooperative-sticky' moves least and stops nobody. */
  readonly assignor?: AssignorName;
  /** Static membership: who comes back under this id within `maxPollInterval` gets its partitions back without a rebalance. */
  readonly groupInstanceId?: string;
  /** Names the consumer in group descriptions. Default 'millrace'. */
  readonly clientId?: string;
  /** Bytes fetched at once per partition at most, a larger record alone. Default 1 MiB. */
  readonly maxPartitionBytes?: number;
  /** Bytes fetched at once over all partitions at most; more is fetched when they are handed out. Default 50 MiB. */
  readonly maxBytes?: number;
}

export interface ConsumerRecord<K, V> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: K | null;
  /** Null: a tombstone. */
  readonly value: V | null;
  readonly headers: readonly RecordHeader[];
}

/** Consecutive records of one partition. */
export interface ConsumedBatch<K, V> extends TopicPartition {
  /** Never empty. */
  readonly records: readonly ConsumerRecord<K, V>[];
  /** End of the partition when the batch was fetched: `endOffset - 1 - last offset` records were behind it. */
  readonly endOffset: number;
}

/**
 * Reads typed records: `for await` goes on until the loop is left or the consumer is closed. One loop at a time; a
 * loop that begins later goes on where the last one stopped.
 *
 * A record whose bytes are not a value makes the loop throw `DESERIALIZE_FAILED` with topic, partition and offset in
 * `error.where`. Nothing is lost: seek past it and loop again, or it is met again.
 *
 * @example
 * ```ts
 * import { memoryLog, Serdes } from 'millrace';
 *
 * await using log = memoryLog();
 * await log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
 * await log.producer({ value: Serdes.string() }).send({ topic: 'order', value: 'phone' });
 * const consumer = log.consumer({ groupId: 'g', fromBeginning: true, value: Serdes.string() });
 * await consumer.subscribe(['order']);
 * for await (const record of consumer) {
 *   console.log(record.partition, record.offset, record.value); // 0 0 phone
 *   break;
 * }
 * await consumer.close();
 * ```
 */
export interface Consumer<K, V> extends AsyncIterable<ConsumerRecord<K, V>> {
  /**
   * Joins the group and shares the topics' partitions with its other members. A pattern takes every topic whose whole
   * name it matches, also those that are created later; an empty list leaves the group. Throws `UNKNOWN_TOPIC`, `INVALID_ARGUMENT` without groupId,
   * `INCONSISTENT_GROUP_PROTOCOL` when the other members name another assignor.
   *
   * @example
   * ```ts
   * import { memoryLog } from 'millrace';
   *
   * await using log = memoryLog();
   * await log.admin().createTopics([{ topic: 'order-eu', partitions: 1 }, { topic: 'order-us', partitions: 1 }]);
   * await using consumer = log.consumer({ groupId: 'billing', assignor: 'cooperative-sticky' });
   * await consumer.subscribe(/order-[a-z]+/, {
   *   onPartitionsAssigned: (partitions) => console.log('got', partitions.length), // got 2
   *   onPartitionsRevoked: (partitions) => console.log('gave up', partitions.length),
   * });
   * ```
   */
  subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): Promise<void>;
  /** Takes partitions by hand, without a group's membership. Throws `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`. */
  assign(partitions: readonly TopicPartition[]): Promise<void>;
  assignment(): readonly TopicPartition[];
  /** The same records in arrays, one partition each: several times faster than one by one. */
  batches(): AsyncIterable<ConsumedBatch<K, V>>;
  /**
   * The records up to the end that each assigned partition has at this call; then the loop ends by itself. What is
   * written later, also to a partition that is read already, is left for the next loop. Under `read_committed` the end
   * is that of the decided records: those of an open transaction are not waited for. A partition that is paused is.
   *
   * @example
   * ```ts
   * import { memoryLog, Serdes } from 'millrace';
   *
   * await using log = memoryLog();
   * await log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
   * await log.producer({ value: Serdes.string() }).send({ topic: 'order', value: 'phone' });
   * await using consumer = log.consumer({ fromBeginning: true, value: Serdes.string() });
   * await consumer.assign([{ topic: 'order', partition: 0 }]);
   * for await (const record of consumer.untilEnd()) console.log(record.value); // phone
   * console.log('that is all');
   * ```
   */
  untilEnd(): AsyncIterable<ConsumerRecord<K, V>>;
  /** The next record of the partition to hand out is the one at `offset`. */
  seek(partition: TopicPartition, offset: number): void;
  /** The next records are the first ones that are there. Without partitions: all that are assigned. */
  seekToBeginning(partitions?: readonly TopicPartition[]): Promise<void>;
  /** The next records are those that come from now on. Without partitions: all that are assigned. */
  seekToEnd(partitions?: readonly TopicPartition[]): Promise<void>;
  /**
   * Per partition the offset of the first record at or after the time; undefined when there is none. In the order asked for.
   *
   * @example
   * ```ts
   * import { memoryLog } from 'millrace';
   *
   * await using log = memoryLog();
   * await log.admin().createTopics([{ topic: 'order', partitions: 1 }]);
   * await log.producer().send({ topic: 'order', value: Buffer.from('phone'), timestamp: 5000 });
   * await using consumer = log.consumer();
   * const order = { topic: 'order', partition: 0 };
   * await consumer.assign([order]);
   * const [offset] = await consumer.offsetsForTimes([{ ...order, timestamp: 1000 }]);
   * if (offset !== undefined) consumer.seek(order, offset); // 0
   * ```
   */
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<(number | undefined)[]>;
  /** How many offsets the partition has from the next record to hand out to its end, as this consumer sees it. */
  lag(partition: TopicPartition): Promise<number>;
  /** The offset of the next record to hand out. */
  position(partition: TopicPartition): Promise<number>;
  /** Positions after what was handed out and is not committed yet: what `commit()` commits. */
  positions(): PartitionOffsetAndMetadata[];
  /** Hands out nothing of these partitions until `resume`; what was fetched is kept. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /**
   * Commits the given offsets, else `positions()`. Durable when it resolves. `ILLEGAL_GENERATION`, `UNKNOWN_MEMBER`,
   * `FENCED_INSTANCE_ID`: the group moved on. `REBALANCE_IN_PROGRESS`: ask for records, then commit again.
   * `OFFSET_METADATA_TOO_LARGE`: at most 4096 characters.
   */
  commit(offsets?: readonly PartitionOffsetAndMetadata[]): Promise<void>;
  committed(partitions: readonly TopicPartition[]): Promise<(OffsetAndMetadata | undefined)[]>;
  groupMetadata(): ConsumerGroupMetadata;
  /** Commits (with `autoCommit`), leaves the group at once, ends a loop that waits. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
