/**
 * Writes record batches v2. The builder appends byte ranges into one growing buffer and seals it with header and
 * CRC; nothing is allocated per record. Layout of a record (all varints zigzag):
 *
 *     length | attributes int8 = 0 | timestamp delta | offset delta
 *     key length (-1: null) | key | value length (-1: null) | value | header count | (key length | key | value length | value)*
 */
import { allocate, allocateSmall, copyOf, writeInt64, writeUtf8 } from '../env/bytes.js';
import { assert } from '../errors.js';
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  CONTROL,
  CRC_START,
  TRANSACTIONAL,
} from './batch-header.js';
import { crc32c } from './crc32c.js';
import type { CompressionType, RecordHeader } from './client.js';
import { COMPRESSION_TYPES } from './compression/codec.js';
import { compressRecords, type BatchPlace } from './compression/record-codecs.js';

/** Largest timestamp a record can carry (ms); producers refuse larger ones, so that deltas stay exact as doubles. */
export const MAX_TIMESTAMP = 2 ** 52 - 1;

const NO_HEADERS: readonly RecordHeader[] = [];
const SMALL_COPY_BYTES = 40;
/** With key and value up to this and no headers, a record's body is below 64 bytes: its zigzag length is one byte. */
const SMALL_RECORD_BYTES = 40;
/** Zigzag -1. */
const NULL_LENGTH = 1;

/** Who writes a batch; all -1 for a plain one. */
export interface BatchProducer {
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly transactional: boolean;
}

/** A builder that compresses keeps a buffer of so many times its first size: compressed batches are filled with more records. */
const GROWTH_KEPT = 16;

/** How the records of a batch are compressed. */
export interface BatchCompression {
  readonly type: Exclude<CompressionType, 'none'>;
  readonly level: number | undefined;
  /** For errors; holds the user's codecs. */
  readonly place: BatchPlace;
}

export class RecordBatchBuilder {
  #buffer: Buffer;
  #end = BATCH_HEADER_BYTES;
  #count = 0;
  #baseTimestamp = 0;
  #maxTimestamp = 0;
  readonly #initialBytes: number;

  constructor(initialBytes = 16_384) {
    this.#initialBytes = initialBytes + 1024;
    this.#buffer = allocate(this.#initialBytes);
  }

  /** Records so far. */
  get count(): number {
    return this.#count;
  }

  /** Size of the batch if it were sealed now. */
  get bytes(): number {
    return this.#end;
  }

