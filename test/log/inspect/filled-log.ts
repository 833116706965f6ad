/** A small closed log with something of everything, on a simulated disk, for the tests that look at its files. */
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../../src/env/simulated-files.js';
import type { LogProducer } from '../../../src/log/client.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { checkLog, type LogCheckReport } from '../../../src/log/inspect/inspect.js';
import { send } from '../client-suite-records.js';

export const DIRECTORY = '/log';
/** Segments roll by this, so that a small log has many: `segment.bytes` cannot be below 1 MiB. */
const SEGMENT_MS = 40;

export function openOn(env: SimulatedEnv, journalBytesMax = 20_000): Promise<LogEngine> {
  const storage = openJournalStorage({
    directory: DIRECTORY,
    env,
    thread: 'inline',
    journalBytesMax,
  });
  return env.run(openEngine({ storage, env, features: { durable: true } }));
}

/** Batches of a few records to both partitions, each durable. */
async function fill(env: SimulatedEnv, producer: LogProducer, from: number, count: number) {
  for (let i = from; i < from + count; i++) {
    for (let record = 0; record < 3; record++)
      send(producer, 'orders', `key ${i % 7}`, `value ${i} ${'x'.repeat(300)}`, {
        partition: i % 2,
        timestamp: env.clock.now() + i,
      });
    await env.run(producer.flush());
  }
}

/** Topic 'orders' with segments and indexes, aborted and committed transactions, a group, records deleted. */
export async function fillLog(engine: LogEngine, env: SimulatedEnv): Promise<void> {
  const admin = engine.admin();
  await env.run(
    admin.createTopics([
      { topic: 'orders', partitions: 2, config: { 'segment.ms': SEGMENT_MS } },
      { topic: 'empty', partitions: 1 },
    ]),
  );
  const plain = engine.producer();
  await env.run(plain.init());
  await fill(env, plain, 0, 40);
  const transactional = engine.producer({ transactionalId: 'app' });
  await env.run(transactional.init());
  for (let i = 0; i < 6; i++) {
    transactional.begin();
    await fill(env, transactional, 40 + i * 4, 4);
    if (i % 2 === 0) await env.run(transactional.abort());
    else {
      transactional.sendOffsets([{ topic: 'orders', partition: 0, offset: i, metadata: '' }], {
        groupId: 'shipping',
        generationId: -1,
        memberId: '',
      });
      await env.run(transactional.commit());
    }
  }
  await fill(env, plain, 64, 40);
}

export async function closedLog(): Promise<SimulatedFiles> {
  const files = new SimulatedFiles();
  const env = new SimulatedEnv({ files });
  const engine = await openOn(env);
  await fillLog(engine, env);
  await env.run(engine.close());
  return files;
}

export function check(files: SimulatedFiles): Promise<LogCheckReport> {
  const env = new SimulatedEnv({ files });
  return env.run(checkLog(DIRECTORY, { env }));
}

/** Writes over the bytes of a file, as a hand with an editor does. */
export function overwrite(files: SimulatedFiles, path: string, bytes: Uint8Array): void {
  if (files.exists(path)) files.remove(path);
  const handle = files.open(path, 'create');
  handle.write(bytes, 0);
  handle.datasync();
  handle.close();
}

/** A finding on one line. */
export const told = (report: LogCheckReport): string[] =>
  report.findings.map(
    ({ severity, kind, file, position }) =>
      `${severity} ${kind} ${file}${position === undefined ? '' : ` @${position}`}`,
  );
