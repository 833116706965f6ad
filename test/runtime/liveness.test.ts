/** What could stop an application from getting on, or keep it busy for nothing. */
import { describe, expect, it } from 'vitest';
import type { SimulatedEnv } from '../../src/env/simulated-env.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { Stores } from '../../src/state/stores.js';
import { count, createTopics, produce, read, simulated, text } from './harness.js';

const settleFor = async (env: SimulatedEnv, ms: number, stepMs = 5) => {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await env.settle();
    env.advance(stepMs);
  }
  await env.settle();
};

const inputs = (records: number) =>
  Array.from({ length: records }, (_, index) => ({ key: `k${index % 7}`, value: `v${index}` }));

describe('async functions before or behind a cached store', () => {
  const shapes = {
    before: (env: SimulatedEnv) => {
      const builder = new StreamsBuilder();
      builder
        .stream('in', { key: text, value: text })
        .mapValues(
          (value) => new Promise<string>((resolve) => env.timers.after(3, () => resolve(value))),
        )
        .groupByKey({ key: text, value: text })
        .count()
        .toStream()
        .to('out', { key: text, value: count });
      return builder.build();
    },
    behind: (env: SimulatedEnv) => {
      const builder = new StreamsBuilder();
      builder
        .stream('in', { key: text, value: text })
        .groupByKey()
        .count()
        .toStream()
        .mapValues(
          (value) => new Promise<number>((resolve) => env.timers.after(3, () => resolve(value))),
        )
        .to('out', { key: text, value: count });
      return builder.build();
    },
  };

  for (const [name, shape] of Object.entries(shapes)) {
    it(`${name}: commits happen while input never pauses`, async () => {
      const { env, log } = simulated();
      await env.run(createTopics(log, { in: 1 }));
      const app = new KafkaStreams(shape(env), { applicationId: 'app', log, env });
      let commits = 0;
      app.on('commit', () => commits++);
      await env.run(app.start());
      let records = 0;
      for (let passed = 0; passed < 1500; passed += 5) {
        await env.run(produce(log, 'in', inputs(3)));
        records += 3;
        await env.settle();
        env.advance(5);
      }
      expect(commits).toBeGreaterThan(3);
      expect(commits).toBeLessThan(records);
      await env.run(app.close());
      await env.run(
        new KafkaStreams(shape(env), { applicationId: 'app', log, env }).run({ until: 'caughtUp' }),
      );
      const last = new Map(
        (await env.run(read(log, 'out', count))).map(({ key, value }) => [key, value]),
      );
      const sum = [...last.values()].reduce<number>((total, value) => total + (value ?? 0), 0);
      expect(sum).toBe(records);
      await env.run(log.close());
    });
  }
});

describe('closing while something fails', () => {
  const failing = () =>
    new Topology().addSource('source', 'in', { value: text }).addProcessor(
      'p',
      () => ({
        process() {
          throw new Error('no');
        },
      }),
      'source',
    );

  it('a listener of errors that closes the application ends it in NOT_RUNNING', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['a']));
    const app = new KafkaStreams(failing(), {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: 'replace',
    });
    app.on('error', () => void app.close());
    await env.run(app.run());
    expect(app.state).toBe('NOT_RUNNING');
    await env.run(log.close());
  });

  it("a promise that rejects while the application closes ends it in NOT_RUNNING under 'replace'", async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['a']));
    let fail: () => void = () => undefined;
    const topology = new Topology().addSource('source', 'in', { value: text }).addProcessor(
      'p',
      () => ({
        process: () =>
          new Promise<void>((_, reject) => {
            fail = () => reject(new Error('no'));
          }),
      }),
      'source',
    );
    const app = new KafkaStreams(topology, {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: 'replace',
    });
    const errors: string[] = [];
    app.on('error', ({ code }) => errors.push(code));
    await env.run(app.start());
    await settleFor(env, 20);
    const closed = app.close();
    await env.settle();
    fail();
    expect(await env.run(closed)).toBe(true);
    expect(app.state).toBe('NOT_RUNNING');
    expect(errors).toEqual(['PROCESS_FAILED']);
    await env.run(log.close());
  });

  it('a handler that answers with something else than a decision shuts down', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['a']));
    const app = new KafkaStreams(failing(), {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: (() => Promise.resolve('shutdown')) as unknown as () => 'shutdown',
    });
    const run = env.run(app.run());
    await expect(run).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
  });

  it('a handler that throws shuts down, and the failure it was asked about is named', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['a']));
    const app = new KafkaStreams(failing(), {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: () => {
        throw new Error('handler is broken');
      },
    });
    await expect(env.run(app.run())).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      message: expect.stringMatching(/onUncaughtError.*handler is broken.*processor=p/),
    });
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
  });

  it('a logger that throws disturbs nothing', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['a']));
    const broken = () => {
      throw new Error('no disk for logs');
    };
    const app = new KafkaStreams(failing(), {
      applicationId: 'app',
      log,
      env,
      logger: { info: broken, warn: broken, error: broken },
    });
    await expect(env.run(app.run())).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
  });
});

