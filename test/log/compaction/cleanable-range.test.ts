/** What may be cleaned and when, by Kafka's configs. */
import { describe, expect, it } from 'vitest';
import {
  cleanableRange,
  groupSegments,
  isDirty,
  type CleanableLog,
  type CleanerConfig,
} from '../../../src/log/engine/compaction/cleanable-range.js';
import type { SegmentInfo } from '../../../src/log/engine/storage.js';

const CONFIG: CleanerConfig = {
  minCleanableRatio: 0.5,
  minLagMs: 0,
  maxLagMs: Number.MAX_SAFE_INTEGER,
  deleteRetentionMs: 1000,
};

/** Segments of 10 offsets, 100 bytes and 10 ms each; the last one is active. */
function log(count: number, changed: Partial<CleanableLog> = {}): CleanableLog {
  const segments = Array.from({ length: count }, (_, i): SegmentInfo => ({
    baseOffset: i * 10,
    endOffset: i * 10 + 10,
    bytes: 100,
    firstTimestamp: i * 10 + 1000,
    maxTimestamp: i * 10 + 1009,
    sealed: i < count - 1,
  }));
  return {
    startOffset: 0,
    cleanedTo: 0,
    replaceableTo: count * 10,
    lastStableOffset: count * 10,
    segments,
    ...changed,
  };
}

describe('what may be cleaned', () => {
  it('is everything behind what was cleaned, without the active segment', () => {
    expect(cleanableRange(log(4), CONFIG, 5000)).toMatchObject({ from: 0, to: 30, ratio: 1 });
    expect(cleanableRange(log(4, { cleanedTo: 20 }), CONFIG, 5000)).toMatchObject({
      from: 20,
      to: 30,
      ratio: 1 / 3,
    });
    expect(cleanableRange(log(4, { cleanedTo: 30 }), CONFIG, 5000)).toMatchObject({
      from: 30,
      to: 30,
    });
    expect(cleanableRange(log(1), CONFIG, 5000)).toMatchObject({ to: 0 });
    expect(cleanableRange(log(0), CONFIG, 5000)).toMatchObject({ to: 0, ratio: 0 });
  });

  it('ends where a transaction is open, or a segment is not at its place yet', () => {
    expect(cleanableRange(log(4, { lastStableOffset: 29 }), CONFIG, 5000).to).toBe(20);
    const waiting = cleanableRange(log(4, { replaceableTo: 15 }), CONFIG, 5000);
    expect([waiting.to, waiting.waitsForFiles]).toEqual([10, true]);
  });

  it('leaves alone what is younger than min.compaction.lag.ms', () => {
    expect(cleanableRange(log(4), { ...CONFIG, minLagMs: 1000 }, 2015).to).toBe(10);
  });

  it('is dirty above min.cleanable.dirty.ratio, or after max.compaction.lag.ms', () => {
    const half = cleanableRange(log(5, { cleanedTo: 20 }), CONFIG, 5000);
    expect(isDirty(half, CONFIG)).toBe(false);
    expect(isDirty(half, { ...CONFIG, minCleanableRatio: 0.49 })).toBe(true);
    const lag = { ...CONFIG, maxLagMs: 100 };
    expect(isDirty(cleanableRange(log(5, { cleanedTo: 20 }), lag, 1120), lag)).toBe(false);
    expect(isDirty(cleanableRange(log(5, { cleanedTo: 20 }), lag, 1121), lag)).toBe(true);
    expect(isDirty(cleanableRange(log(3, { cleanedTo: 20 }), lag, 9999), lag)).toBe(false);
  });
});

describe('segments', () => {
  it('are cleaned into one as far as they fit into segment.bytes', () => {
    const { segments } = log(6);
    const bases = (size: number) =>
      groupSegments(segments, size).map((group) => group.map(({ baseOffset }) => baseOffset));
    expect(bases(250)).toEqual([
      [0, 10],
      [20, 30],
      [40, 50],
    ]);
    expect(bases(50)).toEqual([[0], [10], [20], [30], [40], [50]]);
    expect(bases(600)).toHaveLength(1);
    expect(bases(599)).toEqual([[0, 10, 20, 30, 40], [50]]);
  });

  it('stay apart where offsets in one would not be int32', () => {
    const [first, second] = log(2).segments;
    const far = { ...second!, baseOffset: 2 ** 31 - 9, endOffset: 2 ** 31 + 1 };
    expect(groupSegments([first!, far], 10_000)).toHaveLength(2);
    expect(groupSegments([first!, { ...far, endOffset: 2 ** 31 }], 10_000)).toHaveLength(1);
  });
});
