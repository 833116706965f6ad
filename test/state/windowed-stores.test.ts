/** What the models of window, session and versioned stores do not say: expiry, scans, counts, builders, views. */
import { describe, expect, it } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import {
  aggregationSessionStore,
  aggregationWindowStore,
} from '../../src/state/operator-store-builders.js';
import { readOnlyView } from '../../src/state/read-only-store.js';
import type { SessionStore } from '../../src/state/session.js';
import { Stores } from '../../src/state/stores.js';
import type { ManagedStore, StateStore, StoreBuilder } from '../../src/state/store.js';
import {
  PUT_RETURN_CODE_NOT_PUT,
  PUT_RETURN_CODE_VALID_TO_UNDEFINED,
  type VersionedKeyValueStore,
} from '../../src/state/versioned.js';
import type { WindowStore } from '../../src/state/window.js';
import { StoreTask } from './store-suite.js';

const strings = { name: 's', key: Serdes.string(), value: Serdes.string() };

function opened<S extends StateStore>(builder: StoreBuilder<S>, cacheMaxBytes = 0) {
  const task = new StoreTask(cacheMaxBytes);
  const store = builder.build();
  store.init(task);
  return { store, task };
}

const session = (key: string, start: number, end: number) => ({ key, window: { start, end } });

describe('emit on close', () => {
  const options = { ...strings, retention: 10, windowSize: 10 };

  it('a jump in time hides windows but the scan still sees them, until they are released and committed', () => {
    const { store } = opened(aggregationWindowStore({ ...options, keepUntilReleased: true }));
    store.put('b', { value: '1', timestamp: 3 }, 0);
    store.put('a', { value: '2', timestamp: 4 }, 0);
    store.put('a', { value: '3', timestamp: 100 }, 100);
    store.promote();
    expect(store.fetch('a', 0)).toBeUndefined();
    expect(store.earliestTime()).toBe(0);
    expect(store.rowsBetween(0, 90)).toEqual([
      [
        { key: 'a', window: { start: 0, end: 10 } },
        { value: '2', timestamp: 4 },
      ],
      [
        { key: 'b', window: { start: 0, end: 10 } },
        { value: '1', timestamp: 3 },
      ],
    ]);
    store.releaseBelow(50);
    expect(store.earliestTime()).toBe(0);
    store.promote();
    expect(store.earliestTime()).toBe(100);
  });

  it('a release is taken back by an abort', () => {
    const { store } = opened(aggregationWindowStore({ ...options, keepUntilReleased: true }));
    store.put('a', { value: '1', timestamp: 0 }, 0);
    store.put('a', { value: '2', timestamp: 0 }, 100);
    store.promote();
    store.releaseBelow(50);
    store.rollback();
    store.promote();
    expect(store.earliestTime()).toBe(0);
  });

  it('a row that is hidden already when it is written is kept for the scan', () => {
    const { store, task } = opened(
      aggregationSessionStore({ ...strings, retention: 10, keepUntilReleased: true }),
    );
    store.put(session('a', 70, 72), 'x');
    store.put(session('b', 61, 61), 'y');
    store.promote();
    expect(store.fetch('b')).toEqual([]);
    expect(store.rowsBetween(0, 61)).toEqual([[session('b', 61, 61), 'y']]);
    expect(task.dropped).toBe(0);
  });

  it('a session that ends at the retention is not closed yet, and is shown', () => {
    const { store } = opened(
      aggregationSessionStore({ ...strings, retention: 10, keepUntilReleased: true }),
    );
    store.put(session('a', 70, 72), 'x');
    store.put(session('b', 62, 62), 'y');
    store.promote();
    expect(store.fetchSession('b', 62, 62)).toBe('y');
    expect(store.findSessions('b', 57, 67)).toEqual([[session('b', 62, 62), 'y']]);
  });

  it('released rows stay while retention shows them', () => {
    const { store } = opened(aggregationWindowStore({ ...options, keepUntilReleased: true }));
    store.put('a', { value: '1', timestamp: 0 }, 0);
    store.releaseBelow(50);
    store.promote();
    expect(store.fetch('a', 0)).toEqual({ value: '1', timestamp: 0 });
  });

  it('sessions are scanned by end, start and key; those of a memory store by end, key and start', () => {
    const order = (store?: 'memory') => {
      const { store: sessions } = opened(
        aggregationSessionStore({
          ...strings,
          retention: 100,
          keepUntilReleased: true,
          ...(store === undefined ? {} : { store }),
        }),
      );
      sessions.put(session('k', 10, 11), '1');
      sessions.put(session('a', 11, 11), '2');
      sessions.put(session('b', 9, 11), '3');
      sessions.put(session('z', 1, 2), '4');
      const rows = sessions.rowsBetween(0, 50);
      return 'then' in rows ? [] : rows.map(([{ key }]) => key);
    };
    expect(order()).toEqual(['z', 'b', 'k', 'a']);
    expect(order('memory')).toEqual(['z', 'a', 'b', 'k']);
  });
});

