/** The directory lock between real processes, and the journal's thread as a citizen of its process. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemEnv } from '../../../src/env/system-env.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { batch, failure, NO_HOST, readAll, topicCreated } from '../storage-suite.js';
import { ModelHost } from './workload.js';

const built = (path: string) => new URL(`../../../dist/${path}`, import.meta.url).href;

/** Another process that opens the log, appends one synced batch, says so and then does `rest`. */
const program = (directory: string, rest: string) => `
  import { systemEnv } from ${JSON.stringify(built('env/system-env.js'))};
  import { openJournalStorage } from ${JSON.stringify(built('log/engine/journal-storage.js'))};
  const storage = openJournalStorage({ directory: ${JSON.stringify(directory)}, env: systemEnv() });
  storage.open({ replay() {}, snapshot: () => [] });
  storage.append({ type: 'topic-created', topicId: 't', topic: 'topic', partitions: 1, config: {} });
  const bytes = Buffer.from(${JSON.stringify(batch('t', 0, 0, ['from the other process']).bytes.toString('base64'))}, 'base64');
  storage.append({ type: 'batch', topicId: 't', partition: 0, baseOffset: 0, lastOffset: 0, maxTimestamp: 1000, bytes });
  storage.sync((error) => { process.stdout.write(error === undefined ? 'synced' : String(error)); ${rest} });
`;

function start(directory: string, rest: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', program(directory, rest)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

describe('a log between processes', () => {
  let directory: string;
  let children: ChildProcess[] = [];
  beforeEach(() => {
    if (!existsSync(new URL(built('log/engine/journal-storage.js')))) {
      throw new Error('Run `npm run build` first: the other process runs what is built.');
    }
    directory = mkdtempSync(join(tmpdir(), 'millrace-lock-'));
  });
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children = [];
    rmSync(directory, { recursive: true, force: true });
  });

  it('names the holder, and opens at once when the holder was killed', async () => {
    const child = start(directory, 'setInterval(() => {}, 1000);');
    children.push(child);
    const [said] = await once(child.stdout!, 'data');
    expect(String(said)).toBe('synced');
    const open = () => openJournalStorage({ directory, env: systemEnv(), thread: 'inline' });
    const refused = failure(() => open().open(NO_HOST));
    expect(refused.code).toBe('LOG_LOCKED');
    expect(refused.message).toMatch(
      new RegExp(`process ${child.pid} on .*, since \\d{4}-\\d\\d-\\d\\dT`),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    const storage = open();
    const report = storage.open(new ModelHost());
    expect(report).toMatchObject({ cleanShutdown: false, tornBytes: 0 });
    expect(readAll(storage.partition('t', 0))).toEqual(['0:from the other process']);
    await storage.close();
  });

  it('opens while a killed holder is still on its way out', async () => {
    for (let round = 0; round < 5; round++) {
      const path = join(directory, `round-${round}`);
      const child = start(path, 'setInterval(() => {}, 1000);');
      children.push(child);
      const [said] = await once(child.stdout!, 'data');
      expect(String(said)).toBe('synced');
      // Nothing is awaited from here on, so this process cannot reap the dead one: it stays in the process table.
      child.kill('SIGKILL');
      const storage = openJournalStorage({ directory: path, env: systemEnv(), thread: 'inline' });
      storage.open(new ModelHost());
      expect(readAll(storage.partition('t', 0))).toEqual(['0:from the other process']);
      await storage.close();
    }
  });

  it('an idle log keeps no process alive, and a closed one leaves no thread behind', () => {
    for (const rest of ['', 'storage.close().then(() => process.stdout.write(" closed"));']) {
      const path = join(directory, rest === '' ? 'idle' : 'closed');
      const ended = spawnSync(
        process.execPath,
        ['--input-type=module', '-e', program(path, rest)],
        { timeout: 20_000, encoding: 'utf8' },
      );
      expect(ended.status).toBe(0);
      expect(ended.stdout).toBe(rest === '' ? 'synced' : 'synced closed');
    }
  });

  it('the directory can be opened again right after the close, in this process too', async () => {
    for (let round = 0; round < 3; round++) {
      const storage = openJournalStorage({ directory, env: systemEnv() });
      const host = new ModelHost();
      expect(storage.open(host).cleanShutdown).toBe(true);
      if (round === 0) {
        storage.append(topicCreated('t', 'topic'));
        host.apply(topicCreated('t', 'topic'));
      }
      const entry = batch('t', 0, round, [`round ${round}`]);
      storage.append(entry);
      host.apply(entry);
      await storage.close();
    }
    const storage = openJournalStorage({ directory, env: systemEnv() });
    storage.open(new ModelHost());
    expect(readAll(storage.partition('t', 0))).toEqual(['0:round 0', '1:round 1', '2:round 2']);
    await storage.close();
  });
});
