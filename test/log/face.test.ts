/** The typed face of the log: the program of the API page and what a user relies on, on every log that there is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { memoryLog, openLog, type Log } from '../../src/log/log.js';
import type { ConsumedBatch, Consumer, ConsumerRecord } from '../../src/log/consumer.js';
import { Serdes } from '../../src/serde/serdes.js';
import { failure, take, text } from './face-steps.js';

interface Order {
  readonly item: string;
}

const LOGS: readonly { readonly kind: string; readonly open: () => Promise<Log> }[] = [
  { kind: 'memoryLog', open: async () => memoryLog() },
  { kind: 'openLog', open: () => openLog(join(directory, `log-${logs++}`)) },
];

let directory = '';
let logs = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-face-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(LOGS)('$kind', ({ open }) => {
  let opened: Log | undefined;

  async function withTopic(topic: string, partitions = 1): Promise<Log> {
    opened = await open();
    await opened.admin().createTopics([{ topic, partitions }]);
    return opened;
  }

  afterEach(async () => {
    await opened?.close();
    opened = undefined;
  });

  test('the program of the API page runs', async () => {
    const log = await open();
    const admin = log.admin();
    await admin.createTopics([
      { topic: 'order', partitions: 3, config: { 'retention.ms': 86_400_000 } },
    ]);
    const producer = log.producer({ key: Serdes.string(), value: Serdes.json<Order>() });
    const { partition, offset } = await producer.send({
      topic: 'order',
      key: 'han',
      value: { item: 'iphone' },
    });
    const [second] = await producer.sendBatch('order', [
      { key: 'choi', value: { item: 'galaxy' } },
    ]);
    const ends = await admin.listOffsets('order', 'latest');
    expect(ends.reduce((sum, end) => sum + end.offset, 0)).toBe(2);
    expect(ends[partition]!.offset).toBe(offset + (second!.partition === partition ? 2 : 1));
    const consumer = log.consumer({
      groupId: 'g',
      fromBeginning: true,
      key: Serdes.string(),
      value: Serdes.json<Order>(),
    });
    await consumer.subscribe(['order']);
    const seen: string[] = [];
    for await (const record of consumer) {
      seen.push(`${record.key} ${record.value?.item}`);
      expect(record).toMatchObject({ topic: 'order', headers: [] });
      if (seen.length === 2) break;
    }
    await consumer.close();
    await log.close();
    expect(seen.toSorted()).toEqual(['choi galaxy', 'han iphone']);
  });

  test('a record comes back with everything it was sent with', async () => {
    const log = await withTopic('t', 2);
    const headers = [
      { key: 'trace', value: Buffer.from('1') },
      { key: 'none', value: null },
    ];
    await log
      .producer(text)
      .send({ topic: 't', key: 'k', value: null, partition: 1, timestamp: 5, headers });
    const consumer = log.consumer({ ...text, fromBeginning: true });
    await consumer.assign([{ topic: 't', partition: 1 }]);
    expect(await take(consumer, 1)).toEqual([
      { topic: 't', partition: 1, offset: 0, timestamp: 5, key: 'k', value: null, headers },
    ]);
  });

  test('keys land where Java puts them, keyless records of a batch share a partition', async () => {
    const log = await withTopic('t', 3);
    const producer = log.producer({ key: Serdes.string(), value: Serdes.long() });
    // murmur2 of Java: "21" is -973932308, "foobar" is -790332482.
    const expected = [-973932308, -790332482].map((hash) => (hash & 0x7fffffff) % 3);
    const sent = await producer.sendBatch('t', [
      { key: '21', value: 1 },
      { key: 'foobar', value: 2 },
    ]);
    expect(sent.map(({ partition }) => partition)).toEqual(expected);
    const first = await producer.sendBatch('t', [{ value: 1 }, { value: 2 }, { value: 3 }]);
    const second = await producer.sendBatch('t', [{ value: 4 }]);
    expect(new Set(first.map(({ partition }) => partition)).size).toBe(1);
    expect(second[0]!.partition).not.toBe(first[0]!.partition);
  });

  test('keyless batches and sends that are awaited one by one reach every partition', async () => {
    const log = await withTopic('t', 2);
    const producer = log.producer({ value: Serdes.long() });
    const batches = [];
    for (let i = 0; i < 2; i++) batches.push(...(await producer.sendBatch('t', [{ value: i }])));
    const sends = [];
    for (let i = 0; i < 2; i++) sends.push(await producer.send({ topic: 't', value: i }));
    for (const sent of [batches, sends])
      expect(sent.map(({ partition }) => partition).toSorted()).toEqual([0, 1]);
  });

  test('sends that do not wait keep their order and each learns its offset', async () => {
    const log = await withTopic('t');
    const producer = log.producer(text);
    const sent = await Promise.all(
      Array.from({ length: 500 }, (_, i) => producer.send({ topic: 't', value: `${i}` })),
    );
    expect(sent.map(({ offset }) => offset)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    const consumer = log.consumer({ ...text, fromBeginning: true });
    await consumer.assign([{ topic: 't', partition: 0 }]);
    const values = (await take(consumer, 500)).map(({ value }) => value);
    expect(values).toEqual(Array.from({ length: 500 }, (_, i) => `${i}`));
  });

  test('a batch with a record that cannot be encoded sends none of it', async () => {
    const log = await withTopic('t');
    const producer = log.producer({ value: Serdes.long() });
    const error = await failure(producer.sendBatch('t', [{ value: 1 }, { value: 1.5 }]));
    expect(error).toMatchObject({ code: 'SERIALIZE_FAILED', where: { topic: 't' } });
    expect(error.message).toContain("serde 'long'");
    expect(await producer.sendBatch('t', [{ value: 3 }])).toEqual([{ partition: 0, offset: 0 }]);
    expect(await producer.sendBatch('t', [])).toEqual([]);
  });

  test('a missing topic is an error that names the nearest one and the call that creates it', async () => {
    const log = await withTopic('orders');
    const consumer = log.consumer({ groupId: 'g' });
    const calls = [
      log.producer(text).send({ topic: 'order', value: 'x' }),
      log.producer(text).sendBatch('order', [{ value: 'x' }]),
      log.admin().listOffsets('order', 'latest'),
      log.admin().describeTopics(['order']),
      log.admin().deleteTopics(['order']),
      consumer.subscribe(['order']),
      consumer.assign([{ topic: 'order', partition: 0 }]),
    ];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error.code).toBe('UNKNOWN_TOPIC');
      expect(error.message).toContain(
        "Did you mean 'orders'? Create it with: await log.admin().createTopics([{ topic: 'order', partitions: 1 }]).",
      );
    }
  });

  test('a topic that was missing can be sent to once it exists, by the same producer', async () => {
    const log = await withTopic('other');
    const producer = log.producer(text);
    await failure(producer.send({ topic: 't', value: 'x' }));
    await log.admin().createTopics([{ topic: 't', partitions: 1 }]);
    expect(await producer.send({ topic: 't', value: 'x' })).toEqual({ partition: 0, offset: 0 });
  });

  test('the admin lists, describes and deletes', async () => {
    const log = await withTopic('a', 2);
    const admin = log.admin();
    await admin.createTopics(
      [
        { topic: 'a', partitions: 5 },
        { topic: 'b', partitions: 1 },
      ],
      { ifNotExists: true },
    );
    expect((await admin.listTopics()).toSorted()).toEqual(['a', 'b']);
    expect(
      (await admin.describeTopics()).map(({ topic, partitions }) => [topic, partitions]).toSorted(),
    ).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    const producer = log.producer(text);
    await producer.sendBatch(
      'b',
      [10, 20, 30].map((timestamp) => ({ value: 'x', timestamp })),
    );
    expect(await admin.listOffsets('b', 20)).toEqual([{ partition: 0, offset: 1 }]);
    await admin.deleteRecords([{ topic: 'b', partition: 0, offset: 2 }]);
    expect(await admin.listOffsets('b', 'earliest')).toEqual([{ partition: 0, offset: 2 }]);
    await admin.deleteTopics(['b']);
    expect(await admin.listTopics()).toEqual(['a']);
  });

  describe('a consumer', () => {
    const values = <K, V>(records: readonly ConsumerRecord<K, V>[]) =>
      records.map(({ value }) => value);

    async function filled(count: number): Promise<Log> {
      const log = await withTopic('t');
      await log.producer(text).sendBatch(
        't',
        Array.from({ length: count }, (_, i) => ({ value: `${i}` })),
      );
      return log;
    }

    async function reader(
      log: Log,
      options: Parameters<Log['consumer']>[0] = {},
    ): Promise<Consumer<string, string>> {
      const consumer = log.consumer({ ...options, ...text, fromBeginning: true });
      await consumer.assign([{ topic: 't', partition: 0 }]);
      return consumer;
    }

    test('goes on behind the record at which a loop was left', async () => {
      const consumer = await reader(await filled(5));
      expect(values(await take(consumer, 2))).toEqual(['0', '1']);
      expect(await consumer.position({ topic: 't', partition: 0 })).toBe(2);
      expect(values(await take(consumer, 2))).toEqual(['2', '3']);
    });

    test('commits what it handed out, not what it fetched, when it closes', async () => {
      const log = await filled(5);
      const first = log.consumer({ groupId: 'g', fromBeginning: true, ...text });
      await first.subscribe(['t']);
      await take(first, 3);
      await first.close();
      expect(await log.admin().committedOffsets('g')).toEqual([
        { topic: 't', partition: 0, offset: 3, metadata: '' },
      ]);
      const second = log.consumer({ groupId: 'g', fromBeginning: true, ...text });
      await second.subscribe(['t']);
      expect(values(await take(second, 2))).toEqual(['3', '4']);
    });

    test('without autoCommit it commits only when told', async () => {
      const log = await filled(5);
      const consumer = await reader(log, { groupId: 'g', autoCommit: false });
      await take(consumer, 2);
      expect(consumer.positions()).toEqual([{ topic: 't', partition: 0, offset: 2, metadata: '' }]);
      await consumer.commit();
      expect(consumer.positions()).toEqual([]);
      await take(consumer, 1);
      await consumer.close();
      expect(await log.admin().committedOffsets('g')).toMatchObject([{ offset: 2 }]);
    });

    test('seeks within and outside of what it fetched', async () => {
      const consumer = await reader(await filled(5));
      await take(consumer, 1);
      consumer.seek({ topic: 't', partition: 0 }, 3);
      expect(values(await take(consumer, 1))).toEqual(['3']);
      consumer.seek({ topic: 't', partition: 0 }, 0);
      expect(values(await take(consumer, 1))).toEqual(['0']);
    });

    test('hands out nothing of a paused partition until it is resumed', async () => {
      const log = await withTopic('t', 2);
      const producer = log.producer(text);
      for (const partition of [0, 1])
        await producer.sendBatch(
          't',
          ['a', 'b'].map((value) => ({ value, partition })),
        );
      const consumer = log.consumer({ ...text, fromBeginning: true });
      const [zero, one] = [
        { topic: 't', partition: 0 },
        { topic: 't', partition: 1 },
      ];
      await consumer.assign([zero!, one!]);
      const [first] = await take(consumer, 1);
      const paused = first!.partition === 0 ? zero! : one!;
      consumer.pause([paused]);
      const others = await take(consumer, 2);
      expect(others.every(({ partition }) => partition !== paused.partition)).toBe(true);
      consumer.resume([paused]);
      expect(await take(consumer, 1)).toMatchObject([{ partition: paused.partition, offset: 1 }]);
    });

    test('hands out nothing more of a partition that it gave up', async () => {
      const log = await withTopic('t', 2);
      const producer = log.producer(text);
      for (const partition of [0, 1])
        await producer.sendBatch(
          't',
          ['a', 'b'].map((value) => ({ value, partition })),
        );
      const consumer = log.consumer({ ...text, fromBeginning: true });
      const both = [0, 1].map((partition) => ({ topic: 't', partition }));
      await consumer.assign(both);
      const [first] = await take(consumer, 1);
      await consumer.assign(both.filter(({ partition }) => partition === first!.partition));
      expect(await take(consumer, 1)).toMatchObject([{ partition: first!.partition, offset: 1 }]);
      await consumer.assign(both.filter(({ partition }) => partition !== first!.partition));
      expect(await take(consumer, 2)).toMatchObject([{ offset: 0 }, { offset: 1 }]);
    });

    test('sees what is sent after it subscribed, without fromBeginning', async () => {
      const log = await filled(3);
      const consumer = log.consumer({ groupId: 'g', ...text });
      await consumer.subscribe(['t']);
      await log.producer(text).send({ topic: 't', value: 'new' });
      expect(values(await take(consumer, 1))).toEqual(['new']);
    });

    test('a record that cannot be decoded is named, loses no other, and can be passed', async () => {
      const log = await filled(0);
      await log.producer().sendBatch(
        't',
        ['"a"', '"b"', 'broken', '"c"'].map((value) => ({ value: Buffer.from(value) })),
      );
      const consumer = log.consumer({ value: Serdes.json<string>(), fromBeginning: true });
      await consumer.assign([{ topic: 't', partition: 0 }]);
      expect(values(await take(consumer, 2))).toEqual(['a', 'b']);
      for (let i = 0; i < 2; i++) {
        const error = await failure(take(consumer, 1));
        expect(error).toMatchObject({
          code: 'DESERIALIZE_FAILED',
          where: { topic: 't', partition: 0, offset: 2 },
        });
      }
      consumer.seek({ topic: 't', partition: 0 }, 3);
      expect(values(await take(consumer, 1))).toEqual(['c']);
    });

    test('batches hold the records before one that cannot be decoded', async () => {
      const log = await filled(0);
      await log.producer().sendBatch(
        't',
        ['1', '2', 'broken', '4'].map((value) => ({ value: Buffer.from(value) })),
      );
      const consumer = log.consumer({ value: Serdes.json<number>(), fromBeginning: true });
      await consumer.assign([{ topic: 't', partition: 0 }]);
      const batches: ConsumedBatch<Uint8Array, number>[] = [];
      const next = async () => {
        for await (const batch of consumer.batches()) {
          batches.push(batch);
          break;
        }
      };
      await next();
      expect(await failure(next())).toMatchObject({
        code: 'DESERIALIZE_FAILED',
        where: { offset: 2 },
      });
      consumer.seek({ topic: 't', partition: 0 }, 3);
      await next();
      expect(batches.map(({ records }) => values(records))).toEqual([[1, 2], [4]]);
      expect(batches[0]).toMatchObject({ topic: 't', partition: 0, endOffset: 4 });
    });

    test('a loop that waits ends when the consumer is closed', async () => {
      const consumer = await reader(await filled(1));
      const seen: unknown[] = [];
      const loop = (async () => {
        for await (const record of consumer) seen.push(record.value);
      })();
      while (seen.length === 0) await new Promise(setImmediate);
      await consumer.close();
      await loop;
      expect(seen).toEqual(['0']);
    });

    test('two loops at once are refused', async () => {
      const consumer = await reader(await filled(0));
      const waiting = take(consumer, 1);
      expect(await failure(take(consumer, 1))).toMatchObject({ code: 'INVALID_STATE' });
      await consumer.close();
      expect(await waiting).toEqual([]);
    });

    test('members of a group share the partitions, and none is handed out twice', async () => {
      const log = await withTopic('t', 2);
      const consumers = [0, 1].map(() =>
        log.consumer({ groupId: 'g', fromBeginning: true, ...text }),
      );
      const seen: string[] = [];
      const loops = consumers.map(async (consumer) => {
        await consumer.subscribe(['t']);
        for await (const record of consumer) seen.push(`${record.partition}:${record.value}`);
      });
      const producer = log.producer(text);
      for (let i = 0; i < 20; i++)
        await producer.send({ topic: 't', value: `${i}`, partition: i % 2 });
      while (seen.length < 20) await new Promise(setImmediate);
      await Promise.all(consumers.map((consumer) => consumer.close()));
      await Promise.all(loops);
      expect(new Set(seen).size).toBe(20);
      expect(seen).toHaveLength(20);
      const committed = await log.admin().committedOffsets('g');
      expect(committed.map(({ offset }) => offset)).toEqual([10, 10]);
    });
  });

  describe('a transaction', () => {
    async function visible(log: Log): Promise<(string | null)[]> {
      const ends = await log.admin().listOffsets('t', 'latest');
      const consumer = log.consumer({ ...text, fromBeginning: true });
      await consumer.assign([{ topic: 't', partition: 0 }]);
      await log.producer(text).send({ topic: 't', value: 'end' });
      const seen: (string | null)[] = [];
      for await (const { value } of consumer) {
        if (value === 'end') break;
        seen.push(value);
      }
      await consumer.close();
      expect(ends).toHaveLength(1);
      return seen;
    }

    test('makes its records visible together, with the offsets it read', async () => {
      const log = await withTopic('t');
      const producer = log.producer({ ...text, transactionalId: 'x' });
      const result = await producer.transaction(async (tx) => {
        await tx.send({ topic: 't', value: 'a' });
        void tx.send({ topic: 't', value: 'b' });
        tx.sendOffsets([{ topic: 't', partition: 0, offset: 7, metadata: '' }], {
          groupId: 'g',
          generationId: -1,
          memberId: '',
        });
        return 'done';
      });
      expect(result).toBe('done');
      expect(await log.admin().committedOffsets('g')).toMatchObject([{ offset: 7 }]);
      expect(await visible(log)).toEqual(['a', 'b']);
    });

    test('whose function throws leaves nothing, and the producer can go on', async () => {
      const log = await withTopic('t');
      const producer = log.producer({ ...text, transactionalId: 'x' });
      const broken = producer.transaction(async (tx) => {
        await tx.send({ topic: 't', value: 'never' });
        throw new TypeError('mine');
      });
      await expect(broken).rejects.toThrow(new TypeError('mine'));
      await producer.transaction((tx) => tx.sendBatch('t', [{ value: 'later' }]));
      expect(await visible(log)).toEqual(['later']);
    });

    test('is refused to a producer without id, beside another one, and after its end', async () => {
      const log = await withTopic('t');
      expect(await failure(log.producer(text).transaction(() => undefined))).toMatchObject({
        code: 'INVALID_TRANSACTION_STATE',
      });
      const producer = log.producer({ ...text, transactionalId: 'x' });
      expect(await failure(producer.send({ topic: 't', value: 'x' }))).toMatchObject({
        code: 'INVALID_TRANSACTION_STATE',
      });
      let late: Promise<unknown> = Promise.resolve();
      await producer.transaction(async (tx) => {
        expect(await failure(producer.transaction(() => undefined))).toMatchObject({
          code: 'INVALID_TRANSACTION_STATE',
        });
        const forever = async () => {
          while (true) await tx.send({ topic: 't', value: 'x' });
        };
        late = failure(forever());
      });
      expect(await late).toMatchObject({ code: 'INVALID_TRANSACTION_STATE' });
    });

    test('of a producer whose id was taken over is fenced', async () => {
      const log = await withTopic('t');
      const older = log.producer({ ...text, transactionalId: 'x' });
      const fenced = older.transaction(async (tx) => {
        await tx.send({ topic: 't', value: 'older' });
        await log
          .producer({ ...text, transactionalId: 'x' })
          .transaction((newer) => newer.send({ topic: 't', value: 'newer' }));
      });
      expect(await failure(fenced)).toMatchObject({ code: 'PRODUCER_FENCED' });
      expect(await visible(log)).toEqual(['newer']);
    });
  });

  test('closing the log closes what is open, keeps what was sent, and may be done twice', async () => {
    const log = await withTopic('t');
    const producer = log.producer(text);
    const sent = producer.send({ topic: 't', value: 'x' });
    const consumer = log.consumer({ groupId: 'g', ...text });
    await consumer.subscribe(['t']);
    await Promise.all([log.close(), log.close()]);
    expect(await sent).toEqual({ partition: 0, offset: 0 });
    expect(await failure(producer.send({ topic: 't', value: 'y' }))).toMatchObject({
      code: 'INVALID_STATE',
    });
    expect(await take(consumer, 1)).toEqual([]);
  });

  test('await using closes', async () => {
    let producer;
    {
      await using log = await withTopic('t');
      await using inner = log.producer(text);
      producer = inner;
      await inner.send({ topic: 't', value: 'x' });
    }
    expect(await failure(producer.send({ topic: 't', value: 'y' }))).toMatchObject({
      code: 'INVALID_STATE',
    });
  });
});

test('what was handed out is committed by itself when the interval has passed, also while nothing comes', async () => {
  const env = new SimulatedEnv();
  const log = memoryLog({ env });
  await env.run(log.admin().createTopics([{ topic: 't', partitions: 1 }]));
  await env.run(log.producer(text).sendBatch('t', [{ value: 'a' }, { value: 'b' }]));
  const consumer = log.consumer({
    groupId: 'g',
    fromBeginning: true,
    autoCommitInterval: '5s',
    ...text,
  });
  await env.run(consumer.subscribe(['t']));
  expect(await env.run(take(consumer, 2))).toMatchObject([
    { value: 'a', timestamp: env.clock.now() },
    { value: 'b' },
  ]);
  const waiting = take(consumer, 1);
  await env.settle();
  expect(await env.run(log.admin().committedOffsets('g'))).toEqual([]);
  env.advance(4999);
  await env.settle();
  expect(await env.run(log.admin().committedOffsets('g'))).toEqual([]);
  env.advance(1);
  await env.settle();
  expect(await env.run(log.admin().committedOffsets('g'))).toMatchObject([{ offset: 2 }]);
  await env.run(log.close());
  expect(await waiting).toEqual([]);
});