describe('expiry', () => {
  it('drops what retention hides, at the commit', () => {
    const { store } = opened(
      aggregationWindowStore({
        ...strings,
        retention: 50,
        windowSize: 10,
        keepUntilReleased: false,
      }),
    );
    for (let start = 0; start < 10_000; start += 10) {
      store.put(`k${start % 70}`, { value: 'x', timestamp: start }, start);
      store.promote();
    }
    expect(store.earliestTime()).toBe(9950);
    expect(store.uncommittedBytes).toBe(0);
  });

  it('what an abort takes back is shown again', () => {
    const { store } = opened(
      Stores.window({ ...strings, store: 'memory', retention: 50, windowSize: 10 }),
    );
    store.put('a', 'x', 0);
    store.promote();
    store.put('a', 'y', 1000);
    expect(store.fetch('a', 0)).toBeUndefined();
    store.rollback();
    expect([...store.all()]).toEqual([[session('a', 0, 10), 'x']]);
  });

  it('versions that nobody can ask for are dropped, the latest stays', () => {
    const { store } = opened(Stores.versionedKeyValue({ ...strings, historyRetention: 10 }));
    for (let time = 0; time < 100; time++) {
      store.put('a', `${time}`, time);
      store.promote();
    }
    store.put('b', 'x', 1000);
    store.promote();
    expect(store.get('a')).toEqual({ value: '99', timestamp: 99 });
    expect(store.get('a', 500)).toEqual({ value: '99', timestamp: 99 });
    expect(store.get('a', 98)).toBeUndefined();
  });

  it('a window store in memory counts every late write, a persistent one those of dead segments', () => {
    const late = (store: 'memory' | 'persistent') => {
      const { store: windows, task } = opened(
        Stores.window({ ...strings, store, retention: 50, windowSize: 10 }),
      );
      windows.put('a', 'x', 200_000);
      windows.put('a', 'x', 199_000);
      windows.put('a', 'x', 0);
      return task.dropped;
    };
    expect(late('memory')).toBe(2);
    expect(late('persistent')).toBe(1);
  });

  it('removing a session tells the time to a persistent store, not to one in memory', () => {
    const shown = (store: 'memory' | 'persistent') => {
      const { store: sessions } = opened(Stores.session({ ...strings, store, retention: 50 }));
      sessions.put(session('a', 0, 10), 'x');
      sessions.remove(session('b', 90, 100));
      return sessions.fetch('a').length;
    };
    expect(shown('memory')).toBe(1);
    expect(shown('persistent')).toBe(0);
  });
});

describe('the record cache of windows', () => {
  it('forwards windowed keys with old and new values in the order of the last updates', () => {
    const { store } = opened(
      aggregationWindowStore({
        ...strings,
        retention: 50,
        windowSize: 10,
        caching: true,
        keepUntilReleased: false,
      }),
      100_000,
    );
    const forwarded: unknown[] = [];
    store.setFlushListener(
      (key, value, old, timestamp) => forwarded.push([key, value, old, timestamp]),
      true,
    );
    store.put('a', { value: '1', timestamp: 3 }, 0);
    store.put('b', { value: '1', timestamp: 4 }, 0);
    store.put('a', { value: '2', timestamp: 5 }, 0);
    store.flushCache();
    store.promote();
    store.put('a', { value: '3', timestamp: 6 }, 0);
    store.flushCache();
    expect(forwarded).toEqual([
      [session('b', 0, 10), '1', null, 4],
      [session('a', 0, 10), '2', null, 5],
      [session('a', 0, 10), '3', '2', 6],
    ]);
  });

  it('a timestamped window is logged as the raw value with the timestamp of the value', () => {
    const { store, task } = opened(
      Stores.timestampedWindow({ ...strings, retention: 50, windowSize: 10 }),
    );
    task.now = 40;
    store.put('k', { value: 'v', timestamp: 7 }, 10);
    store.put('k', null, 10);
    expect(task.logged).toEqual([
      { key: '6b000000000000000a00000000', value: '76', timestamp: 7 },
      { key: '6b000000000000000a00000000', value: null, timestamp: 40 },
    ]);
  });
});

describe('versioned stores', () => {
  it('put returns until when the version is valid', () => {
    const { store, task } = opened(Stores.versionedKeyValue({ ...strings, historyRetention: 100 }));
    expect(store.put('a', 'x', 50)).toBe(PUT_RETURN_CODE_VALID_TO_UNDEFINED);
    expect(store.put('a', 'w', 20)).toBe(50);
    expect(store.put('b', 'x', 500)).toBe(PUT_RETURN_CODE_VALID_TO_UNDEFINED);
    expect(store.put('a', 'v', 399)).toBe(PUT_RETURN_CODE_NOT_PUT);
    expect(task.dropped).toBe(1);
    expect(store.delete('a', 600)).toEqual({ value: 'x', timestamp: 50 });
    expect(store.get('a')).toBeUndefined();
  });
});

