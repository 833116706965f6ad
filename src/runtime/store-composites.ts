/**
 * The parts of a store that the tasks of this process hold, as one read-only store of its kind. A point read asks part
 * by part; ranges go through the parts one after another, as Kafka's queries do. Values of timestamped stores (every
 * table and aggregation) come without their timestamp.
 */
import type { Windowed } from '../serde/windowed.js';
import { isTimestamped } from '../state/in-memory-key-value-store.js';
import type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ValueAndTimestamp,
} from '../state/key-value.js';
import type { ReadOnlySessionStore } from '../state/session.js';
import type { StateStore } from '../state/store.js';
import type { ReadOnlyVersionedKeyValueStore, VersionedRecord } from '../state/versioned.js';
import type { ReadOnlyWindowStore } from '../state/window.js';

/** What a store can be read as. */
export interface StoreKinds {
  keyValue: ReadOnlyKeyValueStore<unknown, unknown>;
  window: ReadOnlyWindowStore<unknown, unknown>;
  session: ReadOnlySessionStore<unknown, unknown>;
  versioned: ReadOnlyVersionedKeyValueStore<unknown, unknown>;
}

export type StoreKind = keyof StoreKinds;

type Rows<T> = AsyncIterable<[T, unknown]>;

/** The call that tells a kind from the others. */
const FACES: { readonly [kind in StoreKind]: string } = {
  keyValue: 'prefixScan',
  window: 'fetchAll',
  session: 'findSessions',
  versioned: 'get',
};

/** Buffers of operators, and stores of a kind that a user made, have none of these faces. */
export const hasFace = (store: StateStore, kind: StoreKind): boolean => FACES[kind] in store;

export function composite(
  kind: StoreKind,
  name: string,
  parts: readonly StateStore[],
): StoreKinds[StoreKind] {
  switch (kind) {
    // What the parts are was looked at before.
    case 'keyValue':
      return new CompositeKeyValue(name, parts as readonly KeyValueStore<unknown, unknown>[]);
    case 'window':
      return new CompositeWindow(name, parts as readonly StoreKinds['window'][]);
    case 'session':
      return new CompositeSession(name, parts as readonly StoreKinds['session'][]);
    case 'versioned':
      return new CompositeVersioned(name, parts as readonly StoreKinds['versioned'][]);
  }
}

class Composite<S extends StateStore> implements StateStore {
  readonly name: string;
  protected readonly parts: readonly S[];

  constructor(name: string, parts: readonly S[]) {
    this.name = name;
    this.parts = parts;
  }

  get persistent(): boolean {
    return this.parts.some((part) => part.persistent);
  }

