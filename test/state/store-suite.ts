/**
 * What every key-value store must do, as random commands against a model made of plain sorted lists. The model
 * keeps one map per layer (committed, uncommitted, record scope) and what a record cache holds back; the store has
 * to agree after every command, and to have logged exactly the updates it should have.
 */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { CachedStore, KeyValueStore } from '../../src/state/key-value.js';
import type {
  CacheBudget,
  ManagedStore,
  RecordOrigin,
  StoreBuilder,
  StoreContext,
} from '../../src/state/store.js';

export type TestedStore<K, F> = KeyValueStore<K, F> & ManagedStore & CachedStore<K, unknown>;

export interface LoggedUpdate {
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** A task as far as a store knows it, driven by hand. */
export class StoreTask implements StoreContext {
  readonly taskId = '0_0';
  readonly logged: LoggedUpdate[] = [];
  readonly cache: CacheBudget | undefined;
  now = 0;
  scoped = false;
  commits = 0;
  dropped = 0;
  origin: RecordOrigin = { topic: 'in', partition: 0, offset: 0, headers: [] };

  constructor(cacheMaxBytes: number) {
    this.cache = cacheMaxBytes === 0 ? undefined : { maxBytes: cacheMaxBytes, usedBytes: 0 };
  }

  readonly changelog = (key: Uint8Array, value: Uint8Array | null, timestamp: number): void => {
    this.logged.push({ key: hex(key), value: value === null ? null : hex(value), timestamp });
  };
  timestamp(): number {
    return this.now;
  }
  streamTime(): number {
    return this.now;
  }
  recordDropped(): void {
    this.dropped++;
  }
  inRecordScope(): boolean {
    return this.scoped;
  }
  mayForward(): boolean {
    return !this.scoped;
  }
  recordOrigin(): RecordOrigin {
    return this.origin;
  }
  enterOrigin(origin: RecordOrigin, timestamp: number): RecordOrigin {
    const outer = this.origin;
    this.origin = origin;
    this.now = timestamp;
    return outer;
  }
  requestCommit(): void {
    this.commits++;
  }
}

/** How a store is tested: its keys and values, and what they are as bytes. */
export interface StoreSuite<K, F> {
  readonly builder: StoreBuilder<KeyValueStore<K, F>>;
  readonly keys: readonly K[];
  readonly values: readonly F[];
  keyBytes(key: K): Buffer;
  /** Of the changelog record. */
  valueBytes(value: F): Buffer;
  /** Timestamp of the changelog record, given that of the context. */
  loggedAt(value: F, now: number): number;
}

interface Model<K, F> {
  committed: Map<K, F>;
  uncommitted: Map<K, F>;
  scope: Map<K, F> | undefined;
  logged: LoggedUpdate[];
  /** Cached: last updates by key, in order of the last update. */
  held: Map<K, { readonly at: number }>;
  /** `held` as it was when the scope began. */
  heldBefore: Map<K, { readonly at: number }>;
}

interface Real<K, F> {
  readonly task: StoreTask;
  readonly store: TestedStore<K, F>;
}

type StoreCommand<K, F> = fc.Command<Model<K, F>, Real<K, F>>;

/** The property: for commands over this store, cached or not, model and store agree. */
export function storeProperty<K, F>(
  suite: StoreSuite<K, F>,
  cached: boolean,
): fc.IProperty<unknown> {
  const commands = fc.commands<Model<K, F>, Real<K, F>>(commandsOf(suite, cached), {
    maxCommands: 60,
  });
  return fc.property(commands, (list) => {
    fc.modelRun(() => {
      const task = new StoreTask(cached ? 1_000_000 : 0);
      // The builder's store implements all three faces; its type says so to the task only.
      const store = suite.builder.build() as unknown as TestedStore<K, F>;
      store.init(task);
      const model: Model<K, F> = {
        committed: new Map(),
        uncommitted: new Map(),
        scope: undefined,
        logged: [],
        held: new Map(),
        heldBefore: new Map(),
      };
      return { model, real: { task, store } };
    }, list);
  });
}

function commandsOf<K, F>(
  suite: StoreSuite<K, F>,
  cached: boolean,
): fc.Arbitrary<StoreCommand<K, F>>[] {
  const key = fc.constantFrom(...suite.keys);
  const value = fc.option(fc.constantFrom(...suite.values), { nil: null, freq: 4 });
  const bound = fc.option(key, { nil: undefined });
  const at = fc.nat(50);
  const make = (
    name: string,
    run: (model: Model<K, F>, real: Real<K, F>) => void,
    check: (model: Readonly<Model<K, F>>) => boolean = () => true,
  ): StoreCommand<K, F> => ({
    check,
    run: (model, real) => {
      run(model, real);
      compare(suite, model, real);
    },
    toString: () => name,
  });
  const write = (model: Model<K, F>, written: K, to: F | null, now: number) => {
    const layer = model.scope ?? model.uncommitted;
    if (to === null) layer.delete(written);
    else layer.set(written, to);
    if (cached) {
      model.held.delete(written);
      model.held.set(written, { at: now });
    } else log(suite, model, written, to, now);
  };
  const noScope = (model: Readonly<Model<K, F>>) => model.scope === undefined;
  const inScope = (model: Readonly<Model<K, F>>) => model.scope !== undefined;
  const flush = (model: Model<K, F>) => {
    for (const [held, { at: now }] of model.held)
      log(suite, model, held, model.uncommitted.get(held) ?? null, now);
    model.held.clear();
  };
  return [
    fc.tuple(key, value, at).map(([k, v, now]) =>
      make(`put(${String(k)}, ${JSON.stringify(v)})@${now}`, (model, { task, store }) => {
        task.now = now;
        store.put(k, v);
        write(model, k, v, now);
      }),
    ),
    fc.tuple(key, at).map(([k, now]) =>
      make(`delete(${String(k)})@${now}`, (model, { task, store }) => {
        task.now = now;
        expect(store.delete(k)).toEqual((model.scope ?? model.uncommitted).get(k));
        write(model, k, null, now);
      }),
    ),
    fc.tuple(key, fc.constantFrom(...suite.values), at).map(([k, v, now]) =>
      make(`putIfAbsent(${String(k)})@${now}`, (model, { task, store }) => {
        task.now = now;
        const there = (model.scope ?? model.uncommitted).get(k);
        expect(store.putIfAbsent(k, v)).toEqual(there);
        if (there === undefined) write(model, k, v, now);
      }),
    ),
    fc.tuple(bound, bound).map(([from, to]) =>
      make(`range(${String(from)}, ${String(to)})`, (model, { store }) => {
        const expected = sorted(suite, model).filter(
          ([k]) =>
            (from === undefined || suite.keyBytes(k).compare(suite.keyBytes(from)) >= 0) &&
            (to === undefined || suite.keyBytes(k).compare(suite.keyBytes(to)) <= 0),
        );
        expect(listed(store.range(from, to))).toEqual(expected);
        expect(listed(store.reverseRange(from, to))).toEqual(expected.toReversed());
      }),
    ),
    key.map((prefix) =>
      make(`prefixScan(${String(prefix)})`, (model, { store }) => {
        const bytes = suite.keyBytes(prefix);
        const expected = sorted(suite, model).filter(([k]) =>
          suite.keyBytes(k).subarray(0, bytes.length).equals(bytes),
        );
        expect(listed(store.prefixScan(prefix))).toEqual(expected);
      }),
    ),
    fc.constant(
      make(
        'commit',
        (model, { store }) => {
          // A task with an open scope and a dirty cache does not commit; without a cache it does.
          if (cached) store.flushCache();
          store.promote();
          if (cached) flush(model);
          model.committed = new Map(model.uncommitted);
        },
        (model) => !cached || model.scope === undefined,
      ),
    ),
    fc.constant(
      make(
        'flush',
        (model, { store }) => {
          store.flushCache();
          flush(model);
        },
        noScope,
      ),
    ),
    fc.constant(
      make('rollback', (model, { task, store }) => {
        store.rollback();
        task.scoped = false;
        model.uncommitted = new Map(model.committed);
        model.scope = undefined;
        model.held.clear();
      }),
    ),
    fc.constant(
      make(
        'begin scope',
        (model, { task }) => {
          task.scoped = true;
          model.scope = new Map(model.uncommitted);
          model.heldBefore = new Map(model.held);
        },
        noScope,
      ),
    ),
    fc.constant(
      make(
        'merge scope',
        (model, { task, store }) => {
          store.mergeScope();
          task.scoped = false;
          model.uncommitted = model.scope!;
          model.scope = undefined;
        },
        inScope,
      ),
    ),
    fc.constant(
      make(
        'drop scope',
        (model, { task, store }) => {
          store.dropScope();
          task.scoped = false;
          model.scope = undefined;
          model.held = new Map(model.heldBefore);
        },
        inScope,
      ),
    ),
  ];
}

function log<K, F>(
  suite: StoreSuite<K, F>,
  model: Model<K, F>,
  key: K,
  value: F | null,
  now: number,
): void {
  model.logged.push({
    key: hex(suite.keyBytes(key)),
    value: value === null ? null : hex(suite.valueBytes(value)),
    timestamp: value === null ? now : suite.loggedAt(value, now),
  });
}

function sorted<K, F>(suite: StoreSuite<K, F>, model: Readonly<Model<K, F>>): [K, F][] {
  return [...(model.scope ?? model.uncommitted)].sort(([left], [right]) =>
    suite.keyBytes(left).compare(suite.keyBytes(right)),
  );
}

function compare<K, F>(
  suite: StoreSuite<K, F>,
  model: Model<K, F>,
  { task, store }: Real<K, F>,
): void {
  const visible = model.scope ?? model.uncommitted;
  for (const key of suite.keys) expect(store.get(key)).toEqual(visible.get(key));
  expect(store.approximateNumEntries()).toBe(visible.size);
  expect(task.logged).toEqual(model.logged);
  expect(store.hasDirtyCache).toBe(model.held.size > 0);
  if (task.cache !== undefined && model.held.size === 0) expect(task.cache.usedBytes).toBe(0);
}

/** A memory store's ranges iterate synchronously. */
export function listed<T>(range: AsyncIterable<T>): T[] {
  return [...(range as AsyncIterable<T> & Iterable<T>)];
}
