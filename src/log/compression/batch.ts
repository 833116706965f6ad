/**
 * Whole batches from one compression to another: header, offsets and producer stay, records are compressed anew,
 * length, attributes and CRC follow.
 */
import { allocate } from '../../env/bytes.js';
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  COMPRESSION_MASK,
  CRC_START,
  batchAttributes,
  batchBaseOffset,
  batchBytes,
} from '../batch-header.js';
import type { CompressionType } from '../client.js';
import { crc32c } from '../crc32c.js';
import { COMPRESSION_TYPES } from './codec.js';
import { compressRecords, decompressRecords, type BatchPlace } from './record-codecs.js';

/** What compresses the batch at `at`. */
export function batchCompression(buffer: Buffer, at: number): CompressionType | undefined {
  return COMPRESSION_TYPES[batchAttributes(buffer, at) & COMPRESSION_MASK];
}

/**
 * The batch at `at` with its records uncompressed, in memory of its own; the batch itself, as a view, when they are.
 * Throws `UNSUPPORTED_COMPRESSION`, `CORRUPT_RECORD`, `RECORD_TOO_LARGE`.
 */
export function decodeBatch(buffer: Buffer, at: number, place?: BatchPlace): Buffer {
  const batch = buffer.subarray(at, at + batchBytes(buffer, at));
  const codecId = batchAttributes(batch, 0) & COMPRESSION_MASK;
  if (codecId === 0) return batch;
  const records = decompressRecords(
    codecId,
    batch.subarray(BATCH_HEADER_BYTES),
    batchBaseOffset(batch, 0),
    place,
  );
  return withRecords(batch, records, 0);
}

/**
 * An uncompressed batch, compressed; `none` gives the batch back. Throws `UNSUPPORTED_COMPRESSION`,
 * `RECORD_TOO_LARGE`.
 */
export function encodeBatch(
  batch: Buffer,
  type: CompressionType,
  level?: number,
  place?: BatchPlace,
): Buffer {
  if (type === 'none') return batch;
  const records = compressRecords(type, level, batch.subarray(BATCH_HEADER_BYTES), place);
  return withRecords(batch, records, COMPRESSION_TYPES.indexOf(type));
}

function withRecords(header: Buffer, records: Buffer, codecId: number): Buffer {
  const batch = allocate(BATCH_HEADER_BYTES + records.length);
  header.copy(batch, 0, 0, BATCH_HEADER_BYTES);
  records.copy(batch, BATCH_HEADER_BYTES);
  batch.writeInt32BE(batch.length - BATCH_OVERHEAD_BYTES, 8);
  batch.writeInt16BE((batchAttributes(header, 0) & ~COMPRESSION_MASK) | codecId, 21);
  batch.writeUInt32BE(crc32c(batch, CRC_START, batch.length), 17);
  return batch;
}
