/**
 * The contract of the log's ports as tests. Every implementation of `src/log/client.ts` runs it through
 * `describeLogClient`; transactions and groups have files of their own. Nothing here knows an implementation.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamsError } from '../../src/errors.js';
import { Bench, bytesOf, send, type LogClientHarness } from './client-suite-records.js';
import { describeConsuming, describeWaiting } from './client-suite-consuming.js';
import { describeGroups } from './client-suite-groups.js';
import {
  describeConfigs,
  describeDeletedRecords,
  describePartitions,
  describeRecreation,
} from './client-suite-topics.js';
import { describeTimes } from './client-suite-times.js';
import { describeTransactions } from './client-suite-transactions.js';

export type { LogClientHarness } from './client-suite-records.js';

/** Registers the whole suite under `name`; `open` makes an empty log for each test. */
export function describeLogClient(name: string, open: () => Promise<LogClientHarness>): void {
  describe(name, () => {
    let bench: Bench;
    const current = (): Bench => bench;
    beforeEach(async () => {
      bench = new Bench(await open());
    });
    afterEach(async () => {
      await bench.harness.close();
    });
    describe('topics', () => describeTopics(current));
    describe('topic configs', () => describeConfigs(current));
    describe('added partitions', () => describePartitions(current));
    describe('topics made anew', () => describeRecreation(current));
    describe('deleted records', () => describeDeletedRecords(current));
    describe('producing', () => describeProducing(current));
    describe('offsets by time', () => describeTimes(current));
    describe('consuming', () => describeConsuming(current));
    describe('waiting', () => describeWaiting(current));
    describe('transactions', () => describeTransactions(current));
    describe('groups', () => describeGroups(current));
    describe('closing', () => describeClosing(current));
  });
}

