/** Quotas of producers on virtual time: rates come down to the quota, nobody else is slowed, the greatest delay is an error. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { memoryEngine } from '../../../src/log/engine/engine.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { TypedLog } from '../../../src/log/log.js';
import { Topology } from '../../../src/processor/topology.js';
import { KafkaStreams } from '../../../src/runtime/kafka-streams.js';
import { Serdes } from '../../../src/serde/serdes.js';
import { produce, read, text } from '../../runtime/harness.js';
import { send } from '../client-suite-records.js';

const RATE = 10_000;
const KILOBYTE = 'x'.repeat(1000);

function world(rates: { readonly [clientId: string]: number }, quotaDelayMsMax = 60_000) {
  const env = new SimulatedEnv();
  const producerByteRates = new Map(Object.entries(rates));
  const engine = memoryEngine({
    env,
    settings: { ...DEFAULT_SETTINGS, producerByteRates, quotaDelayMsMax },
  });
  return { env, engine, log: new TypedLog(engine, env) };
}

describe('a producer with a quota', () => {
  it('writes at full speed until ten seconds of its rate are used up, then at its rate', async () => {
    const { env, log } = world({ slow: RATE });
    await log.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    const producer = log.producer({ clientId: 'slow', value: Serdes.string() });
    const sendKilobytes = async (count: number) => {
      const start = env.clock.monotonic();
      // oxlint-disable-next-line no-await-in-loop -- one after the other is what is measured
      for (let i = 0; i < count; i++) await producer.send({ topic: 'a', value: KILOBYTE });
      return env.clock.monotonic() - start;
    };
    expect(await env.run(sendKilobytes(90))).toBe(0);
    await env.run(sendKilobytes(60));
    const ms = await env.run(sendKilobytes(600));
    // With their headers 600 records are a little more than 600 kB.
    const rate = (600 * 1070 * 1000) / ms;
    expect(rate).toBeGreaterThan(0.9 * RATE);
    expect(rate).toBeLessThan(1.1 * RATE);
  });

  it('delays sends that nobody waits for, in their order', async () => {
    const { env, log } = world({ slow: RATE });
    await log.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    const producer = log.producer({ clientId: 'slow', value: Serdes.string(), batchBytes: 1 });
    const offsets: number[] = [];
    const sends = Array.from({ length: 300 }, async () => {
      const { offset } = await producer.send({ topic: 'a', value: KILOBYTE });
      offsets.push(offset);
    });
    await env.run(Promise.all(sends));
    expect(offsets).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect(env.clock.monotonic()).toBeGreaterThan(19_000);
    expect(env.clock.monotonic()).toBeLessThan(25_000);
  });

  it('that does not wait gets QUOTA_EXCEEDED, and goes on when time has passed', async () => {
    const { env, engine } = world({ fast: Infinity, '': RATE }, 1000);
    await engine.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    const producer = engine.producer({ clientId: 'rude' });
    await producer.init();
    for (let i = 0; i < 12; i++) send(producer, 'a', null, 'x'.repeat(10_000));
    await expect(producer.flush()).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      message: expect.stringMatching(
        /client id 'rude'.*quotas\.producerByteRate or quotas\.maxDelay/,
      ),
    });
    expect(producer.throttleMs).toBeGreaterThan(0);
    expect(producer.throttleMs).toBeLessThanOrEqual(1000);
    const [end] = await engine.admin().listOffsets('a', 'latest');
    expect(end?.offset).toBeGreaterThan(8);
    expect(end?.offset).toBeLessThan(12);
    env.advance(2000);
    expect(producer.throttleMs).toBe(0);
    send(producer, 'a', null, 'x');
    await producer.flush();
  });

  it('shares it with the producers of its client id, and with nobody else', async () => {
    const { engine } = world({ slow: RATE });
    await engine.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    const [first, second] = [1, 2].map(() => engine.producer({ clientId: 'slow' }));
    const other = engine.producer({ clientId: 'other' });
    for (const producer of [first!, second!, other]) {
      for (let i = 0; i < 7; i++) send(producer, 'a', null, 'x'.repeat(10_000));
      producer.seal();
    }
    expect(first!.throttleMs).toBe(second!.throttleMs);
    expect(first!.throttleMs).toBeGreaterThan(3000);
    expect(other.throttleMs).toBe(0);
  });

  it('is free again after eleven seconds of silence', async () => {
    const { env, engine } = world({ slow: RATE });
    await engine.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    const producer = engine.producer({ clientId: 'slow' });
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 9; i++) send(producer, 'a', null, 'x'.repeat(10_000));
      producer.seal();
      expect(producer.throttleMs).toBe(0);
      env.advance(11_000);
    }
  });
});

describe('an application with a quota', () => {
  for (const processingGuarantee of ['exactly-once', 'at-least-once'] as const) {
    it(`is slowed to it under its application id and loses nothing (${processingGuarantee})`, async () => {
      const { env, engine } = world({ copier: RATE });
      await engine.admin().createTopics([
        { topic: 'in', partitions: 2 },
        { topic: 'out', partitions: 2 },
      ]);
      const values = Array.from({ length: 300 }, (_, i) => `${i} ${KILOBYTE}`);
      await produce(engine, 'in', values);
      const topology = new Topology()
        .addSource('in', 'in', { value: text })
        .addSink('out', 'out', 'in', { value: text });
      const app = new KafkaStreams(topology, {
        applicationId: 'copier',
        log: new TypedLog(engine, env),
        env,
        processingGuarantee,
      });
      await env.run(app.run({ until: 'caughtUp' }));
      expect(env.clock.monotonic()).toBeGreaterThan(13_000);
      expect(env.clock.monotonic()).toBeLessThan(30_000);
      const copied = await env.run(read(engine, 'out', text));
      expect(copied.length).toBe(300);
    });
  }
});
