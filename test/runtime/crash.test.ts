/**
 * Word count on a log whose device is in the test's hand: the process dies at random moments, with syncs in flight
 * that survive or do not, and starts again on what was durable. The committed output must look as if nothing had
 * happened. The seed is printed on failure; FC_SEED replays it.
 */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { openEngine } from '../../src/log/engine/engine.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { StagedStorage } from '../log/engine/staged-storage.js';
import {
  count,
  createTopics,
  lastCounts,
  naiveCounts,
  produce,
  read,
  runToEnd,
  wordCount,
} from './harness.js';

const WORDS = ['all', 'streams', 'lead', 'to', 'kafka'];
const ROUNDS = 12;

async function survive(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const lines = Array.from({ length: 120 }, () =>
    Array.from(
      { length: 1 + (random.uint32() % 5) },
      () => WORDS[random.uint32() % WORDS.length],
    ).join(' '),
  );
  let env = new SimulatedEnv({ seed });
  let storage = new StagedStorage();
  let log = await openEngine({ env, storage, features: { durable: true } });
  await env.run(createTopics(log, { lines: 3, out: 3 }));
  let produced = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const app = new KafkaStreams(wordCount(), {
      applicationId: 'wc',
      log,
      env,
      commitInterval: random.uint32() % 20,
    });
    await env.run(app.start());
    const share = lines.slice(produced, produced + 10);
    produced += share.length;
    await env.run(produce(log, 'lines', share));
    storage.atOnce = false;
    const steps = random.uint32() % 30;
    for (let step = 0; step < steps; step++) {
      if (random.float() < 0.6) storage.complete();
      env.advance(random.uint32() % 10);
      await env.settle();
    }
    // The process is gone; one sync in flight may have reached the device.
    storage.fail(random.float() < 0.5);
    storage = storage.crashed();
    env = new SimulatedEnv({ seed: seed + round });
    log = await openEngine({ env, storage, features: { durable: true } });
  }
  await env.run(runToEnd(wordCount(), { applicationId: 'wc', log, env }));
  const output = await env.run(read(log, 'out', count));
  const last = new Map<string | null, number>();
  for (const { key, value } of output) {
    expect(value, `seed ${seed}: count of ${key}`).toBe((last.get(key) ?? 0) + 1);
    last.set(key, value ?? 0);
  }
  expect(lastCounts(output), `seed ${seed}`).toEqual(naiveCounts(lines));
  await env.run(log.close());
}

const seeds =
  process.env['FC_SEED'] === undefined
    ? Array.from({ length: 8 }, (_, index) => 41 + index)
    : [Number(process.env['FC_SEED'])];

describe('a process that dies at random moments', () => {
  it.each(seeds)('every count is 1, 2, 3, ... without gap or repeat (seed %i)', async (seed) => {
    await survive(seed);
  });
});
