/**
 * Kafka's own tool reads our segment files: it complains about nothing, and prints what was sent. The seed of the
 * workload is in the suite's name; `FC_SEED` sets it.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDump, type DumpedBatch, type DumpedFile } from './dump-output.js';
import { fillLog, type HeldPartition, type HeldRecord } from './dump-workload.js';
import { kafkaSuite } from './kafka-suite.js';
import { readSegment } from './own-reading.js';

/** What the tool printed, file by file, and everything in it that is not data: all of it is complaint. */
interface Dump {
  readonly files: DumpedFile[];
  readonly complaints: string[];
}

/**
 * The tool compares the first record of a file with -1: it says this of every segment but the first, of those that a
 * broker wrote just as well.
 */
const LATER_SEGMENT = /Non-consecutive offsets in \S*?0*(\d+)\.log\n {2}-1 is followed by \1\n/g;

const seed = Number(process.env['FC_SEED'] ?? Date.now() % 1_000_000);

kafkaSuite(`segment files in DumpLogSegments, seed ${seed}`, (java) => {
  let directory = '';
  let held: HeldPartition[] = [];
  let files: DumpedFile[] = [];
  let complaints: string[] = [];
  let paths: string[] = [];

  const dump = async (flags: readonly string[], of: readonly string[]): Promise<Dump> => {
    const args = [...flags, '--files', of.join(',')];
    const { output, errors } = await java.run('org.apache.kafka.tools.DumpLogSegments', args);
    const dumped = parseDump(output);
    const odd = [
      ...dumped.flatMap((file) => file.complaints),
      errors.replaceAll(LATER_SEGMENT, ''),
    ];
    return { files: dumped, complaints: odd.filter((text) => text !== '') };
  };
  const endingWith = (extension: string): string[] =>
    paths.filter((path) => path.endsWith(extension));
  const indexes = (): string[] => [...endingWith('.index'), ...endingWith('.timeindex')];
  const logsOf = ({ topic, partition }: HeldPartition): DumpedFile[] =>
    files.filter(
      ({ path }) => path.endsWith('.log') && basename(dirname(path)) === `${topic}-${partition}`,
    );
  const batchesOf = (partition: HeldPartition): DumpedBatch[] =>
    logsOf(partition).flatMap(({ batches }) => batches);

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-dump-'));
    held = await fillLog(directory, seed);
    paths = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(log|index|timeindex)$/.test(path))
      .map((path) => join(directory, path))
      .sort();
    ({ files, complaints } = await dump(['--deep-iteration', '--print-data-log'], paths));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('reads several segments with indexes, and complains about nothing', () => {
    expect(files.map(({ path }) => path)).toEqual(paths);
    expect(complaints).toEqual([]);
    expect(held.map((partition) => logsOf(partition).length > 1)).toContain(true);
    expect(files.reduce((sum, file) => sum + file.entries.length, 0)).toBeGreaterThan(100);
    expect(files.reduce((sum, file) => sum + file.times.length, 0)).toBeGreaterThan(20);
  });

  it('finds the batches that we find, every CRC valid', () => {
    for (const { path, startOffset, batches } of files.filter((file) =>
      file.path.endsWith('.log'),
    )) {
      expect(batches).toEqual(readSegment(path));
      expect(startOffset).toBe(Number(basename(path, '.log')));
      expect(batches[0]?.baseOffset ?? startOffset).toBe(startOffset);
    }
  });

  it('finds every record that was sent, at its offset', () => {
    for (const partition of held) {
      const sent = partition.records.toSorted((a, b) => a.offset - b.offset);
      const records = batchesOf(partition)
        .filter(({ isControl }) => !isControl)
        .flatMap((batch) => batch.records);
      const timed = (index: number): boolean => sent[index]?.timestamp !== undefined;
      const shown = records.map(({ offset, timestamp, key, value, headerKeys }, index) =>
        JSON.stringify([offset, timed(index) ? timestamp : null, key, value, headerKeys]),
      );
      expect(shown).toEqual(
        sent.map(({ offset, timestamp, key, value, headerKeys }) =>
          JSON.stringify([offset, timestamp ?? null, key, value, headerKeys]),
        ),
      );
    }
  });

  it('finds offsets without gaps up to the end of the partition', () => {
    for (const partition of held) {
      let next = 0;
      for (const { baseOffset, lastOffset, count, records } of batchesOf(partition)) {
        expect([baseOffset, count, records.length]).toEqual([
          next,
          lastOffset + 1 - next,
          lastOffset + 1 - next,
        ]);
        next = lastOffset + 1;
      }
      expect(next).toBe(partition.endOffset);
    }
  });

  it('finds one producer id per producer, and sequences without gaps', () => {
    const ids = new Map<string, number>();
    for (const partition of held) {
      const sentBy = byOffset(partition);
      const expected = new Map<string, number>();
      for (const batch of batchesOf(partition)) {
        if (batch.isControl) continue;
        const { producer, transaction } = sentBy.get(batch.baseOffset) ?? { producer: 'nobody' };
        if (!ids.has(producer)) ids.set(producer, batch.producerId);
        expect([producer, batch.producerId]).toEqual([producer, ids.get(producer)]);
        expect(batch.isTransactional).toBe(transaction !== undefined);
        const life = `${producer}/${batch.producerEpoch}`;
        expect([life, batch.baseSequence]).toEqual([life, expected.get(life) ?? 0]);
        expected.set(life, batch.lastSequence + 1);
      }
    }
    expect([...ids.values()]).not.toContain(-1);
    const plain = [...ids].filter(([producer]) => !producer.startsWith('transactional'));
    expect(new Set(plain.map(([, id]) => id)).size).toBe(plain.length);
    const transactional = [...ids].filter(([producer]) => producer.startsWith('transactional'));
    // Their ids belong to the transactional id, which lives on: two of them in all lives.
    expect(new Set(transactional.map(([, id]) => id)).size).toBe(2);
  });

  it('finds the marker of every transaction behind its records', () => {
    const types = new Set<string>();
    for (const partition of held) {
      const sentBy = byOffset(partition);
      /** Transactions by producer id that have records and no marker yet. */
      const open = new Map<number, HeldRecord>();
      const ended: (number | undefined)[] = [];
      for (const batch of batchesOf(partition)) {
        const [record] = batch.records;
        if (batch.isControl) {
          const transaction = open.get(batch.producerId)?.transaction;
          const end = partition.ends.find((ending) => ending.transaction === transaction);
          expect(end).toBeDefined();
          expect(record?.marker?.type).toBe(end?.type);
          expect(batch.isTransactional).toBe(true);
          open.delete(batch.producerId);
          ended.push(transaction);
          types.add(end?.type ?? 'none');
        } else if (batch.isTransactional) {
          const sent = sentBy.get(batch.baseOffset);
          const before = open.get(batch.producerId) ?? sent;
          expect(sent?.transaction).toBe(before?.transaction);
          if (sent !== undefined) open.set(batch.producerId, sent);
        }
      }
      expect(open.size).toBe(0);
      expect(ended.length).toBe(partition.ends.length);
    }
    expect([...types].sort()).toEqual(['ABORT', 'COMMIT']);
  });

  it('finds index entries that name a batch: its last offset and its place', () => {
    for (const partition of held) {
      const batches = new Map(batchesOf(partition).map((batch) => [batch.lastOffset, batch]));
      const directoryName = `${partition.topic}-${partition.partition}`;
      const own = files.filter(({ path }) => basename(dirname(path)) === directoryName);
      for (const { offset, position } of own.flatMap(({ entries }) => entries))
        expect(batches.get(offset)?.position).toBe(position);
      for (const { offset, timestamp } of own.flatMap(({ times }) => times))
        expect(batches.get(offset)?.maxTimestamp).toBe(timestamp);
    }
  });

  it.each(['--index-sanity-check', '--verify-index-only'])('passes %s', async (flag) => {
    const checked = await dump([flag], indexes());
    expect(checked.files.map(({ path }) => path)).toEqual(indexes());
    expect(checked.complaints).toEqual([]);
  });

  // A judge who never objects proves nothing: damage that only the tool can name must come out as a complaint here.
  describe('when damaged', () => {
    const overwrite = (extension: string, change: (bytes: Buffer) => void): string => {
      const damaged = join(directory, 'damaged');
      cpSync(join(directory, 'orders-0'), damaged, { recursive: true });
      const path = join(damaged, `${'0'.repeat(20)}.${extension}`);
      const bytes = readFileSync(path);
      change(bytes);
      writeFileSync(path, bytes);
      return path;
    };

    it('are called mismatched for an index entry of another batch', async () => {
      const path = overwrite('index', (bytes) => bytes.copyWithin(4, 12, 16));
      const checked = await dump(['--verify-index-only'], [path]);
      expect(checked.complaints.join()).toContain('Mismatches in');
    });

    it('are called mismatched for a time that is not the batch’s', async () => {
      const path = overwrite('timeindex', (bytes) => bytes.writeUInt8(1, 3));
      const checked = await dump(['--verify-index-only'], [path]);
      expect(checked.complaints.join()).toContain('timestamp mismatch');
    });

    it('are called invalid for a flipped byte in a record', async () => {
      const path = overwrite('log', (bytes) => bytes.writeUInt8(bytes.readUInt8(70) ^ 1, 70));
      const checked = await dump([], [path]).catch((error: unknown) => String(error));
      const valid =
        typeof checked === 'string' ? [checked] : checked.files[0]?.batches.map((b) => b.isValid);
      expect(valid).toContain(false);
    });
  });
});

function byOffset(partition: HeldPartition): ReadonlyMap<number, HeldRecord> {
  return new Map(partition.records.map((record) => [record.offset, record]));
}
