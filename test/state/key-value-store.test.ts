/** The key-value stores in memory: the suite with and without a cache, and what the suite cannot say. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import type { ValueAndTimestamp } from '../../src/state/key-value.js';
import { readOnlyView } from '../../src/state/read-only-store.js';
import { Stores } from '../../src/state/stores.js';
import type { KeyValueStore } from '../../src/state/key-value.js';
import {
  listed,
  storeProperty,
  StoreTask,
  type StoreSuite,
  type TestedStore,
} from './store-suite.js';

const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const stringKeys = ['', 'a', 'aa', 'ab', 'b', 'é', '\u{1F600}', '\uFFFD'];
const utf8 = (text: string) => Buffer.from(text);
const int64 = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
};

const plain = (caching: boolean): StoreSuite<string, string> => ({
  builder: Stores.keyValue({ name: 's', key: Serdes.string(), value: Serdes.string(), caching }),
  keys: stringKeys,
  values: ['', 'x', 'yy'],
  keyBytes: utf8,
  valueBytes: utf8,
  loggedAt: (_value, now) => now,
});

const numbers = (caching: boolean): StoreSuite<number, { n: number }> => ({
  builder: Stores.keyValue({
    name: 's',
    key: Serdes.long(),
    value: Serdes.json<{ n: number }>(),
    caching,
  }),
  keys: [-1, 0, 1, 256, -256, 2 ** 40],
  values: [{ n: 1 }, { n: 2 }],
  keyBytes: int64,
  valueBytes: (value) => Buffer.from(JSON.stringify(value)),
  loggedAt: (_value, now) => now,
});

const timestamped = (caching: boolean): StoreSuite<Uint8Array, ValueAndTimestamp<number>> => ({
  builder: Stores.timestampedKeyValue({
    name: 's',
    key: Serdes.bytes(),
    value: Serdes.long(),
    caching,
  }),
  keys: [Buffer.from([]), Buffer.from([1]), Buffer.from([1, 255]), Buffer.from([200])],
  values: [
    { value: 1, timestamp: 7 },
    { value: 2, timestamp: 0 },
  ],
  keyBytes: (key) => Buffer.from(key),
  valueBytes: ({ value }) => int64(value),
  loggedAt: ({ timestamp }) => timestamp,
});

function make<K, F>(
  suite: StoreSuite<K, F>,
  cacheMaxBytes = 0,
): { store: TestedStore<K, F>; task: StoreTask } {
  const task = new StoreTask(cacheMaxBytes);
  const store = suite.builder.build() as unknown as TestedStore<K, F>;
  store.init(task);
  return { store, task };
}

describe('key-value stores agree with their model', () => {
  for (const caching of [false, true]) {
    const how = caching ? 'cached' : 'uncached';
    it(`strings, ${how}`, () =>
      fc.assert(storeProperty(plain(caching), caching), { numRuns: 150, ...seed }));
    it(`numbers to objects, ${how}`, () =>
      fc.assert(storeProperty(numbers(caching), caching), { numRuns: 150, ...seed }));
    it(`timestamped bytes, ${how}`, () =>
      fc.assert(storeProperty(timestamped(caching), caching), { numRuns: 150, ...seed }));
  }
});

describe('key-value stores', () => {
  it('an object taken out of a store and changed in place leaves the store as it is', () => {
    const { store } = make(numbers(false));
    const mine = { n: 1 };
    store.put(1, mine);
    mine.n = 2;
    store.get(1)!.n = 3;
    expect(store.get(1)).toEqual({ n: 1 });
  });

  it('bytes taken out of a store and written into leave the store as it is', () => {
    const { store } = make({
      ...plain(false),
      builder: Stores.keyValue({
        name: 's',
        key: Serdes.bytes(),
        value: Serdes.bytes(),
        caching: false,
      }),
    } as unknown as StoreSuite<Uint8Array, Uint8Array>); // only the builder is used
    store.put(Buffer.from('k'), Buffer.from('value'));
    store.get(Buffer.from('k'))!.fill(0);
    for (const [key, value] of listed(store.all())) {
      key.fill(0);
      value.fill(0);
    }
    expect(listed(store.all())).toEqual([[Buffer.from('k'), Buffer.from('value')]]);
  });

  it('an iterator sees the store as it was when it was made', async () => {
    const { store } = make(plain(false));
    store.putAll([
      ['b', '1'],
      ['a', '2'],
    ]);
    const range = store.all();
    store.put('a', null);
    store.put('c', '3');
    store.put('b', 'changed');
    expect(listed(range)).toEqual([
      ['a', '2'],
      ['b', '1'],
    ]);
    const asynchronously = [];
    for await (const entry of range) asynchronously.push(entry);
    expect(asynchronously).toEqual([
      ['a', '2'],
      ['b', '1'],
    ]);
  });

  it('a null key is refused', () => {
    const { store } = make(plain(false));
    expect(() => store.put(null as unknown as string, 'x')).toThrow(/key cannot be null/);
  });

  it('a value of the wrong type is refused, naming the store', () => {
    const { store } = make(plain(false));
    expect(() => store.put('a', 1 as unknown as string)).toThrow(/for store s/);
  });

  it('what is restored is neither logged nor uncommitted', () => {
    const { store, task } = make(timestamped(false));
    store.restore(Buffer.from([1]), int64(5), 9, []);
    store.restore(Buffer.from([2]), int64(6), 9, []);
    store.restore(Buffer.from([2]), null, 10, []);
    store.rollback();
    expect(listed(store.all())).toEqual([[Buffer.from([1]), { value: 5, timestamp: 9 }]]);
    expect(task.logged).toEqual([]);
    expect(store.uncommittedBytes).toBe(0);
  });

  it('uncommitted bytes grow with what is written, not with how often', () => {
    const { store } = make(plain(false));
    store.put('a', 'x'.repeat(1000));
    const once = store.uncommittedBytes;
    for (let i = 0; i < 100; i++) store.put('a', 'y'.repeat(1000));
    expect(store.uncommittedBytes).toBe(once);
    expect(once).toBeGreaterThanOrEqual(1000);
    store.promote();
    expect(store.uncommittedBytes).toBe(0);
  });

  it('a read-only view reads and refuses every write', () => {
    const { store } = make(plain(false));
    store.put('a', 'x');
    const view = readOnlyView(store) as KeyValueStore<string, string>;
    expect(view.get('a')).toBe('x');
    for (const write of [
      () => view.put('a', 'y'),
      () => view.delete('a'),
      () => view.putIfAbsent('b', 'y'),
      () => view.putAll([]),
    ]) {
      expect(write).toThrow(expect.objectContaining({ code: 'READ_ONLY_STORE' }));
    }
  });
});

describe('the record cache', () => {
  const update = (key: string, value: string | null, old: string | null, timestamp: number) => ({
    key,
    value,
    old,
    timestamp,
  });

  function cached(maxBytes = 100_000, sendOldValues = true) {
    const made = make(plain(true), maxBytes);
    const forwarded: ReturnType<typeof update>[] = [];
    const listening = made.store.setFlushListener(
      (key, value, old, timestamp) =>
        forwarded.push(update(key, value as string, old as string, timestamp)),
      sendOldValues,
    );
    expect(listening).toBe(true);
    return { ...made, forwarded };
  }

  it('without a budget there is none, and the operator forwards by itself', () => {
    const { store } = make(plain(true), 0);
    expect(store.setFlushListener(() => undefined, true)).toBe(false);
  });

  it('forwards the last update of each key in the order of the last updates, with what was flushed before', () => {
    const { store, task, forwarded } = cached();
    task.now = 1;
    store.put('a', '1');
    task.now = 2;
    store.put('b', '1');
    task.now = 3;
    store.put('a', '2');
    expect(forwarded).toEqual([]);
    expect(store.flushCache()).toBe(true);
    expect(forwarded).toEqual([update('b', '1', null, 2), update('a', '2', null, 3)]);
    task.now = 4;
    store.put('a', '3');
    store.flushCache();
    expect(forwarded.at(-1)).toEqual(update('a', '3', '2', 4));
    expect(store.flushCache()).toBe(false);
  });

  it('sends no old values unless asked', () => {
    const { store, forwarded } = cached(100_000, false);
    store.put('a', '1');
    store.flushCache();
    store.put('a', '2');
    store.flushCache();
    expect(forwarded.map(({ old }) => old)).toEqual([null, null]);
  });

  it('swallows a key that came and went between two flushes, and forwards the tombstone of one that was there', () => {
    const { store, task, forwarded } = cached();
    store.put('a', '1');
    store.put('a', null);
    store.flushCache();
    expect(forwarded).toEqual([]);
    expect(task.logged).toEqual([]);
    store.put('a', '1');
    store.flushCache();
    store.put('a', null);
    store.flushCache();
    expect(forwarded).toEqual([update('a', '1', null, 0), update('a', null, '1', 0)]);
  });

  it('a full cache flushes everything of the store', () => {
    const { store, forwarded } = cached(300);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) store.put(key, 'x');
    expect(forwarded.map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(store.get('f')).toBe('x');
  });

  it('a full cache inside a record scope asks for a commit instead', () => {
    const { store, task, forwarded } = cached(100);
    task.scoped = true;
    for (const key of ['a', 'b', 'c']) store.put(key, 'x');
    expect(forwarded).toEqual([]);
    expect(task.commits).toBeGreaterThan(0);
  });

  it('a put from behind the flush is held back again', () => {
    const { store, forwarded } = cached();
    let again = true;
    store.setFlushListener((key, value, old, timestamp) => {
      forwarded.push(update(key, value as string, old as string, timestamp));
      if (again) store.put('a', 'later');
      again = false;
    }, true);
    store.put('a', '1');
    store.flushCache();
    expect(store.hasDirtyCache).toBe(true);
    store.flushCache();
    expect(forwarded.map(({ value, old }) => [value, old])).toEqual([
      ['1', null],
      ['later', '1'],
    ]);
  });
});

describe('undefined', () => {
  const text = { key: Serdes.string(), value: Serdes.string() };
  const refused = expect.objectContaining({
    code: 'SERIALIZE_FAILED',
    message: 'The value for store s is undefined. Did a function forget to return? null deletes.',
  });
  const forgotten = undefined as never;

  it('is no value: it deletes nothing', () => {
    const store = Stores.keyValue({ name: 's', ...text }).build();
    store.init(new StoreTask(0));
    store.put('a', '1');
    expect(() => store.put('a', forgotten)).toThrow(refused);
    expect(() => store.putIfAbsent('a', forgotten)).toThrow(refused);
    expect(() => store.putAll([['a', forgotten]])).toThrow(refused);
    expect(store.get('a')).toBe('1');
  });

  it('is no value with a timestamp either', () => {
    const store = Stores.timestampedKeyValue({ name: 's', ...text }).build();
    store.init(new StoreTask(0));
    expect(() => store.put('a', forgotten)).toThrow(refused);
    expect(() => store.put('a', { value: forgotten, timestamp: 1 })).toThrow(refused);
  });
});
