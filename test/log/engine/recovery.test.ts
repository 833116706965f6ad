/** What a new process finds: entries replayed, snapshots taken over, unfinished transactions aborted. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import type { BatchEntry } from '../../../src/log/engine/storage.js';
import { Bench, send } from '../client-suite-records.js';
import { StagedStorage } from './staged-storage.js';

const NO_MEMBER = { groupId: 'g', generationId: -1, memberId: '' };
const A0 = { topic: 'a', partition: 0 };
let env: SimulatedEnv;

beforeEach(() => {
  env = new SimulatedEnv();
});

class EngineBench extends Bench {
  readonly engine: LogEngine;

  constructor(engine: LogEngine) {
    super({
      client: engine,
      run: (promise) => env.run(promise),
      advance: async (ms) => env.advance(ms),
      close: () => engine.close(),
    });
    this.engine = engine;
  }
}

async function open(storage: StagedStorage): Promise<EngineBench> {
  return new EngineBench(await openEngine({ storage, env, features: { durable: true } }));
}

describe('after a crash', () => {
  it('what was acknowledged is there: topics, records, offsets, log starts', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a', 1, { 'retention.ms': 5 });
    await bench.topic('gone');
    await bench.produce('a', '0', '1', '2');
    await bench.run(
      bench.reader('a', { groupId: 'g' }).commit([{ ...A0, offset: 2, metadata: 'm' }]),
    );
    await bench.run(bench.client.admin().deleteRecords([{ ...A0, offset: 1 }]));
    await bench.run(bench.client.admin().deleteTopics(['gone']));
    const before = await bench.client.admin().describeTopics(['a']);
    const again = await open(storage.crashed());
    expect(await again.client.admin().describeTopics(['a', 'gone'])).toEqual([
      ...before,
      undefined,
    ]);
    expect(await again.read('a')).toEqual(['1', '2']);
    expect(await again.client.admin().committedOffsets('g')).toEqual([
      { ...A0, offset: 2, metadata: 'm' },
    ]);
  });

  it('a transaction without its commit group is aborted, with markers, before anybody reads', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a', 2);
    const producer = await bench.transactional('app');
    producer.begin();
    send(producer, 'a', null, 'lost', { partition: 0 });
    send(producer, 'a', null, 'lost', { partition: 1 });
    producer.sendOffsets([{ ...A0, offset: 9, metadata: '' }], NO_MEMBER);
    producer.seal();
    await bench.produce('a', 'kept');
    const recovered = storage.crashed();
    const again = await open(recovered);
    expect(await again.read('a')).toEqual(['kept']);
    expect(await again.client.admin().committedOffsets('g')).toEqual([]);
    expect(
      await again.client.admin().listOffsets('a', 'latest', { isolation: 'read_committed' }),
    ).toEqual([
      { partition: 0, offset: 3 },
      { partition: 1, offset: 2 },
    ]);
    // The markers are durable: the next crash finds nothing open.
    const third = await open(recovered.crashed());
    expect(await third.client.admin().listOffsets('a', 'latest')).toEqual([
      { partition: 0, offset: 3 },
      { partition: 1, offset: 2 },
    ]);
    const next = await third.transactional('app');
    next.begin();
    send(next, 'a', null, 'next');
    expect(await third.run(next.commit())).toEqual({ outcome: 'committed' });
    expect(await third.read('a')).toEqual(['kept', 'next']);
  });

  it.each([true, false])(
    'an unknown commit is whole or not there (survives: %s)',
    async (survives) => {
      const storage = new StagedStorage();
      const bench = await open(storage);
      await bench.topic('a', 2);
      const producer = await bench.transactional();
      producer.begin();
      for (const partition of [0, 1]) send(producer, 'a', null, 'x', { partition });
      producer.sendOffsets([{ ...A0, offset: 1, metadata: '' }], NO_MEMBER);
      storage.atOnce = false;
      const commit = producer.commit();
      await env.settle();
      storage.fail(survives);
      expect(await commit).toMatchObject({ outcome: 'unknown' });
      const again = await open(storage.crashed());
      const records = await again.drain(again.reader([A0, { topic: 'a', partition: 1 }]));
      expect(records).toHaveLength(survives ? 2 : 0);
      expect(await again.client.admin().committedOffsets('g')).toHaveLength(survives ? 1 : 0);
    },
  );

  it('producer ids are not used twice and epochs go on', async () => {
    let storage = new StagedStorage();
    const ids = new Set<number>();
    let epoch = -1;
    for (let run = 0; run < 5; run++) {
      // oxlint-disable no-await-in-loop -- one run after the other
      const bench = await open(storage);
      if (run === 0) await bench.topic('a');
      const [plain, producer] = [
        bench.engine.producer(),
        bench.engine.producer({ transactionalId: 'app' }),
      ];
      await env.run(Promise.all([plain.init(), producer.init()]));
      for (const one of [plain, producer]) ids.add(one.identity.producerId);
      producer.begin();
      send(producer, 'a', null, 'x');
      await bench.run(producer.commit());
      const last = storage.durable.findLast((entry) => entry.type === 'transactional-id');
      expect(last?.epoch).toBeGreaterThan(epoch);
      epoch = last?.epoch ?? -1;
      storage = storage.crashed();
      // oxlint-enable no-await-in-loop
    }
    expect(ids.size).toBe(5 + 1);
  });

  it('an epoch that is used up gets a new producer id', async () => {
    const storage = new StagedStorage([
      { type: 'producer-ids', next: 1000 },
      {
        type: 'transactional-id',
        transactionalId: 'app',
        producerId: 3,
        epoch: 32_764,
        timeoutMs: 1000,
      },
    ]);
    const bench = await open(storage);
    await bench.topic('a');
    const producer = await bench.transactional('app');
    for (let i = 0; i < 4; i++) {
      producer.begin();
      send(producer, 'a', null, `${i}`);
      // oxlint-disable-next-line no-await-in-loop -- one transaction after the other
      expect(await bench.run(producer.commit())).toEqual({ outcome: 'committed' });
    }
    expect(await bench.read('a')).toEqual(['0', '1', '2', '3']);
    const entries = storage.durable
      .filter((entry) => entry.type === 'transactional-id')
      .map(({ producerId, epoch }) => [producerId, epoch]);
    expect(entries).toEqual([
      [3, 32_764],
      [3, 32_765],
      [3, 32_766],
      [1000, 0],
      [1000, 1],
      [1000, 2],
    ]);
  });
});

describe('a snapshot', () => {
  it('stands for everything before it, open and aborted transactions too', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a');
    await bench.produce('a', 'kept');
    const producer = await bench.transactional('app');
    producer.begin();
    send(producer, 'a', null, 'aborted');
    producer.seal();
    await bench.run(producer.abort());
    producer.begin();
    send(producer, 'a', null, 'open');
    producer.seal();
    await bench.run(
      bench.reader('a', { groupId: 'g' }).commit([{ ...A0, offset: 1, metadata: 'm' }]),
    );
    await bench.produce('a', 'later');
    const snapshot = storage.host?.snapshot() ?? [];
    const batches = storage.durable.filter((entry): entry is BatchEntry => entry.type === 'batch');
    const again = await open(new StagedStorage(snapshot, batches));
    expect(await again.read('a')).toEqual(['kept', 'later']);
    expect(await again.read('a', { isolation: 'read_uncommitted' })).toEqual([
      'kept',
      'aborted',
      'open',
      'later',
    ]);
    expect(await again.client.admin().committedOffsets('g')).toEqual([
      { ...A0, offset: 1, metadata: 'm' },
    ]);
    const next = await again.transactional('app');
    next.begin();
    send(next, 'a', null, 'next');
    expect(await again.run(next.commit())).toEqual({ outcome: 'committed' });
    expect(await again.read('a')).toEqual(['kept', 'later', 'next']);
  });

  it('forgets producers that wrote nothing for a day, not those in a transaction', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a');
    const timestamp = env.clock.now();
    const [quiet, busy] = [await bench.producer(), await bench.transactional('busy')];
    send(quiet, 'a', null, 'x', { timestamp });
    await bench.run(quiet.flush());
    busy.begin();
    send(busy, 'a', null, 'y', { timestamp });
    busy.seal();
    const known = () =>
      (storage.host?.snapshot() ?? []).flatMap((entry) =>
        entry.type === 'partition-state' ? entry.state.producers : [],
      );
    expect(known()).toHaveLength(2);
    env.clock.jump(90_000_000);
    expect(known()).toEqual([expect.objectContaining({ openTransactionFirstOffset: 1 })]);
  });

  it('holds what recovery brought', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a');
    await bench.transactional('app');
    await bench.run(
      bench.reader('a', { groupId: 'g' }).commit([{ ...A0, offset: 1, metadata: 'm' }]),
    );
    const recovered = storage.crashed();
    await open(recovered);
    expect(recovered.host?.snapshot()).toEqual(storage.host?.snapshot());
  });

  it('covers batches that stand behind it although it knows them', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a');
    const producer = await bench.transactional('app');
    producer.begin();
    send(producer, 'a', null, 'aborted');
    await bench.run(producer.flush());
    await bench.run(producer.abort());
    await bench.produce('a', 'kept');
    const batches = storage.durable.filter((entry): entry is BatchEntry => entry.type === 'batch');
    const snapshot = storage.host?.snapshot() ?? [];
    const recovered = new StagedStorage(snapshot, batches);
    recovered.replayAgain = batches;
    const again = await open(recovered);
    expect(await again.read('a')).toEqual(['kept']);
    expect(recovered.host?.snapshot()).toEqual(snapshot);
  });

  it('in the middle of a journal changes nothing', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a');
    await bench.produce('a', '0', '1');
    const entries = [...storage.durable, ...(storage.host?.snapshot() ?? [])];
    const again = await open(new StagedStorage(entries));
    await again.produce('a', '2');
    expect(await again.read('a')).toEqual(['0', '1', '2']);
  });

  it('holds offsets and ids whose entries are not durable yet', async () => {
    const storage = new StagedStorage();
    const bench = await open(storage);
    await bench.topic('a');
    storage.atOnce = false;
    const commit = bench.reader('a', { groupId: 'g' }).commit([{ ...A0, offset: 1, metadata: '' }]);
    await env.settle();
    expect(storage.host?.snapshot()).toContainEqual(
      expect.objectContaining({ type: 'group-offsets', groupId: 'g' }),
    );
    storage.complete();
    await commit;
  });
});
