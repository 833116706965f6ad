/**
 * Transactions over the durable log, with the machine stopped at every call that changes the disk. Transaction `n`
 * writes `n` to two partitions and commits offset `n + 1`, some are aborted and sent again: after any crash both
 * partitions show 0, 1, 2, ... without a gap, the offset fits, and nothing is undecided. `CRASH_SEED` runs another life.
 */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedCrash, SimulatedFiles } from '../../../src/env/simulated-files.js';
import type { LogConsumer } from '../../../src/log/client.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { recordsOf, send } from '../client-suite-records.js';
import { expectWhole } from '../inspect/whole-log.js';

const SEED = Number(process.env.CRASH_SEED ?? 1);
const TRANSACTIONS = 14;
const PARTITIONS = [0, 1].map((partition) => ({ topic: 'out', partition }));

const open = (env: SimulatedEnv): Promise<LogEngine> => {
  const storage = openJournalStorage({
    directory: '/log',
    env,
    thread: 'inline',
    journalBytesMax: 3000,
    openFilesMax: 1,
    waitingBytesMax: 2000,
  });
  return env.run(openEngine({ storage, env, features: { durable: true } }));
};

/** Commits transactions from where the log stands; `acknowledged` counts those that were. */
async function work(
  env: SimulatedEnv,
  engine: LogEngine,
  random: SeededRandom,
  acknowledged: (count: number) => void,
): Promise<void> {
  await env.run(
    engine.admin().createTopics(
      [
        { topic: 'out', partitions: 2 },
        { topic: 'in', partitions: 1 },
      ],
      { ifNotExists: true },
    ),
  );
  const producer = engine.producer({ transactionalId: 'app', batchBytes: 200 });
  await env.run(producer.init());
  for (let next = await committed(env, engine); next < TRANSACTIONS;) {
    producer.begin();
    for (const { partition } of PARTITIONS) {
      send(producer, 'out', 'key', `${next}`, { partition });
      if (random.below(3) === 0) await env.run(producer.flush());
    }
    producer.sendOffsets([{ topic: 'in', partition: 0, offset: next + 1, metadata: '' }], {
      groupId: 'app',
      generationId: -1,
      memberId: '',
    });
    if (random.below(4) === 0) await env.run(producer.abort());
    else {
      const outcome = await env.run(producer.commit());
      expect(outcome.outcome).toBe('committed');
      acknowledged(++next);
    }
  }
}

async function committed(env: SimulatedEnv, engine: LogEngine): Promise<number> {
  const offsets = await env.run(engine.admin().committedOffsets('app'));
  return offsets[0]?.offset ?? 0;
}

async function values(
  env: SimulatedEnv,
  consumer: LogConsumer,
  partition: number,
): Promise<number[]> {
  consumer.assign([{ topic: 'out', partition }]);
  const found: number[] = [];
  for (;;) {
    const fetched = await env.run(consumer.poll(0));
    if (fetched.length === 0) return found;
    found.push(...recordsOf(fetched).map((record) => Number(record.value)));
  }
}

/** Checks what a crash left, and returns how many transactions are committed. */
async function check(
  env: SimulatedEnv,
  engine: LogEngine,
  acknowledged: number,
  context: string,
): Promise<number> {
  const count = await committed(env, engine);
  // The last commit may have happened although nobody was told.
  const possible = [acknowledged, acknowledged + 1];
  expect({ context, possible }).toEqual({ context, possible: expect.arrayContaining([count]) });
  const topics = await engine.admin().listTopics();
  if (!topics.includes('out')) return count;
  const consumer = engine.consumer({});
  const expected = Array.from({ length: count }, (_, i) => i);
  for (const { partition } of PARTITIONS) {
    const found = await values(env, consumer, partition);
    expect({ context, found }).toEqual({ context, found: expected });
  }
  const stable = await env.run(
    engine.admin().listOffsets('out', 'latest', { isolation: 'read_committed' }),
  );
  const ends = await env.run(
    engine.admin().listOffsets('out', 'latest', { isolation: 'read_uncommitted' }),
  );
  expect({ context, stable }).toEqual({ context, stable: ends });
  return count;
}

describe('transactions and crashes', () => {
  it('every crash leaves whole transactions, and the next life goes on from there', async () => {
    let operations = 0;
    for (let crashAt = -1; crashAt < operations; crashAt++) {
      const files = new SimulatedFiles({ random: new SeededRandom(SEED * 104_729 + crashAt) });
      const env = new SimulatedEnv({ seed: SEED, files });
      const context = `seed ${SEED}, crash in call ${crashAt}`;
      let acknowledged = 0;
      const acknowledge = (count: number) => {
        acknowledged = count;
      };
      files.inject(({ index }) => (index === crashAt ? 'crash' : undefined));
      try {
        const engine = await open(env);
        await work(env, engine, new SeededRandom(SEED), acknowledge);
        await env.run(engine.close());
        if (crashAt < 0) operations = files.operations;
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw new Error(context, { cause: error });
      }
      files.crash();
      await expectWhole(files, context);
      const later = new SimulatedEnv({ seed: SEED + 1, files });
      const engine = await open(later);
      acknowledged = await check(later, engine, acknowledged, context);
      await work(later, engine, new SeededRandom(SEED + crashAt), acknowledge);
      await check(later, engine, TRANSACTIONS, `${context}, in the next life`);
      files.kill();
      await expectWhole(files, `${context}, after the next life`);
    }
    expect(operations).toBeGreaterThan(100);
  }, 60_000);
});
