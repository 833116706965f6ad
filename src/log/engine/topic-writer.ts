/**
 * The hot path of a producer: one topic's open batches. A record is checked, then its ranges are copied into the
 * partition's batch; a full batch goes to the producer. Nothing is allocated per record unless it wants an
 * acknowledgement.
 */
import { StreamsError } from '../../errors.js';
import { BATCH_HEADER_BYTES } from '../batch-header.js';
import type { AppendCallback, RecordHeader, TopicWriter } from '../client.js';
import { DECOMPRESSED_BYTES_MAX } from '../compression/record-codecs.js';
import { MAX_TIMESTAMP, RecordBatchBuilder, type BatchCompression } from '../record-batch.js';
import type { TopicSettings } from './topic-config.js';
import type { Topic } from './topics.js';

/** What a record can need beside key, value and headers: length, attributes, timestamp and offset deltas, counts. */
const RECORD_OVERHEAD_MAX = 5 + 1 + 10 + 5 + 5 + 5 + 5;

/** As Kafka's producer estimates. */
const RATIO_IMPROVES = 0.005;
const RATIO_DETERIORATES = 0.05;
const RATIO_MARGIN = 1.05;
/** No codec adds more than this to what it cannot compress. */
const CERTAIN_RATIO = 0.98;
const CERTAIN_BYTES = 256;

/** The producer that owns the writer. */
export interface BatchOwner {
  /** Nothing can be sent now; looked at before each record. */
  readonly refuses: boolean;
  /** Why; made only when it is thrown. */
  refusal(): StreamsError;
  /** The batch got its first record. */
  opened(batch: OpenBatch): void;
  /** How batches of this partition are compressed. */
  compressionOf(topic: Topic, partition: number): BatchCompression | undefined;
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
  /** How this batch will be compressed; undefined: not at all. */
  compression: BatchCompression | undefined;
  /** The batch is full at so many bytes of records: more than it is sent as, when compression is expected to take so much off. */
  bytesMax = 0;
  /** Each of its records has a key; the log need not look. */
  keyed = true;
  /** Largest record that may be in it. */
  recordBytesMax = 0;
  /** What compression leaves of a byte, by experience. */
  #ratio = 1;
  #settings: TopicSettings | undefined;
  /** By record, with holes; undefined when no record of the batch wants an acknowledgement. */
  callbacks: (AppendCallback | undefined)[] | undefined;

  constructor(topic: Topic, partition: number, bytes: number) {
    this.topic = topic;
    this.partition = partition;
    this.builder = new RecordBatchBuilder(bytes);
  }

  /** Before the first record: the topic's config may be another one by now. */
  begin(owner: BatchOwner, batchBytes: number): void {
    const { topic } = this;
    this.keyed = true;
    if (this.#settings !== topic.settings) {
      this.#settings = topic.settings;
      this.compression = owner.compressionOf(topic, this.partition);
    }
    const { maxMessageBytes } = topic;
    this.bytesMax = Math.min(batchBytes, maxMessageBytes);
    this.recordBytesMax = maxMessageBytes;
    if (this.compression === undefined) return;
    // The log looks at the size after compression. A record may take less then; many that turn out not to must not be too many.
    this.recordBytesMax = Math.max(maxMessageBytes, DECOMPRESSED_BYTES_MAX);
    const expected = Math.floor(batchBytes / (this.#ratio * RATIO_MARGIN));
    const certain = Math.floor(maxMessageBytes * CERTAIN_RATIO) - CERTAIN_BYTES;
    this.bytesMax = Math.min(Math.max(batchBytes, expected), certain);
  }

  /** The expectation follows a worse outcome at once and a better one slowly, as that of Kafka's producer. */
  compressed(recordBytes: number, bytes: number): void {
    const ratio = bytes / recordBytes;
    this.#ratio =
      ratio > this.#ratio
        ? Math.max(this.#ratio + RATIO_DETERIORATES, ratio)
        : Math.max(this.#ratio - RATIO_IMPROVES, ratio);
  }
}

export class EngineTopicWriter implements TopicWriter {
  readonly topic: string;
  readonly #topic: Topic;
  readonly #owner: BatchOwner;
  readonly #batchBytes: number;
  readonly #open: (OpenBatch | undefined)[];

  constructor(topic: Topic, owner: BatchOwner, batchBytes: number) {
    this.topic = topic.name;
    this.#topic = topic;
    this.#owner = owner;
    this.#batchBytes = batchBytes;
    this.#open = new Array<OpenBatch | undefined>(this.partitions).fill(undefined);
  }

  get partitions(): number {
    return this.#topic.partitions.length;
  }

  /** Nothing can be written any more. */
  get deleted(): boolean {
    return this.#topic.deleted;
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
    const builder = batch.builder;
    if (builder.count === 0) batch.begin(this.#owner, this.#batchBytes);
    if (bytes + BATCH_HEADER_BYTES > batch.recordBytesMax)
      throw this.#tooLarge(partition, bytes, batch.recordBytesMax);
    if (builder.count === 0) this.#owner.opened(batch);
    else if (builder.bytes + bytes > batch.bytesMax) {
      this.#owner.full(batch);
      batch.begin(this.#owner, this.#batchBytes);
      this.#owner.opened(batch);
    }
    if (key === null) batch.keyed = false;
    builder.append(timestamp, key, keyStart, keyEnd, value, valueStart, valueEnd, headers);
    if (acknowledged !== undefined) (batch.callbacks ??= [])[builder.count - 1] = acknowledged;
    if (builder.bytes >= batch.bytesMax) this.#owner.full(batch);
  }

  #openBatch(partition: number): OpenBatch {
    this.#topic.partition(partition);
    const bytes = Math.min(this.#batchBytes, this.#topic.maxMessageBytes);
    const batch = new OpenBatch(this.#topic, partition, bytes);
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

  #tooLarge(partition: number, bytes: number, limit: number): StreamsError {
    const { maxMessageBytes } = this.#topic;
    const what =
      limit === maxMessageBytes
        ? `the topic's max.message.bytes (${limit}). Nothing was appended: send less at once or raise max.message.bytes.`
        : `a batch may have before compression (${limit}). Nothing was appended: send less at once.`;
    return new StreamsError(
      'RECORD_TOO_LARGE',
      `A record for ${this.topic}-${partition} needs up to ${bytes + BATCH_HEADER_BYTES} bytes, more than ${what}`,
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