  /** Appends one record; a null key or value has a null array. */
  append(
    timestamp: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[] = NO_HEADERS,
  ): void {
    if (this.#count === 0) {
      this.#baseTimestamp = timestamp;
      this.#maxTimestamp = timestamp;
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp;
    const delta = timestamp - this.#baseTimestamp;
    const keyBytes = key === null ? 0 : keyEnd - keyStart;
    const valueBytes = value === null ? 0 : valueEnd - valueStart;
    if (headers.length === 0 && keyBytes + valueBytes <= SMALL_RECORD_BYTES) {
      this.#appendSmall(delta, key, keyStart, keyBytes, value, valueStart, valueBytes);
      return;
    }
    let body =
      1 +
      varlongBytes(delta) +
      varintBytes(this.#count) +
      (key === null ? 1 : varintBytes(keyBytes) + keyBytes) +
      (value === null ? 1 : varintBytes(valueBytes) + valueBytes);
    body += headers.length === 0 ? 1 : headersBytes(headers);
    const buffer = this.#room(body + 5);
    let at = writeVarint(buffer, this.#end, body);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, delta);
    at = writeVarint(buffer, at, this.#count);
    at =
      key === null ? writeVarint(buffer, at, -1) : writeRange(buffer, at, key, keyStart, keyBytes);
    at =
      value === null
        ? writeVarint(buffer, at, -1)
        : writeRange(buffer, at, value, valueStart, valueBytes);
    if (headers.length === 0) buffer[at++] = 0;
    else at = writeHeaders(buffer, at, headers);
    this.#end = at;
    this.#count++;
  }

  /** Every length takes one byte here, so nothing is measured before it is written: counts and words live on this path. */
  #appendSmall(
    delta: number,
    key: Uint8Array | null,
    keyStart: number,
    keyBytes: number,
    value: Uint8Array | null,
    valueStart: number,
    valueBytes: number,
  ): void {
    const buffer = this.#room(64);
    const start = this.#end;
    let at = start + 1;
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, delta);
    at = writeVarint(buffer, at, this.#count);
    if (key === null) buffer[at++] = NULL_LENGTH;
    else {
      buffer[at++] = keyBytes << 1;
      for (let i = 0; i < keyBytes; i++) buffer[at++] = key[keyStart + i]!;
    }
    if (value === null) buffer[at++] = NULL_LENGTH;
    else {
      buffer[at++] = valueBytes << 1;
      for (let i = 0; i < valueBytes; i++) buffer[at++] = value[valueStart + i]!;
    }
    buffer[at++] = 0;
    buffer[start] = (at - start - 1) << 1;
    this.#end = at;
    this.#count++;
  }

  /**
   * Seals the batch (base offset 0, to be assigned by the log) and begins a new one. The result shares no memory
   * with the builder. With compression it throws `UNSUPPORTED_COMPRESSION` and `RECORD_TOO_LARGE`; the records are
   * then still open.
   */
  seal(producer?: BatchProducer, compression?: BatchCompression): Buffer {
    assert(this.#count > 0, 'an empty batch is never sealed');
    if (compression !== undefined) return this.#sealCompressed(producer, compression);
    const batch = this.#buffer.subarray(0, this.#end);
    writeHeader(batch, this.#count, this.#baseTimestamp, this.#maxTimestamp, producer);
    // A batch that fills its buffer keeps it; a small one is copied, so that it does not pin the whole buffer.
    const sealed = this.#end * 2 > this.#buffer.length ? batch : copyOf(batch);
    if (sealed === batch) this.#buffer = allocate(this.#buffer.length);
    this.#end = BATCH_HEADER_BYTES;
    this.#count = 0;
    return sealed;
  }

  /** Sent compressed also where that takes more bytes, as Kafka's producer does. The records' memory serves the next batch. */
  #sealCompressed(producer: BatchProducer | undefined, compression: BatchCompression): Buffer {
    const { type, level, place } = compression;
    const records = this.#buffer.subarray(BATCH_HEADER_BYTES, this.#end);
    const compressed = compressRecords(type, level, records, place);
    const batch = allocate(BATCH_HEADER_BYTES + compressed.length);
    compressed.copy(batch, BATCH_HEADER_BYTES);
    const codecId = COMPRESSION_TYPES.indexOf(type);
    writeHeader(batch, this.#count, this.#baseTimestamp, this.#maxTimestamp, producer, codecId);
    // One large record must not hold its memory for ever.
    if (this.#buffer.length > this.#initialBytes * GROWTH_KEPT)
      this.#buffer = allocate(this.#initialBytes);
    this.discard();
    return batch;
  }

  /** Forgets the records of the open batch. */
  discard(): void {
    this.#end = BATCH_HEADER_BYTES;
    this.#count = 0;
  }

  #room(bytes: number): Buffer {
    if (this.#end + bytes > this.#buffer.length) {
      const grown = allocate(Math.max(this.#buffer.length * 2, this.#end + bytes));
      grown.set(this.#buffer.subarray(0, this.#end));
      this.#buffer = grown;
    }
    return this.#buffer;
  }
}

export type ControlType = 'commit' | 'abort';

/** The one record of a marker: 16 bytes, no attributes and deltas, key of 4 bytes, value of 6, no headers. */
const CONTROL_RECORD: readonly number[] = [32, 0, 0, 0, 8, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0];
/** The low byte of the type, in a marker of this builder and in Kafka's. */
export const CONTROL_TYPE_AT = BATCH_HEADER_BYTES + 8;

/** A transaction marker: a control batch of one record. Key: int16 version 0, int16 type (abort 0, commit 1). Value: int16 version 0, int32 coordinator epoch. */
export function buildControlBatch(
  type: ControlType,
  producerId: number,
  epoch: number,
  timestamp: number,
): Buffer {
  const batch = allocateSmall(BATCH_HEADER_BYTES + CONTROL_RECORD.length);
  batch.set(CONTROL_RECORD, BATCH_HEADER_BYTES);
  batch[CONTROL_TYPE_AT] = type === 'commit' ? 1 : 0;
  writeHeader(batch, 1, timestamp, timestamp, {
    producerId,
    epoch,
    sequence: -1,
    transactional: true,
  });
  batch.writeInt16BE(TRANSACTIONAL | CONTROL, 21);
  batch.writeUInt32BE(crc32c(batch, CRC_START, batch.length), 17);
  return batch;
}

function writeHeader(
  batch: Buffer,
  count: number,
  baseTimestamp: number,
  maxTimestamp: number,
  producer: BatchProducer | undefined,
  codecId = 0,
): void {
  writeInt64(batch, 0, 0);
  batch.writeInt32BE(batch.length - BATCH_OVERHEAD_BYTES, 8);
  batch.writeInt32BE(0, 12);
  batch[16] = 2;
  batch.writeInt16BE((producer?.transactional === true ? TRANSACTIONAL : 0) | codecId, 21);
  batch.writeInt32BE(count - 1, 23);
  writeInt64(batch, baseTimestamp, 27);
  writeInt64(batch, maxTimestamp, 35);
  writeInt64(batch, producer?.producerId ?? -1, 43);
  batch.writeInt16BE(producer?.epoch ?? -1, 51);
  batch.writeInt32BE(producer?.sequence ?? -1, 53);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch, CRC_START, batch.length), 17);
}

function writeRange(
  buffer: Buffer,
  at: number,
  source: Uint8Array,
  start: number,
  bytes: number,
): number {
  let end = writeVarint(buffer, at, bytes);
  if (bytes <= SMALL_COPY_BYTES) for (let i = 0; i < bytes; i++) buffer[end++] = source[start + i]!;
  else {
    buffer.set(source.subarray(start, start + bytes), end);
    end += bytes;
  }
  return end;
}

function headersBytes(headers: readonly RecordHeader[]): number {
  let bytes = varintBytes(headers.length);
  for (const header of headers) {
    const keyBytes = Buffer.byteLength(header.key);
    bytes += varintBytes(keyBytes) + keyBytes;
    bytes += header.value === null ? 1 : varintBytes(header.value.length) + header.value.length;
  }
  return bytes;
}

function writeHeaders(buffer: Buffer, at: number, headers: readonly RecordHeader[]): number {
  let end = writeVarint(buffer, at, headers.length);
  for (const header of headers) {
    end = writeVarint(buffer, end, Buffer.byteLength(header.key));
    end += writeUtf8(buffer, header.key, end);
    end =
      header.value === null
        ? writeVarint(buffer, end, -1)
        : writeRange(buffer, end, header.value, 0, header.value.length);
  }
  return end;
}

export function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80
    ? 1
    : zigzag < 0x4000
      ? 2
      : zigzag < 0x200000
        ? 3
        : zigzag < 0x10000000
          ? 4
          : 5;
}

export function writeVarint(buffer: Buffer, at: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  while (zigzag >= 0x80) {
    buffer[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  buffer[at++] = zigzag;
  return at;
}

const INT32_MAX = 0x3fffffff;

/** Timestamp deltas may exceed 32 bits; those take the slow path over doubles. */
export function varlongBytes(value: number): number {
  if (value <= INT32_MAX && value >= -INT32_MAX) return varintBytes(value);
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  let bytes = 1;
  while (zigzag >= 0x80) {
    zigzag = Math.floor(zigzag / 0x80);
    bytes++;
  }
  return bytes;
}

export function writeVarlong(buffer: Buffer, at: number, value: number): number {
  if (value <= INT32_MAX && value >= -INT32_MAX) return writeVarint(buffer, at, value);
  let zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  while (zigzag >= 0x80) {
    buffer[at++] = (zigzag % 0x80) | 0x80;
    zigzag = Math.floor(zigzag / 0x80);
  }
  buffer[at++] = zigzag;
  return at;
}
