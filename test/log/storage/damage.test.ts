/**
 * Bad luck on the disk: flipped bits, failing calls, no space, no permission. Damage is detected or touches only
 * what was never acknowledged; failures never take anything acknowledged with them, and reads go on.
 */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import {
  SimulatedFiles,
  type Fault,
  type OperationKind,
} from '../../../src/env/simulated-files.js';
import { StreamsError } from '../../../src/errors.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import type { JournalEntry } from '../../../src/log/engine/storage.js';
import { batch, failure, NO_HOST, readAll, synced, topicCreated } from '../storage-suite.js';
import { ModelHost, openSmall, type Opened } from './workload.js';

/** A log with three acknowledged groups. */
function filledLog(env: SimulatedEnv): Opened {
  const opened = openSmall(env);
  const { storage, host } = opened;
  const append = (entry: JournalEntry) => {
    storage.append(entry);
    host.apply(entry);
  };
  append(topicCreated('t', 'topic', 2));
  for (let i = 0; i < 3; i++) {
    append(batch('t', 0, i * 2, [`a${i}`, `b${i}`]));
    append(batch('t', 1, i, [`c${i}`]));
    storage.sync(() => {});
    env.runImmediates();
  }
  return opened;
}

/** The files of such a log that was killed, and what it showed. */
function killedLog(): { readonly files: SimulatedFiles; readonly text: string } {
  const files = new SimulatedFiles();
  const { host } = filledLog(new SimulatedEnv({ files }));
  files.kill();
  return { files, text: host.text() };
}

/** What a log shows when it is opened on these files, or the error that it fails with. */
function shown(
  files: SimulatedFiles,
): { readonly text: string; readonly tornBytes: number } | StreamsError {
  try {
    const { storage, host, report } = openSmall(new SimulatedEnv({ files }));
    return { text: host.text(storage), tornBytes: report.tornBytes };
  } catch (error) {
    if (error instanceof StreamsError) return error;
    throw error;
  }
}

const JOURNAL = '/log/journal-00000000000000000001';

describe('a flipped bit', () => {
  it('anywhere in the journal is refused with file and offset, because everything there was acknowledged', () => {
    const { files, text } = killedLog();
    const bytes = files.bytes(JOURNAL);
    let end = bytes.length;
    while (bytes[end - 1] === 0) end--;
    for (let position = 0; position < end; position++) {
      const damaged = files.copy(position);
      damaged.flip(JOURNAL, position, position % 8);
      const before = new Map(
        damaged.paths().map((path) => [path, damaged.bytes(path).toString('hex')]),
      );
      const found = shown(damaged);
      if (!(found instanceof StreamsError)) {
        expect.fail(
          `byte ${position}: ${found.text === text ? 'the same records' : 'other records'} without an error`,
        );
      }
      const { code, where } = found;
      expect({ position, code, file: where.file }).toEqual({
        position,
        code: 'LOG_CORRUPT',
        file: JOURNAL,
      });
      expect(
        new Map(damaged.paths().map((path) => [path, damaged.bytes(path).toString('hex')])),
      ).toEqual(before);
    }
  });

  it('in the last group is cut as a torn tail when nothing proves that it was acknowledged', () => {
    const files = new SimulatedFiles();
    const env = new SimulatedEnv({ files });
    const { storage } = openSmall(env);
    storage.append(topicCreated('t', 'topic'));
    storage.append(batch('t', 0, 0, ['a']));
    storage.sync(() => {});
    env.runImmediates();
    // The second group reaches the disk in part, and the machine stops before its sync returns.
    storage.append(batch('t', 0, 1, ['b']));
    files.inject(({ kind }) => (kind === 'datasync' ? 'crash' : undefined));
    storage.sync(() => expect.fail('acknowledged'));
    expect(() => env.runImmediates()).toThrow('crash');
    files.crash('all');
    const journal = files.bytes(JOURNAL);
    let end = journal.length;
    while (journal[end - 1] === 0) end--;
    files.flip(JOURNAL, end - 2, 3);
    const opened = openSmall(new SimulatedEnv({ files }));
    expect(opened.report.tornBytes).toBeGreaterThan(0);
    expect(opened.report.cleanShutdown).toBe(false);
    expect(readAll(opened.storage.partition('t', 0))).toEqual(['0:a']);
  });

  // A segment that recovery wrote has no index yet; one that was closed properly is found through its index.
  for (const kind of ['recovered', 'closed'] as const) {
    it(`anywhere in a ${kind} segment is refused on read, or shows the same records`, async () => {
      const files = kind === 'closed' ? new SimulatedFiles() : killedLog().files;
      const env = new SimulatedEnv({ files });
      const opened = kind === 'closed' ? filledLog(env) : openSmall(env);
      const text = opened.host.text(opened.storage);
      await env.run(opened.storage.close());
      for (const path of files.paths().filter((name) => name.endsWith('.log'))) {
        const size = files.bytes(path).length;
        let refused = 0;
        for (let position = 0; position < size; position++) {
          const damaged = files.copy(position);
          damaged.flip(path, position, position % 8);
          const found = shown(damaged);
          if (found instanceof StreamsError) {
            refused++;
            expect(found.code).toBe('LOG_CORRUPT');
            expect(found.where.file).toBe(path);
            expect(found.message).toContain('at byte');
          } else expect(`${position} ${found.text}`).toBe(`${position} ${text}`);
        }
        // Only the leader epoch, which nothing depends on, is outside of every checksum.
        expect(refused).toBeGreaterThan(size * 0.9);
      }
    });
  }

  it('in an index changes nothing', async () => {
    const files = new SimulatedFiles();
    const env = new SimulatedEnv({ files });
    const opened = openSmall(env);
    const create = topicCreated('t', 'topic');
    opened.storage.append(create);
    opened.host.apply(create);
    for (let i = 0; i < 30; i++) {
      const entry = batch('t', 0, i, ['x'.repeat(1000)], i);
      opened.storage.append(entry);
      opened.host.apply(entry);
    }
    await env.run(opened.storage.close());
    const text = opened.host.text();
    const paths = files.paths().filter((path) => path.endsWith('index'));
    expect(paths.map((path) => files.bytes(path).length).every((bytes) => bytes > 0)).toBe(true);
    for (const path of paths) {
      for (let position = 0; position < files.bytes(path).length; position++) {
        const damaged = files.copy(position);
        damaged.flip(path, position, 7 - (position % 8));
        expect(shown(damaged)).toMatchObject({ text });
        const { storage } = openSmall(new SimulatedEnv({ files: damaged.copy(1) }));
        expect(storage.partition('t', 0).findTimestamp(17, 30)).toEqual({
          offset: 17,
          timestamp: 17,
        });
      }
    }
  });

  it('in the format file is refused', () => {
    const { files } = killedLog();
    files.flip('/log/millrace.json', 0, 0);
    expect(shown(files)).toMatchObject({
      code: 'LOG_CORRUPT',
      where: { file: '/log/millrace.json' },
    });
  });
});