  /** The first part that knows. */
  protected first<R>(read: (part: S) => R | undefined): R | undefined {
    for (const part of this.parts) {
      const found = read(part);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  protected async *chained<T>(open: (part: S) => Rows<T>): AsyncGenerator<[T, unknown]> {
    for (const part of this.parts) {
      for await (const [key, value] of open(part)) yield [key, bare(part, value)];
    }
  }
}

class CompositeKeyValue
  extends Composite<StoreKinds['keyValue']>
  implements ReadOnlyKeyValueStore<unknown, unknown>
{
  get(key: unknown): unknown {
    return this.first((part) => bare(part, part.get(key)));
  }

  range(from?: unknown, to?: unknown): Rows<unknown> {
    return this.chained((part) => part.range(from, to));
  }

  reverseRange(from?: unknown, to?: unknown): Rows<unknown> {
    return this.chained((part) => part.reverseRange(from, to));
  }

  all(): Rows<unknown> {
    return this.chained((part) => part.all());
  }

  reverseAll(): Rows<unknown> {
    return this.chained((part) => part.reverseAll());
  }

  prefixScan(prefix: unknown): Rows<unknown> {
    return this.chained((part) => part.prefixScan(prefix));
  }

  approximateNumEntries(): number {
    return this.parts.reduce((sum, part) => sum + part.approximateNumEntries(), 0);
  }
}

type WindowRows = [start: number, value: unknown][];

class CompositeWindow
  extends Composite<StoreKinds['window']>
  implements ReadOnlyWindowStore<unknown, unknown>
{
  fetch(key: unknown, time: number): unknown;
  fetch(key: unknown, from: number, to: number): WindowRows;
  fetch(keyFrom: unknown, keyTo: unknown, from: number, to: number): Rows<Windowed<unknown>>;
  fetch(key: unknown, second: unknown, third?: number, fourth?: number): unknown {
    // The overloads say what the second argument is.
    const time = second as number;
    if (third === undefined) return this.first((part) => bare(part, part.fetch(key, time)));
    if (fourth !== undefined) return this.chained((part) => part.fetch(key, second, third, fourth));
    const found = this.parts.flatMap((part) => bareRows(part, part.fetch(key, time, third)));
    return found.sort(([left], [right]) => left - right);
  }

  backwardFetch(key: unknown, from: number, to: number): WindowRows;
  backwardFetch(
    keyFrom: unknown,
    keyTo: unknown,
    from: number,
    to: number,
  ): Rows<Windowed<unknown>>;
  backwardFetch(key: unknown, second: unknown, third: number, fourth?: number): unknown {
    if (fourth !== undefined)
      return this.chained((part) => part.backwardFetch(key, second, third, fourth));
    return this.fetch(key, second as number, third).reverse();
  }

  fetchAll(from: number, to: number): Rows<Windowed<unknown>> {
    return this.chained((part) => part.fetchAll(from, to));
  }

  backwardFetchAll(from: number, to: number): Rows<Windowed<unknown>> {
    return this.chained((part) => part.backwardFetchAll(from, to));
  }

  all(): Rows<Windowed<unknown>> {
    return this.chained((part) => part.all());
  }

  backwardAll(): Rows<Windowed<unknown>> {
    return this.chained((part) => part.backwardAll());
  }
}

type SessionRows = [Windowed<unknown>, unknown][];

class CompositeSession
  extends Composite<StoreKinds['session']>
  implements ReadOnlySessionStore<unknown, unknown>
{
  fetchSession(key: unknown, start: number, end: number): unknown {
    return this.first((part) => part.fetchSession(key, start, end));
  }

  findSessions(key: unknown, earliestEnd: number, latestStart: number): SessionRows;
  findSessions(from: unknown, to: unknown, end: number, start: number): Rows<Windowed<unknown>>;
  findSessions(key: unknown, second: unknown, third: number, fourth?: number): unknown {
    if (fourth !== undefined)
      return this.chained((part) => part.findSessions(key, second, third, fourth));
    const found = this.parts.flatMap((part) => part.findSessions(key, second as number, third));
    return found.sort(
      ([{ window: left }], [{ window: right }]) => left.end - right.end || left.start - right.start,
    );
  }

  backwardFindSessions(key: unknown, earliestEnd: number, latestStart: number): SessionRows;
  backwardFindSessions(
    from: unknown,
    to: unknown,
    end: number,
    start: number,
  ): Rows<Windowed<unknown>>;
  backwardFindSessions(key: unknown, second: unknown, third: number, fourth?: number): unknown {
    if (fourth !== undefined)
      return this.chained((part) => part.backwardFindSessions(key, second, third, fourth));
    return this.findSessions(key, second as number, third).reverse();
  }

  fetch(key: unknown): SessionRows;
  fetch(from: unknown, to: unknown): Rows<Windowed<unknown>>;
  fetch(key: unknown, ...to: [unknown?]): unknown {
    if (to.length === 0) return this.findSessions(key, -Infinity, Infinity);
    return this.findSessions(key, to[0], -Infinity, Infinity);
  }

  backwardFetch(key: unknown): SessionRows;
  backwardFetch(from: unknown, to: unknown): Rows<Windowed<unknown>>;
  backwardFetch(key: unknown, ...to: [unknown?]): unknown {
    if (to.length === 0) return this.backwardFindSessions(key, -Infinity, Infinity);
    return this.backwardFindSessions(key, to[0], -Infinity, Infinity);
  }
}

class CompositeVersioned
  extends Composite<StoreKinds['versioned']>
  implements ReadOnlyVersionedKeyValueStore<unknown, unknown>
{
  get(key: unknown, asOfTimestamp?: number): VersionedRecord<unknown> | undefined {
    return this.first((part) =>
      asOfTimestamp === undefined ? part.get(key) : part.get(key, asOfTimestamp),
    );
  }
}

/** A timestamped store's face gives nothing else than values with timestamps. */
function bare(part: StateStore, value: unknown): unknown {
  return value !== undefined && isTimestamped(part)
    ? (value as ValueAndTimestamp<unknown>).value
    : value;
}

function bareRows(part: StateStore, rows: WindowRows): WindowRows {
  return rows.map(([start, value]) => [start, bare(part, value)]);
}
