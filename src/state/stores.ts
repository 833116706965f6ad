/** `Stores`: where users get store builders for processors. A builder is a handle: `getStateStore(builder)` is typed by it. */
import type { Serde } from '../serde/serde.js';
import {
  inMemoryKeyValueStore,
  inMemoryTimestampedKeyValueStore,
} from './in-memory-key-value-store.js';
import type { KeyValueStore, SyncIteration, TimestampedKeyValueStore } from './key-value.js';
import { builderOf, checkBuilderOptions, type BuilderOptions } from './store-builder.js';
import type { ManagedStore, StateStore, StoreBuilder } from './store.js';
import { session, timestampedWindow, versionedKeyValue, window } from './windowed-stores.js';

export interface KeyValueStoresOptions<K, V> extends BuilderOptions {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /**
   * `memory` promises iteration with a plain `for`. Every store lives in memory, restored from its changelog;
   * `persistent` states what the store may become, and nothing about today.
   */
  readonly store?: 'persistent' | 'memory';
}

type MemoryOptions<K, V> = KeyValueStoresOptions<K, V> & { readonly store: 'memory' };

function keyValue<K, V>(
  options: MemoryOptions<K, V>,
): StoreBuilder<SyncIteration<KeyValueStore<K, V>>>;
function keyValue<K, V>(options: KeyValueStoresOptions<K, V>): StoreBuilder<KeyValueStore<K, V>>;
function keyValue<K, V>(options: KeyValueStoresOptions<K, V>): StoreBuilder<KeyValueStore<K, V>> {
  return keyValueBuilder('Stores.keyValue()', options, (caching) =>
    inMemoryKeyValueStore({ ...options, caching }),
  );
}

function timestampedKeyValue<K, V>(
  options: MemoryOptions<K, V>,
): StoreBuilder<SyncIteration<TimestampedKeyValueStore<K, V>>>;
function timestampedKeyValue<K, V>(
  options: KeyValueStoresOptions<K, V>,
): StoreBuilder<TimestampedKeyValueStore<K, V>>;
function timestampedKeyValue<K, V>(
  options: KeyValueStoresOptions<K, V>,
): StoreBuilder<TimestampedKeyValueStore<K, V>> {
  return keyValueBuilder('Stores.timestampedKeyValue()', options, (caching) =>
    inMemoryTimestampedKeyValueStore({ ...options, caching }),
  );
}

const KNOWN = ['name', 'key', 'value', 'store', 'caching', 'logging', 'logConfig'];

function keyValueBuilder<K, V, S extends StateStore & ManagedStore>(
  call: string,
  options: KeyValueStoresOptions<K, V>,
  make: (caching: boolean) => S,
): StoreBuilder<S> {
  checkBuilderOptions(call, options, KNOWN, ['name', 'key', 'value']);
  return builderOf(options, { changelogKind: 'keyValue', make });
}

/**
 * Builders of state stores.
 *
 * @example
 * const seen = Stores.keyValue({ name: 'seen', key: Serdes.string(), value: Serdes.long() });
 * stream.process((context) => {
 *   const store = context.getStateStore(seen);
 *   return { process(record) { store.put(record.key, (store.get(record.key) ?? 0) + 1); } };
 * }, { stores: [seen] });
 */
export const Stores = Object.freeze({
  keyValue,
  timestampedKeyValue,
  versionedKeyValue,
  window,
  timestampedWindow,
  session,
});
