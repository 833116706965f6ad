/** A segment file as our own codec reads it, in the shape in which Kafka's tool prints it. */
import { readFileSync } from 'node:fs';
import {
  DELETE_HORIZON,
  LOG_APPEND_TIME,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchBytes,
  batchLastOffset,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  isControlBatch,
  isTransactionalBatch,
  verifyBatch,
} from '../../src/log/batch-header.js';
import { batchCompression } from '../../src/log/compression/batch.js';
import { RecordCursor } from '../../src/log/record-cursor.js';
import type { DumpedBatch, DumpedRecord } from './dump-output.js';

export function readSegment(path: string): DumpedBatch[] {
  const bytes = readFileSync(path);
  const batches: DumpedBatch[] = [];
  for (let at = 0; at < bytes.length; at = verifyBatch(bytes, at, bytes.length))
    batches.push(readBatch(bytes, at));
  return batches;
}

export function readBatch(bytes: Buffer, at: number): DumpedBatch {
  const baseSequence = batchBaseSequence(bytes, at);
  const count = batchRecordCount(bytes, at);
  return {
    baseOffset: batchBaseOffset(bytes, at),
    lastOffset: batchLastOffset(bytes, at),
    count,
    baseSequence,
    lastSequence:
      baseSequence < 0
        ? -1
        : baseSequence + batchLastOffset(bytes, at) - batchBaseOffset(bytes, at),
    producerId: batchProducerId(bytes, at),
    producerEpoch: batchProducerEpoch(bytes, at),
    partitionLeaderEpoch: bytes.readInt32BE(at + 12),
    isTransactional: isTransactionalBatch(bytes, at),
    isControl: isControlBatch(bytes, at),
    deleteHorizonMs:
      (batchAttributes(bytes, at) & DELETE_HORIZON) === 0
        ? undefined
        : batchBaseTimestamp(bytes, at),
    position: at,
    timestampType:
      (batchAttributes(bytes, at) & LOG_APPEND_TIME) === 0 ? 'CreateTime' : 'LogAppendTime',
    maxTimestamp: batchMaxTimestamp(bytes, at),
    size: batchBytes(bytes, at),
    compression: batchCompression(bytes, at) ?? 'unknown',
    crc: bytes.readUInt32BE(at + 17),
    isValid: true,
    records: readRecords(bytes, at),
  };
}

function readRecords(bytes: Buffer, at: number): DumpedRecord[] {
  const cursor = new RecordCursor();
  cursor.reset(bytes, at);
  const baseOffset = batchBaseOffset(bytes, at);
  const baseSequence = batchBaseSequence(bytes, at);
  const records: DumpedRecord[] = [];
  while (cursor.next()) {
    const { offset, timestamp } = cursor;
    const sequence = baseSequence < 0 ? -1 : baseSequence + offset - baseOffset;
    const headerKeys = cursor.headers().map(({ key }) => key);
    const record = { offset, timestamp, sequence, headerKeys };
    if (!isControlBatch(bytes, at)) {
      const key = cursor.key()?.toString() ?? null;
      const value = cursor.value()?.toString() ?? null;
      records.push({ ...record, key, value });
      continue;
    }
    const type = cursor.key()?.readInt16BE(2) === 1 ? 'COMMIT' : 'ABORT';
    const coordinatorEpoch = cursor.value()?.readInt32BE(2) ?? -1;
    records.push({ ...record, key: null, value: null, marker: { type, coordinatorEpoch } });
  }
  return records;
}
