/** What a test reads from `TopologyTestDriver`: stores of every kind, dropped records, differences as tables, commits. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { SessionWindows, TimeWindows } from '../../src/dsl/windows.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import { TopologyTestDriver } from '../../src/testing.js';

const strings = { key: Serdes.string(), value: Serdes.string() };

/** Counts by key, by window, by session; a versioned table; a window store of a processor. */
function everyKind() {
  const builder = new StreamsBuilder(strings);
  const grouped = builder.stream('in').groupByKey();
  const counts = grouped.count({ as: 'counts' });
  const windows = grouped
    .windowedBy(TimeWindows.of({ size: 10, grace: 40 }))
    .count({ as: 'windows' });
  const sessions = grouped
    .windowedBy(SessionWindows.of({ gap: 5, grace: 40 }))
    .count({ as: 'sessions' });
  const prices = builder.table('prices', { as: 'prices', versioned: '1h' });
  return { topology: builder.build(), counts, windows, sessions, prices };
}

async function collected<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

describe.each([
  ['one task', {}],
  ['four partitions', { partitions: 4 }],
])('stores, %s', (_name, options) => {
  test('of every kind are read with their types', async () => {
    const { topology, counts, windows, sessions, prices } = everyKind();
    await using driver = new TopologyTestDriver(topology, options);
    const input = driver.createInputTopic('in', { ...strings, startAt: 0, advance: 4 });
    await input.pipeKeyValues([
      ['a', 'x'],
      ['b', 'x'],
      ['a', 'x'],
      ['a', 'x'],
    ]); // at 0, 4, 8, 12
    const priced = driver.createInputTopic('prices', strings);
    await priced.pipeAll([
      { key: 'p', value: 'old', timestamp: 10 },
      { key: 'p', value: 'new', timestamp: 20 },
    ]);

    expect(driver.store(counts).get('a')).toBe(3);
    const byWindow = driver.store(windows);
    expectTypeOf(byWindow.fetch('a', 0)).toEqualTypeOf<number | undefined>();
    expect(byWindow.fetch('a', 0)).toBe(2);
    expect(byWindow.fetch('a', 0, 100)).toEqual([
      [0, 2],
      [10, 1],
    ]);
    expect(byWindow.backwardFetch('a', 0, 100)[0]).toEqual([10, 1]);
    expect((await collected(byWindow.all())).length).toBe(3);
    const bySession = driver.store(sessions);
    expect(
      bySession.fetch('a').map(([{ window }, count]) => [window.start, window.end, count]),
    ).toEqual([
      [0, 0, 1],
      [8, 12, 2],
    ]);
    expect(bySession.fetchSession('a', 8, 12)).toBe(2);
    expect((await collected(bySession.fetch(undefined, undefined))).length).toBe(3);
    const versions = driver.store(prices);
    expect(versions.get('p', 15)).toEqual({ value: 'old', timestamp: 10 });
    expect(versions.get('p')?.value).toBe('new');
  });

  test('a store of another kind, and a buffer, say what they are', async () => {
    const { topology, counts } = everyKind();
    await using driver = new TopologyTestDriver(topology, options);
    await driver.createInputTopic('in', strings).pipe({ key: 'a', value: 'x' });
    expect(() => driver.store('windows', 'session')).toThrow(
      /'windows' is not of kind 'session'.*'window'/,
    );
    expect(() => driver.store(counts, 'window')).toThrow(/store\(handle, 'keyValue'\)/);
  });

  test('dropped records say where and why', async () => {
    const { topology } = everyKind();
    await using driver = new TopologyTestDriver(topology, options);
    const input = driver.createInputTopic('in', strings);
    await input.pipe({ key: 'k', value: 'v', timestamp: 100, partition: 0 });
    await input.pipe({ key: 'k', value: 'late', timestamp: 50, partition: 0 });
    await input.pipe({ key: null, value: 'v', timestamp: 100, partition: 0 });
    const dropped = driver.readDropped();
    expect(dropped.length).toBe(driver.droppedRecords);
    expect(dropped.map(({ reason, topic, offset }) => `${reason} ${topic}@${offset}`)).toEqual([
      'late in@1',
      'late in@1',
      'nullKeyOrValue in@2',
      'nullKeyOrValue in@2',
      'nullKeyOrValue in@2',
    ]);
    expect(dropped[0]?.where).toMatch(/^KSTREAM-AGGREGATE-/);
    expect(driver.readDropped()).toEqual([]);
  });
});

