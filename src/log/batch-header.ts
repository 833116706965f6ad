/**
 * The header of a record batch v2, Kafka's format on disk and on the wire. All numbers big-endian.
 *
 *      0 int64  base offset                 21 int16  attributes          43 int64  producer id (-1: none)
 *      8 int32  batch length (from 12 on)   23 int32  last offset delta   51 int16  producer epoch
 *     12 int32  partition leader epoch      27 int64  base timestamp      53 int32  base sequence
 *     16 int8   magic = 2                   35 int64  max timestamp       57 int32  record count
 *     17 uint32 crc32c of [21, end)                                       61        records
 *
 *     attributes: bits 0-2 compression, bit 3 log append time, bit 4 transactional, bit 5 control, bit 6 delete horizon
 *
 * The CRC begins at 21, so that a log can assign base offset and leader epoch without touching it.
 */
import { readInt64, writeInt64 } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import { crc32c } from './crc32c.js';

export const BATCH_HEADER_BYTES = 61;
/** Bytes in front of what `batch length` counts. */
export const BATCH_OVERHEAD_BYTES = 12;
export const CRC_START = 21;

export const COMPRESSION_MASK = 0x07;
export const LOG_APPEND_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;
/** The base timestamp is when the batch's tombstones, or the marker that it is, may go. */
export const DELETE_HORIZON = 0x40;

export const batchBaseOffset = (buffer: Buffer, at: number): number => readInt64(buffer, at);
/** Whole size in bytes, header included. */
export const batchBytes = (buffer: Buffer, at: number): number =>
  buffer.readInt32BE(at + 8) + BATCH_OVERHEAD_BYTES;
export const batchAttributes = (buffer: Buffer, at: number): number => buffer.readInt16BE(at + 21);
export const batchLastOffset = (buffer: Buffer, at: number): number =>
  readInt64(buffer, at) + buffer.readInt32BE(at + 23);
export const batchBaseTimestamp = (buffer: Buffer, at: number): number =>
  readInt64(buffer, at + 27);
export const batchMaxTimestamp = (buffer: Buffer, at: number): number => readInt64(buffer, at + 35);
export const batchProducerId = (buffer: Buffer, at: number): number => readInt64(buffer, at + 43);
export const batchProducerEpoch = (buffer: Buffer, at: number): number =>
  buffer.readInt16BE(at + 51);
export const batchBaseSequence = (buffer: Buffer, at: number): number =>
  buffer.readInt32BE(at + 53);
export const batchRecordCount = (buffer: Buffer, at: number): number => buffer.readInt32BE(at + 57);
export const isTransactionalBatch = (buffer: Buffer, at: number): boolean =>
  (batchAttributes(buffer, at) & TRANSACTIONAL) !== 0;
export const isControlBatch = (buffer: Buffer, at: number): boolean =>
  (batchAttributes(buffer, at) & CONTROL) !== 0;

/** Gives a batch its place in a partition; the CRC stays valid. */
export function assignOffset(
  buffer: Buffer,
  at: number,
  baseOffset: number,
  leaderEpoch: number,
): void {
  writeInt64(buffer, baseOffset, at);
  buffer.writeInt32BE(leaderEpoch, at + 12);
}

/** Throws `CORRUPT_RECORD` unless `buffer[at, end)` begins with one whole, undamaged batch; returns where it ends. */
export function verifyBatch(buffer: Buffer, at: number, end: number): number {
  if (end - at < BATCH_HEADER_BYTES)
    throw corrupt(at, `${end - at} bytes are less than a batch header`);
  const stop = at + batchBytes(buffer, at);
  if (stop > end || stop < at + BATCH_HEADER_BYTES)
    throw corrupt(at, `batch length ${stop - at} does not fit into ${end - at} bytes`);
  if (buffer[at + 16] !== 2) throw corrupt(at, `magic ${buffer[at + 16]} instead of 2`);
  const expected = buffer.readUInt32BE(at + 17);
  const actual = crc32c(buffer, at + CRC_START, stop);
  if (expected !== actual)
    throw corrupt(at, `CRC ${actual.toString(16)} instead of ${expected.toString(16)}`);
  return stop;
}

function corrupt(at: number, what: string): StreamsError {
  return new StreamsError('CORRUPT_RECORD', `Damaged record batch at byte ${at}: ${what}.`);
}
