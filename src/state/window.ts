/**
 * The faces of window stores: values by key and the start of a window. The rows of one key are read synchronously,
 * in the order of their starts; reads over several keys are async iterables, as a store on disk has no other. Only
 * windows within the retention are seen: those that start after the latest start ever put minus the retention.
 */
import type { Windowed } from '../serde/windowed.js';
import type { ValueAndTimestamp } from './key-value.js';
import type { StateStore } from './store.js';

export interface ReadOnlyWindowStore<K, V> extends StateStore {
  /** The value of the window that starts at `time`; `undefined` when there is none. */
  fetch(key: K, time: number): V | undefined;
  /** Windows of one key that start from `timeFrom` to `timeTo`, both inclusive, in the order of their starts. */
  fetch(key: K, timeFrom: number, timeTo: number): [start: number, value: V][];
  /** Several keys, both ends inclusive, `undefined` is an open end. Windows of one key come in order; the order among keys is the store's. */
  fetch(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    timeFrom: number,
    timeTo: number,
  ): AsyncIterable<[Windowed<K>, V]>;
  backwardFetch(key: K, timeFrom: number, timeTo: number): [start: number, value: V][];
  backwardFetch(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    timeFrom: number,
    timeTo: number,
  ): AsyncIterable<[Windowed<K>, V]>;
  /** Windows of all keys that start from `timeFrom` to `timeTo`, both inclusive. */
  fetchAll(timeFrom: number, timeTo: number): AsyncIterable<[Windowed<K>, V]>;
  backwardFetchAll(timeFrom: number, timeTo: number): AsyncIterable<[Windowed<K>, V]>;
  all(): AsyncIterable<[Windowed<K>, V]>;
  backwardAll(): AsyncIterable<[Windowed<K>, V]>;
}

export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /** `null` deletes. A store that retains duplicates keeps every value put, and there `null` does nothing. */
  put(key: K, value: V | null, windowStart: number): void;
}

/** What windowed aggregations keep. Changelog: the raw value, with the value's own timestamp as record timestamp. */
export interface TimestampedWindowStore<K, V> extends WindowStore<K, ValueAndTimestamp<V>> {}

type Rows<K, V> = AsyncIterable<[Windowed<K>, V]> & Iterable<[Windowed<K>, V]>;

/** A window store in memory can be iterated with a plain `for` everywhere. */
export interface SyncWindowStore<K, V> extends WindowStore<K, V> {
  fetch(key: K, time: number): V | undefined;
  fetch(key: K, timeFrom: number, timeTo: number): [start: number, value: V][];
  fetch(keyFrom: K | undefined, keyTo: K | undefined, timeFrom: number, timeTo: number): Rows<K, V>;
  backwardFetch(key: K, timeFrom: number, timeTo: number): [start: number, value: V][];
  backwardFetch(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    timeFrom: number,
    timeTo: number,
  ): Rows<K, V>;
  fetchAll(timeFrom: number, timeTo: number): Rows<K, V>;
  backwardFetchAll(timeFrom: number, timeTo: number): Rows<K, V>;
  all(): Rows<K, V>;
  backwardAll(): Rows<K, V>;
}
