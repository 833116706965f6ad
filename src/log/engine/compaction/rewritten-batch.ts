/**
 * A batch with some of its records, as Kafka's cleaner writes it: base offset, last offset, producer, epoch and base
 * sequence stay, so that offsets and sequences can be read from it as before; timestamps, count and CRC are those of
 * the records that are left. With a delete horizon the base timestamp is the horizon (KIP-534).
 */
import { allocate, writeInt64 } from '../../../env/bytes.js';
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  batchAttributes,
  batchBaseOffset,
  batchBytes,
  batchMaxTimestamp,
  COMPRESSION_MASK,
  CRC_START,
  DELETE_HORIZON,
  LOG_APPEND_TIME,
} from '../../batch-header.js';
import type { BatchRange } from '../../client.js';
import { COMPRESSION_TYPES } from '../../compression/codec.js';
import { compressRecords, type BatchPlace } from '../../compression/record-codecs.js';
import { crc32c } from '../../crc32c.js';
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from '../../record-batch.js';
import type { RecordCursor } from '../../record-cursor.js';

/** What the numbers in front of a record can take: length, attributes, two deltas and the key's length. */
const RECORD_OVERHEAD_BYTES = 5 + 1 + 10 + 5 + 5;
const NO_TIMESTAMP = -1;

/** The header alone, without records. */
export function emptyBatch({ bytes, start }: BatchRange): BatchRange {
  const batch = allocate(BATCH_HEADER_BYTES);
  batch.set(bytes.subarray(start, start + BATCH_HEADER_BYTES));
  const attributes = batchAttributes(batch, 0) & ~(COMPRESSION_MASK | DELETE_HORIZON);
  return sealed(batch, attributes, 0, NO_TIMESTAMP, batchMaxTimestamp(batch, 0));
}

/**
 * The batch with the records whose place in it is set in `kept`. `cursor` is any; `horizon` is -1 when there is none.
 * Throws what decompressing and compressing throw.
 */
export function batchOf(
  { bytes, start }: BatchRange,
  kept: readonly boolean[],
  horizon: number,
  cursor: RecordCursor,
  place: BatchPlace,
): BatchRange {
  const attributes = batchAttributes(bytes, start);
  cursor.reset(bytes, start, place);
  // Uncompressed records stand in the batch itself, which may be a small part of what was read.
  const compressed = (attributes & COMPRESSION_MASK) !== 0;
  const recordBytes = compressed ? cursor.buffer.length : batchBytes(bytes, start);
  let batch = allocate(BATCH_HEADER_BYTES + recordBytes + cursor.remaining * RECORD_OVERHEAD_BYTES);
  batch.set(bytes.subarray(start, start + BATCH_HEADER_BYTES));
  const baseOffset = batchBaseOffset(batch, 0);
  let baseTimestamp = horizon;
  let maxTimestamp = NO_TIMESTAMP;
  let end = BATCH_HEADER_BYTES;
  let count = 0;
  for (let i = 0; cursor.next(); i++) {
    if (kept[i] !== true) continue;
    if (count === 0 && horizon < 0) baseTimestamp = cursor.timestamp;
    if (cursor.timestamp > maxTimestamp) maxTimestamp = cursor.timestamp;
    end = writeRecord(batch, end, cursor, cursor.timestamp - baseTimestamp, baseOffset);
    count++;
  }
  const type = COMPRESSION_TYPES[attributes & COMPRESSION_MASK];
  if (type !== undefined && type !== 'none') {
    const records = batch.subarray(BATCH_HEADER_BYTES, end);
    // As in Kafka, with the codec's own level.
    const shorter = compressRecords(type, undefined, records, place);
    batch = Buffer.concat([batch.subarray(0, BATCH_HEADER_BYTES), shorter]);
  } else {
    // A memory log holds it for long: not with the room that was not needed.
    const exact = allocate(end);
    batch.copy(exact, 0, 0, end);
    batch = exact;
  }
  if ((attributes & LOG_APPEND_TIME) !== 0) maxTimestamp = batchMaxTimestamp(bytes, start);
  const flag = horizon < 0 ? 0 : DELETE_HORIZON;
  return sealed(batch, (attributes & ~DELETE_HORIZON) | flag, count, baseTimestamp, maxTimestamp);
}

/** Key, value and headers as they are; the deltas in front of them are new. */
function writeRecord(
  batch: Buffer,
  at: number,
  cursor: RecordCursor,
  timestampDelta: number,
  baseOffset: number,
): number {
  const { buffer, keyStart, keyEnd, recordEnd } = cursor;
  const offsetDelta = cursor.offset - baseOffset;
  const keyBytes = keyEnd < 0 ? -1 : keyEnd - keyStart;
  const rest = recordEnd - keyStart;
  const length =
    1 + varlongBytes(timestampDelta) + varintBytes(offsetDelta) + varintBytes(keyBytes) + rest;
  let end = writeVarint(batch, at, length);
  batch[end++] = 0;
  end = writeVarlong(batch, end, timestampDelta);
  end = writeVarint(batch, end, offsetDelta);
  end = writeVarint(batch, end, keyBytes);
  buffer.copy(batch, end, keyStart, recordEnd);
  return end + rest;
}

function sealed(
  batch: Buffer,
  attributes: number,
  count: number,
  baseTimestamp: number,
  maxTimestamp: number,
): BatchRange {
  batch.writeInt32BE(batch.length - BATCH_OVERHEAD_BYTES, 8);
  batch.writeInt16BE(attributes, 21);
  writeInt64(batch, baseTimestamp, 27);
  writeInt64(batch, maxTimestamp, 35);
  batch.writeInt32BE(count, 57);
  batch.writeUInt32BE(crc32c(batch, CRC_START, batch.length), 17);
  return { bytes: batch, start: 0, end: batch.length };
}