describe('missing files', () => {
  it('a missing or short segment is refused, never made anew empty', async () => {
    const { files } = killedLog();
    const env = new SimulatedEnv({ files });
    await env.run(openSmall(env).storage.close());
    const path = '/log/topic-0/00000000000000000000.log';
    const gone = files.copy(1);
    gone.remove(path);
    expect(shown(gone)).toMatchObject({ code: 'LOG_CORRUPT', where: { file: path } });
    const short = files.copy(2);
    const handle = short.open(path, 'write');
    handle.truncate(handle.size() - 1);
    expect(shown(short)).toMatchObject({ code: 'LOG_CORRUPT', where: { file: path } });
  });

  it('a missing journal or format file is refused', () => {
    const { files } = killedLog();
    const without = files.copy(1);
    without.remove(JOURNAL);
    expect(shown(without)).toMatchObject({ code: 'LOG_CORRUPT' });
    files.remove('/log/millrace.json');
    expect(shown(files)).toMatchObject({ code: 'LOG_CORRUPT' });
  });

  it('a directory of a newer format is left alone', () => {
    const { files } = killedLog();
    files.remove('/log/millrace.json');
    const handle = files.open('/log/millrace.json', 'create');
    handle.write(Buffer.from('{"format":2,"logId":"x"}'), 0);
    const operations = files.operations;
    expect(shown(files)).toMatchObject({ code: 'LOG_FORMAT_NEWER' });
    expect(files.operations).toBe(operations);
  });
});

/** A running log with one acknowledged batch on a disk that fails from now on. */
function failingLog(fault: (kind: OperationKind, path: string) => Fault | undefined) {
  const env = new SimulatedEnv();
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
  storage.open(NO_HOST);
  storage.append(topicCreated('t', 'topic'));
  storage.append(batch('t', 0, 0, ['kept']));
  storage.sync(() => {});
  env.runImmediates();
  env.files.inject(({ kind, path }) => fault(kind, path));
  return { env, storage };
}

