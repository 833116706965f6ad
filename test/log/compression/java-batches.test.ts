/** Batches that Kafka's own classes compressed (see `test/kafka/golden-compression.test.ts`) are read as they were written. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyBatch } from '../../../src/log/batch-header.js';
import { batchCompression, decodeBatch } from '../../../src/log/compression/batch.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';

interface JavaBatch {
  readonly type: string;
  /** Base64. */
  readonly bytes: string;
  readonly records?: readonly object[];
  readonly count?: number;
}

const BATCHES = JSON.parse(
  readFileSync(new URL('golden/java-batches.json', import.meta.url), 'utf8'),
) as readonly JavaBatch[];

const hex = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('hex');

function recordsOf(batch: Buffer): object[] {
  const cursor = new RecordCursor();
  cursor.reset(batch, 0);
  const baseSequence = batch.readInt32BE(53);
  const baseOffset = Number(batch.readBigInt64BE(0));
  const records: object[] = [];
  while (cursor.next()) {
    const { offset, timestamp } = cursor;
    records.push({
      offset,
      timestamp,
      sequence: baseSequence < 0 ? -1 : baseSequence + offset - baseOffset,
      key: hex(cursor.key()),
      value: hex(cursor.value()),
      headers: cursor.headers().map(({ key, value }) => ({ key, value: hex(value) })),
    });
  }
  return records;
}

describe.each(['gzip', 'snappy', 'lz4', 'zstd'])('%s of Java', (type) => {
  const own = BATCHES.filter((batch) => batch.type === type);

  it('is read record by record', () => {
    expect(own.length).toBeGreaterThan(5);
    for (const { bytes, records, count } of own) {
      const batch = Buffer.from(bytes, 'base64');
      expect(verifyBatch(batch, 0, batch.length)).toBe(batch.length);
      expect(batchCompression(batch, 0)).toBe(type);
      const read = recordsOf(batch);
      if (records !== undefined) expect(read).toEqual(records);
      if (count !== undefined) expect(read.length).toBe(count);
    }
  });

  it('is the same batch without compression', () => {
    for (const { bytes } of own) {
      const batch = Buffer.from(bytes, 'base64');
      const plain = decodeBatch(batch, 0);
      expect(verifyBatch(plain, 0, plain.length)).toBe(plain.length);
      expect(batchCompression(plain, 0)).toBe('none');
      expect(recordsOf(plain)).toEqual(recordsOf(batch));
    }
  });
});
