/**
 * The hot path of a producer: one topic's open batches. A record is checked, then its ranges are copied into the
 * partition's batch; a full batch goes to the producer. Nothing is allocated per record unless it wants an
 * acknowledgement.
 */
import { StreamsError } from '../../errors.js';
import { BATCH_HEADER_BYTES } from '../batch-header.js';
import type { AppendCallback, RecordHeader, TopicWriter } from '../client.js';
import { MAX_TIMESTAMP, RecordBatchBuilder } from '../record-batch.js';
import type { Topic } from './topics.js';

/** What a record can need beside key, value and headers: length, attributes, timestamp and offset deltas, counts. */
const RECORD_OVERHEAD_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 5;

/** The producer that owns the writer. */
export interface BatchOwner {
  /** Nothing can be sent now; looked at before each record. */
  readonly refuses: boolean;
  /** Why; made only when it is thrown. */
  refusal(): StreamsError;
  /** The batch got its first record. */
  opened(batch: OpenBatch): void;
  /** The batch is full. */
  full(batch: OpenBatch): void;
}

/** The open batch of one partition. */
export class OpenBatch {
  readonly topic: Topic;
  readonly partition: number;
  readonly builder: RecordBatchBuilder;
  /** Sequence of the next batch, in the epoch of the last one. */
  sequence = 0;
  epoch = -1;
  producerId = -1;
  /** By record, with holes; undefined when no record of the batch wants an acknowledgement. */
  callbacks: (AppendCallback | undefined)[] | undefined;

  constructor(topic: Topic, partition: number, bytes: number) {
    this.topic = topic;
    this.partition = partition;
    this.builder = new RecordBatchBuilder(bytes);
  }
}

export class EngineTopicWriter implements TopicWriter {
  readonly topic: string;
  readonly partitions: number;
  readonly #topic: Topic;
  readonly #owner: BatchOwner;
  readonly #batchBytes: number;
  readonly #open: (OpenBatch | undefined)[];

  constructor(topic: Topic, owner: BatchOwner, batchBytes: number) {
    this.topic = topic.name;
    this.partitions = topic.partitions.length;
    this.#topic = topic;
    this.#owner = owner;
    this.#batchBytes = Math.min(batchBytes, topic.maxMessageBytes);
    this.#open = new Array<OpenBatch | undefined>(this.partitions).fill(undefined);
  }

  append(
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[],
    acknowledged?: AppendCallback,
  ): void {
    if (this.#owner.refuses) throw this.#owner.refusal();
    const batch = this.#open[partition] ?? this.#openBatch(partition);
    if (!(timestamp >= -1 && timestamp <= MAX_TIMESTAMP) || !Number.isInteger(timestamp))
      throw this.#invalidTimestamp(partition, timestamp);
    let bytes = RECORD_OVERHEAD_MAX;
    if (key !== null) bytes += keyEnd - keyStart;
    if (value !== null) bytes += valueEnd - valueStart;
    if (headers.length > 0) bytes += headerBytes(headers);
    if (bytes + BATCH_HEADER_BYTES > this.#topic.maxMessageBytes)
      throw this.#tooLarge(partition, bytes);
    const builder = batch.builder;
    if (builder.count === 0) this.#owner.opened(batch);
    else if (builder.bytes + bytes > this.#batchBytes) {
      this.#owner.full(batch);
      this.#owner.opened(batch);
    }
    builder.append(timestamp, key, keyStart, keyEnd, value, valueStart, valueEnd, headers);
    if (acknowledged !== undefined) (batch.callbacks ??= [])[builder.count - 1] = acknowledged;
    if (builder.bytes >= this.#batchBytes) this.#owner.full(batch);
  }

  #openBatch(partition: number): OpenBatch {
    this.#topic.partition(partition);
    const batch = new OpenBatch(this.#topic, partition, this.#batchBytes);
    this.#open[partition] = batch;
    return batch;
  }

  #invalidTimestamp(partition: number, timestamp: number): StreamsError {
    return new StreamsError(
      'INVALID_TIMESTAMP',
      `A record for ${this.topic}-${partition} has timestamp ${timestamp}; expected whole milliseconds from 0 to ${MAX_TIMESTAMP}, or -1 for none.`,
      { topic: this.topic, partition },
    );
  }

  #tooLarge(partition: number, bytes: number): StreamsError {
    return new StreamsError(
      'RECORD_TOO_LARGE',
      `A record for ${this.topic}-${partition} needs up to ${bytes + BATCH_HEADER_BYTES} bytes, more than the topic's max.message.bytes (${this.#topic.maxMessageBytes}). Nothing was appended: send less at once or raise max.message.bytes.`,
      { topic: this.topic, partition },
    );
  }
}

function headerBytes(headers: readonly RecordHeader[]): number {
  let bytes = 0;
  for (const header of headers)
    bytes += 10 + header.key.length * 3 + (header.value === null ? 0 : header.value.length);
  return bytes;
}