describe('processors and their stores at the start', () => {
  const seen = Stores.keyValue({ name: 'seen', key: text, value: count });
  const starting = (onRecord: () => void = () => undefined) =>
    new Topology()
      .addSource('source', 'in', { value: text })
      .addProcessor(
        'p',
        (context: ProcessorContext<string, number>) => {
          const store = context.getStateStore(seen);
          store.put('starts', (store.get('starts') ?? 0) + 1);
          return {
            process(record: Record<unknown, string>) {
              onRecord();
              context.forward({ ...record, key: 'starts', value: store.get('starts') ?? -1 });
            },
          };
        },
        'source',
        { stores: [seen] },
      )
      .addSink('sink', 'out', 'p', { key: text, value: count });

  for (const processingGuarantee of ['exactly-once', 'at-least-once'] as const) {
    it(`${processingGuarantee}: what a supplier writes is part of the next commit`, async () => {
      const { env, log } = simulated();
      await env.run(createTopics(log, { in: 1 }));
      const options = { applicationId: 'app', log, env, processingGuarantee };
      await env.run(new KafkaStreams(starting(), options).run({ until: 'caughtUp' }));
      await env.run(produce(log, 'in', ['a']));
      await env.run(new KafkaStreams(starting(), options).run({ until: 'caughtUp' }));
      expect((await env.run(read(log, 'out', count))).map(({ value }) => value)).toEqual([2]);
      await env.run(log.close());
    });
  }

  it('what a supplier writes after an abort is written once', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    let failures = 0;
    const app = new KafkaStreams(
      starting(() => {
        if (failures++ === 0) throw new Error('once');
      }),
      { applicationId: 'app', log, env, onUncaughtError: 'replace' },
    );
    await env.run(app.start());
    await settleFor(env, 20);
    await env.run(produce(log, 'in', ['a']));
    await settleFor(env, 200);
    await env.run(app.close());
    expect((await env.run(read(log, 'out', count))).map(({ value }) => value)).toEqual([2]);
    const changes = await env.run(read(log, 'app-seen-changelog', count));
    expect(changes.map(({ value }) => value)).toEqual([1, 2]);
    await env.run(log.close());
  });

  it('are closed when the start fails after some were made', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 2 }));
    let open = 0;
    const topology = new Topology().addSource('source', 'in', { value: text }).addProcessor(
      'p',
      (context: ProcessorContext) => {
        if (context.taskId === '0_1') throw new Error('no connection');
        open++;
        return {
          process: () => undefined,
          close: () => {
            open--;
          },
        };
      },
      'source',
    );
    const app = new KafkaStreams(topology, { applicationId: 'app', log, env });
    await expect(env.run(app.start())).rejects.toMatchObject({ code: 'PROCESSOR_INIT_FAILED' });
    expect(open).toBe(0);
    await env.run(log.close());
  });
});
