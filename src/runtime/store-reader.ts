/**
 * Reading state from outside: which store a handle means, which types it is read with, and the errors of those who
 * ask for another one. How the parts of a store become one is in `store-composites.ts`.
 */
import { StreamsError } from '../errors.js';
import type { StoreDefinition, Subtopology } from '../processor/node-definition.js';
import type { Windowed } from '../serde/windowed.js';
import type { ReadOnlyKeyValueStore, ValueAndTimestamp } from '../state/key-value.js';
import type { ReadOnlySessionStore } from '../state/session.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import type { ReadOnlyVersionedKeyValueStore } from '../state/versioned.js';
import type { ReadOnlyWindowStore } from '../state/window.js';
import { didYouMean } from '../nearest-name.js';
import { composite, hasFace, type StoreKind } from './store-composites.js';

export type { StoreKind } from './store-composites.js';

/** Something with a store behind it whose keys and values are known to the compiler: a `KTable`, a `GlobalKTable`. */
export interface StoreOf<K, V, Kind extends StoreKind = StoreKind> {
  /** Undefined for a table that is not materialized. */
  readonly queryableStoreName: string | undefined;
  /** Only for the compiler. */
  readonly storeEntry?: readonly [key: K, value: V] | undefined;
  /** Only for the compiler. */
  readonly storeKind?: Kind | undefined;
}

/** The name of a store, the builder that made it, or a table. */
export type StoreHandle = string | StoreBuilder | StoreOf<never, never> | StoreOf<unknown, unknown>;

/**
 * What a store is read through. A builder says all, and so does a table as its operator made it. Where its type was
 * written shorter (`KTable<string, number>`), it is taken for one of keys and values, and one of windows may be of any
 * kind that has windows, unless `Kind` says which.
 */
export type StoreFace<H, Kind extends StoreKind = never> =
  H extends StoreBuilder<infer S>
    ? BuilderFace<S>
    : H extends StoreOf<infer K, infer V, infer Own>
      ? FaceOf<[Kind] extends [never] ? KindOf<Own, K> : Kind, K, V>
      : FaceOf<[Kind] extends [never] ? 'keyValue' : Kind, unknown, unknown>;

/** The kind that a table says it is of. */
type KindOf<Own extends StoreKind, K> = StoreKind extends Own
  ? K extends Windowed<unknown>
    ? Exclude<StoreKind, 'versioned'>
    : 'keyValue'
  : Own;

type FaceOf<Kind, K, V> = Kind extends 'keyValue'
  ? ReadOnlyKeyValueStore<K, V>
  : Kind extends 'versioned'
    ? ReadOnlyVersionedKeyValueStore<K, V>
    : Kind extends 'window'
      ? ReadOnlyWindowStore<InnerKey<K>, V>
      : ReadOnlySessionStore<InnerKey<K>, V>;

type InnerKey<K> = K extends Windowed<infer Inner> ? Inner : K;

type Bare<F> = F extends ValueAndTimestamp<infer V> ? V : F;

type BuilderFace<S> =
  S extends ReadOnlyKeyValueStore<infer K, infer F>
    ? ReadOnlyKeyValueStore<K, Bare<F>>
    : S extends ReadOnlyWindowStore<infer K, infer F>
      ? ReadOnlyWindowStore<K, Bare<F>>
      : S extends ReadOnlySessionStore<infer K, infer V>
        ? ReadOnlySessionStore<K, V>
        : S extends ReadOnlyVersionedKeyValueStore<infer K, infer V>
          ? ReadOnlyVersionedKeyValueStore<K, V>
          : never;

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

/** Throws `UNKNOWN_STORE` naming the nearest, or when the store is of another kind than `kind`. */
export function findStore<H extends StoreHandle, Kind extends StoreKind = never>(
  name: string,
  parts: StoreParts,
  subtopologies: readonly Subtopology[],
  kind?: Kind,
): StoreFace<H, Kind> {
  const definitions = subtopologies.flatMap(({ stores }) => stores);
  const definition = definitions.find(({ builder }) => builder.name === name);
  if (definition === undefined) throw unknownStore(name, definitions);
  const actual = definition.builder.changelogKind;
  if (kind !== undefined && kind !== actual) throw anotherKind(name, actual, kind);
  const global = parts.globals.stores.get(name);
  const found = global === undefined ? parts.tasks.stores(name) : [global];
  const readable = found.filter((part) => hasFace(part, actual));
  if (readable.length < found.length) throw unreadable(name);
  // The handle says which types the store has; the topology made it from the same handle.
  return composite(actual, name, readable) as unknown as StoreFace<H, Kind>;
}

function unknownStore(name: string, definitions: readonly StoreDefinition[]): StreamsError {
  const known = definitions.map(({ builder }) => builder.name);
  const list =
    known.length === 0 ? 'The topology has no stores.' : `The topology has: ${known.join(', ')}.`;
  return new StreamsError(
    'UNKNOWN_STORE',
    `There is no store '${name}'.${didYouMean(name, known)} ${list}`,
    { store: name },
  );
}

function anotherKind(name: string, actual: StoreKind, kind: StoreKind): StreamsError {
  return new StreamsError(
    'UNKNOWN_STORE',
    `Store '${name}' is not of kind '${kind}': read it with store(handle, '${actual}').`,
    { store: name },
  );
}

function unreadable(name: string): StreamsError {
  return new StreamsError(
    'UNKNOWN_STORE',
    `Store '${name}' has no face for readers: it is a buffer of an operator, or of a kind of its own.`,
    { store: name },
  );
}