describe('a failing disk', () => {
  for (const [fault, kind] of [
    ['EIO', 'datasync'],
    ['EIO', 'write'],
    ['ENOSPC', 'write'],
    ['EROFS', 'write'],
  ] as const) {
    it(`${fault} in ${kind} of the journal: outcome unknown, read-only, reads go on, reopening heals`, async () => {
      const { env, storage } = failingLog((found, path) =>
        found === kind && path.includes('journal') ? fault : undefined,
      );
      storage.append(batch('t', 0, 1, ['lost?']));
      const told: (StreamsError | undefined)[] = [];
      storage.sync((error) => told.push(error));
      storage.append(batch('t', 0, 2, ['queued']));
      storage.sync((error) => told.push(error));
      env.runImmediates();
      expect(told.map((error) => error?.code)).toEqual(['OUTCOME_UNKNOWN', 'OUTCOME_UNKNOWN']);
      const cause = told[0]?.cause;
      expect(cause instanceof StreamsError && cause.code).toBe(
        { EIO: 'IO_FAILED', ENOSPC: 'DISK_FULL', EROFS: 'DIRECTORY_READ_ONLY' }[fault],
      );
      expect(failure(() => storage.append(batch('t', 0, 3, ['no']))).code).toBe('LOG_READ_ONLY');
      storage.sync((error) => told.push(error));
      expect(told[2]?.code).toBe('OUTCOME_UNKNOWN');
      expect(readAll(storage.partition('t', 0))[0]).toBe('0:kept');
      await env.run(storage.close());
      env.files.inject(undefined);
      const again = openJournalStorage({ directory: '/log', env, thread: 'inline' });
      again.open(new ModelHost());
      expect(readAll(again.partition('t', 0))[0]).toBe('0:kept');
      again.append(batch('t', 0, again.partition('t', 0).endOffset, ['new']));
      again.sync((error) => expect(error).toBeUndefined());
      env.runImmediates();
      expect(readAll(again.partition('t', 0)).at(-1)).toContain(':new');
    });
  }

  it('a failed segment write loses nothing acknowledged and is healed from the journal', async () => {
    const { env, storage } = failingLog((kind, path) =>
      kind === 'write' && path.endsWith('.log') ? 'ENOSPC' : undefined,
    );
    storage.append(batch('t', 0, 1, ['acknowledged']));
    let told: StreamsError | 'none' | undefined = 'none';
    storage.sync((error) => {
      told = error;
    });
    env.runImmediates();
    expect(told).toBeUndefined();
    expect(readAll(storage.partition('t', 0))).toEqual(['0:kept', '1:acknowledged']);
    expect(failure(() => storage.append(batch('t', 0, 2, ['no']))).message).toContain(
      'disk is full',
    );
    await env.run(storage.close());
    env.files.crash('none');
    const again = openJournalStorage({ directory: '/log', env, thread: 'inline' });
    again.open(new ModelHost());
    expect(readAll(again.partition('t', 0))).toEqual(['0:kept', '1:acknowledged']);
  });

  it('a disk without room for the log says so when it is opened and frees the directory', () => {
    const env = new SimulatedEnv();
    env.files.capacityBytes = 100;
    const open = () =>
      openJournalStorage({ directory: '/log', env, thread: 'inline' }).open(NO_HOST);
    expect(failure(open).code).toBe('DISK_FULL');
    env.files.capacityBytes = 1e9;
    expect(open().cleanShutdown).toBe(true);
  });

  it('a read-only directory says so when it is opened', () => {
    const { files } = killedLog();
    files.readOnly = true;
    const error = shown(files);
    expect(error).toMatchObject({ code: 'DIRECTORY_READ_ONLY' });
  });

  it('a second open of the directory is refused, and the next one after the close is not', async () => {
    const env = new SimulatedEnv();
    const first = openJournalStorage({ directory: '/log', env, thread: 'inline' });
    first.open(NO_HOST);
    expect(
      failure(() => openJournalStorage({ directory: '/log', env, thread: 'inline' }).open(NO_HOST))
        .code,
    ).toBe('LOG_LOCKED');
    await env.run(first.close());
    const second = openJournalStorage({ directory: '/log', env, thread: 'inline' });
    expect(second.open(NO_HOST).cleanShutdown).toBe(true);
    await env.run(synced(second));
  });
});

describe('device flushes', () => {
  it('do not grow with partitions', () => {
    const flushesWith = (partitions: number) => {
      const env = new SimulatedEnv();
      const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
      storage.open(NO_HOST);
      storage.append(topicCreated('t', 'topic', partitions));
      storage.sync(() => {});
      env.runImmediates();
      const before = env.files.flushes;
      for (let commit = 0; commit < 5; commit++) {
        for (let partition = 0; partition < partitions; partition++)
          storage.append(batch('t', partition, commit, ['x']));
        storage.sync(() => {});
        env.runImmediates();
      }
      return env.files.flushes - before;
    };
    expect(flushesWith(1)).toBe(5);
    expect(flushesWith(64)).toBe(5);
  });
});
