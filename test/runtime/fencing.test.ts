/** Two applications with one id on one log, met at every moment: the older one ends, and nothing of it is seen. */
import { describe, expect, it } from 'vitest';
import type { SimulatedEnv } from '../../src/env/simulated-env.js';
import type { LogClient } from '../../src/log/client.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { createTopics, produce, read, simulated, text } from './harness.js';

/** in -> hop (repartition) -> call (may be async) -> out */
const hopping = (call: (value: string) => string | Promise<string>) =>
  new Topology()
    .addSource('source', 'in', { value: text })
    .addRepartitionTopic('hop-repartition')
    .addSink('hop-sink', 'hop-repartition', 'source', { value: text })
    .addSource('hop', 'hop-repartition', { value: text })
    .addProcessor(
      'call',
      (context: ProcessorContext<unknown, string>) => ({
        process(record: Record<unknown, string>) {
          const answer = call(record.value);
          if (typeof answer === 'string') return context.forward({ ...record, value: answer });
          return answer.then((value) => context.forward({ ...record, value }));
        },
      }),
      'hop',
    )
    .addSink('sink', 'out', 'call', { value: text });

const pass = async (env: SimulatedEnv, ms = 50) => {
  for (let passed = 0; passed < ms; passed += 5) {
    await env.settle();
    env.advance(5);
  }
  await env.settle();
};

const values = async (log: LogClient) => (await read(log, 'out', text)).map(({ value }) => value);

const same = (value: string) => value;

describe('an application whose id was taken over', () => {
  it('while it is idle: learns of it when it closes, the newer one has everything', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    const options = { applicationId: 'app', log, env };
    const older = new KafkaStreams(hopping(same), options);
    await env.run(older.start());
    await env.run(produce(log, 'in', ['a']));
    await pass(env);
    const newer = new KafkaStreams(hopping(same), options);
    await env.run(newer.start());
    expect(await env.run(older.close())).toBe(true);
    expect(older.state).toBe('ERROR');
    await env.run(produce(log, 'in', ['b']));
    await pass(env);
    await env.run(newer.close());
    expect(newer.state).toBe('NOT_RUNNING');
    expect(await env.run(values(log))).toEqual(['a', 'b']);
    await env.run(log.close());
  });

  it('while a record waits for a promise: what comes of it is not seen', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    const options = { applicationId: 'app', log, env };
    let open: () => void = () => undefined;
    const waiting = (value: string) =>
      new Promise<string>((resolve) => (open = () => resolve(`${value}-old`)));
    const older = new KafkaStreams(hopping(waiting), options);
    const olderEnd = older.run().catch((error: unknown) => error);
    await pass(env);
    await env.run(produce(log, 'in', ['a', 'b']));
    await pass(env);
    const newer = new KafkaStreams(hopping(same), options);
    await env.run(newer.start());
    open();
    await pass(env);
    open();
    await pass(env);
    expect(await env.run(olderEnd)).toMatchObject({ code: 'PRODUCER_FENCED' });
    await env.run(newer.close());
    expect(await env.run(values(log))).toEqual(['a', 'b']);
    await env.run(log.close());
  });

  it('while it is closing: the last commit is not made', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    const options = { applicationId: 'app', log, env, commitInterval: 3_600_000 };
    const older = new KafkaStreams(
      hopping((value) => `${value}-old`),
      options,
    );
    const olderEnd = older.run().catch((error: unknown) => error);
    await pass(env);
    await env.run(produce(log, 'in', ['a', 'b']));
    await pass(env);
    const newer = new KafkaStreams(hopping(same), options);
    await env.run(newer.start());
    expect(await env.run(older.close())).toBe(true);
    expect(await env.run(olderEnd)).toMatchObject({ code: 'PRODUCER_FENCED' });
    await pass(env);
    await env.run(newer.close());
    expect(await env.run(values(log))).toEqual(['a', 'b']);
    await env.run(log.close());
  });

  it('at any step of its loop: all of a commit or nothing', async () => {
    for (let steps = 0; steps < 60; steps++) {
      const { env, log } = simulated();
      await env.run(createTopics(log, { in: 1 }));
      const options = { applicationId: 'app', log, env };
      const older = new KafkaStreams(hopping(same), options);
      const olderEnd = older.run().catch((error: unknown) => error);
      await pass(env, 20);
      const produced = produce(log, 'in', ['a', 'b', 'c']);
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const newer = new KafkaStreams(hopping(same), options);
      await env.run(newer.start());
      await env.run(produced);
      await env.run(produce(log, 'in', ['d']));
      await pass(env, 20);
      expect(await env.run(olderEnd), `after ${steps} steps`).toMatchObject({
        code: 'PRODUCER_FENCED',
      });
      await env.run(newer.close());
      expect(await env.run(values(log)), `after ${steps} steps`).toEqual(['a', 'b', 'c', 'd']);
      await env.run(log.close());
    }
  });
});
