/** The files of a partition as Kafka's own tools would read them. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { readInt64 } from '../../../src/env/bytes.js';
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestamp,
  verifyBatch,
} from '../../../src/log/batch-header.js';
import { batch, readAll, topicCreated } from '../storage-suite.js';
import { openSmall } from './workload.js';

const TIMES = [5, 3, 9, 1, 7, 12, 2, 20];

/** A log filled in three lives with clean ends between them; batches of about 1000 bytes. */
async function filled(segmentBytes: number): Promise<SimulatedEnv> {
  const env = new SimulatedEnv();
  for (let life = 0; life < 3; life++) {
    const { storage, host } = openSmall(env);
    const created = topicCreated('t', 'topic', 1, { 'segment.bytes': `${segmentBytes}` });
    if (life === 0) {
      storage.append(created);
      host.apply(created);
    }
    for (let i = life * 20; i < life * 20 + 20; i++) {
      const entry = batch('t', 0, i * 2, ['x'.repeat(900), 'y'], i * 10 + TIMES[i % TIMES.length]!);
      storage.append(entry);
      host.apply(entry);
      storage.sync(() => {});
      if (i % 3 === 0) env.runImmediates();
    }
    await env.run(storage.close());
  }
  return env;
}

describe('segment files', () => {
  it.each([1_000_000, 12_000])(
    'indexes name the batches that they should, with segments of %i bytes',
    async (segmentBytes) => {
      const { files } = await filled(segmentBytes);
      const stems = files
        .paths()
        .filter((path) => path.endsWith('.log'))
        .map((path) => path.slice(0, -4));
      expect(stems.length).toBe(segmentBytes === 12_000 ? 5 : 1);
      let expected = 0;
      for (const stem of stems) {
        const log = files.bytes(`${stem}.log`);
        const base = Number(stem.slice(-20));
        expect(log.length).toBeLessThanOrEqual(segmentBytes);
        expect(base).toBe(expected);
        const lastAt = new Map<number, number>();
        const timeOf = new Map<number, number>();
        for (let at = 0; at < log.length; at = verifyBatch(log, at, log.length)) {
          expect(batchBaseOffset(log, at)).toBe(expected);
          expected = batchLastOffset(log, at) + 1;
          lastAt.set(at, expected - 1);
          timeOf.set(expected - 1, batchMaxTimestamp(log, at));
        }
        const index = files.bytes(`${stem}.index`);
        expect(index.length / 8).toBe(Math.floor((lastAt.size - 1) / 5));
        for (let at = 0; at < index.length; at += 8) {
          expect(lastAt.get(index.readInt32BE(at + 4))).toBe(base + index.readInt32BE(at));
        }
        const timeIndex = files.bytes(`${stem}.timeindex`);
        expect(timeIndex.length).toBeGreaterThan(0);
        let before = -1;
        for (let at = 0; at < timeIndex.length; at += 12) {
          const time = readInt64(timeIndex, at);
          expect(time).toBeGreaterThan(before);
          expect(timeOf.get(base + timeIndex.readInt32BE(at + 8))).toBe(time);
          before = time;
        }
      }
      expect(expected).toBe(120);
    },
  );

  it.each([1_000_000, 12_000])(
    'every offset and timestamp is found through them, with segments of %i bytes',
    async (segmentBytes) => {
      const env = await filled(segmentBytes);
      const { storage } = openSmall(env);
      const partition = storage.partition('t', 0);
      const records = readAll(partition);
      expect(records.length).toBe(120);
      for (let offset = 0; offset < 120; offset++) {
        const [first] = partition.read(offset, 120, 1);
        expect(batchBaseOffset(first!.bytes, first!.start)).toBe(offset - (offset % 2));
      }
      const times = Array.from({ length: 120 }, (_, offset) => {
        const i = Math.floor(offset / 2);
        return i * 10 + TIMES[i % TIMES.length]! + (offset % 2);
      });
      for (let time = 0; time < 650; time++) {
        const offset = times.findIndex((other) => other >= time);
        expect(partition.findTimestamp(time, 120)).toEqual(
          offset < 0 ? undefined : { offset, timestamp: times[offset] },
        );
      }
      await env.run(storage.close());
    },
  );
});
