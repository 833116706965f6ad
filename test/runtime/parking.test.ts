import { describe, expect, it } from 'vitest';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { createTopics, produce, read, simulated, text } from './harness.js';

/** in -> `call` (async) -> out */
function calling(call: (value: string) => Promise<string>): Topology {
  return new Topology()
    .addSource('source', 'in', { value: text })
    .addProcessor(
      'call',
      (context: ProcessorContext<unknown, string>) => ({
        async process(record: Record<unknown, string>) {
          context.forward({ ...record, value: await call(record.value) });
        },
      }),
      'source',
    )
    .addSink('sink', 'out', 'call', { value: text });
}

const never = () => new Promise<string>(() => undefined);
const values = (records: readonly { readonly value: string | null }[]) =>
  records.map((record) => record.value);

describe('user code that returns promises', () => {
  it('output is in order of input, whatever the promises take', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    const inputs = Array.from({ length: 30 }, (_, index) => `v${index}`);
    await env.run(produce(log, 'in', inputs));
    const later = (value: string) =>
      new Promise<string>(
        (resolve) => void env.timers.after(env.random.uint32() % 20, () => resolve(value)),
      );
    await env.run(
      new KafkaStreams(calling(later), { applicationId: 'app', log, env }).run({
        until: 'caughtUp',
      }),
    );
    expect(values(await env.run(read(log, 'out', text)))).toEqual(inputs);
    await env.run(log.close());
  });

  it('while one task waits, the others go on and are committed', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 2 }));
    let release: (value: string) => void = () => undefined;
    const call = (value: string) =>
      value === 'slow'
        ? new Promise<string>((resolve) => (release = resolve))
        : Promise.resolve(value);
    const app = new KafkaStreams(calling(call), { applicationId: 'app', log, env });
    await env.run(app.start());
    await env.run(produce(log, 'in', [{ value: 'before', partition: 0 }]));
    await env.settle();
    await env.run(
      produce(log, 'in', [
        { value: 'slow', partition: 0 },
        { value: 'after', partition: 0 },
        { value: 'a', partition: 1 },
        { value: 'b', partition: 1 },
      ]),
    );
    for (let i = 0; i < 5; i++) {
      await env.settle();
      env.advance(10);
    }
    const others = await env.run(read(log, 'out', text));
    expect(values(others)).toEqual(['before', 'a', 'b']);
    release('slow');
    await env.settle();
    env.advance(10);
    await env.run(app.close());
    expect(values(await env.run(read(log, 'out', text)))).toEqual([
      'before',
      'a',
      'b',
      'slow',
      'after',
    ]);
    await env.run(log.close());
  });

  it('a promise that never settles ends with PROCESS_TIMEOUT and the name of the node', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['x']));
    const app = new KafkaStreams(calling(never), {
      applicationId: 'app',
      log,
      env,
      parkTimeout: '5m',
    });
    const before = env.clock.monotonic();
    await expect(env.run(app.run())).rejects.toMatchObject({
      code: 'PROCESS_TIMEOUT',
      where: { task: '0_0', node: 'call', topic: 'in', partition: 0, offset: 0 },
    });
    expect(env.clock.monotonic() - before).toBeLessThan(301_000);
    await env.run(log.close());
  });

  it('a rejection is a throw at that node', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['x']));
    const app = new KafkaStreams(
      calling(() => Promise.reject(new Error('503'))),
      { applicationId: 'app', log, env },
    );
    await expect(env.run(app.run())).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      where: { node: 'call' },
      cause: { message: '503' },
    });
    await env.run(log.close());
  });

  it('close does not wait for a promise that never settles; its record is processed again at the next start', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 1 }));
    await env.run(produce(log, 'in', ['a', 'x', 'b']));
    const app = new KafkaStreams(
      calling((value) => (value === 'x' ? never() : Promise.resolve(value))),
      { applicationId: 'app', log, env },
    );
    await env.run(app.start());
    await env.settle();
    const before = env.clock.monotonic();
    expect(await env.run(app.close({ timeout: '10s' }))).toBe(true);
    expect(env.clock.monotonic() - before).toBeLessThanOrEqual(10_100);
    await env.run(
      new KafkaStreams(
        calling((value) => Promise.resolve(value)),
        { applicationId: 'app', log, env },
      ).run({ until: 'caughtUp' }),
    );
    expect(values(await env.run(read(log, 'out', text)))).toEqual(['a', 'x', 'b']);
    await env.run(log.close());
  });

  it('a promise that settles after its task went back to the last commit changes nothing', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { in: 2 }));
    const late: ((value: string) => void)[] = [];
    let failed = false;
    const call = (value: string) => {
      if (value !== 'bomb' || failed)
        return value === 'wait' && !failed
          ? new Promise<string>((resolve) => late.push(resolve))
          : Promise.resolve(value);
      failed = true;
      return Promise.reject(new Error('bomb'));
    };
    const app = new KafkaStreams(calling(call), {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: 'replace',
    });
    await env.run(app.start());
    await env.run(produce(log, 'in', [{ value: 'wait', partition: 0 }]));
    await env.settle();
    await env.run(produce(log, 'in', [{ value: 'bomb', partition: 1 }]));
    await env.settle();
    for (const resolve of late) resolve('from the past');
    env.advance(100);
    await env.settle();
    await env.run(app.close());
    expect(values(await env.run(read(log, 'out', text)))).toEqual(['wait', 'bomb']);
    await env.run(log.close());
  });
});
