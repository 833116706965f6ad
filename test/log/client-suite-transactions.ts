/** The part of the ports' suite about transactions: atomicity, isolation, fencing, offsets, reading through. */
import { expect, it } from 'vitest';
import type { LogProducer } from '../../src/log/client.js';
import { recordsOf, send, values, type Bench } from './client-suite-records.js';

const NO_MEMBER = { groupId: 'g', generationId: -1, memberId: '' };
const A0 = { topic: 'a', partition: 0 };

export function describeTransactions(bench: () => Bench): void {
  describeIsolation(bench);
  describeStates(bench);
  describeFencing(bench);
  describeOffsets(bench);
  describeReadThrough(bench);
}

async function commit(bench: () => Bench, producer: LogProducer): Promise<void> {
  expect(await bench().run(producer.commit())).toEqual({ outcome: 'committed' });
}

function describeIsolation(bench: () => Bench): void {
  it('a transaction over topics and offsets is seen whole, after its commit', async () => {
    await bench().topic('a', 2);
    await bench().topic('b');
    const producer = await bench().transactional();
    const reader = bench().reader([A0, { topic: 'a', partition: 1 }, { topic: 'b', partition: 0 }]);
    producer.begin();
    send(producer, 'a', null, 'a0');
    send(producer, 'a', null, 'a1', { partition: 1 });
    send(producer, 'b', null, 'b0');
    producer.sendOffsets([{ ...A0, offset: 7, metadata: 'm' }], NO_MEMBER);
    await bench().run(producer.flush());
    expect(await bench().drain(reader)).toEqual([]);
    expect(await bench().client.admin().committedOffsets('g')).toEqual([]);
    await commit(bench, producer);
    expect(values(await bench().drain(reader)).sort()).toEqual(['a0', 'a1', 'b0']);
    expect(await bench().client.admin().committedOffsets('g')).toEqual([
      { ...A0, offset: 7, metadata: 'm' },
    ]);
  });

  it('records of a transaction are acknowledged when they are accepted', async () => {
    await bench().topic('a');
    const told: string[] = [];
    const producer = await bench().transactional('app', {
      onBatch: (topic, partition, base, last) => told.push(`${topic}${partition} ${base}-${last}`),
    });
    producer.begin();
    for (const text of ['0', '1'])
      send(producer, 'a', null, text, {
        acknowledged: (error, offset) => told.push(error?.code ?? `${offset}`),
      });
    expect(told).toEqual([]);
    await bench().run(producer.flush());
    expect(told).toEqual(['a0 0-1', '0', '1']);
    await commit(bench, producer);
    expect(told).toHaveLength(3);
  });

  it('aborted records are never seen, the position passes them', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'gone');
    producer.sendOffsets([{ ...A0, offset: 7, metadata: '' }], NO_MEMBER);
    await bench().run(producer.flush());
    await bench().run(producer.abort());
    producer.begin();
    send(producer, 'a', null, 'kept');
    await commit(bench, producer);
    expect(await bench().read('a')).toEqual(['kept']);
    expect(await bench().read('a', { isolation: 'read_uncommitted' })).toEqual(['gone', 'kept']);
    expect(await bench().client.admin().committedOffsets('g')).toEqual([]);
    const reader = bench().reader('a');
    await bench().drain(reader);
    expect(await reader.position(A0)).toBe(4);
  });

  it('an open transaction holds back what follows under read_committed', async () => {
    await bench().topic('a');
    const open = await bench().transactional('open');
    await bench().produce('a', 'before');
    open.begin();
    send(open, 'a', null, 'undecided');
    await bench().run(open.flush());
    await bench().produce('a', 'after');
    const reader = bench().reader('a');
    expect(values(await bench().drain(reader))).toEqual(['before']);
    const admin = bench().client.admin();
    expect(await admin.listOffsets('a', 'latest', { isolation: 'read_committed' })).toEqual([
      { partition: 0, offset: 1 },
    ]);
    const poll = reader.poll(60_000);
    await commit(bench, open);
    const rest = values([...recordsOf(await bench().run(poll)), ...(await bench().drain(reader))]);
    expect(rest).toEqual(['undecided', 'after']);
  });

  it('of interleaved transactions each is decided for itself', async () => {
    await bench().topic('a');
    const [one, two] = [await bench().transactional('one'), await bench().transactional('two')];
    one.begin();
    two.begin();
    for (let i = 0; i < 3; i++) {
      send(one, 'a', null, `one ${i}`);
      one.seal();
      send(two, 'a', null, `two ${i}`);
      two.seal();
    }
    await bench().run(two.abort());
    expect(await bench().read('a')).toEqual([]);
    await commit(bench, one);
    expect(await bench().read('a')).toEqual(['one 0', 'one 1', 'one 2']);
  });

  it('abort drops what was not handed over, and tells its callbacks', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    const told: (string | undefined)[] = [];
    producer.begin();
    send(producer, 'a', null, 'x', { acknowledged: (error) => told.push(error?.code) });
    await bench().run(producer.abort());
    expect(told).toEqual(['INVALID_TRANSACTION_STATE']);
    expect(await bench().read('a', { isolation: 'read_uncommitted' })).toEqual([]);
  });

  it('closing a producer aborts its open transaction', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'gone');
    producer.seal();
    await bench().run(producer.close());
    await bench().produce('a', 'kept');
    expect(await bench().read('a')).toEqual(['kept']);
  });

  it('a deleted topic takes its part of an open transaction with it', async () => {
    await bench().topic('a');
    await bench().topic('b');
    const producer = await bench().transactional();
    producer.begin();
    for (const topic of ['a', 'b']) send(producer, topic, null, topic);
    await bench().run(producer.flush());
    await bench().run(bench().client.admin().deleteTopics(['a']));
    await commit(bench, producer);
    expect(await bench().read('b')).toEqual(['b']);
  });
}

