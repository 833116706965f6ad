/**
 * Retention on virtual time, over both storages: what goes by age and by size and when, what stays although it is
 * old, that the disk stays in bounds over weeks, and that a log start is the same after a crash.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { memoryEngine, openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { Maintenance } from '../../../src/log/engine/maintenance.js';
import { BelievedClock } from '../../../src/log/engine/retention.js';
import { Bench, send } from '../client-suite-records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CHECK = DEFAULT_SETTINGS.retentionCheckMs;

class RetentionBench extends Bench {
  readonly engine: LogEngine;
  readonly env: SimulatedEnv;

  constructor(engine: LogEngine, env: SimulatedEnv) {
    super({
      client: engine,
      run: (promise) => env.run(promise),
      advance: async (ms) => {
        env.advance(ms);
        await env.settle();
      },
      close: () => env.run(engine.close()),
    });
    this.engine = engine;
    this.env = env;
  }

  async pass(ms: number): Promise<void> {
    await this.harness.advance(ms);
  }

  /** Sends values with the time of the clock, or another one, durable when it resolves. */
  async write(topic: string, texts: readonly string[], timestamp?: number): Promise<void> {
    const producer = await this.producer();
    for (const text of texts)
      send(producer, topic, 'key', text, { timestamp: timestamp ?? this.env.clock.now() });
    await this.run(producer.flush());
    await this.run(producer.close());
  }

  async start(topic: string): Promise<number> {
    return (await this.client.admin().listOffsets(topic, 'earliest'))[0]!.offset;
  }

  segments(topic: string): { readonly count: number; readonly bytes: number } {
    const segments = this.engine.broker.topics.get(topic).partition(0).storage.segments();
    return {
      count: segments.length,
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    };
  }
}

async function memory(env: SimulatedEnv): Promise<RetentionBench> {
  return new RetentionBench(memoryEngine({ env }), env);
}

async function durable(env: SimulatedEnv): Promise<RetentionBench> {
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
  const engine = await env.run(openEngine({ storage, env, features: { durable: true } }));
  return new RetentionBench(engine, env);
}

/** The machine stops; its disk is started on again. */
async function crashed(bench: RetentionBench): Promise<RetentionBench> {
  const { files, clock } = bench.env;
  files.crash('none');
  return durable(new SimulatedEnv({ files, startMs: clock.now() }));
}

