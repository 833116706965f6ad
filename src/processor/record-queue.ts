/**
 * The fetched records of one partition, as the log handed them over: bytes. Only the head record is decoded, when
 * the task wants to know its timestamp; records that cannot be decoded or have a negative timestamp are skipped there.
 */
import type { TellDropped } from './dropped-record.js';
import { assert, StreamsError } from '../errors.js';
import type { BatchRange, FetchedRecords, RecordHeader } from '../log/client.js';
import type { BatchPlace } from '../log/compression/record-codecs.js';
import { RecordCursor } from '../log/record-cursor.js';
import type { RecordOrigin } from '../state/store.js';
import type { FailedRecord } from './error-policy.js';
import type { FailureHandler } from './failure-handler.js';
import type { SourceNode } from './node.js';
import { Record } from './record.js';
import { failOnInvalidTimestamp } from './timestamp-extractor.js';

/** Consumed batches are forgotten in steps of this many. */
const COMPACT_BATCHES = 64;

interface QueuedBatch extends BatchRange {
  /** Records below belong to a batch that was entered in its middle. */
  readonly firstOffset: number;
}

export class RecordQueue {
  readonly topic: string;
  readonly partition: number;
  readonly source: SourceNode;
  /** The decoded head; `undefined` when the queue is empty or was not looked at yet. */
  head: Record | undefined = undefined;
  headOffset = -1;
  /** Bytes of batches that are not wholly consumed. */
  bytes = 0;
  /** Largest timestamp taken; -1 before the first. */
  partitionTime = -1;
  /** Since when the task waits for this partition (monotonic). */
  idleSince: number | undefined = undefined;

  readonly #failures: FailureHandler;
  readonly #recordDropped: TellDropped;
  readonly #cursor = new RecordCursor();
  #place: BatchPlace;
  #batches: QueuedBatch[] = [];
  #at = 0;
  #firstOffset = 0;
  /** The cursor stands on a record that was not decoded yet. */
  #raw = false;
  #position = -1;
  #endOffset = -1;
  /** The cursor's batch counts in `bytes`. */
  #entered = false;
  readonly #taken = new TakenRecord();

  constructor(
    topic: string,
    partition: number,
    source: SourceNode,
    failures: FailureHandler,
    recordDropped: TellDropped,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.source = source;
    this.#failures = failures;
    this.#recordDropped = recordDropped;
    this.#place = { topic, partition };
  }

