/**
 * Reading state from outside: the parts of a store that the tasks of this process hold, as one read-only store.
 * A point read asks part by part, ranges go through the parts one after another, as Kafka's queries do. Values of
 * timestamped stores (every table and aggregation) come without their timestamp.
 */
import { StreamsError } from '../errors.js';
import type { Subtopology } from '../processor/node-definition.js';
import { isTimestamped } from '../state/in-memory-key-value-store.js';
import type {
  KeyValueStore,
  ReadOnlyKeyValueStore,
  ValueAndTimestamp,
} from '../state/key-value.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import { didYouMean } from '../nearest-name.js';

/** Something with a store behind it whose keys and values are known to the compiler: a `KTable`, a `GlobalKTable`. */
export interface StoreOf<K, V> {
  /** Undefined for a table that is not materialized. */
  readonly queryableStoreName: string | undefined;
  /** Only for the compiler. */
  readonly storeEntry?: readonly [key: K, value: V] | undefined;
}

/** The name of a store, the builder that made it, or a table. */
export type StoreHandle = string | StoreBuilder | StoreOf<never, never> | StoreOf<unknown, unknown>;

export type StoreFace<H> =
  H extends StoreBuilder<infer S>
    ? S extends ReadOnlyKeyValueStore<infer K, infer F>
      ? ReadOnlyKeyValueStore<K, F extends ValueAndTimestamp<infer V> ? V : F>
      : never
    : H extends StoreOf<infer K, infer V>
      ? ReadOnlyKeyValueStore<K, V>
      : ReadOnlyKeyValueStore<unknown, unknown>;

/** Where stores are found: the parts of every task, and the global ones. */
export interface StoreParts {
  readonly tasks: { stores(name: string): readonly StateStore[] };
  readonly globals: { readonly stores: ReadonlyMap<string, StateStore> };
}

/** Throws `UNKNOWN_STORE` for a table without store. */
export function storeName(handle: StoreHandle): string {
  if (typeof handle === 'string') return handle;
  const given: unknown = handle; // JavaScript may hand in anything
  if (typeof given !== 'object' || given === null) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `store: ${String(given)} is no store. Give its name, its builder (Stores.keyValue(...)) or a table.`,
    );
  }
  const name = 'build' in handle ? handle.name : handle.queryableStoreName;
  if (name !== undefined) return name;
  throw new StreamsError(
    'UNKNOWN_STORE',
    "This table is not materialized, so there is no store to read. Name one with the option { as: 'name' } on the operator that makes the table.",
  );
}

/** Throws `UNKNOWN_STORE` naming the nearest. */
export function findStore<H extends StoreHandle>(
  name: string,
  parts: StoreParts,
  subtopologies: readonly Subtopology[],
): StoreFace<H> {
  const global = parts.globals.stores.get(name);
  const found = global === undefined ? parts.tasks.stores(name) : [global];
  const known = subtopologies.flatMap((subtopology) =>
    subtopology.stores.map((store) => store.builder.name),
  );
  if (!known.includes(name)) {
    const list =
      known.length === 0 ? 'The topology has no stores.' : `The topology has: ${known.join(', ')}.`;
    throw new StreamsError(
      'UNKNOWN_STORE',
      `There is no store '${name}'.${didYouMean(name, known)} ${list}`,
      { store: name },
    );
  }
  // The handle says which types the store has; the topology made it from the same handle.
  return new CompositeStore(name, found.filter(isKeyValueStore)) as ReadOnlyKeyValueStore<
    unknown,
    unknown
  > as StoreFace<H>;
}

function isKeyValueStore(store: StateStore): store is StateStore & KeyValueStore<unknown, unknown> {
  return 'get' in store && 'range' in store && 'prefixScan' in store;
}

class CompositeStore implements ReadOnlyKeyValueStore<unknown, unknown> {
  readonly name: string;
  readonly #parts: readonly KeyValueStore<unknown, unknown>[];

  constructor(name: string, parts: readonly KeyValueStore<unknown, unknown>[]) {
    this.name = name;
    this.#parts = parts;
  }

  get persistent(): boolean {
    return this.#parts.some((part) => part.persistent);
  }

  get(key: unknown): unknown {
    for (const part of this.#parts) {
      const value = part.get(key);
      if (value !== undefined) return bare(part, value);
    }
    return undefined;
  }

  range(from?: unknown, to?: unknown): AsyncIterable<[unknown, unknown]> {
    return this.#concatenate((part) => part.range(from, to));
  }

  reverseRange(from?: unknown, to?: unknown): AsyncIterable<[unknown, unknown]> {
    return this.#concatenate((part) => part.reverseRange(from, to));
  }

  all(): AsyncIterable<[unknown, unknown]> {
    return this.#concatenate((part) => part.all());
  }

  reverseAll(): AsyncIterable<[unknown, unknown]> {
    return this.#concatenate((part) => part.reverseAll());
  }

  prefixScan(prefix: unknown): AsyncIterable<[unknown, unknown]> {
    return this.#concatenate((part) => part.prefixScan(prefix));
  }

  approximateNumEntries(): number {
    return this.#parts.reduce((sum, part) => sum + part.approximateNumEntries(), 0);
  }

  async *#concatenate(
    open: (part: KeyValueStore<unknown, unknown>) => AsyncIterable<[unknown, unknown]>,
  ): AsyncGenerator<[unknown, unknown]> {
    for (const part of this.#parts) {
      for await (const [key, value] of open(part)) yield [key, bare(part, value)];
    }
  }
}

function bare(part: StateStore, value: unknown): unknown {
  // A timestamped store's face gives nothing else.
  return isTimestamped(part) ? (value as ValueAndTimestamp<unknown>).value : value;
}
