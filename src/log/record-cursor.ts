/**
 * Reads record batches v2 without an object per record: the cursor's fields are the current record, keys and
 * values are ranges of the batch's buffer. A compressed batch is decompressed once, when the cursor enters it. Bounds are checked against the batch, so lying lengths cannot read past it.
 */
import { readUtf8 } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import {
  BATCH_HEADER_BYTES,
  COMPRESSION_MASK,
  LOG_APPEND_TIME,
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchBytes,
  batchMaxTimestamp,
  batchRecordCount,
} from './batch-header.js';
import type { RecordHeader } from './client.js';
import { decompressRecords, type BatchPlace } from './compression/record-codecs.js';

const EMPTY = Buffer.alloc(0);

export class RecordCursor {
  /** The memory of the batch's records; `keyStart` and the others are positions in it. Those of a compressed batch are in memory of their own. */
  buffer: Buffer = EMPTY;
  offset = 0;
  timestamp = 0;
  keyStart = 0;
  /** -1: the key is null. */
  keyEnd = -1;
  valueStart = 0;
  /** -1: the value is null. */
  valueEnd = -1;
  /** Records not read yet. */
  remaining = 0;

  #at = 0;
  #batchEnd = 0;
  #recordEnd = 0;
  #headersAt = 0;
  #baseOffset = 0;
  #baseTimestamp = 0;
  #appendTime = -1;
  #place: BatchPlace | undefined;

  /**
   * Begins at the first record of the batch at `start`, decompressing the batch if need be; `from` is where it was
   * read. Does not check the CRC. Throws `UNSUPPORTED_COMPRESSION`, `CORRUPT_RECORD`, `RECORD_TOO_LARGE`; the cursor
   * then stands at the end of nothing.
   */
  reset(buffer: Buffer, start: number, from?: BatchPlace): void {
    const attributes = batchAttributes(buffer, start);
    this.remaining = 0;
    this.#place = from;
    this.#baseOffset = batchBaseOffset(buffer, start);
    if ((attributes & COMPRESSION_MASK) === 0) {
      this.buffer = buffer;
      this.#at = start + BATCH_HEADER_BYTES;
      this.#batchEnd = start + batchBytes(buffer, start);
    } else this.#decompress(buffer, start, attributes & COMPRESSION_MASK);
    this.#baseTimestamp = batchBaseTimestamp(buffer, start);
    this.#appendTime = (attributes & LOG_APPEND_TIME) === 0 ? -1 : batchMaxTimestamp(buffer, start);
    this.remaining = batchRecordCount(buffer, start);
  }

  #decompress(buffer: Buffer, start: number, codecId: number): void {
    const end = start + batchBytes(buffer, start);
    const records = buffer.subarray(start + BATCH_HEADER_BYTES, end);
    this.buffer = decompressRecords(codecId, records, this.#baseOffset, this.#place);
    this.#at = 0;
    this.#batchEnd = this.buffer.length;
  }

  /** Steps to the next record; false at the end of the batch. Throws `CORRUPT_RECORD`. */
  next(): boolean {
    if (this.remaining === 0) return false;
    this.remaining--;
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.#batchEnd)
      throw this.#corrupt('a record is longer than its batch');
    this.#recordEnd = end;
    this.#at++; // attributes, unused by Kafka
    const delta = this.#varlong();
    this.timestamp = this.#appendTime >= 0 ? this.#appendTime : this.#baseTimestamp + delta;
    this.offset = this.#baseOffset + this.#varint();
    const keyBytes = this.#varint();
    this.keyStart = this.#at;
    if (keyBytes >= 0) this.keyEnd = this.#at += keyBytes;
    else this.keyEnd = -1;
    const valueBytes = this.#varint();
    this.valueStart = this.#at;
    if (valueBytes >= 0) this.valueEnd = this.#at += valueBytes;
    else this.valueEnd = -1;
    if (this.#at > end) throw this.#corrupt('a key or value is longer than its record');
    this.#headersAt = this.#at;
    this.#at = end;
    return true;
  }

  /** Where the current record ends in `buffer`; its key, value and headers begin at `keyStart`. */
  get recordEnd(): number {
    return this.#recordEnd;
  }

  /** A view of the key, null for a null key. */
  key(): Buffer | null {
    return this.keyEnd < 0 ? null : this.buffer.subarray(this.keyStart, this.keyEnd);
  }

  value(): Buffer | null {
    return this.valueEnd < 0 ? null : this.buffer.subarray(this.valueStart, this.valueEnd);
  }

  /** The headers of the current record, copied; a new list each time. */
  headers(): RecordHeader[] {
    if (this.buffer[this.#headersAt] === 0) return [];
    const resume = this.#at;
    this.#at = this.#headersAt;
    const count = this.#varint();
    if (count < 0 || count > this.#recordEnd - this.#headersAt)
      throw this.#corrupt(`${count} headers`);
    const headers: RecordHeader[] = [];
    for (let i = 0; i < count; i++) {
      const key = this.#range(this.#varint());
      const valueBytes = this.#varint();
      const value = valueBytes < 0 ? null : Buffer.from(this.#range(valueBytes));
      headers.push({ key: readUtf8(key, 0, key.length), value });
    }
    this.#at = resume;
    return headers;
  }

  #range(bytes: number): Buffer {
    const start = this.#at;
    if (bytes < 0 || start + bytes > this.#recordEnd)
      throw this.#corrupt('a header is longer than its record');
    this.#at += bytes;
    return this.buffer.subarray(start, start + bytes);
  }

  #varint(): number {
    const buffer = this.buffer;
    let byte = buffer[this.#at++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let shift = 7;
    do {
      if (shift > 28 || this.#at >= this.#batchEnd) throw this.#corrupt('a varint is too long');
      byte = buffer[this.#at++]!;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    return (value >>> 1) ^ -(value & 1);
  }

  #varlong(): number {
    const buffer = this.buffer;
    let byte = buffer[this.#at++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    let scale = 0x80;
    let length = 1;
    do {
      if (length++ > 9 || this.#at >= this.#batchEnd) throw this.#corrupt('a varint is too long');
      byte = buffer[this.#at++]!;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #corrupt(what: string): StreamsError {
    const { topic, partition } = this.#place ?? {};
    const place = topic === undefined ? '' : ` in topic ${topic}, partition ${partition}`;
    return new StreamsError(
      'CORRUPT_RECORD',
      `Damaged record batch with base offset ${this.#baseOffset}${place}: ${what}.`,
      {
        offset: this.#baseOffset,
        ...(topic === undefined ? {} : { topic }),
        ...(partition === undefined ? {} : { partition }),
      },
    );
  }
}