  add(fetched: FetchedRecords): void {
    assert(
      fetched.nextOffset >= this.#position,
      `${this.topic}-${this.partition}: fetched positions grow`,
    );
    if (fetched.codecs !== undefined && fetched.codecs !== this.#place.codecs)
      this.#place = { topic: this.topic, partition: this.partition, codecs: fetched.codecs };
    for (const { bytes, start, end } of fetched.batches) {
      this.#batches.push({ bytes, start, end, firstOffset: fetched.firstOffset });
      this.bytes += end - start;
    }
    if (fetched.batches.length > 0) this.idleSince = undefined;
    this.#position = fetched.nextOffset;
    this.#endOffset = fetched.endOffset;
  }

  /** Where the partition begins for this task. */
  setPosition(offset: number, partitionTime: number): void {
    this.#position = offset;
    this.partitionTime = Math.max(this.partitionTime, partitionTime);
  }

  /** How far the log is known to go, before a fetch says it. */
  expect(endOffset: number): void {
    this.#endOffset = endOffset;
  }

  clear(partitionTime: number): void {
    this.head = undefined;
    this.#batches = [];
    this.#at = 0;
    this.#cursor.remaining = 0;
    this.#entered = false;
    this.#raw = false;
    this.#position = -1;
    this.#endOffset = -1;
    this.bytes = 0;
    this.partitionTime = partitionTime;
    this.idleSince = undefined;
  }

  /** The log is known to have records that were not fetched yet. */
  get hasKnownLag(): boolean {
    return this.#endOffset > this.#position;
  }

  /** Decodes records until one can be the head; false when none is left. Throws what the error policy lets through. */
  prepareHead(): boolean {
    if (this.head !== undefined) return true;
    while (this.#toRaw()) {
      const record = this.#decode();
      if (record !== undefined) {
        this.head = record;
        return true;
      }
    }
    return false;
  }

  /** Removes the head, which `prepareHead` made. */
  take(): Record {
    const record = this.head;
    assert(record !== undefined, 'a head is prepared before it is taken');
    const cursor = this.#cursor;
    this.head = undefined;
    this.#taken.set(cursor, this.headOffset, record);
    if (record.timestamp > this.partitionTime) this.partitionTime = record.timestamp;
    if (cursor.remaining === 0) this.#dropBatch();
    return record;
  }

  /** The offset to go on from: of the next record, else the fetched position. -1: nothing is known. */
  nextOffset(): number {
    if (this.head !== undefined) return this.headOffset;
    return this.#toRaw() ? this.#cursor.offset : this.#position;
  }

  /** Offset of the record that was taken last. */
  get takenOffset(): number {
    return this.#taken.offset;
  }

  /** Coordinates of the record that was taken last. */
  origin(): RecordOrigin {
    const { topic, partition } = this;
    return { topic, partition, offset: this.#taken.offset, headers: this.#taken.headers };
  }

  /** The record that was taken last, as it stands in its topic. */
  takenRecord(): FailedRecord {
    return this.#taken.describe(this.topic, this.partition);
  }

  /** Moves the cursor to the next record; it stays there until it is decoded. */
  #toRaw(): boolean {
    if (this.#raw) return true;
    const cursor = this.#cursor;
    for (;;) {
      while (cursor.remaining > 0) {
        cursor.next();
        if (cursor.offset >= this.#firstOffset) {
          this.#raw = true;
          return true;
        }
      }
      this.#dropBatch();
      const batch = this.#batches[this.#at];
      if (batch === undefined) return false;
      this.#firstOffset = batch.firstOffset;
      cursor.reset(batch.bytes, batch.start, this.#place);
      this.#entered = true;
    }
  }

  /** The batch under the cursor is consumed. */
  #dropBatch(): void {
    if (!this.#entered) return;
    this.#entered = false;
    const batch = this.#batches[this.#at]!;
    this.bytes -= batch.end - batch.start;
    this.#at++;
    if (this.#at >= COMPACT_BATCHES || this.#at === this.#batches.length) {
      this.#batches = this.#batches.slice(this.#at);
      this.#at = 0;
    }
  }

  /** The record under the cursor, or `undefined` when it is skipped. */
  #decode(): Record | undefined {
    const cursor = this.#cursor;
    const { source, topic, partition } = this;
    const { buffer, offset, keyStart, keyEnd, valueStart, valueEnd } = cursor;
    let part: 'key' | 'value' = 'key';
    let key: unknown = null;
    let value: unknown = null;
    try {
      if (keyEnd >= 0) {
        const { read } = source.keySerde;
        key =
          read === undefined
            ? source.keySerde.deserialize(buffer.subarray(keyStart, keyEnd), topic)
            : read(buffer, keyStart, keyEnd);
      }
      part = 'value';
      if (valueEnd >= 0) {
        const { read } = source.valueSerde;
        value =
          read === undefined
            ? source.valueSerde.deserialize(buffer.subarray(valueStart, valueEnd), topic)
            : read(buffer, valueStart, valueEnd);
      }
    } catch (error) {
      // By default this throws, and the record stays the next one.
      this.#failures.deserializeFailed(
        error,
        part,
        new TakenRecord().at(cursor).describe(topic, partition),
      );
      this.#raw = false;
      return undefined;
    }
    const timestamp = this.#timestampOf(key, value);
    this.#raw = false;
    if (!(timestamp >= 0)) {
      this.#recordDropped(source.name, 'invalidTimestamp', { topic, partition, offset });
      return undefined;
    }
    this.headOffset = offset;
    return new Record(key, value, timestamp, cursor.headers());
  }

  #timestampOf(key: unknown, value: unknown): number {
    const { source, topic, partition, partitionTime } = this;
    const { timestamp, offset } = this.#cursor;
    if (source.timestamps === failOnInvalidTimestamp && timestamp >= 0) return timestamp;
    let extracted: number;
    try {
      extracted = source.timestamps(
        { topic, partition, offset, key, value, timestamp },
        partitionTime,
      );
    } catch (error) {
      if (error instanceof StreamsError) throw error;
      throw new StreamsError(
        'PROCESS_FAILED',
        `Fatal user code error in TimestampExtractor callback for record topic=${topic}, partition=${partition}, offset=${offset}.`,
        { cause: error, node: source.name, topic, partition, offset },
      );
    }
    if (Number.isSafeInteger(extracted)) return extracted;
    throw new StreamsError(
      'INVALID_TIMESTAMP',
      `The timestamp extractor of source ${source.name} answered ${String(extracted)} for record topic=${topic}, partition=${partition}, offset=${offset}. It has to answer whole milliseconds, or a negative number to drop the record.`,
      { node: source.name, topic, partition, offset },
    );
  }
}

const NO_BYTES = Buffer.alloc(0);
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);

/** Raw coordinates of a record: what a dead letter needs, without copying for every record. */
class TakenRecord {
  offset = -1;
  headers: readonly RecordHeader[] = NO_HEADERS;
  #buffer: Buffer = NO_BYTES;
  #timestamp = 0;
  #keyStart = 0;
  #keyEnd = -1;
  #valueStart = 0;
  #valueEnd = -1;

  set(cursor: RecordCursor, offset: number, record: Record): void {
    this.offset = offset;
    this.#buffer = cursor.buffer;
    this.#timestamp = cursor.timestamp;
    this.#keyStart = cursor.keyStart;
    this.#keyEnd = cursor.keyEnd;
    this.#valueStart = cursor.valueStart;
    this.#valueEnd = cursor.valueEnd;
    this.headers = record.headers.length === 0 ? NO_HEADERS : record.headers.slice();
  }

  at(cursor: RecordCursor): this {
    this.set(cursor, cursor.offset, new Record(null, null, cursor.timestamp, cursor.headers()));
    return this;
  }

  describe(topic: string, partition: number): FailedRecord {
    const buffer = this.#buffer;
    return {
      topic,
      partition,
      offset: this.offset,
      timestamp: this.#timestamp,
      key: this.#keyEnd < 0 ? null : buffer.subarray(this.#keyStart, this.#keyEnd),
      value: this.#valueEnd < 0 ? null : buffer.subarray(this.#valueStart, this.#valueEnd),
      headers: this.headers,
    };
  }
}