describe('builders', () => {
  const refused = (text: RegExp) =>
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(text) });

  it('say what is wrong', () => {
    expect(() => Stores.window({ ...strings, retention: 5, windowSize: 10 })).toThrow(
      refused(
        /retention period of the window store s must be no smaller than its window size. Got size=\[10\], retention=\[5\]/,
      ),
    );
    expect(() => Stores.session({ ...strings, retention: -1 })).toThrow(
      refused(/Stores.session\(\): retention: -1 is not a duration/),
    );
    expect(() => Stores.session({ ...strings } as never)).toThrow(refused(/retention is missing/));
    expect(() =>
      Stores.versionedKeyValue({ ...strings, historyRetention: 1, segmentInterval: 0 }),
    ).toThrow(refused(/segmentInterval cannot be zero/));
    expect(() =>
      Stores.versionedKeyValue({ ...strings, historyRetention: 1, caching: true } as never),
    ).toThrow(refused(/no option 'caching'/));
  });

  it('say what the changelog is to be', () => {
    const builder = Stores.window({ ...strings, retention: '1h', windowSize: '1m' });
    expect([builder.changelogKind, builder.retentionMs]).toEqual(['window', 3_600_000]);
    const versioned = Stores.versionedKeyValue({ ...strings, historyRetention: '1d' });
    expect([versioned.changelogKind, versioned.retentionMs]).toEqual(['versioned', 86_400_000]);
  });

  it('never cache what retains duplicates', () => {
    const options = { ...strings, retention: 10, windowSize: 10, caching: true };
    expect(Stores.window({ ...options, retainDuplicates: true }).cachingEnabled).toBe(false);
  });
});

describe('read-only views', () => {
  const refusal = expect.objectContaining({ code: 'READ_ONLY_STORE' });

  it('of a window store', () => {
    const { store } = opened(Stores.window({ ...strings, retention: 50, windowSize: 10 }));
    store.put('a', 'x', 5);
    const view = readOnlyView(store) as WindowStore<string, string>;
    expect(view.fetch('a', 5)).toBe('x');
    expect(view.fetch('a', 0, 10)).toEqual([[5, 'x']]);
    expect(() => view.put('a', 'y', 5)).toThrow(refusal);
  });

  it('of a session store', () => {
    const { store } = opened(Stores.session({ ...strings, retention: 50 }));
    store.put(session('a', 1, 5), 'x');
    const view = readOnlyView(store) as SessionStore<string, string>;
    expect(view.fetch('a')).toEqual([[session('a', 1, 5), 'x']]);
    expect(() => view.put(session('a', 1, 5), 'y')).toThrow(refusal);
    expect(() => view.remove(session('a', 1, 5))).toThrow(refusal);
  });

  it('of a versioned store', () => {
    const { store } = opened(Stores.versionedKeyValue({ ...strings, historyRetention: 50 }));
    store.put('a', 'x', 5);
    const view = readOnlyView(store) as VersionedKeyValueStore<string, string>;
    expect(view.get('a', 7)).toEqual({ value: 'x', timestamp: 5 });
    expect(() => view.put('a', 'y', 5)).toThrow(refusal);
    expect(() => view.delete('a', 5)).toThrow(refusal);
  });
});

describe('mistakes', () => {
  const kinds: readonly (readonly [
    string,
    () => ManagedStore & { put: (...a: never[]) => unknown },
    readonly unknown[],
  ])[] = [
    [
      'window',
      () => Stores.window({ ...strings, retention: 9, windowSize: 9 }).build(),
      ['a', 'x', 0],
    ],
    [
      'session',
      () => Stores.session({ ...strings, retention: 9 }).build(),
      [session('a', 0, 1), 'x'],
    ],
    [
      'versioned',
      () => Stores.versionedKeyValue({ ...strings, historyRetention: 9 }).build(),
      ['a', 'x', 0],
    ],
  ];
  for (const [kind, build, args] of kinds) {
    const put = (store: ReturnType<typeof build>, ...given: readonly unknown[]) =>
      Reflect.apply(store.put, store, given);

    it(`a ${kind} store refuses undefined, null keys and times that are none`, () => {
      const store = build();
      store.init(new StoreTask(0));
      expect(() => put(store, ...args.map((arg) => (arg === 'x' ? undefined : arg)))).toThrow(
        expect.objectContaining({ code: 'SERIALIZE_FAILED' }),
      );
      const nullKey = kind === 'session' ? [session(null as never, 0, 1), 'x'] : [null, 'x', 0];
      expect(() => put(store, ...nullKey)).toThrow(/key cannot be null/);
      const noTime = kind === 'session' ? [session('a', 0.5, 1), 'x'] : ['a', 'x', undefined];
      expect(() => put(store, ...noTime)).toThrow(/whole milliseconds/);
    });

    it(`a handle on a ${kind} store of before an abort refuses writes`, () => {
      const store = build();
      store.init(new StoreTask(0));
      store.rollback();
      store.renew!();
      expect(() => put(store, ...args)).toThrow(expect.objectContaining({ code: 'LATE_FORWARD' }));
    });
  }
});
