/** Calls of the typed face that TypeScript would refuse: from plain JavaScript they are refused with words that help. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { memoryLog, openLog, type Log } from '../../src/log/log.js';
import { Serdes } from '../../src/serde/serdes.js';
import { failure, text } from './face-steps.js';

/** The face as JavaScript sees it: anything can be handed in. */
type Untyped = { readonly [call: string]: (...values: unknown[]) => Promise<unknown> };

const untyped = (face: object): Untyped => face as Untyped;

let log: Log;

beforeEach(async () => {
  log = memoryLog();
  await log.admin().createTopics([{ topic: 't', partitions: 1 }]);
});

afterEach(() => log.close());

async function writtenRecords(): Promise<number | undefined> {
  const [end] = await log.admin().listOffsets('t', 'latest');
  return end?.offset;
}

describe('a producer', () => {
  test.each([
    [
      { topic: 't', messages: [{ value: 'x' }] },
      /producer\.sendBatch\('t', \[\{ key, value \}\]\)/,
    ],
    [
      { topic: 't', key: 'k', val: 'x' },
      /property 'val', which no record has. Did you mean 'value'/,
    ],
    [{ topic: 't', key: 'k', value: undefined }, /undefined. Did a function forget to return/],
    [{ topic: 't', key: 'k' }, /To delete the key \(a tombstone\), send value: null/],
    [{ value: 'x' }, /the record has no topic/],
    [{ tpoic: 't', value: 'x' }, /property 'tpoic'.*Did you mean 'topic'/],
    ['t', /Give one record with its topic/],
    [undefined, /Give one record with its topic/],
  ])('refuses to send %j', async (record, message) => {
    const producer = log.producer(text);
    const error = await failure(untyped(producer)['send']!(record, 'x'));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
    expect(await writtenRecords()).toBe(0);
    await producer.send({ topic: 't', value: null });
    expect(await writtenRecords()).toBe(1);
  });

  test.each([
    [[{ topic: 't', records: [] }], /sendBatch: give the name of the topic, then an array/],
    [['t', { value: 'x' }], /sendBatch: give the name of the topic, then an array/],
    [['t', [{ value: 'x' }, { vlaue: 'y' }]], /property 'vlaue'/],
    [['t', [{ value: 'x' }, 'y']], /A record for topic 't' is "y"/],
  ])('refuses the batch %j and sends nothing of it', async (values, message) => {
    const error = await failure(untyped(log.producer(text))['sendBatch']!(...values));
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
    expect(await writtenRecords()).toBe(0);
  });

  test('in a transaction refuses the same', async () => {
    const producer = log.producer({ ...text, transactionalId: 'p' });
    const sent = producer.transaction((tx) => untyped(tx)['send']!({ topic: 't', val: 'x' }));
    expect((await failure(sent)).message).toContain("Did you mean 'value'?");
  });

  test('without a serde says so when it gets text', async () => {
    const producer = untyped(log.producer({ key: Serdes.string() }));
    const error = await failure(producer['send']!({ topic: 't', key: 'k', value: 'x' }));
    expect(error).toMatchObject({
      code: 'SERIALIZE_FAILED',
      message: expect.stringContaining(
        'the producer has no `value` serde. Give it one: log.producer({ value: Serdes.string() })',
      ),
    });
  });
});

describe('options', () => {
  const calls: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['openLog', () => untyped({ openLog })['openLog']!('x', { durabilty: 'os' }), /'durability'/],
    ['memoryLog', () => untyped({ memoryLog })['memoryLog']!({ loger: console }), /'logger'/],
    ['logger', () => untyped({ memoryLog })['memoryLog']!({ logger: {} }), /no function 'info'/],
    ['producer', () => untyped(log)['producer']!({ valueSerde: 1 }), /Did you mean 'value'/],
    ['a serde', () => untyped(log)['producer']!({ value: Serdes.string }), /call it, as in/],
    ['an id', () => untyped(log)['producer']!({ transactionalId: 5 }), /transactionalId is 5/],
    ['consumer', () => untyped(log)['consumer']!({ groupID: 'g' }), /Did you mean 'groupId'/],
    ['beginning', () => untyped(log)['consumer']!({ fromBeginning: 1 }), /fromBeginning is 1/],
    ['key', () => untyped(log)['consumer']!({ key: 'string' }), /`key` is "string", not a serde/],
    ['interval', () => untyped(log)['consumer']!({ maxPollInterval: 'x' }), /maxPollInterval/],
    ['topics', () => untyped(log.admin())['createTopics']!({ topic: 'a' }), /give an array/],
    ['names', () => untyped(log.admin())['createTopics']!(['a']), /"a" is no description/],
    ['topic', () => untyped(log.admin())['createTopics']!([{ partition: 1 }]), /'partitions'/],
    [
      'exists',
      () => untyped(log.admin())['createTopics']!([], { ifNotExist: true }),
      /Did you mean 'ifNotExists'/,
    ],
    ['describe', () => untyped(log.admin())['describeTopics']!('t'), /describeTopics\(\['t'\]\)/],
    ['delete', () => untyped(log.admin())['deleteTopics']!('t'), /deleteTopics\(\['t'\]\)/],
    ['more', () => untyped(log.admin())['createPartitions']!('t'), /createPartitions\(\['t'\]\)/],
    ['count', () => untyped(log.admin())['createPartitions']!([6]), /6 names no topic/],
    [
      'partitions',
      () => untyped(log.admin())['createPartitions']!([{ topic: 't', count: 6 }]),
      /no option 'count'/,
    ],
    ['change', () => untyped(log.admin())['alterConfigs']!({ topic: 't' }), /give an array/],
    [
      'set',
      () => untyped(log.admin())['alterConfigs']!([{ topic: 't', set: 'retention.ms=1' }]),
      /set is "retention.ms=1"/,
    ],
    [
      'unset',
      () => untyped(log.admin())['alterConfigs']!([{ topic: 't', unset: 'retention.ms' }]),
      /Give an array of names/,
    ],
    [
      'config',
      () => untyped(log.admin())['alterConfigs']!([{ topic: 't', sets: {} }]),
      /Did you mean 'set'/,
    ],
    [
      'subscribe',
      () => untyped(log.consumer({ groupId: 'g' }))['subscribe']!('t'),
      /subscribe\(\['t'\]\)/,
    ],
    ['assign', () => untyped(log.consumer())['assign']!({ topic: 't' }), /assign\(\[\{ topic/],
  ];
  test.each(calls)('%s: a slip is refused', async (_, call, message) => {
    const error = await failure((async () => call())());
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
  });
});
