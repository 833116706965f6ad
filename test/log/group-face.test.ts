/** What the typed consumer adds for groups and positions: resets, patterns, lost partitions, times and ends, lag, bounded fetches. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import type { TopicPartition } from '../../src/log/client.js';
import { memoryLog, type Log } from '../../src/log/log.js';
import { failure, take, text } from './face-steps.js';

const T0 = { topic: 't', partition: 0 };
const T1 = { topic: 't', partition: 1 };

let log: Log;
let warnings: string[];

beforeEach(async () => {
  warnings = [];
  const nothing = (): void => undefined;
  const warn = (line: string): void => void warnings.push(line);
  log = memoryLog({ logger: { info: nothing, warn, error: nothing } });
  await log.admin().createTopics([{ topic: 't', partitions: 2 }]);
});

afterEach(() => log.close());

const send = (value: string, partition = 0, timestamp = 1000): Promise<unknown> =>
  log.producer(text).send({ topic: 't', value, partition, timestamp });

describe('offsetReset', () => {
  test("'none' is an error instead of a guess, until the caller seeks", async () => {
    await send('a');
    const consumer = log.consumer({ ...text, offsetReset: 'none' });
    const assigned = await failure(consumer.assign([T0]));
    expect(assigned.code).toBe('OFFSET_OUT_OF_RANGE');
    await consumer.seekToBeginning([T0]);
    expect((await take(consumer, 1))[0]?.value).toBe('a');
  });

  test("'earliest' is fromBeginning; both at once are refused", async () => {
    await send('a');
    const consumer = log.consumer({ ...text, offsetReset: 'earliest' });
    await consumer.assign([T0]);
    expect((await take(consumer, 1))[0]?.value).toBe('a');
    expect(() => log.consumer({ offsetReset: 'latest', fromBeginning: false })).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  test('records that retention took from a reader are named to the logger', async () => {
    for (const value of ['a', 'b', 'c']) await send(value);
    const consumer = log.consumer({ ...text, groupId: 'g', offsetReset: 'earliest' });
    await consumer.assign([T0]);
    await consumer.commit([{ ...T0, offset: 0, metadata: '' }]);
    await log.admin().deleteRecords([{ ...T0, offset: 2 }]);
    expect((await take(consumer, 1))[0]?.value).toBe('c');
    expect(warnings).toEqual([
      "millrace log: group 'g', t-0: offsets 0 to 1 were deleted before they were read; goes on at offset 2 (offsetReset 'earliest').",
    ]);
  });
});

describe('positions', () => {
  test('a consumer goes to the beginning, to the end and to a time', async () => {
    for (const [value, timestamp] of [
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ] as const)
      await send(value, 0, timestamp);
    const consumer = log.consumer({ ...text, fromBeginning: true });
    await consumer.assign([T0, T1]);
    expect((await take(consumer, 2)).map(({ value }) => value)).toEqual(['a', 'b']);
    expect([await consumer.lag(T0), await consumer.lag(T1)]).toEqual([1, 0]);
    await consumer.seekToBeginning();
    expect(await consumer.lag(T0)).toBe(3);
    expect((await take(consumer, 1))[0]?.value).toBe('a');
    await consumer.seekToEnd([T0]);
    expect(await consumer.lag(T0)).toBe(0);
    const times = [
      { ...T0, timestamp: 20 },
      { ...T0, timestamp: 31 },
      { ...T1, timestamp: 0 },
    ];
    expect(await consumer.offsetsForTimes(times)).toEqual([1, undefined, undefined]);
    consumer.seek(T0, 1);
    expect((await take(consumer, 1))[0]?.value).toBe('b');
    const unknown = await failure(
      consumer.offsetsForTimes([{ topic: 't', partition: 9, timestamp: 0 }]),
    );
    expect(unknown.code).toBe('UNKNOWN_PARTITION');
  });

  test('what is fetched and not handed out is bounded by maxBytes', async () => {
    for (let i = 0; i < 20; i++) await send('x'.repeat(900), i % 2);
    const consumer = log.consumer({ ...text, fromBeginning: true, maxBytes: 3000 });
    await consumer.assign([T0, T1]);
    expect((await take(consumer, 1)).length).toBe(1);
    // Only what is in the buffer already can still be handed out.
    await log.admin().deleteRecords([
      { ...T0, offset: 10 },
      { ...T1, offset: 10 },
    ]);
    await Promise.all([send('end', 0), send('end', 1)]);
    const rest: (string | null)[] = [];
    for await (const { value } of consumer.untilEnd()) rest.push(value);
    expect(rest.filter((value) => value !== 'end').length).toBeLessThanOrEqual(2);
    expect(rest.filter((value) => value === 'end').length).toBe(2);
  });

  test('metadata of a commit is read back', async () => {
    const consumer = log.consumer({ ...text, groupId: 'g', autoCommit: false });
    await consumer.assign([T0]);
    await consumer.commit([{ ...T0, offset: 0, metadata: 'why' }]);
    expect(await consumer.committed([T0])).toEqual([{ offset: 0, metadata: 'why' }]);
  });
});

describe('membership', () => {
  test('a pattern reads topics that come later, from their beginning', async () => {
    const consumer = log.consumer({ ...text, groupId: 'g', fromBeginning: true });
    await consumer.subscribe(/later-\d/);
    await log.admin().createTopics([{ topic: 'later-1', partitions: 1 }]);
    await log.producer(text).send({ topic: 'later-1', value: 'x' });
    expect((await take(consumer, 1))[0]?.topic).toBe('later-1');
  });

  test('clientId, instance and assignor are seen from outside; the lag is two calls', async () => {
    await send('a');
    const consumer = log.consumer({
      ...text,
      groupId: 'g',
      fromBeginning: true,
      clientId: 'billing-1',
      groupInstanceId: 'one',
      assignor: 'cooperative-sticky',
    });
    await consumer.subscribe(['t']);
    await take(consumer, 1);
    await consumer.commit();
    await send('b');
    const admin = log.admin();
    const [group] = await admin.describeGroups();
    expect(group).toMatchObject({ groupId: 'g', state: 'Stable', assignor: 'cooperative-sticky' });
    expect(group?.members).toMatchObject([
      { clientId: 'billing-1', groupInstanceId: 'one', assignment: [T0, T1] },
    ]);
    const committed = await admin.committedOffsets('g');
    const ends = await admin.listOffsets('t', 'latest');
    const lag = committed.map(({ partition, offset }) => (ends[partition]?.offset ?? 0) - offset);
    expect(lag).toEqual([1]);
  });

  test('a topic that was deleted keeps nothing else from being committed', async () => {
    await log.admin().createTopics([{ topic: 'gone', partitions: 1 }]);
    await send('a');
    await log.producer(text).send({ topic: 'gone', value: 'x' });
    const consumer = log.consumer({ ...text, groupId: 'g', fromBeginning: true });
    await consumer.subscribe(['t', 'gone']);
    await take(consumer, 2);
    await log.admin().deleteTopics(['gone']);
    await send('b');
    expect((await take(consumer, 1))[0]?.value).toBe('b');
    await consumer.close();
    expect(await log.admin().committedOffsets('g')).toEqual([{ ...T0, offset: 2, metadata: '' }]);
  });

  test('partitions that were lost are told as lost, and nothing of them is committed', async () => {
    const env = new SimulatedEnv();
    const virtual = memoryLog({ env });
    await env.run(virtual.admin().createTopics([{ topic: 't', partitions: 1 }]));
    const now = env.clock.now();
    await env.run(virtual.producer(text).send({ topic: 't', value: 'x', timestamp: now }));
    const lines: string[] = [];
    const note = (what: string) => (partitions: readonly TopicPartition[]) =>
      void lines.push(`${what} ${partitions.length}`);
    const options = { ...text, groupId: 'g', fromBeginning: true, maxPollInterval: '1s' } as const;
    const slow = virtual.consumer(options);
    await env.run(
      slow.subscribe(['t'], {
        onPartitionsAssigned: note('assigned'),
        onPartitionsRevoked: note('revoked'),
        onPartitionsLost: note('lost'),
      }),
    );
    await env.run(take(slow, 1));
    env.advance(2000);
    const quick = virtual.consumer(options);
    await env.run(quick.subscribe(['t']));
    expect((await env.run(take(quick, 1)))[0]?.value).toBe('x');
    const error = await failure(env.run(slow.commit()));
    expect(error.code).toBe('UNKNOWN_MEMBER');
    await env.run(slow.close());
    expect(lines).toEqual(['assigned 1', 'lost 1']);
    await env.run(quick.close());
    expect((await virtual.admin().committedOffsets('g')).map(({ offset }) => offset)).toEqual([1]);
    await env.run(virtual.close());
  });
});
