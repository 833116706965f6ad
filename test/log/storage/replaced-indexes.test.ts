/** A process that dies between the names of a cleaned segment and of its indexes leaves no index of the old segment. */
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedCrash } from '../../../src/env/simulated-files.js';
import {
  openJournalStorage,
  type JournalStorage,
} from '../../../src/log/engine/journal-storage.js';
import { checkLog } from '../../../src/log/inspect/inspect.js';
import { batch, synced, topicCreated } from '../storage-suite.js';
import { ModelHost } from './workload.js';

function open(env: SimulatedEnv, host: ModelHost): JournalStorage {
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
  storage.open(host);
  return storage;
}

it.each([1, 2, 3])('after %i names', async (names) => {
  const env = new SimulatedEnv();
  const host = new ModelHost();
  const storage = open(env, host);
  const created = topicCreated('t', 'old', 1, { 'segment.bytes': '12000' });
  storage.append(created);
  host.apply(created);
  for (let i = 0; i < 26; i++) {
    const entry = batch('t', 0, i, ['x'.repeat(900 + 7 * i)], 1000 + i);
    storage.append(entry);
    host.apply(entry);
  }
  await env.run(synced(storage));
  storage.checkpoint();
  env.advance(1);
  const log = storage.partition('t', 0);
  const sealed = log.segments().filter((segment) => segment.sealed);
  expect(sealed.length).toBe(2);
  const replacement = storage.replace('t', 0, sealed);
  for (const { baseOffset, endOffset } of sealed)
    for (const range of log.read(baseOffset, endOffset, 1_000_000))
      if (Number(range.bytes.readBigInt64BE(range.start)) % 7 !== 3) replacement.append(range);
  let renames = 0;
  env.files.inject(({ kind }) => (kind === 'rename' && renames++ === names ? 'crash' : undefined));
  replacement.finish(sealed.at(-1)!.endOffset, () => undefined);
  const end = (): void => {
    env.advance(1);
  };
  if (names < 3) expect(end).toThrow(SimulatedCrash);
  else end();
  env.files.inject(undefined);
  env.files.crash('all');
  const after = new SimulatedEnv({ files: env.files });
  await after.run(open(after, new ModelHost()).close());
  const { findings } = await checkLog('/log', { env: after });
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
});
