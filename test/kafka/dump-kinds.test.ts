/**
 * Kafka's own tool over every kind of topic that we can make: compressed in each codec, transactional with aborts,
 * compacted with tombstones, horizons and empty batches, after retention, delete-records, added partitions and
 * crashes. It complains about nothing, and prints what a reader of the log gets. The seed is in the suite's name;
 * `FC_SEED` sets it.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseDump, type DumpedBatch, type DumpedFile } from './dump-output.js';
import { kafkaSuite } from './kafka-suite.js';
import { fillKinds, WRITTEN, type ReadPartition } from './kinds-workload.js';
import { readSegment } from './own-reading.js';

const TOOL = 'org.apache.kafka.tools.DumpLogSegments';
/**
 * The tool compares each record with the one before it and the first of a file with -1. In a cleaned topic it says this of
 * every hole, of those that a broker cleaned just as well.
 */
const HOLES = /Non-consecutive offsets in (\S+)\n((?: {2}-?\d+ is followed by \d+\n)+)/g;

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);

kafkaSuite(`every kind of topic in DumpLogSegments, seed ${seed}`, (java) => {
  let directory = '';
  let paths: string[] = [];
  let read: ReadPartition[] = [];
  let files: DumpedFile[] = [];
  let errors = '';

  const fileOf = (path: string): DumpedFile => {
    const file = files.find((one) => one.path === path);
    if (file === undefined) throw new Error(`The tool did not dump ${path}`);
    return file;
  };
  const of = ({ topic, partition }: ReadPartition, extension: string): DumpedFile[] =>
    paths
      .filter(
        (path) =>
          basename(dirname(path)) === `${topic}-${partition}` && path.endsWith(`.${extension}`),
      )
      .map(fileOf);
  const batchesOf = (partition: ReadPartition): DumpedBatch[] =>
    of(partition, 'log').flatMap(({ batches }) => batches);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-kinds-'));
    read = await fillKinds(directory, seed);
    paths = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(log|index|timeindex)$/.test(path) && !path.includes('journal'))
      .map((path) => join(directory, path))
      .sort();
    const args = ['--deep-iteration', '--print-data-log', '--files', paths.join(',')];
    const dumped = await java.run(TOOL, args);
    files = parseDump(dumped.output);
    errors = dumped.errors;
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('reads all files without a complaint but for the holes that are there', () => {
    expect(files.map(({ path }) => path)).toEqual(paths);
    expect(files.flatMap(({ complaints }) => complaints)).toEqual([]);
    const holes = new Map<string, string[]>();
    const rest = errors.replaceAll(HOLES, (_all, path: string, pairs: string) => {
      holes.set(path, pairs.trim().split(/\n */));
      return '';
    });
    expect(rest).toBe('');
    for (const path of paths.filter((one) => one.endsWith('.log'))) {
      let before = -1;
      const expected: string[] = [];
      for (const { offset } of fileOf(path).batches.flatMap(({ records }) => records)) {
        if (offset !== before + 1) expected.push(`${before} is followed by ${offset}`);
        before = offset;
      }
      expect([path, (holes.get(path) ?? []).toSorted()]).toEqual([path, expected.toSorted()]);
    }
  });

  it('finds the batches that we find, every CRC valid', () => {
    for (const path of paths.filter((one) => one.endsWith('.log')))
      expect(fileOf(path).batches).toEqual(readSegment(path));
  });

  it('prints what a reader of the log gets', () => {
    for (const partition of read) {
      const shown = batchesOf(partition)
        .filter(({ isControl }) => !isControl)
        .flatMap(({ records }) => records)
        .filter(({ offset }) => offset >= partition.startOffset)
        .map(({ offset, timestamp, key, value, headerKeys }) =>
          JSON.stringify({ offset, timestamp, key, value, headerKeys }),
        );
      const got = partition.records.map(({ offset, timestamp, key, value, headerKeys }) =>
        JSON.stringify({ offset, timestamp, key, value, headerKeys }),
      );
      expect([partition.topic, shown]).toEqual([partition.topic, got]);
    }
  });

  it('has offsets that ascend, without holes where nothing is cleaned', () => {
    for (const partition of read) {
      let next = -1;
      for (const { baseOffset, lastOffset, count, records } of batchesOf(partition)) {
        if (next >= 0 && !partition.topic.startsWith('compacted')) {
          expect([partition.topic, baseOffset]).toEqual([partition.topic, next]);
          expect(count).toBe(lastOffset + 1 - baseOffset);
        }
        expect(baseOffset).toBeGreaterThanOrEqual(next);
        expect(records.length).toBe(count);
        next = lastOffset + 1;
      }
      expect([partition.topic, next]).toEqual([partition.topic, partition.endOffset]);
    }
  });

  it('finds indexes that name batches', () => {
    let entries = 0;
    for (const partition of read) {
      for (const log of of(partition, 'log')) {
        const batches = new Map(log.batches.map((batch) => [batch.lastOffset, batch]));
        const index = fileOf(log.path.replace(/log$/, 'index'));
        for (const { offset, position } of index.entries)
          expect([log.path, batches.get(offset)?.position]).toEqual([log.path, position]);
        const times = fileOf(log.path.replace(/log$/, 'timeindex'));
        for (const { offset, timestamp } of times.times)
          expect([log.path, batches.get(offset)?.maxTimestamp]).toEqual([log.path, timestamp]);
        entries += index.entries.length;
      }
    }
    expect(entries).toBeGreaterThan(20);
  });

  it.each(['--index-sanity-check', '--verify-index-only'])('passes %s', async (flag) => {
    const indexes = paths.filter((path) => !path.endsWith('.log'));
    const checked = await java.run(TOOL, [flag, '--files', indexes.join(',')]);
    const dumped = parseDump(checked.output);
    expect(dumped.map(({ path }) => path)).toEqual(indexes);
    expect(dumped.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(checked.errors).toBe('');
  });

  it('has seen all that it is about', () => {
    const all = read.flatMap(batchesOf);
    expect([...new Set(all.map(({ compression }) => compression))].sort()).toEqual(
      [...WRITTEN].sort(),
    );
    expect(all.some(({ timestampType }) => timestampType === 'LogAppendTime')).toBe(true);
    const markers = all.flatMap(({ records }) => records.map(({ marker }) => marker?.type));
    expect(markers).toContain('ABORT');
    expect(markers).toContain('COMMIT');
    const cleaned = read
      .filter(({ topic }) => topic.startsWith('compacted'))
      .flatMap((partition) => batchesOf(partition));
    expect(cleaned.some(({ count }) => count === 0)).toBe(true);
    expect(cleaned.some(({ deleteHorizonMs }) => deleteHorizonMs !== undefined)).toBe(true);
    expect(
      cleaned.some(({ count, lastOffset, baseOffset }) => count <= lastOffset - baseOffset),
    ).toBe(true);
    const start = (topic: string): number =>
      read.find((partition) => partition.topic === topic)?.startOffset ?? 0;
    for (const topic of ['retained', 'trimmed', 'bounded']) expect(start(topic)).toBeGreaterThan(0);
    expect(read.filter(({ topic }) => topic === 'grown').length).toBe(3);
    expect(
      read.some(
        ({ topic, partition }) => of({ topic, partition } as ReadPartition, 'log').length > 2,
      ),
    ).toBe(true);
  });
});
