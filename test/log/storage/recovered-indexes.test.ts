/** A power cut may take the index files, which are not synced: opening the log puts them back. */
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import type { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { openLog } from '../../../src/log/log.js';

const TOPIC = 'log/orders-0';

/** Two sealed segments and an active one, then a kill. */
async function killedLog(): Promise<SimulatedFiles> {
  const env = new SimulatedEnv();
  const log = await env.run(openLog('log', { env }));
  const config = { 'segment.bytes': 1_048_576 };
  await env.run(log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]));
  const producer = log.producer({ batchBytes: 16_384 });
  const records = Array.from({ length: 60 }, () => ({ value: Buffer.alloc(40_000) }));
  await env.run(producer.sendBatch('orders', records));
  env.files.kill();
  return env.files;
}

async function reopen(files: SimulatedFiles): Promise<void> {
  const env = new SimulatedEnv({ files });
  const log = await env.run(openLog('log', { env }));
  await env.run(log.close());
}

const indexesOf = (files: SimulatedFiles): [string, string][] =>
  files
    .paths()
    .filter((path) => path.startsWith(TOPIC) && path.endsWith('index'))
    .map((path) => [path, files.bytes(path).toString('hex')]);

it.each([
  ['are missing', (files: SimulatedFiles, path: string) => files.remove(path)],
  [
    'are empty',
    (files: SimulatedFiles, path: string) => {
      files.remove(path);
      files.open(path, 'create').close();
    },
  ],
  [
    'are zeros',
    (files: SimulatedFiles, path: string) => {
      const handle = files.open(path, 'write');
      handle.write(Buffer.alloc(handle.size()), 0);
      handle.close();
    },
  ],
])('indexes that %s are as before once the log was opened', async (_how, damage) => {
  const files = await killedLog();
  await reopen(files);
  const whole = indexesOf(files);
  expect(whole.length).toBe(6);
  expect(whole.every(([, bytes]) => bytes.length > 0)).toBe(true);
  for (const [path] of whole) damage(files, path);
  // As after a power cut: the log was open again.
  const env = new SimulatedEnv({ files });
  await env.run(openLog('log', { env }));
  files.kill();
  await reopen(files);
  expect(indexesOf(files)).toEqual(whole);
});