function describeStates(bench: () => Bench): void {
  it('calls in the wrong state are refused by name', async () => {
    await bench().topic('a');
    const invalid = expect.objectContaining({ code: 'INVALID_TRANSACTION_STATE' });
    const producer = await bench().transactional();
    expect(() => send(producer, 'a', null, 'x')).toThrowError(invalid);
    await expect(bench().run(producer.commit())).rejects.toEqual(invalid);
    expect(() => producer.sendOffsets([], NO_MEMBER)).toThrowError(invalid);
    producer.begin();
    expect(() => producer.begin()).toThrowError(invalid);
    const plain = await bench().producer();
    expect(() => plain.begin()).toThrowError(invalid);
    const fresh = bench().client.producer({ transactionalId: 'fresh' });
    expect(() => fresh.begin()).toThrowError(expect.objectContaining({ code: 'INVALID_STATE' }));
  });

  it('an empty transaction commits and aborts', async () => {
    const producer = await bench().transactional();
    producer.begin();
    await commit(bench, producer);
    producer.begin();
    await bench().run(producer.abort());
  });

  it('a hundred transactions in a row commit, every other one aborts', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    const kept: string[] = [];
    for (let i = 0; i < 100; i++) {
      producer.begin();
      for (let j = 0; j < 3; j++) send(producer, 'a', null, `${i}.${j}`);
      // oxlint-disable no-await-in-loop -- one transaction after the other
      if (i % 2 === 0) {
        await commit(bench, producer);
        kept.push(`${i}.0`, `${i}.1`, `${i}.2`);
      } else await bench().run(producer.abort());
      // oxlint-enable no-await-in-loop
    }
    expect(await bench().read('a')).toEqual(kept);
  });

  it('a failed record keeps the transaction from committing until it is aborted', async () => {
    await bench().topic('a');
    await bench().topic('b');
    const producer = await bench().transactional();
    producer.begin();
    for (const topic of ['a', 'b']) send(producer, topic, null, topic);
    await bench().run(bench().client.admin().deleteTopics(['b']));
    await expect(bench().run(producer.commit())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    await bench().run(producer.abort());
    expect(await bench().read('a')).toEqual([]);
    producer.begin();
    send(producer, 'a', null, 'next');
    await commit(bench, producer);
    expect(await bench().read('a')).toEqual(['next']);
  });
}

function describeFencing(bench: () => Bench): void {
  it('a newer producer of the id fences the older one and aborts its transaction', async () => {
    await bench().topic('a');
    const older = await bench().transactional('id');
    older.begin();
    send(older, 'a', null, 'lost');
    older.seal();
    const newer = await bench().transactional('id');
    const fenced = expect.objectContaining({
      code: 'PRODUCER_FENCED',
      message: expect.stringContaining('applicationId'),
    });
    expect(() => send(older, 'a', null, 'late')).toThrowError(fenced);
    expect(await bench().run(older.commit())).toEqual({ outcome: 'fenced', error: fenced });
    await expect(bench().run(older.abort())).rejects.toEqual(fenced);
    expect(() => older.begin()).toThrowError(fenced);
    await bench().run(older.close());
    newer.begin();
    send(newer, 'a', null, 'kept');
    await commit(bench, newer);
    expect(await bench().read('a')).toEqual(['kept']);
  });

  it('records that a fenced producer could not hand over are told', async () => {
    await bench().topic('a');
    const older = await bench().transactional('id');
    const told: (string | undefined)[] = [];
    older.begin();
    send(older, 'a', null, 'x', { acknowledged: (error) => told.push(error?.code) });
    await bench().transactional('id');
    expect(await bench().run(older.commit())).toMatchObject({ outcome: 'fenced' });
    expect(told).toEqual(['PRODUCER_FENCED']);
  });

  it('a transaction open for too long is aborted, its holder is told why', async () => {
    await bench().topic('a');
    const producer = await bench().transactional('slow', { transactionTimeoutMs: 1000 });
    producer.begin();
    send(producer, 'a', null, 'lost');
    producer.seal();
    await bench().produce('a', 'waits');
    await bench().harness.advance(1500);
    expect(await bench().read('a')).toEqual(['waits']);
    expect(await bench().run(producer.commit())).toMatchObject({
      outcome: 'fenced',
      error: { code: 'TRANSACTION_TIMEOUT' },
    });
    const next = await bench().transactional('slow');
    next.begin();
    send(next, 'a', null, 'next');
    await commit(bench, next);
    expect(await bench().read('a')).toEqual(['waits', 'next']);
  });

  it('the timeout counts per transaction', async () => {
    await bench().topic('a');
    const producer = await bench().transactional('steady', { transactionTimeoutMs: 1000 });
    for (let i = 0; i < 4; i++) {
      // oxlint-disable no-await-in-loop -- one transaction after the other
      producer.begin();
      send(producer, 'a', null, `${i}`);
      producer.seal();
      await bench().harness.advance(600);
      await commit(bench, producer);
      // oxlint-enable no-await-in-loop
    }
    expect(await bench().read('a')).toEqual(['0', '1', '2', '3']);
  });
}

