/** Topics of the durable log across crashes: configs and partition counts are what was acknowledged, by journal and by snapshot. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { Bench, send, values } from '../client-suite-records.js';

class DurableBench extends Bench {
  readonly engine: LogEngine;
  readonly env: SimulatedEnv;

  constructor(engine: LogEngine, env: SimulatedEnv) {
    super({
      client: engine,
      run: (promise) => env.run(promise),
      advance: async (ms) => env.advance(ms),
      close: () => env.run(engine.close()),
    });
    this.engine = engine;
    this.env = env;
  }

  async crashed(journalBytesMax?: number): Promise<DurableBench> {
    this.env.files.crash('none');
    return open(new SimulatedEnv({ files: this.env.files }), journalBytesMax);
  }
}

async function open(env: SimulatedEnv, journalBytesMax = 64_000_000): Promise<DurableBench> {
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline', journalBytesMax });
  return new DurableBench(
    await env.run(openEngine({ storage, env, features: { durable: true } })),
    env,
  );
}

describe('topics after a crash', () => {
  it.each([
    ['from the journal', 64_000_000],
    ['from a snapshot', 2000],
  ])('have the configs and partitions that were acknowledged, %s', async (_how, bytes) => {
    const bench = await open(new SimulatedEnv(), bytes);
    const admin = bench.client.admin();
    await bench.topic('a', 1, { 'retention.ms': 1000, 'segment.ms': 7 });
    await bench.topic('b', 2);
    await bench.run(admin.createPartitions([{ topic: 'a', partitions: 3 }]));
    await bench.run(
      admin.alterConfigs([
        { topic: 'a', set: { 'retention.ms': -1 }, unset: ['segment.ms'] },
        { topic: 'b', set: { 'cleanup.policy': 'compact' } },
      ]),
    );
    const producer = await bench.producer();
    for (let i = 0; i < 20; i++) {
      send(producer, 'a', 'k', `value ${i} ${'x'.repeat(200)}`, { partition: 2 });
      // oxlint-disable-next-line no-await-in-loop -- each is a group of its own
      await bench.run(producer.flush());
    }
    const before = await admin.describeTopics(['a', 'b']);
    const again = await bench.crashed(bytes);
    expect(await again.client.admin().describeTopics(['a', 'b'])).toEqual(before);
    expect(before).toMatchObject([
      { partitions: 3, config: { 'retention.ms': '-1' } },
      { partitions: 2, config: { 'cleanup.policy': 'compact' } },
    ]);
    const read = await again.drain(again.reader([{ topic: 'a', partition: 2 }]));
    expect(read.length).toBe(20);
    expect(again.engine.broker.topics.partitionCount).toBe(5);
    // In force too, not only described.
    const keyless = await again.producer();
    send(keyless, 'b', null, 'x');
    await expect(again.run(keyless.flush())).rejects.toMatchObject({ code: 'INVALID_RECORD' });
    const third = await again.crashed(bytes);
    expect(await third.client.admin().describeTopics(['a', 'b'])).toEqual(before);
  });

  it('a topic made anew with more partitions has none of the former records', async () => {
    const bench = await open(new SimulatedEnv());
    await bench.topic('a', 2);
    await bench.produce('a', 'old');
    await bench.run(bench.client.admin().deleteTopics(['a']));
    await bench.topic('a', 1);
    await bench.run(bench.client.admin().createPartitions([{ topic: 'a', partitions: 2 }]));
    const producer = await bench.producer();
    send(producer, 'a', null, 'new', { partition: 1 });
    await bench.run(producer.flush());
    const again = await bench.crashed();
    const reader = again.reader([
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 1 },
    ]);
    expect(values(await again.drain(reader))).toEqual(['new']);
  });
});

describe('a log start after a crash', () => {
  it('is that of the last acknowledged deletion; committed offsets below it stay', async () => {
    const bench = await open(new SimulatedEnv());
    await bench.topic('a');
    await bench.produce('a', '0', '1', '2', '3');
    const A0 = { topic: 'a', partition: 0 };
    await bench.run(
      bench.reader('a', { groupId: 'g' }).commit([{ ...A0, offset: 1, metadata: '' }]),
    );
    await bench.run(bench.client.admin().deleteRecords([{ ...A0, offset: 3 }]));
    const again = await bench.crashed();
    expect(await again.client.admin().listOffsets('a', 'earliest')).toEqual([
      { partition: 0, offset: 3 },
    ]);
    expect(await again.client.admin().committedOffsets('g')).toEqual([
      { ...A0, offset: 1, metadata: '' },
    ]);
    expect(values(await again.drain(again.reader('a', { groupId: 'g' })))).toEqual(['3']);
  });
});
