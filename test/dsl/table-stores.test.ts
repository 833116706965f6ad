/** The store of a table, read from outside through the table: every kind, from one task and from several. */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { SessionWindows, TimeWindows } from '../../src/dsl/windows.js';
import { TopologyTestDriver } from '../../src/testing.js';
import { text } from './each-way.js';

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}

const RECORDS = [
  { key: 'a', value: 'x', timestamp: 1 },
  { key: 'b', value: 'y', timestamp: 4 },
  { key: 'a', value: 'z', timestamp: 12 },
];

describe.each([undefined, 3])('partitions: %s', (partitions) => {
  async function driven(builder: StreamsBuilder<string, string>): Promise<TopologyTestDriver> {
    const driver = new TopologyTestDriver(
      builder.build(),
      partitions === undefined ? {} : { partitions },
    );
    await driver.createInputTopic('in', text).pipeAll(RECORDS);
    return driver;
  }

  test('a table of windows', async () => {
    const builder = new StreamsBuilder(text);
    const counts = builder
      .stream('in')
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10, grace: 20 }))
      .count({ as: 'counts' });
    const busy = counts.filter(({ key }) => key === 'b', { as: 'busy' });
    await using driver = await driven(builder);
    const store = driver.store(counts);
    expect(store.fetch('a', 10)).toBe(1);
    expect(store.fetch('a', 20)).toBeUndefined();
    expect(store.fetch('a', 0, 50)).toEqual([
      [0, 1],
      [10, 1],
    ]);
    const rows = await all(store.fetchAll(0, 5));
    expect(rows.map(([{ key, window }, count]) => [key, window.end, count]).sort()).toEqual([
      ['a', 10, 1],
      ['b', 10, 1],
    ]);
    // What is made of it has windowed keys.
    expect(driver.store(busy).get({ key: 'b', window: { start: 0, end: 10 } })).toBe(1);
  });

  test('a table of sessions', async () => {
    const builder = new StreamsBuilder(text);
    const visits = builder
      .stream('in')
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: 5, grace: 20 }))
      .reduce((one, two) => one + two, { as: 'visits' });
    await using driver = await driven(builder);
    const store = driver.store(visits);
    expect(store.fetchSession('a', 12, 12)).toBe('z');
    expect(store.fetch('a').map(([{ window }, value]) => [window.start, value])).toEqual([
      [1, 'x'],
      [12, 'z'],
    ]);
    expect(store.findSessions('b', 0, 50)).toHaveLength(1);
    expect(() => driver.store('visits', 'window')).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_STORE' }),
    );
  });

  test('a versioned table', async () => {
    const builder = new StreamsBuilder(text);
    const table = builder.table('in', { as: 'versions', versioned: '1h' });
    await using driver = await driven(builder);
    const store = driver.store(table);
    expect(store.get('a')).toEqual({ value: 'z', timestamp: 12 });
    expect(store.get('a', 11)).toEqual({ value: 'x', timestamp: 1 });
    expect(store.get('a', 0)).toBeUndefined();
  });

  test('a name that is nearly right', async () => {
    const builder = new StreamsBuilder(text);
    builder.stream('in').groupByKey().count({ as: 'counts' });
    await using driver = await driven(builder);
    expect(() => driver.store('count')).toThrow(
      "There is no store 'count'. Did you mean 'counts'?",
    );
  });
});

test('a table that was not named has no store to read', async () => {
  const builder = new StreamsBuilder(text);
  const counts = builder.stream('in').groupByKey().count();
  await using driver = new TopologyTestDriver(builder.build());
  expect(() => driver.store(counts)).toThrow('This table is not materialized');
});
