/** Random record batches as text that travels to Java and back, and as the bytes that our own codec makes and reads. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { assignOffset, verifyBatch } from '../../src/log/batch-header.js';
import { RecordBatchBuilder, type BatchCompression } from '../../src/log/record-batch.js';
import { RecordCursor } from '../../src/log/record-cursor.js';
import type { Shown } from './golden-serdes.js';
import { readBatch } from './own-reading.js';

const MAX_TIMESTAMP = 2 ** 52 - 1;
const INT32_MAX = 2 ** 31 - 1;

/** Keys and values are hex, as they travel. */
interface TextRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly { readonly key: string; readonly value: string | null }[];
}

export interface TextBatch {
  readonly baseOffset: number;
  readonly leaderEpoch: number;
  readonly producerId: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly transactional: boolean;
  readonly records: readonly TextRecord[];
}

const hexOf = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('hex'));
const bytesOf = (maxLength: number): fc.Arbitrary<string | null> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 8, arbitrary: hexOf(maxLength) },
    { weight: 1, arbitrary: fc.nat(20_000).map((length) => '5a'.repeat(length)) },
  );
export const timestamps = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: 0, max: MAX_TIMESTAMP }),
  fc.constantFrom(0, 1, MAX_TIMESTAMP),
);
const records: fc.Arbitrary<TextRecord> = fc.record({
  timestamp: timestamps,
  key: bytesOf(80),
  value: bytesOf(200),
  headers: fc.oneof(
    fc.constant([]),
    fc.array(fc.record({ key: fc.string({ unit: 'grapheme' }), value: bytesOf(70) }), {
      maxLength: 4,
    }),
  ),
});
const producers = fc.oneof(
  fc.constant({ producerId: -1, epoch: -1, sequence: -1, transactional: false }),
  fc.record({
    producerId: fc.maxSafeNat(),
    epoch: fc.nat(32_767),
    // Room for the batch: a sequence that wraps around is a matter of the engine.
    sequence: fc.nat(INT32_MAX - 1000),
    transactional: fc.boolean(),
  }),
);
export const batches: fc.Arbitrary<TextBatch> = fc
  .tuple(
    fc.record({ baseOffset: fc.maxSafeNat().map((n) => n >>> 1), leaderEpoch: fc.nat(INT32_MAX) }),
    producers,
    fc.array(records, { minLength: 1, maxLength: 12 }),
  )
  .map(([place, producer, list]) => Object.assign({ records: list }, place, producer));
export function encodeText(batch: TextBatch, compression?: BatchCompression): Buffer {
  const builder = new RecordBatchBuilder(256);
  for (const { timestamp, key, value, headers } of batch.records) {
    const keyBytes = unhex(key);
    const valueBytes = unhex(value);
    const list = headers.map((header) => ({ key: header.key, value: unhex(header.value) }));
    const keyEnd = keyBytes?.length ?? 0;
    const valueEnd = valueBytes?.length ?? 0;
    builder.append(timestamp, keyBytes, 0, keyEnd, valueBytes, 0, valueEnd, list);
  }
  const sealed = builder.seal(batch.producerId < 0 ? undefined : batch, compression);
  assignOffset(sealed, 0, batch.baseOffset, batch.leaderEpoch);
  return sealed;
}

/** As `Golden.java` shows a batch. */
export function decodeText(bytes: Buffer): Shown {
  expect(verifyBatch(bytes, 0, bytes.length)).toBe(bytes.length);
  const { position: _position, records: read, ...batch } = readBatch(bytes, 0);
  const cursor = new RecordCursor();
  cursor.reset(bytes, 0);
  const list = read.map(({ offset, timestamp, sequence }) => {
    expect(cursor.next()).toBe(true);
    const headers = cursor.headers().map(({ key, value }) => ({ key, value: hex(value) }));
    return {
      offset,
      timestamp,
      sequence,
      key: hex(cursor.key()),
      value: hex(cursor.value()),
      headers,
    };
  });
  return { ...batch, records: list };
}

export function expectedRecords({ baseOffset, sequence, records: given }: TextBatch): object[] {
  return given.map(({ timestamp, key, value, headers }, index) => ({
    offset: baseOffset + index,
    timestamp,
    sequence: sequence < 0 ? -1 : sequence + index,
    key,
    value,
    headers,
  }));
}

function unhex(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'hex');
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex');
}
