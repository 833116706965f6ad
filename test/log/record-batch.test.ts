/** The batch codec: what is written is read back, and damage is never returned as a record. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BATCH_HEADER_BYTES,
  assignOffset,
  batchLastOffset,
  isControlBatch,
  verifyBatch,
} from '../../src/log/batch-header.js';
import { crc32c } from '../../src/log/crc32c.js';
import { murmur2, partitionForKey } from '../../src/log/murmur2.js';
import {
  MAX_TIMESTAMP,
  RecordBatchBuilder,
  buildControlBatch,
} from '../../src/log/record-batch.js';
import { RecordCursor } from '../../src/log/record-cursor.js';

const bytes = (text: string) => Buffer.from(text);

const record = fc.record({
  timestamp: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: -1, max: MAX_TIMESTAMP })),
  key: fc.option(fc.uint8Array({ maxLength: 200 })),
  value: fc.option(fc.uint8Array({ maxLength: 300 })),
  headers: fc.array(
    fc.record({ key: fc.string(), value: fc.option(fc.uint8Array({ maxLength: 20 })) }),
    { maxLength: 3 },
  ),
});

describe('record batch v2', () => {
  it('reads back every record that was appended', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 40 }),
        fc.nat(2 ** 40),
        (records, base) => {
          const builder = new RecordBatchBuilder(64);
          for (const r of records)
            builder.append(
              r.timestamp,
              r.key,
              0,
              r.key?.length ?? 0,
              r.value,
              0,
              r.value?.length ?? 0,
              r.headers,
            );
          const batch = builder.seal({ producerId: 7, epoch: 1, sequence: 3, transactional: true });
          assignOffset(batch, 0, base, 0);
          expect(verifyBatch(batch, 0, batch.length)).toBe(batch.length);
          expect(batchLastOffset(batch, 0)).toBe(base + records.length - 1);
          const cursor = new RecordCursor();
          cursor.reset(batch, 0);
          const plain = (b: Uint8Array | null) => (b === null ? null : [...b]);
          const read: unknown[] = [];
          while (cursor.next()) {
            read.push({
              offset: cursor.offset,
              timestamp: cursor.timestamp,
              key: plain(cursor.key()),
              value: plain(cursor.value()),
              headers: cursor.headers().map((h) => [h.key, plain(h.value)]),
            });
          }
          expect(read).toEqual(
            records.map((r, i) => ({
              offset: base + i,
              timestamp: r.timestamp,
              key: plain(r.key),
              value: plain(r.value),
              headers: r.headers.map((h) => [Buffer.from(h.key).toString(), plain(h.value)]),
            })),
          );
        },
      ),
    );
  });

  it('notices any flipped bit behind the header fields that the log itself assigns', () => {
    const builder = new RecordBatchBuilder();
    for (let i = 0; i < 5; i++)
      builder.append(1000 + i, bytes(`key${i}`), 0, 4, bytes('value'), 0, 5);
    const batch = builder.seal();
    for (let at = 16; at < batch.length; at++) {
      const damaged = Buffer.from(batch);
      damaged[at]! ^= 1 << (at % 8);
      expect(() => verifyBatch(damaged, 0, damaged.length)).toThrow(/Damaged record batch/);
    }
  });

  it('ends a read with an error, never past the batch, whatever the record bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (body) => {
        const builder = new RecordBatchBuilder();
        builder.append(0, null, 0, 0, body, 0, body.length);
        const batch = builder.seal();
        batch.set(body.subarray(0, batch.length - BATCH_HEADER_BYTES), BATCH_HEADER_BYTES);
        const cursor = new RecordCursor();
        cursor.reset(batch, 0);
        try {
          while (cursor.next()) {
            expect(cursor.valueEnd).toBeLessThanOrEqual(batch.length);
            cursor.headers();
          }
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT_RECORD' });
        }
      }),
    );
  });

  it('writes markers that are control batches', () => {
    const marker = buildControlBatch('commit', 9, 2, 123);
    verifyBatch(marker, 0, marker.length);
    expect(isControlBatch(marker, 0)).toBe(true);
    const cursor = new RecordCursor();
    cursor.reset(marker, 0);
    cursor.next();
    expect([...cursor.key()!]).toEqual([0, 0, 0, 1]);
  });
});

describe('hashes', () => {
  it('are the ones Java computes', () => {
    const hash = (text: string) => murmur2(bytes(text), 0, text.length);
    expect(hash('21')).toBe(-973932308);
    expect(hash('foobar')).toBe(-790332482);
    expect(hash('k')).toBe(-1567496736);
    expect(hash('a-little-bit-long-string')).toBe(-985981536);
    expect(partitionForKey(bytes('21'), 0, 2, 3)).toBe((-973932308 & 0x7fffffff) % 3);
    expect(crc32c(bytes('123456789'), 0, 9)).toBe(0xe3069283);
    expect(crc32c(bytes('6789'), 0, 4, crc32c(bytes('12345'), 0, 5))).toBe(0xe3069283);
  });
});