describe.each([
  ['memory log', memory],
  ['durable log', durable],
])('retention of the %s', (_name, open) => {
  let env: SimulatedEnv;
  let bench: RetentionBench;

  beforeEach(async () => {
    env = new SimulatedEnv();
    bench = await open(env);
  });

  it('by age, segments go when their youngest record is older than retention.ms', async () => {
    await bench.topic('a', 1, { 'retention.ms': DAY, 'segment.ms': HOUR });
    for (let hour = 0; hour < 6; hour++) {
      await bench.write('a', ['x']);
      await bench.pass(HOUR + 1);
    }
    expect(await bench.start('a')).toBe(0);
    await bench.pass(DAY - 4 * HOUR + CHECK);
    expect(await bench.start('a')).toBe(3);
    // The active segment is over too, at last.
    await bench.pass(DAY);
    expect(await bench.start('a')).toBe(6);
    expect(bench.segments('a').bytes).toBe(0);
    await bench.write('a', ['next']);
    expect(await bench.read('a')).toEqual(['next']);
    await bench.harness.close();
  });

  it('by size, the oldest segments go while the others are large enough', async () => {
    await bench.topic('a', 1, { 'retention.bytes': 5000, 'retention.ms': -1, 'segment.ms': HOUR });
    for (let hour = 0; hour < 10; hour++) {
      await bench.write('a', ['x'.repeat(1000)]);
      await bench.pass(HOUR + 1);
    }
    expect(bench.segments('a').bytes).toBeGreaterThanOrEqual(5000);
    expect(bench.segments('a').bytes).toBeLessThan(6200);
    expect(bench.segments('a').count).toBe(5);
    await bench.pass(365 * DAY);
    expect(bench.segments('a').count).toBe(5);
    await bench.harness.close();
  });

  it('takes nothing of a topic that is only compacted, or keeps for ever', async () => {
    await bench.topic('a', 1, { 'cleanup.policy': 'compact', 'retention.ms': 1 });
    await bench.topic('b', 1, { 'retention.ms': -1 });
    await bench.write('a', ['x']);
    await bench.write('b', ['x']);
    await bench.pass(30 * DAY);
    expect([await bench.start('a'), await bench.start('b')]).toEqual([0, 0]);
    const admin = bench.client.admin();
    await bench.run(
      admin.alterConfigs([{ topic: 'a', set: { 'cleanup.policy': 'compact,delete' } }]),
    );
    await bench.pass(CHECK);
    expect([await bench.start('a'), await bench.start('b')]).toEqual([1, 0]);
    await bench.harness.close();
  });

  it('never passes an open transaction', async () => {
    await bench.topic('a', 1, { 'retention.ms': HOUR, 'segment.ms': MINUTE });
    await bench.write('a', ['0']);
    await bench.pass(2 * MINUTE);
    const producer = await bench.transactional('t', { transactionTimeoutMs: 30 * DAY });
    producer.begin();
    send(producer, 'a', 'k', 'open', { timestamp: env.clock.now() });
    producer.seal();
    await bench.pass(2 * MINUTE);
    await bench.write('a', ['behind']);
    await bench.pass(DAY);
    expect(await bench.start('a')).toBe(1);
    await bench.run(producer.commit());
    await bench.pass(CHECK);
    // The marker is young, what lies below it in other segments is not.
    expect(await bench.start('a')).toBe(3);
    await bench.harness.close();
  });

  it('a reader below the log start goes on by its policy', async () => {
    await bench.topic('a', 1, { 'retention.ms': HOUR, 'segment.ms': MINUTE });
    const reader = bench.reader('a');
    await bench.write('a', ['0']);
    await bench.pass(DAY);
    await bench.write('a', ['1']);
    expect((await bench.drain(reader)).map(({ value, offset }) => [value, offset])).toEqual([
      ['1', 1],
    ]);
    await bench.harness.close();
  });

  it('a timestamp that is years ahead keeps its segment no longer than others', async () => {
    await bench.topic('a', 1, {
      'retention.ms': DAY,
      'segment.ms': HOUR,
      'message.timestamp.after.max.ms': 20 * 365 * DAY,
    });
    await bench.write('a', ['ahead'], env.clock.now() + 10 * 365 * DAY);
    await bench.run(
      bench.client
        .admin()
        .alterConfigs([{ topic: 'a', unset: ['message.timestamp.after.max.ms'] }]),
    );
    await bench.pass(DAY - HOUR);
    expect(await bench.start('a')).toBe(0);
    await bench.pass(2 * HOUR);
    expect(await bench.start('a')).toBe(1);
    await bench.harness.close();
  });

  it('a wall clock that jumps years ahead and is set right again deletes nothing young', async () => {
    await bench.topic('a', 1, { 'retention.ms': DAY });
    await bench.write('a', ['x']);
    await bench.pass(CHECK);
    env.clock.jump(10 * 365 * DAY);
    await bench.pass(HOUR);
    env.clock.jump(-10 * 365 * DAY);
    await bench.pass(HOUR);
    expect(await bench.start('a')).toBe(0);
    await bench.pass(DAY);
    expect(await bench.start('a')).toBe(1);
    await bench.harness.close();
  });

  it('weeks of writes stay in bounds, in bytes and in segments', async () => {
    await bench.topic('age', 1, { 'retention.ms': 2 * DAY, 'segment.ms': 6 * HOUR });
    await bench.topic('size', 1, {
      'retention.bytes': 20_000,
      'retention.ms': -1,
      'segment.ms': 6 * HOUR,
    });
    let most = { count: 0, bytes: 0 };
    for (let hour = 0; hour < 6 * 7 * 24; hour += 2) {
      for (const topic of ['age', 'size']) {
        // oxlint-disable-next-line no-await-in-loop -- one write after the other
        await bench.write(topic, ['x'.repeat(500)]);
        const { count, bytes } = bench.segments(topic);
        most = { count: Math.max(most.count, count), bytes: Math.max(most.bytes, bytes) };
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      await bench.pass(2 * HOUR);
    }
    expect(most.count).toBeLessThanOrEqual(13);
    expect(most.bytes).toBeLessThan(24_000);
    const bytes = bench.env.files.paths().filter((path) => /(age|size)-0\/.*log$/.test(path));
    expect(bytes.length).toBeLessThan(30);
    await bench.harness.close();
  });

  it('a check in a log of many partitions comes in slices', async () => {
    await bench.topic('a', 1000, { 'retention.ms': 1000 });
    const producer = await bench.producer();
    for (const partition of [0, 500, 999])
      send(producer, 'a', 'k', 'v', { partition, timestamp: env.clock.now() });
    await bench.run(producer.flush());
    await bench.pass(CHECK);
    expect(await bench.start('a')).toBe(1);
    const starts = async () =>
      (await bench.client.admin().listOffsets('a', 'earliest')).filter(({ offset }) => offset > 0);
    expect((await starts()).length).toBe(1);
    await bench.pass(10);
    expect((await starts()).length).toBe(3);
    await bench.harness.close();
  });
});

describe('retention of a log that is opened again', () => {
  it('the log start is what it was, after a crash and after a close', async () => {
    const bench = await durable(new SimulatedEnv());
    await bench.topic('a', 1, { 'retention.ms': DAY, 'segment.ms': HOUR });
    for (let hour = 0; hour < 30; hour++) {
      // oxlint-disable-next-line no-await-in-loop -- one write after the other
      await bench.write('a', ['x']);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await bench.pass(HOUR + 1);
    }
    const start = await bench.start('a');
    expect(start).toBeGreaterThan(3);
    const again = await crashed(bench);
    expect(await again.start('a')).toBe(start);
    expect((await again.read('a')).length).toBe(30 - start);
    await again.harness.close();
    const third = await durable(
      new SimulatedEnv({ files: again.env.files, startMs: again.env.clock.now() }),
    );
    expect(await third.start('a')).toBe(start);
    await third.harness.close();
  });

  it('a process that opens it for a moment now and then deletes what is old', async () => {
    const bench = await durable(new SimulatedEnv());
    await bench.topic('a', 1, { 'retention.ms': DAY });
    await bench.write('a', ['x']);
    await bench.harness.close();
    const { files, clock } = bench.env;
    const later = await durable(new SimulatedEnv({ files, startMs: clock.now() + 2 * DAY }));
    expect(await later.start('a')).toBe(0);
    await later.pass(2);
    expect(await later.start('a')).toBe(1);
    await later.harness.close();
  });

  it('nothing happens after it was closed', async () => {
    const bench = await durable(new SimulatedEnv());
    await bench.topic('a', 1, { 'retention.ms': HOUR });
    await bench.write('a', ['x']);
    await bench.harness.close();
    await bench.pass(30 * DAY);
    expect(bench.engine.broker.topics.get('a').partition(0).startOffset).toBe(0);
  });

  it('what fails is told and tried again at the next check', async () => {
    const env = new SimulatedEnv();
    const bench = await memory(env);
    await bench.topic('a', 1, { 'retention.ms': HOUR });
    await bench.write('a', ['x'], env.clock.now() - 2 * HOUR);
    const warned: string[] = [];
    const raised: number[] = [];
    const { topics, durability, transactions } = bench.engine.broker;
    const maintenance = new Maintenance({
      env,
      logger: { info: () => {}, warn: (line) => void warned.push(line), error: () => {} },
      topics,
      durability,
      transactions,
      checkMs: MINUTE,
      raiseStart: (_partition, offset) => {
        raised.push(offset);
        if (raised.length === 1) throw new Error('no');
      },
    });
    maintenance.start();
    await bench.pass(1);
    expect([raised, warned.length]).toEqual([[1], 1]);
    await bench.pass(MINUTE);
    expect([raised, warned.length]).toEqual([[1, 1], 1]);
    expect(warned[0]).toMatch(/retention failed, it is tried again later: Error: no/);
    maintenance.close();
    await bench.harness.close();
  });
});

describe('producers and transactional ids', () => {
  it('that nobody used for long are not in snapshots any more', async () => {
    const env = new SimulatedEnv();
    const bench = await memory(env);
    await bench.topic('a', 1, { 'retention.ms': -1 });
    for (let i = 0; i < 5; i++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const producer = await bench.transactional(`id-${i}`);
      producer.begin();
      send(producer, 'a', 'k', 'v', { timestamp: env.clock.now() });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await bench.run(producer.commit());
      // oxlint-disable-next-line no-await-in-loop -- as above
      await bench.run(producer.close());
    }
    const { transactions, topics } = bench.engine.broker;
    const known = () => topics.get('a').partition(0).snapshot(0).producers.length;
    expect([transactions.snapshot().length, known()]).toEqual([5, 5]);
    await bench.pass(DAY + CHECK);
    expect([transactions.snapshot().length, known()]).toEqual([5, 0]);
    const kept = await bench.transactional('id-3');
    await bench.pass(7 * DAY);
    expect(transactions.snapshot()).toMatchObject([{ transactionalId: 'id-3' }]);
    kept.begin();
    send(kept, 'a', 'k', 'v', { timestamp: env.clock.now() });
    expect(await bench.run(kept.commit())).toEqual({ outcome: 'committed' });
    await bench.harness.close();
  });
});

describe('the clock that retention believes', () => {
  it('follows small steps and going back at once, and a jump ahead slowly', () => {
    const { clock } = new SimulatedEnv();
    const warned: string[] = [];
    const believed = new BelievedClock(clock, (message) => void warned.push(message));
    clock.pass(MINUTE);
    expect(believed.now()).toBe(clock.now());
    clock.jump(30_000);
    expect(believed.now()).toBe(clock.now());
    clock.jump(-DAY);
    expect(believed.now()).toBe(clock.now());
    clock.jump(8 * HOUR);
    clock.pass(5 * MINUTE);
    expect(clock.now() - believed.now()).toBe(8 * HOUR - 55 * MINUTE);
    expect(warned.length).toBe(1);
    for (let i = 0; i < 8; i++) {
      clock.pass(5 * MINUTE);
      believed.now();
    }
    expect(believed.now()).toBe(clock.now());
    expect(warned.length).toBe(1);
  });

  it('follows a jump no faster when it is asked often', () => {
    const { clock } = new SimulatedEnv();
    const believed = new BelievedClock(clock, () => undefined);
    const before = clock.now();
    clock.jump(30 * DAY);
    for (let i = 0; i < 10_000; i++) believed.now();
    expect(believed.now() - before).toBe(0);
    clock.pass(MINUTE);
    expect(believed.now() - before).toBe(12 * MINUTE);
  });
});
