/** `Stores`: where users get store builders for processors. A builder is a handle: `getStateStore(builder)` is typed by it. */
import { StreamsError } from '../errors.js';
import { checkOptions } from './checked-options.js';
import type { Serde } from '../serde/serde.js';
import {
  inMemoryKeyValueStore,
  inMemoryTimestampedKeyValueStore,
} from './in-memory-key-value-store.js';
import type { KeyValueStore, SyncIteration, TimestampedKeyValueStore } from './key-value.js';
import type { ManagedStore, StateStore, StoreBuilder } from './store.js';

export interface KeyValueStoresOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /**
   * `memory` promises iteration with a plain `for`. Every store lives in memory, restored from its changelog;
   * `persistent` states what the store may become, and nothing about today.
   */
  readonly store?: 'persistent' | 'memory';
  /** Hold updates back in the record cache. Default false, as in Kafka; the DSL's own stores have true. */
  readonly caching?: boolean;
  /** Default true. */
  readonly logging?: boolean;
  /** Topic configs of the changelog, with Kafka's dotted names. */
  readonly logConfig?: Readonly<{ [name: string]: string }>;
}

type MemoryOptions<K, V> = KeyValueStoresOptions<K, V> & { readonly store: 'memory' };

function keyValue<K, V>(
  options: MemoryOptions<K, V>,
): StoreBuilder<SyncIteration<KeyValueStore<K, V>>>;
function keyValue<K, V>(options: KeyValueStoresOptions<K, V>): StoreBuilder<KeyValueStore<K, V>>;
function keyValue<K, V>(options: KeyValueStoresOptions<K, V>): StoreBuilder<KeyValueStore<K, V>> {
  return builderOf('Stores.keyValue()', options, (caching) =>
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
  return builderOf('Stores.timestampedKeyValue()', options, (caching) =>
    inMemoryTimestampedKeyValueStore({ ...options, caching }),
  );
}

const KNOWN = ['name', 'key', 'value', 'store', 'caching', 'logging', 'logConfig'];

function builderOf<K, V, S extends StateStore & ManagedStore>(
  call: string,
  options: KeyValueStoresOptions<K, V>,
  make: (caching: boolean) => S,
): StoreBuilder<S> {
  checkOptions(options, KNOWN, call);
  for (const needed of ['name', 'key', 'value'] as const) {
    if (options?.[needed] !== undefined) continue;
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${call}: ${needed} is missing. A store needs a name and two serdes: { name: 'counts', key: Serdes.string(), value: Serdes.long() }.`,
    );
  }
  if (options.name === '')
    throw new StreamsError('INVALID_ARGUMENT', 'name cannot be empty: every store has a name.');
  const cachingEnabled = options.caching ?? false;
  return Object.freeze({
    name: options.name,
    loggingEnabled: options.logging ?? true,
    cachingEnabled,
    logConfig: Object.freeze({ ...options.logConfig }),
    changelogKind: 'keyValue' as const,
    build: () => make(cachingEnabled),
  });
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
export const Stores = Object.freeze({ keyValue, timestampedKeyValue });