function describeOffsets(bench: () => Bench): void {
  it('offsets in a transaction may carry more metadata, which applications keep their times in', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    producer.begin();
    const metadata = 'x'.repeat(65_536);
    producer.sendOffsets([{ ...A0, offset: 1, metadata }], NO_MEMBER);
    expect(() =>
      producer.sendOffsets([{ ...A0, offset: 2, metadata: `${metadata}x` }], NO_MEMBER),
    ).toThrowError(expect.objectContaining({ code: 'OFFSET_METADATA_TOO_LARGE' }));
    await commit(bench, producer);
    expect(await bench().client.admin().committedOffsets('g')).toEqual([
      { ...A0, offset: 1, metadata },
    ]);
  });

  it('the last offset sent for a partition counts, and a reader of the group begins there', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    const producer = await bench().transactional();
    producer.begin();
    for (const offset of [1, 2])
      producer.sendOffsets([{ ...A0, offset, metadata: `m${offset}` }], NO_MEMBER);
    await commit(bench, producer);
    expect(await bench().read('a', { groupId: 'g' })).toEqual(['2']);
    const consumer = bench().client.consumer({ groupId: 'g' });
    expect(await consumer.committed([A0])).toEqual([{ offset: 2, metadata: 'm2' }]);
  });

  it('offsets of unknown topics and impossible offsets are refused', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    producer.begin();
    expect(() =>
      producer.sendOffsets([{ topic: 'b', partition: 0, offset: 1, metadata: '' }], NO_MEMBER),
    ).toThrowError(expect.objectContaining({ code: 'UNKNOWN_TOPIC' }));
    expect(() =>
      producer.sendOffsets([{ ...A0, offset: -1, metadata: '' }], NO_MEMBER),
    ).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
}

function describeReadThrough(bench: () => Bench): void {
  const through = (producer: LogProducer) => ({
    readThrough: { producer, topics: new Set(['a']) },
  });

  it('a consumer reads the open transaction of its producer, others do not', async (test) => {
    test.skip(!bench().client.features.readThrough);
    await bench().topic('a');
    const producer = await bench().transactional();
    const own = bench().reader('a', through(producer));
    producer.begin();
    for (const text of ['0', '1']) {
      send(producer, 'a', null, text);
      producer.seal();
      // oxlint-disable-next-line no-await-in-loop -- each record is read before the next is sent
      expect(values(await bench().drain(own))).toEqual([text]);
    }
    expect(await bench().read('a')).toEqual([]);
    await commit(bench, producer);
    expect(await bench().drain(own)).toEqual([]);
    expect(await bench().read('a')).toEqual(['0', '1']);
  });

  it('an own record wakes a waiting poll', async (test) => {
    test.skip(!bench().client.features.readThrough);
    await bench().topic('a');
    const producer = await bench().transactional();
    const own = bench().reader('a', through(producer));
    const poll = own.poll(60_000);
    producer.begin();
    send(producer, 'a', null, 'x');
    producer.seal();
    expect(values(recordsOf(await bench().run(poll)))).toEqual(['x']);
  });

  it('after an abort the own records are skipped as for everybody', async (test) => {
    test.skip(!bench().client.features.readThrough);
    await bench().topic('a');
    const producer = await bench().transactional();
    const own = bench().reader('a', through(producer));
    producer.begin();
    send(producer, 'a', null, 'gone');
    producer.seal();
    expect(values(await bench().drain(own))).toEqual(['gone']);
    await bench().run(producer.abort());
    own.seek(A0, 0);
    producer.begin();
    send(producer, 'a', null, 'again');
    producer.seal();
    expect(values(await bench().drain(own))).toEqual(['again']);
  });

  it("another producer's open transaction is not passed", async (test) => {
    test.skip(!bench().client.features.readThrough);
    await bench().topic('a');
    const [mine, other] = [
      await bench().transactional('mine'),
      await bench().transactional('other'),
    ];
    const own = bench().reader('a', through(mine));
    other.begin();
    send(other, 'a', null, 'other');
    other.seal();
    mine.begin();
    send(mine, 'a', null, 'mine');
    mine.seal();
    expect(await bench().drain(own)).toEqual([]);
    await commit(bench, other);
    expect(values(await bench().drain(own))).toEqual(['other', 'mine']);
  });
}
