/** Reading up to the current end: it ends by itself, wherever the end is and whatever is written meanwhile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Consumer, ConsumerRecord } from '../../src/log/consumer.js';
import { memoryLog, openLog, type Log } from '../../src/log/log.js';
import { failure, take, text } from './face-steps.js';

let directory = '';
let logs = 0;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-until-end-'));
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function all(
  records: AsyncIterable<ConsumerRecord<string, string>>,
): Promise<(string | null)[]> {
  const values: (string | null)[] = [];
  for await (const record of records) values.push(record.value);
  return values;
}

describe.each([
  { kind: 'memoryLog', open: async () => memoryLog() },
  { kind: 'openLog', open: () => openLog(join(directory, `log-${logs++}`)) },
])('$kind', ({ open }) => {
  let log: Log;

  async function reader(partitions = 1): Promise<Consumer<string, string>> {
    log = await open();
    await log.admin().createTopics([{ topic: 't', partitions }]);
    const consumer = log.consumer({ ...text, fromBeginning: true });
    await consumer.assign(
      Array.from({ length: partitions }, (_, partition) => ({ topic: 't', partition })),
    );
    return consumer;
  }

  const send = (value: string, partition = 0): Promise<unknown> =>
    log.producer(text).send({ topic: 't', value, partition });

  afterEach(() => log.close());

  test('an empty topic ends at once', async () => {
    expect(await all((await reader(3)).untilEnd())).toEqual([]);
  });

  test('all partitions are read; what comes later is left for the next loop', async () => {
    const consumer = await reader(2);
    await Promise.all([send('a', 0), send('b', 1), send('c', 1)]);
    const now = consumer.untilEnd();
    await send('later', 0);
    expect((await all(now)).toSorted()).toEqual(['a', 'b', 'c']);
    expect(await all(consumer.untilEnd())).toEqual(['later']);
    expect(await all(consumer.untilEnd())).toEqual([]);
  });

  test('records of one partition that were fetched past its end are kept', async () => {
    const consumer = await reader(2);
    await Promise.all([send('a', 0), send('b', 1)]);
    const now = consumer.untilEnd();
    const seen: (string | null)[] = [];
    for await (const record of now) {
      seen.push(record.value);
      await send(`after ${record.value}`, record.partition);
    }
    expect(seen.toSorted()).toEqual(['a', 'b']);
    const rest = await take(consumer, 2);
    expect(rest.map(({ value }) => value).toSorted()).toEqual(['after a', 'after b']);
  });

  test('a loop that was left goes on; the last loop of all sees the rest', async () => {
    const consumer = await reader();
    for (const value of ['a', 'b', 'c']) await send(value);
    for await (const record of consumer.untilEnd()) {
      expect(record.value).toBe('a');
      break;
    }
    expect(await all(consumer.untilEnd())).toEqual(['b', 'c']);
    expect(await consumer.position({ topic: 't', partition: 0 })).toBe(3);
  });

  test('markers and aborted records at the tail are an end too; an open transaction is not waited for', async () => {
    const consumer = await reader();
    const producer = log.producer({ ...text, transactionalId: 'p' });
    await producer.transaction((tx) => tx.send({ topic: 't', value: 'a' }));
    const aborted = producer.transaction(async (tx) => {
      await tx.send({ topic: 't', value: 'aborted' });
      throw new Error('no');
    });
    await expect(aborted).rejects.toThrow('no');
    expect(await all(consumer.untilEnd())).toEqual(['a']);
    expect(await all(consumer.untilEnd())).toEqual([]);
    await producer.transaction(async (tx) => {
      await tx.send({ topic: 't', value: 'open' });
      expect(await all(consumer.untilEnd())).toEqual([]);
    });
    expect(await all(consumer.untilEnd())).toEqual(['open']);
  });

  test('records that were deleted meanwhile are not waited for', async () => {
    const consumer = await reader();
    for (const value of ['a', 'b', 'c']) await send(value);
    await take(consumer, 1);
    consumer.seek({ topic: 't', partition: 0 }, 1);
    await log.admin().deleteRecords([{ topic: 't', partition: 0, offset: 3 }]);
    expect(await all(consumer.untilEnd())).toEqual([]);
  });

  test('a partition that is paused is waited for, and keeps its records', async () => {
    const consumer = await reader(2);
    const paused = [{ topic: 't', partition: 1 }];
    await Promise.all([send('a', 0), send('b', 1)]);
    consumer.pause(paused);
    const records = consumer.untilEnd()[Symbol.asyncIterator]();
    expect((await records.next()).value).toMatchObject({ value: 'a' });
    const waiting = records.next();
    consumer.resume(paused);
    expect((await waiting).value).toMatchObject({ value: 'b' });
    expect(await records.next()).toEqual({ done: true, value: undefined });
  });

  test('a group goes on where it committed', async () => {
    await reader(2);
    const group = { ...text, groupId: 'g', fromBeginning: true };
    await Promise.all([send('a', 0), send('b', 1)]);
    const first = log.consumer(group);
    await first.subscribe(['t']);
    expect((await all(first.untilEnd())).toSorted()).toEqual(['a', 'b']);
    await first.close();
    await send('c', 1);
    const second = log.consumer(group);
    await second.subscribe(['t']);
    expect(await all(second.untilEnd())).toEqual(['c']);
  });

  test('a loop without a subscription or an assignment is refused, as in Kafka', async () => {
    await reader();
    const consumer = log.consumer(text);
    for (const records of [consumer, consumer.untilEnd(), consumer.batches()]) {
      const error = await failure(records[Symbol.asyncIterator]().next());
      expect(error).toMatchObject({
        code: 'INVALID_STATE',
        message: expect.stringContaining(
          'Consumer is not subscribed to any topics or assigned any partitions',
        ),
      });
    }
  });
});
