/** What a dump prints is what Kafka's tool prints, so its parser reads ours; stats say what the log was filled with. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import type { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { dumpLines, dumpSegment, logStats } from '../../../src/log/inspect/inspect.js';
import type { DumpedEntry } from '../../../src/log/inspect/segment-dump.js';
import { parseDump } from '../../kafka/dump-output.js';
import { closedLog, DIRECTORY, openOn, overwrite } from './filled-log.js';

async function dump(files: SimulatedFiles, path: string): Promise<DumpedEntry[]> {
  const entries: DumpedEntry[] = [];
  const env = new SimulatedEnv({ files });
  for await (const entry of dumpSegment(path, { env, records: true })) entries.push(entry);
  return entries;
}

const printed = (path: string, entries: readonly DumpedEntry[]): Buffer =>
  Buffer.from(
    [
      `Dumping ${path}`,
      ...entries.flatMap((entry) => dumpLines(entry, { printData: true })),
      '',
    ].join('\n'),
  );

const ofKind = (files: SimulatedFiles, pattern: RegExp): string[] =>
  files.paths().filter((path) => pattern.test(path));

describe('a dump', () => {
  it('of every segment and index is understood by the parser of Kafka’s tool, and complete', async () => {
    const files = await closedLog();
    let records = 0;
    let markers = 0;
    for (const path of ofKind(files, /orders-\d\/.*\.log$/)) {
      const entries = await dump(files, path);
      const [file] = parseDump(printed(path, entries));
      expect(file?.complaints).toEqual([]);
      expect(file?.batches.length).toBe(entries.length);
      for (const batch of file?.batches ?? []) {
        expect(batch.isValid).toBe(true);
        if (batch.isControl) markers++;
        else records += batch.records.length;
        for (const { value, marker } of batch.records)
          if (marker === undefined) expect(value).toMatch(/^value \d+ x{300}$/);
      }
    }
    expect(records).toBe(3 * 104);
    expect(markers).toBe(6 * 2);
    for (const path of ofKind(files, /\.(index|timeindex)$/)) {
      const entries = await dump(files, path);
      const [file] = parseDump(printed(path, entries));
      expect(file?.complaints).toEqual([]);
      expect((file?.entries.length ?? 0) + (file?.times.length ?? 0)).toBe(entries.length);
    }
  });

  it('of a journal file shows its groups', async () => {
    const files = await closedLog();
    const [path] = ofKind(files, /journal-\d{20}$/);
    const entries = await dump(files, path!);
    const types = entries.flatMap((entry) =>
      entry.kind === 'group' ? entry.entries.map(({ type }) => type) : [entry.kind],
    );
    expect(types).toEqual(expect.arrayContaining(['topic-created', 'checkpoint', 'closed']));
    expect(dumpLines(entries[0]!)[0]).toMatch(/^sequence: \d+ position: 64 size: \d+ entries: /);
  });

  it('marks a damaged batch and ends where nothing can be made out', async () => {
    const files = await closedLog();
    const [path] = ofKind(files, /orders-0\/.*\.log$/);
    files.flip(path!, 70, 0);
    const [first] = await dump(files, path!);
    expect(first).toMatchObject({ kind: 'batch', isValid: false, records: [] });
    expect(dumpLines(first!)[0]).toContain('isvalid: false');
    overwrite(files, path!, Buffer.concat([files.bytes(path!), Buffer.alloc(100)]));
    expect((await dump(files, path!)).at(-1)).toMatchObject({ kind: 'damage' });
  });

  it('of something else is refused', async () => {
    const files = await closedLog();
    await expect(dump(files, `${DIRECTORY}/millrace.json`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(dump(files, `${DIRECTORY}/00000000000000000000.log`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('stats', () => {
  it('say how large topics are and who has offsets', async () => {
    const files = await closedLog();
    const env = new SimulatedEnv({ files });
    const stats = await logStats(DIRECTORY, { env });
    expect(stats).toMatchObject({
      cleanShutdown: true,
      partitions: 3,
      recordsMax: 3 * 104 + 6 * 2,
      journalFiles: 1,
      groups: [{ groupId: 'shipping', partitions: 1 }],
      transactionalIds: 1,
    });
    expect(stats.topics.map(({ topic, partitions }) => [topic, partitions.length])).toEqual([
      ['empty', 1],
      ['orders', 2],
    ]);
    const bytes = ofKind(files, /\.log$/).reduce((sum, path) => sum + files.bytes(path).length, 0);
    expect(stats.bytes).toBe(bytes);
  });

  it('are refused while the log is in use', async () => {
    const files = await closedLog();
    const env = new SimulatedEnv({ files });
    const engine = await openOn(env);
    await expect(logStats(DIRECTORY, { env })).rejects.toMatchObject({ code: 'LOG_LOCKED' });
    await env.run(engine.close());
  });
});