function describeTopics(bench: () => Bench): void {
  it('created topics are listed and described with their configs as text', async () => {
    await bench().topic('b', 3, { 'retention.ms': 86_400_000 });
    await bench().topic('a');
    const admin = bench().client.admin();
    expect(await admin.listTopics()).toEqual(['a', 'b']);
    const [b, none] = await admin.describeTopics(['b', 'none']);
    expect(b).toMatchObject({ topic: 'b', partitions: 3, config: { 'retention.ms': '86400000' } });
    expect(b?.topicId).toMatch(/^[0-9a-f-]{36}$/);
    expect(none).toBeUndefined();
  });

  it('an existing topic is refused, and left as it is with ifNotExists', async () => {
    await bench().topic('a', 2);
    const admin = bench().client.admin();
    await expect(
      bench().run(admin.createTopics([{ topic: 'a', partitions: 5 }])),
    ).rejects.toMatchObject({ code: 'TOPIC_EXISTS' });
    await bench().run(
      admin.createTopics(
        [
          { topic: 'a', partitions: 5 },
          { topic: 'b', partitions: 1 },
        ],
        { ifNotExists: true },
      ),
    );
    expect((await admin.describeTopics(['a']))[0]?.partitions).toBe(2);
    expect(await admin.listTopics()).toEqual(['a', 'b']);
  });

  it('nothing is created when one topic of the list is wrong', async () => {
    const admin = bench().client.admin();
    await expect(
      bench().run(
        admin.createTopics([
          { topic: 'good', partitions: 1 },
          { topic: 'a/b', partitions: 1 },
        ]),
      ),
    ).rejects.toMatchObject({ code: 'INVALID_TOPIC' });
    expect(await admin.listTopics()).toEqual([]);
  });

  it('names that differ in dots and underscores alone are refused, as in Kafka', async () => {
    const admin = bench().client.admin();
    const one = { topic: 'a.b_c', partitions: 1 };
    const other = { topic: 'a_b.c', partitions: 1 };
    const refusal = {
      code: 'INVALID_TOPIC',
      message: expect.stringContaining("collides with 'a.b_c'"),
    };
    await expect(bench().run(admin.createTopics([one, other]))).rejects.toMatchObject(refusal);
    await bench().run(admin.createTopics([one]));
    await expect(bench().run(admin.createTopics([other]))).rejects.toMatchObject(refusal);
    await bench().run(admin.createTopics([one], { ifNotExists: true }));
    await bench().run(admin.deleteTopics(['a.b_c']));
    await bench().run(admin.createTopics([other]));
  });

  it.each(['', '.', '..', 'a b', 'ä', 'x'.repeat(250)])('the name %j is refused', async (topic) => {
    await expect(
      bench().run(
        bench()
          .client.admin()
          .createTopics([{ topic, partitions: 1 }]),
      ),
    ).rejects.toMatchObject({ code: 'INVALID_TOPIC' });
  });

  it.each([0, -1, 1.5, Number.NaN])('%d partitions are refused', async (partitions) => {
    await expect(
      bench().run(
        bench()
          .client.admin()
          .createTopics([{ topic: 'a', partitions }]),
      ),
    ).rejects.toMatchObject({ code: 'INVALID_PARTITIONS' });
  });

  it.each([
    [{ 'retention.mss': 1 }, /Did you mean 'retention.ms'/],
    [{ 'retention.ms': 'soon' }, /retention.ms is 'soon'/],
    [{ 'cleanup.policy': 'shrink' }, /delete, compact/],
    [{ 'min.cleanable.dirty.ratio': 2 }, /0 to 1/],
    [JSON.parse('{"__proto__": 1}') as { [name: string]: number }, /__proto__/],
  ])('the config %j is refused with a hint', async (config, message) => {
    const failed = bench().run(
      bench()
        .client.admin()
        .createTopics([{ topic: 'a', partitions: 1, config }]),
    );
    await expect(failed).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(message),
    });
  });

  it('a deleted topic is gone, and made anew it is another, empty topic', async () => {
    await bench().topic('a');
    await bench().produce('a', 'old');
    const admin = bench().client.admin();
    const [before] = await admin.describeTopics(['a']);
    await bench().run(admin.deleteTopics(['a']));
    expect(await admin.listTopics()).toEqual([]);
    await bench().topic('a');
    const [after] = await admin.describeTopics(['a']);
    expect(after?.topicId).not.toBe(before?.topicId);
    expect(await bench().read('a')).toEqual([]);
  });

  it('names that objects inherit are ordinary topic names', async () => {
    await bench().topic('constructor');
    await bench().produce('constructor', 'x');
    expect(await bench().read('constructor')).toEqual(['x']);
  });

  it('listOffsets knows earliest, latest and timestamps', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    for (const timestamp of [100, 300, 200, 400]) send(producer, 'a', null, 'x', { timestamp });
    await bench().run(producer.flush());
    const admin = bench().client.admin();
    const at = async (spec: 'earliest' | 'latest' | number) =>
      (await admin.listOffsets('a', spec))[0]?.offset;
    expect([
      await at('earliest'),
      await at('latest'),
      await at(0),
      await at(150),
      await at(301),
      await at(401),
    ]).toEqual([0, 4, 0, 1, 3, -1]);
  });

  it('deleteRecords raises the log start for every reader', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2', '3');
    const admin = bench().client.admin();
    await bench().run(admin.deleteRecords([{ topic: 'a', partition: 0, offset: 2 }]));
    expect(await admin.listOffsets('a', 'earliest')).toEqual([{ partition: 0, offset: 2 }]);
    expect(await bench().read('a')).toEqual(['2', '3']);
    await expect(
      bench().run(admin.deleteRecords([{ topic: 'a', partition: 0, offset: 9 }])),
    ).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    await bench().run(admin.deleteRecords([{ topic: 'a', partition: 0, offset: -1 }]));
    expect(await admin.listOffsets('a', 'earliest')).toEqual([{ partition: 0, offset: 4 }]);
    await bench().produce('a', '4');
    expect(await bench().read('a')).toEqual(['4']);
  });
}

