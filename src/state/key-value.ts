/**
 * The faces of key-value stores. Point reads and writes are synchronous. Ranges are async iterables, because a
 * store on disk has no synchronous iterator; a store that is asked for as `'memory'` can be iterated with a plain
 * `for` as well. Iteration order is the unsigned byte order of the serialized keys, as in Kafka.
 */
import type { RecordHeader } from '../log/client.js';
import type { StateStore } from './store.js';

export interface ReadOnlyKeyValueStore<K, V> extends StateStore {
  /** `undefined` when the key has no value. */
  get(key: K): V | undefined;
  /** Both ends inclusive, `undefined` is an open end; an inverted range is empty. Sees a stable snapshot. */
  range(from?: K, to?: K): AsyncIterable<[K, V]>;
  reverseRange(from?: K, to?: K): AsyncIterable<[K, V]>;
  all(): AsyncIterable<[K, V]>;
  reverseAll(): AsyncIterable<[K, V]>;
  /** Keys whose serialized bytes begin with the serialized prefix. */
  prefixScan(prefix: K): AsyncIterable<[K, V]>;
  approximateNumEntries(): number;
}

export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** `null` deletes. */
  put(key: K, value: V | null): void;
  /** Returns the value that was there, and then leaves it. */
  putIfAbsent(key: K, value: V): V | undefined;
  putAll(entries: Iterable<readonly [K, V | null]>): void;
  /** Returns the value that was there. */
  delete(key: K): V | undefined;
}

/** A memory store also iterates synchronously. */
export type SyncIteration<S> =
  S extends ReadOnlyKeyValueStore<infer K, infer V>
    ? Omit<S, 'range' | 'reverseRange' | 'all' | 'reverseAll' | 'prefixScan'> & {
        range(from?: K, to?: K): AsyncIterable<[K, V]> & Iterable<[K, V]>;
        reverseRange(from?: K, to?: K): AsyncIterable<[K, V]> & Iterable<[K, V]>;
        all(): AsyncIterable<[K, V]> & Iterable<[K, V]>;
        reverseAll(): AsyncIterable<[K, V]> & Iterable<[K, V]>;
        prefixScan(prefix: K): AsyncIterable<[K, V]> & Iterable<[K, V]>;
      }
    : never;

export interface ValueAndTimestamp<V> {
  readonly value: V;
  readonly timestamp: number;
}

/** What tables and aggregations keep. Changelog: the raw value, with the value's own timestamp as record timestamp. */
export interface TimestampedKeyValueStore<K, V> extends KeyValueStore<K, ValueAndTimestamp<V>> {}

/**
 * Key-value stores implement this (a timestamped one with its bare value as V). A store with a record cache holds its updates back until a flush and forwards then. The DSL's table operators
 * register here; `false` means there is no cache and the operator forwards by itself.
 */
export interface CachedStore<K, V> {
  setFlushListener(listener: CacheFlushListener<K, V>, sendOldValues: boolean): boolean;
}

/** `null` is no value. `timestamp` and headers are those of the last update of the key. */
export type CacheFlushListener<K, V> = (
  key: K,
  newValue: V | null,
  oldValue: V | null,
  timestamp: number,
  headers: RecordHeader[],
) => void;
