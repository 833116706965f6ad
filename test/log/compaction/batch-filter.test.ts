/**
 * One batch at a time: what the cleaner keeps of it, against the rules written out record by record, and what is left
 * as bytes. `COMPACTION_SEED` runs other examples.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignOffset,
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchLastOffset,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  COMPRESSION_MASK,
  DELETE_HORIZON,
  verifyBatch,
} from '../../../src/log/batch-header.js';
import type { BatchRange } from '../../../src/log/client.js';
import {
  BatchFilter,
  type LastOfProducer,
} from '../../../src/log/engine/compaction/batch-filter.js';
import { bytesForKeys, OffsetMap } from '../../../src/log/engine/compaction/offset-map.js';
import { TransactionFilter } from '../../../src/log/engine/compaction/transaction-filter.js';
import type { AbortedTransaction } from '../../../src/log/engine/aborted-index.js';
import {
  buildControlBatch,
  RecordBatchBuilder,
  type BatchProducer,
} from '../../../src/log/record-batch.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';

const SEED = Number(process.env.COMPACTION_SEED ?? 1);
const NOW = 1_000_000;
const RETENTION = 500;

interface Put {
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp?: number;
}

function range(
  baseOffset: number,
  puts: readonly Put[],
  producer?: BatchProducer,
  compression?: 'gzip',
): BatchRange {
  const builder = new RecordBatchBuilder(256);
  for (const [i, { key, value, timestamp }] of puts.entries()) {
    const keyBytes = key === null ? null : Buffer.from(key);
    const bytes = value === null ? null : Buffer.from(value);
    const headers = i % 2 === 0 ? [] : [{ key: 'h', value: Buffer.from('v') }];
    const at = timestamp ?? NOW - 10 + i;
    builder.append(at, keyBytes, 0, keyBytes?.length ?? 0, bytes, 0, bytes?.length ?? 0, headers);
  }
  const bytes = builder.seal(
    producer,
    compression === undefined ? undefined : { type: compression, level: undefined, place: {} },
  );
  assignOffset(bytes, 0, baseOffset, 3);
  return { bytes, start: 0, end: bytes.length };
}

function marker(type: 'commit' | 'abort', producerId: number, offset: number): BatchRange {
  const bytes = buildControlBatch(type, producerId, 0, NOW - 5);
  assignOffset(bytes, 0, offset, 3);
  return { bytes, start: 0, end: bytes.length };
}

interface FilterOptions {
  readonly latest?: Readonly<{ [key: string]: number }>;
  readonly latestOffset?: number;
  readonly aborted?: readonly AbortedTransaction[];
  readonly producers?: ReadonlyMap<number, LastOfProducer>;
  readonly rangeEnd?: number;
  readonly now?: number;
}

function filterOf(options: FilterOptions = {}): (batch: BatchRange) => BatchRange | undefined {
  const map = new OffsetMap(bytesForKeys(100), -1);
  for (const [key, offset] of Object.entries(options.latest ?? {}).toSorted(
    ([, a], [, b]) => a - b,
  ))
    map.put(Buffer.from(key), 0, key.length, offset);
  map.latestOffset = options.latestOffset ?? 1_000_000;
  const filter = new BatchFilter({
    map,
    transactions: new TransactionFilter(options.aborted ?? []),
    producers: options.producers ?? new Map(),
    rangeEnd: options.rangeEnd ?? 2_000_000,
    now: options.now ?? NOW,
    deleteRetentionMs: RETENTION,
    place: {},
  });
  return (batch) => {
    const steps = filter.filter(batch);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  };
}

function recordsIn({ bytes, start, end }: BatchRange): unknown[] {
  verifyBatch(bytes, start, end);
  const cursor = new RecordCursor();
  cursor.reset(bytes, start);
  const records: unknown[] = [];
  while (cursor.next()) {
    const { offset, timestamp } = cursor;
    const key = cursor.key()?.toString();
    const value = cursor.value()?.toString();
    records.push({ offset, timestamp, key, value, headers: cursor.headers() });
  }
  return records;
}

const put = fc.record({
  key: fc.option(fc.constantFrom('a', 'b', 'c', 'd'), { freq: 8 }),
  value: fc.option(fc.string({ maxLength: 60 }), { freq: 3 }),
  timestamp: fc.integer({ min: 0, max: 2 ** 45 }),
});

describe('the batch filter', () => {
  for (const compression of [undefined, 'gzip'] as const)
    it(`keeps exactly the records that Kafka keeps, as they were${compression === undefined ? '' : `, in ${compression}`}`, () => {
      fc.assert(
        fc.property(
          fc.array(put, { minLength: 1, maxLength: 12 }),
          fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 90, max: 115 })),
          fc.integer({ min: 95, max: 120 }),
          (puts, latest, latestOffset) => {
            const producer = { producerId: 5, epoch: 2, sequence: 40, transactional: false };
            const batch = range(100, puts, producer, compression);
            const kept = filterOf({ latest, latestOffset })(batch);
            const expected = recordsIn(batch).filter((_, i) => {
              const offset = 100 + i;
              const { key } = puts[i]!;
              return offset > latestOffset || (key !== null && offset >= (latest[key] ?? -1));
            });
            if (expected.length === 0) {
              expect(kept).toBeUndefined();
              return;
            }
            expect(recordsIn(kept!)).toEqual(expected);
            const tombstones = expected.some((record) => (record as Put).value === undefined);
            if (expected.length === puts.length && !tombstones) expect(kept).toBe(batch);
            const { bytes } = kept!;
            expect([batchBaseOffset(bytes, 0), batchLastOffset(bytes, 0)]).toEqual([
              100,
              99 + puts.length,
            ]);
            expect([batchProducerId(bytes, 0), batchProducerEpoch(bytes, 0)]).toEqual([5, 2]);
            expect([batchBaseSequence(bytes, 0), bytes.readInt32BE(12)]).toEqual([40, 3]);
            expect(batchAttributes(bytes, 0) & COMPRESSION_MASK).toBe(
              compression === undefined ? 0 : 1,
            );
            const times = expected.map((record) => (record as Required<Put>).timestamp);
            expect(batchMaxTimestamp(bytes, 0)).toBe(Math.max(...times));
            const horizon = (batchAttributes(bytes, 0) & DELETE_HORIZON) !== 0;
            expect(horizon).toBe(tombstones);
            expect(batchBaseTimestamp(bytes, 0)).toBe(horizon ? NOW + RETENTION : times[0]);
          },
        ),
        { seed: SEED, numRuns: 300 },
      );
    });

  it('keeps a tombstone until the horizon that its first cleaning set', () => {
    const batch = range(10, [
      { key: 'a', value: null },
      { key: 'b', value: 'x' },
    ]);
    const latest = { a: 10, b: 11 };
    const first = filterOf({ latest })(batch)!;
    expect(recordsIn(first)).toEqual(recordsIn(batch));
    const later = filterOf({ latest, now: NOW + RETENTION - 1 })(first)!;
    expect(later).toBe(first);
    const after = filterOf({ latest, now: NOW + RETENTION })(first)!;
    expect(recordsIn(after)).toEqual(recordsIn(batch).slice(1));
  });

  it('removes the records of an aborted transaction, then its marker after its own time', () => {
    const producer = { producerId: 7, epoch: 0, sequence: 0, transactional: true };
    const data = range(10, [{ key: 'a', value: 'x' }], producer);
    const end = marker('abort', 7, 11);
    const aborted = [{ producerId: 7, firstOffset: 10, lastOffset: 11 }];
    const firstPass = filterOf({ aborted });
    expect(firstPass(data)).toBeUndefined();
    expect(firstPass(end)).toBe(end);
    const dated = filterOf({ aborted })(end)!;
    expect(batchAttributes(dated.bytes, 0) & DELETE_HORIZON).toBe(DELETE_HORIZON);
    expect(batchBaseTimestamp(dated.bytes, 0)).toBe(NOW + RETENTION);
    expect(filterOf({ aborted, now: NOW + RETENTION - 1 })(dated)).toBe(dated);
    expect(filterOf({ aborted, now: NOW + RETENTION })(dated)).toBeUndefined();
  });

  it('keeps a commit marker while a batch of its transaction is left', () => {
    const producer = { producerId: 7, epoch: 0, sequence: 0, transactional: true };
    const data = range(10, [{ key: 'a', value: 'x' }], producer);
    const end = marker('commit', 7, 11);
    const together = filterOf({ latest: { a: 10 } });
    expect([together(data), together(end)]).toEqual([data, end]);
    const alone = filterOf()(end)!;
    expect(filterOf({ now: NOW + RETENTION })(alone)).toBeUndefined();
    // A marker whose transaction goes on to have data is told apart by its producer alone: seen data counts once.
    const twice = filterOf({ latest: { a: 10 } });
    expect([twice(data), twice(end)]).toEqual([data, end]);
    expect(batchAttributes(twice(end)!.bytes, 0) & DELETE_HORIZON).toBe(DELETE_HORIZON);
  });

  it('keeps the last batch of a producer, and of the range, without its records', () => {
    const producer = { producerId: 5, epoch: 2, sequence: 40, transactional: false };
    const batch = range(
      10,
      [
        { key: 'a', value: 'x' },
        { key: 'b', value: null },
      ],
      producer,
    );
    const latest = { a: 20, b: 21 };
    expect(filterOf({ latest })(batch)).toBeUndefined();
    for (const options of [
      { producers: new Map([[5, { lastOffset: 11, epoch: 2 }]]) },
      { rangeEnd: 12 },
    ]) {
      const kept = filterOf({ latest, ...options })(batch)!;
      expect(recordsIn(kept)).toEqual([]);
      const { bytes } = kept;
      expect([kept.end, batchRecordCount(bytes, 0)]).toEqual([61, 0]);
      expect([batchBaseOffset(bytes, 0), batchLastOffset(bytes, 0)]).toEqual([10, 11]);
      expect([batchProducerId(bytes, 0), batchBaseSequence(bytes, 0)]).toEqual([5, 40]);
      expect(batchMaxTimestamp(bytes, 0)).toBe(batchMaxTimestamp(batch.bytes, 0));
      expect(filterOf({ latest, ...options })(kept)).toBe(kept);
      expect(filterOf({ latest })(kept)).toBeUndefined();
    }
  });

  it('leaves a batch whole when there is no codec for it', () => {
    const batch = range(10, [{ key: 'a', value: 'x' }]);
    const bytes = Buffer.from(batch.bytes);
    bytes.writeInt16BE(7, 21);
    const strange = { bytes, start: 0, end: bytes.length };
    expect(filterOf({ latest: { a: 99 } })(strange)).toBe(strange);
  });

  it('keeps tombstones behind a batch for which there is no codec: it may hold what they delete', () => {
    const strange = range(10, [{ key: 'a', value: 'x' }]);
    strange.bytes.writeInt16BE(7, 21);
    const dated = filterOf({ latest: { a: 11 } })(range(11, [{ key: 'a', value: null }]))!;
    const later = { latest: { a: 11 }, now: NOW + RETENTION };
    expect(filterOf(later)(dated)).toBeUndefined();
    const filter = filterOf(later);
    expect([filter(strange), filter(dated)]).toEqual([strange, dated]);
  });
});
