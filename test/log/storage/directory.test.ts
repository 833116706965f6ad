/** What the log makes of the directory it is given: what it must not take for a new log, and what must survive there. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { batch, failure, NO_HOST, readAll, synced, topicCreated } from '../storage-suite.js';
import { openSmall } from './workload.js';

async function closedLog(): Promise<SimulatedFiles> {
  const files = new SimulatedFiles();
  const env = new SimulatedEnv({ files });
  const { storage, host } = openSmall(env);
  for (const entry of [topicCreated('t', 'topic'), batch('t', 0, 0, ['a'])]) {
    storage.append(entry);
    host.apply(entry);
  }
  await env.run(synced(storage));
  await env.run(storage.close());
  return files;
}

describe('a directory', () => {
  it('of a closed log whose millrace.json was lost is refused, and nothing is removed', async () => {
    const files = await closedLog();
    files.remove('/log/millrace.json');
    const before = files.paths();
    expect(failure(() => openSmall(new SimulatedEnv({ files }))).code).toBe('LOG_CORRUPT');
    expect(files.paths()).toEqual(before);
  });

  it('with segments but neither journal nor millrace.json is refused, and nothing is removed', async () => {
    const files = await closedLog();
    for (const path of files.paths()) if (!path.includes('/topic-0/')) files.remove(path);
    const before = files.paths();
    expect(before).not.toEqual([]);
    expect(failure(() => openSmall(new SimulatedEnv({ files }))).code).toBe('LOG_CORRUPT');
    expect(files.paths()).toEqual(before);
  });

  it('made with its parents is there after a power cut, with what was acknowledged', async () => {
    const files = new SimulatedFiles();
    const env = new SimulatedEnv({ files });
    const options = { directory: '/var/lib/app/log', thread: 'inline' } as const;
    const storage = openJournalStorage({ ...options, env });
    storage.open(NO_HOST);
    storage.append(topicCreated('t', 'topic'));
    storage.append(batch('t', 0, 0, ['a']));
    await env.run(synced(storage));
    files.crash('none');
    const again = openJournalStorage({ ...options, env: new SimulatedEnv({ files }) });
    again.open(NO_HOST);
    expect(readAll(again.partition('t', 0))).toEqual(['0:a']);
  });
});