function describeProducing(bench: () => Bench): void {
  it('keys, values and headers come back as they were, null and empty kept apart', async () => {
    await bench().topic('a', 1, { 'message.timestamp.after.max.ms': '9223372036854775807' });
    const producer = await bench().producer();
    const headers = [
      { key: 'h', value: bytesOf('1') },
      { key: 'h', value: null },
      { key: '', value: Buffer.alloc(0) },
    ];
    send(producer, 'a', 'k', 'v', { timestamp: 42, headers });
    send(producer, 'a', null, null, { timestamp: -1 });
    send(producer, 'a', '', '', { timestamp: 2 ** 52 - 1 });
    await bench().run(producer.flush());
    const records = await bench().drain(bench().reader('a'));
    expect(
      records.map(({ offset, timestamp, key, value }) => [offset, timestamp, key, value]),
    ).toEqual([
      [0, 42, 'k', 'v'],
      [1, -1, null, null],
      [2, 2 ** 52 - 1, '', ''],
    ]);
    expect(records[0]?.headers).toEqual(headers);
  });

  it('acknowledgements bring offsets in order, once durable, without a flush', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    const offsets: number[] = [];
    const acknowledged = new Promise<void>((resolve) => {
      for (let i = 0; i < 5; i++) {
        send(producer, 'a', null, `${i}`, {
          acknowledged: (error, offset) => {
            expect(error).toBeUndefined();
            offsets.push(offset);
            if (offset === 4) resolve();
          },
        });
      }
    });
    expect(offsets).toEqual([]);
    await bench().run(acknowledged);
    expect(offsets).toEqual([0, 1, 2, 3, 4]);
    expect(producer.pendingBytes).toBe(0);
  });

  it('many batches keep the order and onBatch tells their offsets', async () => {
    await bench().topic('a');
    const batches: number[] = [];
    const producer = await bench().producer({
      batchBytes: 500,
      onBatch: (_topic, _partition, base, last) => batches.push(base, last),
    });
    const sent = Array.from({ length: 300 }, (_, i) => `value ${i}`);
    for (const text of sent) send(producer, 'a', 'key', text);
    await bench().run(producer.flush());
    expect(await bench().read('a')).toEqual(sent);
    expect(batches.length).toBeGreaterThan(10);
    expect(batches[0]).toBe(0);
    expect(batches.at(-1)).toBe(299);
    for (let i = 1; i + 1 < batches.length; i += 2) expect(batches[i + 1]).toBe(batches[i]! + 1);
  });

  it('a record too large is refused, nothing is appended, the producer goes on', async () => {
    await bench().topic('a', 1, { 'max.message.bytes': 300 });
    const producer = await bench().producer();
    send(producer, 'a', null, 'before');
    expect(() => send(producer, 'a', null, 'x'.repeat(300))).toThrowError(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
    );
    for (let i = 0; i < 50; i++) send(producer, 'a', null, `after ${i}`);
    await bench().run(producer.flush());
    expect((await bench().read('a')).length).toBe(51);
  });

  it('a record larger than a batch goes alone', async () => {
    await bench().topic('a');
    const producer = await bench().producer({ batchBytes: 100 });
    const large = 'x'.repeat(100_000);
    for (const text of ['s', large, 't']) send(producer, 'a', null, text);
    await bench().run(producer.flush());
    expect(await bench().read('a')).toEqual(['s', large, 't']);
  });

  it('unknown topics and partitions and bad timestamps are refused', async () => {
    await bench().topic('orders', 2);
    const producer = await bench().producer();
    expect(() => producer.topic('order')).toThrowError(
      expect.objectContaining({
        code: 'UNKNOWN_TOPIC',
        message: expect.stringContaining("'orders'"),
      }),
    );
    expect(() => send(producer, 'orders', null, 'x', { partition: 2 })).toThrowError(
      expect.objectContaining({ code: 'UNKNOWN_PARTITION' }),
    );
    for (const timestamp of [-2, 2 ** 53, 1.5, Number.NaN]) {
      expect(() => send(producer, 'orders', null, 'x', { timestamp })).toThrowError(
        expect.objectContaining({ code: 'INVALID_TIMESTAMP' }),
      );
    }
  });

  it('what was sent to a topic deleted meanwhile fails, and flush tells it', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    let failure: StreamsError | undefined;
    send(producer, 'a', null, 'x', { acknowledged: (error) => (failure = error) });
    await bench().run(bench().client.admin().deleteTopics(['a']));
    await expect(bench().run(producer.flush())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    expect(failure).toMatchObject({ code: 'UNKNOWN_TOPIC' });
  });

  it('closing a producer sends what it still has', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    send(producer, 'a', null, 'last');
    await bench().run(producer.close());
    expect(await bench().read('a')).toEqual(['last']);
    expect(() => producer.topic('a')).toThrowError(
      expect.objectContaining({ code: 'INVALID_STATE' }),
    );
  });
}

function describeClosing(bench: () => Bench): void {
  it('a waiting poll ends with nothing, later calls are refused, closing again is nothing', async () => {
    await bench().topic('a');
    const consumer = bench().reader('a');
    const poll = consumer.poll(Number.POSITIVE_INFINITY);
    await bench().run(bench().client.close());
    expect(await bench().run(poll)).toEqual([]);
    await expect(bench().run(consumer.poll(0))).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    expect(() => bench().client.producer()).toThrowError(
      expect.objectContaining({ code: 'LOG_CLOSED' }),
    );
    await bench().run(bench().client.close());
  });
}
