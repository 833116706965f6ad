/** Rare meetings of checkpoints, deletions, failures and damage in the durable storage. */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import type { JournalEntry } from '../../../src/log/engine/storage.js';
import { batch, failure, NO_HOST, readAll, synced, topicCreated } from '../storage-suite.js';
import { openSmall, type Opened } from './workload.js';

const add = ({ storage, host }: Opened, entry: JournalEntry) => {
  storage.append(entry);
  host.apply(entry);
};

const journals = (files: SimulatedFiles) =>
  files.paths().filter((path) => path.startsWith('/log/journal-'));

describe('a deleted segment', () => {
  it('whose bytes were never synced does not keep the log from opening when it is back after a crash', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const files = new SimulatedFiles({ random: new SeededRandom(seed) });
      const { starts } = deletingLife(seed, files);
      files.crash('none');
      try {
        const { storage } = openSmall(new SimulatedEnv({ files }));
        const found = starts.map((_, partition) => storage.partition('t', partition).startOffset);
        found.forEach((start, partition) => expect(start).toBeLessThanOrEqual(starts[partition]!));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });
});

/** Batches and deletions in eight partitions; their directories are synced by others now and then, as a host does. */
function deletingLife(seed: number, files: SimulatedFiles): { readonly starts: number[] } {
  const random = new SeededRandom(seed);
  const env = new SimulatedEnv({ files, seed });
  const opened = openSmall(env);
  const ends = new Array<number>(8).fill(0);
  const starts = [...ends];
  add(opened, topicCreated('t', 'topic', ends.length, { 'segment.bytes': '700' }));
  for (let step = 0; step < 60; step++) {
    const partition = random.below(ends.length);
    add(opened, batch('t', partition, ends[partition]!++, ['x'.repeat(50 + random.below(200))]));
    if (random.below(4) === 0) {
      const trimmed = random.below(ends.length);
      const offset = (starts[trimmed] = ends[trimmed]!);
      add(opened, { type: 'log-start', topicId: 't', partition: trimmed, offset });
    }
    opened.storage.sync(() => {});
    for (let turns = random.below(4); turns > 0; turns--) env.timers.runOneTurn();
    if (random.below(10) > 0) continue;
    for (const i of ends.keys())
      if (files.exists(`/log/topic-${i}`)) files.syncDirectory(`/log/topic-${i}`);
  }
  return { starts };
}

describe('closing', () => {
  it('tells when the end could not be written', async () => {
    const files = new SimulatedFiles();
    const env = new SimulatedEnv({ files });
    const opened = openSmall(env, 'os');
    add(opened, topicCreated('t', 'topic'));
    await env.run(synced(opened.storage));
    files.inject(({ kind }) => (kind === 'datasync' ? 'EIO' : undefined));
    await expect(env.run(opened.storage.close())).rejects.toMatchObject({ code: 'IO_FAILED' });
    files.inject(undefined);
    // The directory is free again.
    openSmall(new SimulatedEnv({ files }));
  });
});

describe('a damaged segment', () => {
  it('that was read before is not written to either', async () => {
    const files = new SimulatedFiles();
    let env = new SimulatedEnv({ files });
    const options = { directory: '/log', thread: 'inline' } as const;
    let storage = openJournalStorage({ ...options, env });
    const entries: JournalEntry[] = [topicCreated('t', 'topic')];
    storage.open(NO_HOST);
    storage.append(entries[0]!);
    for (let i = 0; i < 3; i++) storage.append(batch('t', 0, i, [`v${i}`]));
    await env.run(synced(storage));
    files.kill();
    env = new SimulatedEnv({ files });
    storage = openJournalStorage({ ...options, env });
    storage.open({ replay: () => {}, snapshot: () => entries });
    await env.run(storage.close());
    const path = '/log/topic-0/00000000000000000000.log';
    const batchBytes = files.bytes(path).length / 3;
    files.flip(path, batchBytes + 11, 2); // the length of the second batch
    env = new SimulatedEnv({ files });
    storage = openJournalStorage({ ...options, env });
    storage.open({ replay: () => {}, snapshot: () => entries });
    const partition = storage.partition('t', 0);
    expect(failure(() => partition.read(1, 3, 1000)).code).toBe('LOG_CORRUPT');
    storage.append(batch('t', 0, 3, ['new']));
    await env.run(synced(storage));
    await env.settle();
    expect(files.paths()).toContain('/log/topic-0/00000000000000000003.log');
    expect(partition.read(3, 4, 1000)).toHaveLength(1);
  });
});

describe('a journal file', () => {
  it('is not followed by a new one with every group because the state alone is larger than a file', async () => {
    const files = new SimulatedFiles();
    const env = new SimulatedEnv({ files });
    const opened = openSmall(env);
    // 40 topics: their snapshot is larger than the 3000 bytes of a journal file.
    for (let i = 0; i < 40; i++) add(opened, topicCreated(`t${i}`, `topic${i}`));
    await env.run(synced(opened.storage));
    await env.settle();
    const before = journals(files).at(-1)!;
    for (let i = 0; i < 10; i++) {
      add(opened, batch('t0', 0, i, ['x']));
      await env.run(synced(opened.storage));
      await env.settle();
    }
    const made = Number(journals(files).at(-1)!.slice(-20)) - Number(before.slice(-20));
    expect(made).toBeLessThanOrEqual(1);
    expect(readAll(opened.storage.partition('t0', 0))).toHaveLength(10);
  });
});
