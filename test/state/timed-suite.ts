/**
 * What every store whose rows have times must do, as random commands against a model. A model is a pure function: a
 * state, a write, and the state after it. The suite keeps one state per layer (committed, uncommitted, record scope)
 * and compares after every command what the store shows; it also makes a new store from the changelog of what was
 * committed, which has to show the committed state, and takes a new handle at every rollback, as a task does.
 */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { Serdes } from '../../src/serde/serdes.js';
import type { Serde } from '../../src/serde/serde.js';
import type { ManagedStore, StateStore, StoreBuilder } from '../../src/state/store.js';
import { StoreTask, type LoggedUpdate } from './store-suite.js';

export const KEYS: readonly string[] = ['a', 'b', 'aa'];
export const timedKey = fc.constantFrom(...KEYS);
export const timedValue = fc.option(fc.constantFrom('x', 'yy'), { nil: null, freq: 4 });

/** Strings that stores keep as bytes; those of `Serdes.string()` they keep decoded. */
export const AS_BYTES: Serde<string> = Serdes.from({
  serialize: (text: string) => Buffer.from(text),
  deserialize: (bytes) => Buffer.from(bytes).toString(),
});

const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };

/** The store agrees with its model, for random commands. */
export const checkTimed = <S, M, W>(suite: TimedSuite<S, M, W>): void =>
  fc.assert(timedProperty(suite), { numRuns: 120, ...seed });

/** When updates are logged: at once, when the record cache is flushed, or when the task flushes before a commit. */
export type Logging = 'write' | 'cache' | 'commit';

export interface TimedSuite<S, M, W> {
  readonly builder: StoreBuilder<S & StateStore>;
  readonly logging: Logging;
  readonly writes: fc.Arbitrary<W>;
  readonly initial: M;
  /** The state after a write, and what the write logs. It must not change the state it is given. */
  step(state: M, write: W, now: number): { readonly state: M; readonly logs?: LoggedUpdate };
  write(store: S, write: W): void;
  /** Everything that reads show. */
  read(store: S): unknown;
  expected(state: M): unknown;
}

interface Model<M> {
  committed: M;
  uncommitted: M;
  scope: M | undefined;
  logged: LoggedUpdate[];
  held: Map<string, LoggedUpdate>;
  heldBefore: Map<string, LoggedUpdate>;
  /** Length of the changelog at the last commit, and when the scope began. */
  loggedAtCommit: number;
  loggedAtScope: number;
}

interface Real<S> {
  readonly task: StoreTask;
  store: S & ManagedStore;
}

type Command<S, M> = fc.Command<Model<M>, Real<S>>;

function timedProperty<S, M, W>(suite: TimedSuite<S, M, W>): fc.IProperty<unknown> {
  const commands = fc.commands<Model<M>, Real<S>>(commandsOf(suite), { maxCommands: 50 });
  return fc.property(commands, (list) => {
    fc.modelRun(() => {
      const task = new StoreTask(suite.logging === 'cache' ? 1_000_000 : 0);
      const store = suite.builder.build();
      store.init(task);
      const { initial } = suite;
      const model: Model<M> = {
        committed: initial,
        uncommitted: initial,
        scope: undefined,
        logged: [],
        held: new Map(),
        heldBefore: new Map(),
        loggedAtCommit: 0,
        loggedAtScope: 0,
      };
      return { model, real: { task, store } };
    }, list);
  });
}

function commandsOf<S, M, W>(suite: TimedSuite<S, M, W>): fc.Arbitrary<Command<S, M>>[] {
  const { logging } = suite;
  const make = (
    name: string,
    run: (model: Model<M>, real: Real<S>) => void,
    check: (model: Readonly<Model<M>>) => boolean = () => true,
  ): Command<S, M> => ({
    check,
    run: (model, real) => {
      run(model, real);
      compare(suite, model, real);
    },
    toString: () => name,
  });
  const noScope = (model: Readonly<Model<M>>) => model.scope === undefined;
  const inScope = (model: Readonly<Model<M>>) => model.scope !== undefined;
  const flush = (model: Model<M>, { store }: Real<S>) => {
    store.flushCache();
    model.logged.push(...model.held.values());
    model.held.clear();
  };
  const written = fc.tuple(suite.writes, fc.nat(50)).map(([write, now]) =>
    make(`${JSON.stringify(write)}@${now}`, (model, { task, store }) => {
      task.now = now;
      suite.write(store, write);
      const { state, logs } = suite.step(model.scope ?? model.uncommitted, write, now);
      if (model.scope === undefined) model.uncommitted = state;
      else model.scope = state;
      if (logs === undefined) return;
      if (logging === 'write') model.logged.push(logs);
      else if (logging === 'cache') {
        model.held.delete(logs.key);
        model.held.set(logs.key, logs);
      }
    }),
  );
  return [
    written,
    written,
    written,
    fc.constant(
      make(
        'commit',
        (model, real) => {
          if (model.scope === undefined) flush(model, real);
          real.store.promote();
          model.committed = model.uncommitted;
          model.loggedAtCommit =
            model.scope === undefined ? real.task.logged.length : model.loggedAtScope;
        },
        // A task with an open scope and something to flush does not commit.
        (model) => model.scope === undefined || logging === 'write',
      ),
    ),
    fc.constant(make('flush', flush, noScope)),
    fc.constant(
      make('rollback', (model, real) => {
        real.store.rollback();
        // The same kind of store over the same rows.
        real.store = real.store.renew!() as S & ManagedStore;
        real.task.scoped = false;
        real.task.logged.length = model.loggedAtCommit;
        model.logged.length = Math.min(model.logged.length, model.loggedAtCommit);
        model.uncommitted = model.committed;
        model.scope = undefined;
        model.held.clear();
      }),
    ),
    fc.constant(
      make(
        'begin scope',
        (model, { task }) => {
          task.scoped = true;
          model.scope = model.uncommitted;
          model.heldBefore = new Map(model.held);
          model.loggedAtScope = task.logged.length;
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
          task.logged.length = model.loggedAtScope;
          model.logged.length = Math.min(model.logged.length, model.loggedAtScope);
          model.scope = undefined;
          model.held = new Map(model.heldBefore);
        },
        inScope,
      ),
    ),
    fc.constant(
      make('restore', (model, { task }) => {
        const restored = suite.builder.build();
        restored.init(new StoreTask(logging === 'cache' ? 1_000_000 : 0));
        for (const { key, value, timestamp } of task.logged.slice(0, model.loggedAtCommit)) {
          const bytes = value === null ? null : Buffer.from(value, 'hex');
          restored.restore(Buffer.from(key, 'hex'), bytes, timestamp, []);
        }
        expect(suite.read(restored)).toEqual(suite.expected(model.committed));
        expect(restored.uncommittedBytes).toBe(0);
      }),
    ),
  ];
}

function compare<S, M, W>(
  suite: TimedSuite<S, M, W>,
  model: Model<M>,
  { task, store }: Real<S>,
): void {
  expect(suite.read(store)).toEqual(suite.expected(model.scope ?? model.uncommitted));
  if (suite.logging !== 'commit') {
    expect(task.logged).toEqual(model.logged);
    expect(store.hasDirtyCache).toBe(model.held.size > 0);
  }
  if (task.cache !== undefined && model.held.size === 0) expect(task.cache.usedBytes).toBe(0);
}
