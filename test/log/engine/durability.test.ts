/** What is seen and told before, at and without durability: the device is in the test's hand. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { StreamsError } from '../../../src/errors.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { Bench, recordsOf, send, values } from '../client-suite-records.js';
import { StagedStorage } from './staged-storage.js';

let env: SimulatedEnv;
let storage: StagedStorage;
let engine: LogEngine;
let bench: Bench;

beforeEach(async () => {
  env = new SimulatedEnv();
  storage = new StagedStorage();
  engine = await openEngine({ storage, env, features: { durable: true } });
  bench = new Bench({
    client: engine,
    run: (promise) => env.run(promise),
    advance: async (ms) => env.advance(ms),
    close: () => engine.close(),
  });
  await bench.topic('a');
});

/** Whether the promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  // oxlint-disable-next-line promise/no-callback-in-promise -- only notes that it settled
  promise.then(
    () => (done = true),
    () => (done = true),
  );
  await env.settle();
  return done;
}

describe('before it is durable', () => {
  it('a plain record is neither seen nor acknowledged', async () => {
    const producer = await bench.producer();
    storage.atOnce = false;
    const offsets: number[] = [];
    send(producer, 'a', null, 'x', { acknowledged: (_error, offset) => offsets.push(offset) });
    const flush = producer.flush();
    expect(await settled(flush)).toBe(false);
    expect(offsets).toEqual([]);
    expect(producer.pendingBytes).toBeGreaterThan(60);
    expect(await bench.read('a', { isolation: 'read_uncommitted' })).toEqual([]);
    storage.complete();
    expect(offsets).toEqual([0]);
    await flush;
    expect(producer.pendingBytes).toBe(0);
    expect(await bench.read('a')).toEqual(['x']);
  });

  it('a transaction is read by its own consumer only, and its commit is not told', async () => {
    const producer = await bench.transactional();
    const own = bench.reader('a', { readThrough: { producer, topics: new Set(['a']) } });
    storage.atOnce = false;
    producer.begin();
    send(producer, 'a', null, 'x');
    producer.seal();
    expect(storage.syncs).toBeGreaterThan(0);
    expect(values(recordsOf(await own.poll(0)))).toEqual(['x']);
    const commit = producer.commit();
    expect(await settled(commit)).toBe(false);
    expect(await bench.read('a')).toEqual([]);
    expect(await bench.read('a', { isolation: 'read_uncommitted' })).toEqual([]);
    storage.complete();
    expect(await commit).toEqual({ outcome: 'committed' });
    expect(await bench.read('a')).toEqual(['x']);
  });

  it('data whose marker is not durable yet stays undecided for others, and readable for its own', async () => {
    const producer = await bench.transactional();
    const plain = await bench.producer();
    const own = bench.reader('a', { readThrough: { producer, topics: new Set(['a']) } });
    storage.atOnce = false;
    producer.begin();
    send(producer, 'a', null, 'x');
    producer.seal();
    const flush = plain.flush();
    send(plain, 'a', null, 'y');
    plain.seal();
    env.runImmediates();
    const commit = producer.commit();
    expect(values(recordsOf(await own.poll(0)))).toEqual([]);
    storage.complete();
    // Data and plain record are on the device, the marker is in the group behind them.
    expect(await bench.read('a')).toEqual([]);
    expect(values(recordsOf(await own.poll(0)))).toEqual(['x', 'y']);
    storage.complete();
    await Promise.all([commit, flush]);
    expect(await bench.read('a')).toEqual(['x', 'y']);
  });

  it("another producer's plain record is not passed by a reader of an open transaction", async () => {
    const producer = await bench.transactional();
    const plain = await bench.producer();
    const own = bench.reader('a', { readThrough: { producer, topics: new Set(['a']) } });
    storage.atOnce = false;
    send(plain, 'a', null, 'foreign');
    plain.seal();
    producer.begin();
    send(producer, 'a', null, 'mine');
    producer.seal();
    expect(await own.poll(0)).toEqual([]);
    env.runImmediates();
    storage.complete();
    expect(values(await bench.drain(own))).toEqual(['foreign', 'mine']);
  });

  it('an abort marker does not move the last stable offset', async () => {
    const [one, two] = [await bench.transactional('one'), await bench.producer()];
    one.begin();
    send(one, 'a', null, 'gone');
    one.seal();
    send(two, 'a', null, 'kept');
    await bench.run(two.flush());
    storage.atOnce = false;
    const abort = one.abort();
    expect(await bench.read('a')).toEqual([]);
    storage.complete();
    await abort;
    expect(await bench.read('a')).toEqual(['kept']);
  });

  it('committed offsets are the old ones', async () => {
    const consumer = bench.reader('a', { groupId: 'g' });
    storage.atOnce = false;
    const commit = consumer.commit([{ topic: 'a', partition: 0, offset: 4, metadata: '' }]);
    await env.settle();
    expect(await engine.admin().committedOffsets('g')).toEqual([]);
    storage.complete();
    await commit;
    expect(await engine.admin().committedOffsets('g')).toHaveLength(1);
  });
});

describe('one sync', () => {
  it('serves all producers of a turn', async () => {
    const producers = await Promise.all([1, 2, 3, 4].map(() => bench.producer()));
    const before = storage.syncs;
    for (const producer of producers) send(producer, 'a', null, 'x');
    await env.settle();
    expect(storage.syncs - before).toBe(1);
    expect(await bench.read('a')).toHaveLength(4);
  });

  it('commits a transaction over any number of partitions', async () => {
    await bench.topic('wide', 64);
    const producer = await bench.transactional();
    producer.begin();
    for (let partition = 0; partition < 64; partition++)
      send(producer, 'wide', null, 'x', { partition });
    producer.sendOffsets([{ topic: 'a', partition: 0, offset: 1, metadata: '' }], {
      groupId: 'g',
      generationId: -1,
      memberId: '',
    });
    const before = storage.syncs;
    await bench.run(producer.commit());
    expect(storage.syncs - before).toBe(1);
  });

  it('is made without being asked when a megabyte is open', async () => {
    const producer = await bench.transactional();
    producer.begin();
    const before = storage.syncs;
    for (let i = 0; i < 50; i++) send(producer, 'a', null, 'x'.repeat(60_000));
    expect(storage.syncs - before).toBe(2);
    expect(await bench.read('a')).toEqual([]);
    await bench.run(producer.commit());
  });

  it('follows the one in flight, for all who came meanwhile', async () => {
    const producers = await Promise.all([1, 2, 3].map((i) => bench.transactional(`p${i}`)));
    storage.atOnce = false;
    const before = storage.syncs;
    const commits = producers.map((producer) => {
      producer.begin();
      send(producer, 'a', null, 'x');
      return producer.commit();
    });
    await env.settle();
    expect(storage.syncs - before).toBe(1);
    storage.complete();
    expect(storage.syncs - before).toBe(2);
    storage.complete();
    expect(await Promise.all(commits)).toEqual(producers.map(() => ({ outcome: 'committed' })));
  });
});

describe('when the device fails', () => {
  it('a commit is unknown, later writes are refused, reads go on', async () => {
    await bench.produce('a', 'before');
    const producer = await bench.transactional();
    const plain = await bench.producer();
    storage.atOnce = false;
    producer.begin();
    send(producer, 'a', null, 'x');
    const commit = producer.commit();
    await env.settle();
    storage.fail();
    expect(await commit).toMatchObject({ outcome: 'unknown', error: { code: 'OUTCOME_UNKNOWN' } });
    expect(await bench.run(producer.commit())).toMatchObject({ outcome: 'unknown' });
    const told: (string | undefined)[] = [];
    send(plain, 'a', null, 'y', { acknowledged: (error) => told.push(error?.code) });
    await expect(bench.run(plain.flush())).rejects.toMatchObject({ code: 'LOG_READ_ONLY' });
    expect(told).toEqual(['LOG_READ_ONLY']);
    expect(() => send(plain, 'a', null, 'z')).toThrowError(
      expect.objectContaining({ code: 'LOG_READ_ONLY' }),
    );
    await expect(
      bench.run(engine.admin().createTopics([{ topic: 'b', partitions: 1 }])),
    ).rejects.toMatchObject({ code: 'LOG_READ_ONLY' });
    expect(await bench.read('a')).toEqual(['before']);
    await bench.run(engine.close());
  });

  it('a plain producer is told that the outcome is unknown', async () => {
    const producer = await bench.producer();
    storage.atOnce = false;
    const told: (string | undefined)[] = [];
    send(producer, 'a', null, 'x', { acknowledged: (error) => told.push(error?.code) });
    const flush = producer.flush();
    await env.settle();
    storage.fail();
    await expect(flush).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(told).toEqual(['OUTCOME_UNKNOWN']);
    expect(producer.pendingBytes).toBe(0);
  });

  it('a refused append in a commit is unknown, and nothing more is synced', async () => {
    const producer = await bench.transactional();
    producer.begin();
    send(producer, 'a', null, 'x');
    producer.seal();
    storage.appendFailure = new StreamsError('DISK_FULL', 'No space left.');
    const before = storage.syncs;
    expect(await bench.run(producer.commit())).toMatchObject({ outcome: 'unknown' });
    expect(storage.syncs).toBe(before);
    expect(await bench.read('a')).toEqual([]);
    const recovered = new Bench({
      ...bench.harness,
      client: await openEngine({ storage: storage.crashed(), env, features: { durable: true } }),
    });
    expect(await recovered.read('a')).toEqual([]);
  });

  it('an abort still resolves: recovery will not show the transaction', async () => {
    const producer = await bench.transactional();
    producer.begin();
    send(producer, 'a', null, 'x');
    producer.seal();
    storage.appendFailure = new StreamsError('DISK_FULL', 'No space left.');
    await bench.run(producer.abort());
    expect(await bench.read('a')).toEqual([]);
  });
});

describe('callbacks of users', () => {
  it('that throw are reported and stop nobody else', async () => {
    const errors: string[] = [];
    const logger = {
      info: () => undefined,
      warn: () => undefined,
      error: (message: string) => errors.push(message),
    };
    const loud = new Bench({
      ...bench.harness,
      client: await openEngine({
        storage: new StagedStorage(),
        env,
        features: { durable: true },
        logger,
      }),
    });
    await loud.topic('a');
    const producer = await loud.producer();
    const offsets: number[] = [];
    send(producer, 'a', null, 'x', {
      acknowledged: () => {
        throw new Error('mine');
      },
    });
    send(producer, 'a', null, 'y', { acknowledged: (_error, offset) => offsets.push(offset) });
    await loud.run(producer.flush());
    expect(offsets).toEqual([1]);
    expect(errors.join()).toContain('mine');
  });
});