test('a store is typed by its builder, of windows too', async () => {
  const window = Stores.window({ ...strings, name: 'w', retention: '1h', windowSize: 10 });
  const builder = new StreamsBuilder(strings);
  builder.stream('in').process(
    (context) => {
      const store = context.getStateStore(window);
      return { process: ({ key, value, timestamp }) => store.put(key, value, timestamp) };
    },
    { stores: [window] },
  );
  await using driver = new TopologyTestDriver(builder.build());
  await driver.createInputTopic('in', strings).pipe({ key: 'k', value: 'v', timestamp: 7 });
  expectTypeOf(driver.store(window).fetch('k', 7)).toEqualTypeOf<string | undefined>();
  expect(driver.store(window).fetch('k', 7)).toBe('v');
});

describe('expect', () => {
  async function counted() {
    const builder = new StreamsBuilder(strings);
    builder.stream('in').groupByKey().count().toStream().to('out');
    const driver = new TopologyTestDriver(builder.build(), { statestoreCacheMaxBytes: 0 });
    const input = driver.createInputTopic('in', { ...strings, startAt: 5, advance: 1 });
    const output = driver.createOutputTopic('out', { key: Serdes.string(), value: Serdes.long() });
    await input.pipeKeyValues([
      ['hello', ''],
      ['kafka', ''],
      ['hello', ''],
    ]);
    return { driver, input, output };
  }

  test('passes for equal records; what is left out may be anything', async () => {
    const { output, input } = await counted();
    output.expect([['hello', 1], ['kafka', 1, 6], { value: 2 }]);
    expect(output.isEmpty).toBe(true);
    output.expect([]);
    input.advanceTime('1s');
    await input.pipeKeyValues([['kafka', '']]);
    expect(output.readKeyValue()).toEqual(['kafka', 2]);
    await input.pipe({ key: 'kafka', value: '' });
    expect(output.readValue()).toBe(3);
  });

  test('shows both sides as a table, and marks the first difference', async () => {
    const { output } = await counted();
    let message = '';
    try {
      output.expect([
        ['hello', 1],
        ['kafka', 2, 6],
      ]);
    } catch (error) {
      message = (error as Error).message;
      expect((error as Error).name).toBe('AssertionError');
    }
    expect(message).toBe(
      [
        "Output topic 'out': record 2 differs.",
        '',
        '      expected                    | actual',
        '      key       value  timestamp  | key      value  timestamp',
        '   1  "hello"   1      *          | "hello"  1      5',
        '>  2  "kafka"   2      6          | "kafka"  1      6',
        '!  3  (none)                      | "hello"  2      7',
        '',
      ].join('\n'),
    );
  });

  test('says how many records came when there are too few, and shortens long lists', async () => {
    const { output } = await counted();
    const many = Array.from({ length: 50 }, (): [string, number] => ['k', 1]);
    expect(() => output.expect([['hello', 1], ['kafka', 1], ['hello', 2], ...many])).toThrow(
      /expected 53 records, got 3 records\.[^]*\(33 after\)/,
    );
  });

  test('an input topic without a time of its own cannot advance it', async () => {
    const { driver } = await counted();
    expect(() => driver.createInputTopic('in', strings).advanceTime(1)).toThrow(/startAt: 0/);
  });
});

describe('commits', () => {
  test('by hand show what a record cache merges', async () => {
    const builder = new StreamsBuilder(strings);
    builder.stream('in').groupByKey().count().toStream().to('out');
    await using driver = new TopologyTestDriver(builder.build(), { commits: 'byHand' });
    const output = driver.createOutputTopic('out', { key: Serdes.string(), value: Serdes.long() });
    await driver.createInputTopic('in', strings).pipeKeyValues([
      ['a', ''],
      ['b', ''],
      ['a', ''],
    ]);
    output.expect([]);
    await driver.commit();
    output.expect([
      ['b', 1],
      ['a', 2],
    ]);
  });

  test('by hand are not for an application', () => {
    const { topology } = everyKind();
    expect(() => new TopologyTestDriver(topology, { commits: 'byHand', partitions: 2 })).toThrow(
      /the application commits/,
    );
  });
});

test('after reassign() another instance has the tasks, with their state', async () => {
  const { topology, counts } = everyKind();
  await using driver = new TopologyTestDriver(topology, { partitions: 4 });
  const input = driver.createInputTopic('in', strings);
  await input.pipe({ key: 'k', value: 'v', timestamp: 1 });
  await driver.reassign();
  expect(driver.store(counts).get('k')).toBe(1);
  await input.pipe({ key: 'k', value: 'v', timestamp: 2 });
  expect(driver.store(counts).get('k')).toBe(2);
  await expect(new TopologyTestDriver(topology).reassign()).rejects.toThrow(/needs a driver with/);
});
