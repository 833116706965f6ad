/** Segments below the log start go in the end, whatever keeps them from going at once. */
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedCrash } from '../../../src/env/simulated-files.js';
import {
  openJournalStorage,
  type JournalStorage,
} from '../../../src/log/engine/journal-storage.js';
import { batch, synced, topicCreated } from '../storage-suite.js';
import { ModelHost } from './workload.js';

interface Opened {
  readonly storage: JournalStorage;
  readonly append: (entry: Parameters<JournalStorage['append']>[0]) => void;
}

function open(env: SimulatedEnv): Opened {
  const host = new ModelHost();
  const options = { directory: '/log', env, thread: 'inline', openFilesMax: 1 } as const;
  const storage = openJournalStorage(options);
  storage.open(host);
  const append: Opened['append'] = (entry) => {
    storage.append(entry);
    host.apply(entry);
  };
  return { storage, append };
}

const logs = (env: SimulatedEnv): string[] =>
  env.files
    .paths()
    .filter((path) => path.startsWith('/log/old-0/') && path.endsWith('.log'))
    .map((path) => path.slice(-24));

/** One partition whose file stays open, and one with three segments, the last one active. */
async function filled(env: SimulatedEnv): Promise<Opened> {
  const opened = open(env);
  const { storage, append } = opened;
  append(topicCreated('o', 'other', 1));
  append(topicCreated('t', 'old', 1, { 'segment.bytes': '100' }));
  append(batch('o', 0, 0, ['keeps its file open']));
  await env.run(synced(storage));
  for (let i = 0; i < 3; i++) append(batch('t', 0, i, ['x'.repeat(20)]));
  await env.run(synced(storage));
  return opened;
}

const raised = { type: 'log-start', topicId: 't', partition: 0, offset: 2 } as const;

it('when the batches were not written to them yet', async () => {
  const env = new SimulatedEnv();
  const { storage, append } = await filled(env);
  expect(logs(env)).toEqual([]);
  append(raised);
  await env.run(synced(storage));
  storage.checkpoint();
  env.advance(1);
  append(batch('o', 0, 1, ['another group']));
  await env.run(synced(storage));
  env.advance(1);
  expect(logs(env)).toEqual(['00000000000000000002.log']);
  await env.run(storage.close());
});

it('when the process died before they went', async () => {
  const env = new SimulatedEnv();
  const { storage, append } = await filled(env);
  storage.checkpoint();
  env.advance(1);
  expect(logs(env).length).toBe(3);
  env.files.inject(({ kind }) => (kind === 'remove' ? 'crash' : undefined));
  append(raised);
  await expect(
    (async () => {
      await env.run(synced(storage));
      env.advance(1);
    })(),
  ).rejects.toThrow(SimulatedCrash);
  env.files.inject(undefined);
  env.files.crash('all');
  const after = new SimulatedEnv({ files: env.files });
  const again = open(after);
  again.append(batch('o', 0, 1, ['another group']));
  await after.run(synced(again.storage));
  after.advance(1);
  expect(logs(after)).toEqual(['00000000000000000002.log']);
  await after.run(again.storage.close());
});
