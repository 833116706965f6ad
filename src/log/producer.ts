/** What a producer of the typed face is: the interfaces a user sees. `typed-producer.ts` implements them. */
import type { Serde } from '../serde/serde.js';
import type {
  CompressionType,
  ConsumerGroupMetadata,
  PartitionOffsetAndMetadata,
  RecordHeader,
} from './client.js';

export interface ProducerOptions<K, V> {
  /** Default: keys are bytes. */
  readonly key?: Serde<K>;
  /** Default: values are bytes. */
  readonly value?: Serde<V>;
  /** Makes the producer transactional: it sends inside `transaction` only, and a newer producer of the same id fences it. */
  readonly transactionalId?: string;
  /** A transaction open for longer is aborted by the log. Default 60 s. */
  readonly transactionTimeoutMs?: number;
  /** Size at which a batch is handed over before its turn ends. Default 16 KiB. */
  readonly batchBytes?: number;
  /** Batches are compressed with this codec. Default 'none'. A topic's `compression.type` goes before it. */
  readonly compression?: CompressionType;
  /** Kafka's level of the codec: gzip 1-9, lz4 1-17 (makes no difference here), zstd -131072-22. Default: the codec's own. */
  readonly compressionLevel?: number;
  /** Producers of one client id share its quota. Default 'millrace'. */
  readonly clientId?: string;
}

/** What is sent to a topic. */
export interface BatchRecord<K, V> {
  /** None or null: the record has no key, any partition will do. */
  readonly key?: K | null;
  /** Null: a tombstone, the key is deleted. */
  readonly value: V | null;
  /** Default: chosen by the key, as Java does (murmur2). */
  readonly partition?: number;
  /** Default: now. */
  readonly timestamp?: number;
  readonly headers?: readonly RecordHeader[];
}

export interface ProducerRecord<K, V> extends BatchRecord<K, V> {
  readonly topic: string;
}

export interface SentRecord {
  readonly partition: number;
  readonly offset: number;
}

/** Sends records; both the producer itself and an open transaction can. */
export interface RecordSender<K, V> {
  /**
   * Resolves when the record is durable (in a transaction: accepted). Sends that do not wait for each other share
   * batches and one fdatasync. Throws `INVALID_ARGUMENT` (no topic, or no value: only null is a
   * tombstone), `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`, `SERIALIZE_FAILED`, `RECORD_TOO_LARGE`, `INVALID_TIMESTAMP`,
   * `PRODUCER_FENCED`, `LOG_READ_ONLY`, `OUTCOME_UNKNOWN`.
   */
  send(record: ProducerRecord<K, V>): Promise<SentRecord>;
  /** Many records to one topic; the results are in their order. When one cannot be encoded, none is sent. */
  sendBatch(topic: string, records: readonly BatchRecord<K, V>[]): Promise<SentRecord[]>;
}

/** An open transaction. Of no use after its function ended. */
export interface Transaction<K, V> extends RecordSender<K, V> {
  /** Commits consumed offsets with the transaction: `tx.sendOffsets(consumer.positions(), consumer.groupMetadata())`. */
  sendOffsets(offsets: readonly PartitionOffsetAndMetadata[], group: ConsumerGroupMetadata): void;
}

/**
 * Sends typed records. Close it when done: `await using` does.
 *
 * @example
 * ```ts
 * import { memoryLog, Serdes } from 'millrace';
 *
 * await using log = memoryLog();
 * await log.admin().createTopics([{ topic: 'order', partitions: 3 }]);
 * const producer = log.producer({ key: Serdes.string(), value: Serdes.json<{ item: string }>() });
 * const { partition, offset } = await producer.send({ topic: 'order', key: 'han', value: { item: 'iphone' } });
 * console.log(partition, offset);
 * ```
 */
export interface Producer<K, V> extends RecordSender<K, V> {
  /**
   * Runs a function whose sends become visible together, or not at all: it commits when the function resolves and
   * aborts when it throws (and throws that again). Needs a `transactionalId`; one at a time.
   * `PRODUCER_FENCED`: a newer producer took over. `OUTCOME_UNKNOWN`: it may or may not have been committed.
   *
   * @example
   * ```ts
   * import { memoryLog, Serdes } from 'millrace';
   *
   * await using log = memoryLog();
   * await log.admin().createTopics([{ topic: 'accounts', partitions: 1 }]);
   * const producer = log.producer({ key: Serdes.string(), value: Serdes.long(), transactionalId: 'transfer' });
   * await producer.transaction(async (tx) => {
   *   await tx.send({ topic: 'accounts', key: 'han', value: -10 });
   *   await tx.send({ topic: 'accounts', key: 'choi', value: 10 });
   * });
   * ```
   */
  transaction<R>(run: (transaction: Transaction<K, V>) => Promise<R> | R): Promise<R>;
  /** Resolves when everything sent so far is durable; rejects with the first failure. */
  flush(): Promise<void>;
  /** Flushes what is pending; aborts an open transaction. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
