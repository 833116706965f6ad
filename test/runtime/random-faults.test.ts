/**
 * Whole applications with everything at once: async functions that take their time or reject, caches, a repartition
 * hop, punctuators, aborts, restarts. Whatever happens, every record counts exactly once and in order. Prints its
 * seed; `FC_SEED` repeats it, `FC_ROUNDS` runs more of them.
 */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { memoryEngine } from '../../src/log/engine/engine.js';
import type { LogClient } from '../../src/log/client.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import type { KafkaStreamsOptions } from '../../src/runtime/config.js';
import { Stores } from '../../src/state/stores.js';
import { count, createTopics, produce, read, text } from './harness.js';

const firstSeed = Number(process.env['FC_SEED'] ?? Math.floor(Math.random() * 1e9));
const ROUNDS = Number(process.env['FC_ROUNDS'] ?? (process.env['FC_SEED'] === undefined ? 8 : 1));
const RECORDS = 60;
const KEYS = 5;

interface World {
  readonly env: SimulatedEnv;
  readonly random: SeededRandom;
  /** Chance that user code fails when it is called. */
  failing: number;
}

const chance = ({ random }: World, probability: number) => random.float() < probability;

/** in -> maybe async -> hop -> count (maybe cached, maybe async) -> out; a punctuator beats into `beats`. */
function program(world: World, caching: boolean): Topology {
  const { env, random } = world;
  const counts = Stores.keyValue({ name: 'counts', key: text, value: count, caching: false });
  const last = Stores.keyValue({ name: 'last', key: text, value: count, caching });
  const beats = Stores.keyValue({ name: 'beats', key: text, value: count });
  const guest = (): void | Promise<void> => {
    const fails = chance(world, world.failing);
    if (chance(world, 0.5)) {
      if (fails) throw new Error('planted');
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const settle = () => (fails ? reject(new Error('planted')) : resolve());
      if (chance(world, 0.5)) settle();
      else env.timers.after(random.uint32() % 30, settle);
    });
  };
  return new Topology()
    .addSource('source', 'in', { key: text, value: text })
    .addProcessor(
      'first',
      (context: ProcessorContext<string, string>) => ({
        process(record: Record<string, string>) {
          const waiting = guest();
          if (waiting === undefined) return context.forward(record);
          return waiting.then(() => context.forward(record));
        },
      }),
      'source',
    )
    .addRepartitionTopic('hop-repartition', 2)
    .addSink('hop-sink', 'hop-repartition', 'first', { key: text, value: text })
    .addSource('hop', 'hop-repartition', { key: text, value: text })
    .addProcessor(
      'count',
      (context: ProcessorContext<string, number>) => {
        const store = context.getStateStore(counts);
        const lastStore = context.getStateStore(last);
        const beat = context.getStateStore(beats);
        context.schedule(20, 'wallClock', () => {
          const next = (beat.get('beat') ?? 0) + 1;
          const waiting = guest();
          const end = () => {
            beat.put('beat', next);
            context.forward({ key: `beat-${context.taskId}`, value: next, timestamp: 0 });
          };
          return waiting === undefined ? end() : waiting.then(end);
        });
        return {
          async process(record: Record<string, string>) {
            const before = store.get(record.key) ?? 0;
            store.put(record.key, before + 1);
            if (chance(world, 0.7)) await guest();
            lastStore.put(record.key, before + 1);
            context.forward({ ...record, value: before + 1 });
          },
        };
      },
      'hop',
      { stores: [counts, last, beats] },
    )
    .addSink('sink', 'out', 'count', { key: text, value: count });
}

async function live(world: World, log: LogClient, caching: boolean): Promise<void> {
  const { env, random } = world;
  const options: KafkaStreamsOptions = {
    applicationId: 'app',
    log,
    env,
    onUncaughtError: 'replace',
    ...(chance(world, 0.5) ? {} : { commitInterval: random.uint32() % 50 }),
  };
  const app = new KafkaStreams(program(world, caching), options);
  await env.run(app.start());
  const steps = random.uint32() % 100;
  for (let step = 0; step < steps; step++) {
    await env.settle();
    env.advance(random.uint32() % 12);
  }
  await env.run(app.close({ timeout: random.uint32() % 100 }));
  expect(app.state).toBe('NOT_RUNNING');
}

function expectExact(records: readonly { key: string | null; value: number | null }[]): void {
  const seen = new Map<string | null, number>();
  for (const { key, value } of records) {
    expect(value, `${key} goes up by one`).toBe((seen.get(key) ?? 0) + 1);
    seen.set(key, value ?? 0);
  }
  const total = [...seen].reduce(
    (sum, [key, value]) => (key?.startsWith('beat') === true ? sum : sum + value),
    0,
  );
  expect(total).toBe(RECORDS);
}

describe('everything at once', () => {
  for (const caching of [false, true]) {
    it(`counts exactly once ${caching ? 'with' : 'without'} a cache (first seed ${firstSeed})`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const seed = firstSeed + round;
        const env = new SimulatedEnv({ seed });
        const world: World = { env, random: new SeededRandom(seed), failing: 0.08 };
        const log = memoryEngine({ env });
        await env.run(createTopics(log, { in: 2, out: 1 }));
        await env.run(
          produce(
            log,
            'in',
            Array.from({ length: RECORDS }, (_, index) => ({
              key: `k${index % KEYS}`,
              value: String(index),
            })),
          ),
        );
        try {
          for (let lives = world.random.uint32() % 4; lives >= 0; lives--)
            await live(world, log, caching);
          world.failing = 0;
          await env.run(
            new KafkaStreams(program(world, caching), { applicationId: 'app', log, env }).run({
              until: 'caughtUp',
            }),
          );
          const app = new KafkaStreams(program(world, caching), { applicationId: 'app', log, env });
          await env.run(app.start());
          const [counts, last] = [app.store('counts'), app.store('last')];
          for (let key = 0; key < KEYS; key++) {
            expect(counts.get(`k${key}`)).toBe(RECORDS / KEYS);
            expect(last.get(`k${key}`)).toBe(RECORDS / KEYS);
          }
          await env.run(app.close());
          expectExact(await env.run(read(log, 'out', count)));
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
        await env.run(log.close());
      }
    });
  }
});
