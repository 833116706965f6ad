/** Builders of the stores whose keys have times: window, session and versioned stores. */
import type { Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { InMemorySessionStore } from './in-memory-session-store.js';
import { InMemoryVersionedStore } from './in-memory-versioned-store.js';
import { InMemoryWindowStore } from './in-memory-window-store.js';
import type { ValueAndTimestamp } from './key-value.js';
import type { SessionStore, SyncSessionStore } from './session.js';
import { builderOf, checkBuilderOptions, optionMs, type BuilderOptions } from './store-builder.js';
import { bareFace, timestampedFace, type Face } from './store-face.js';
import type { StoreBuilder } from './store.js';
import type { VersionedKeyValueStore } from './versioned.js';
import type { SyncWindowStore, TimestampedWindowStore, WindowStore } from './window.js';

interface TimedOptions<K, V> extends BuilderOptions {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /**
   * `memory` promises iteration with a plain `for`, and is what Kafka's stores in memory are where those differ from
   * persistent ones. Every store lives in memory, restored from its changelog.
   */
  readonly store?: 'persistent' | 'memory';
  /** How long rows are kept, counted back from the latest time ever put: milliseconds or '24h'. */
  readonly retention: Duration;
}

export interface WindowStoresOptions<K, V> extends TimedOptions<K, V> {
  /** Start to end; the end of a window is not stored. */
  readonly windowSize: Duration;
  /** Keep every value that is put, also for the same key and start. Such a store is never cached. Default false. */
  readonly retainDuplicates?: boolean;
}

export interface SessionStoresOptions<K, V> extends TimedOptions<K, V> {}

export interface VersionedStoresOptions<K, V> extends Omit<BuilderOptions, 'caching'> {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** How long old versions can be asked for, and how late a version may be put. */
  readonly historyRetention: Duration;
  /** Accepted for programs that come from Java: history is not kept in segments here. */
  readonly segmentInterval?: Duration;
  /** Kafka has versioned stores of one kind only. */
  readonly store?: 'persistent';
}

/** The DSL's emit on close: rows leave the store only when its operator has released them. */
export interface ScanOptions {
  readonly keepUntilReleased: boolean;
}

const NO_SCAN: ScanOptions = { keepUntilReleased: false };

const BASE = ['name', 'key', 'value', 'store', 'logging', 'logConfig'];
const WINDOW = [...BASE, 'caching', 'retention', 'windowSize', 'retainDuplicates'];
const SESSION = [...BASE, 'caching', 'retention'];
const VERSIONED = [...BASE, 'historyRetention', 'segmentInterval'];

export function window<K, V>(
  options: WindowStoresOptions<K, V> & { readonly store: 'memory' },
): StoreBuilder<SyncWindowStore<K, V>>;
export function window<K, V>(options: WindowStoresOptions<K, V>): StoreBuilder<WindowStore<K, V>>;
export function window<K, V>(
  options: WindowStoresOptions<K, V>,
): StoreBuilder<SyncWindowStore<K, V>> {
  return windowBuilder('Stores.window()', options, bareFace<V>(), NO_SCAN);
}

export function timestampedWindow<K, V>(
  options: WindowStoresOptions<K, V> & { readonly store: 'memory' },
): StoreBuilder<SyncWindowStore<K, ValueAndTimestamp<V>>>;
export function timestampedWindow<K, V>(
  options: WindowStoresOptions<K, V>,
): StoreBuilder<TimestampedWindowStore<K, V>>;
export function timestampedWindow<K, V>(
  options: WindowStoresOptions<K, V>,
): StoreBuilder<SyncWindowStore<K, ValueAndTimestamp<V>>> {
  return windowBuilder('Stores.timestampedWindow()', options, timestampedFace<V>(), NO_SCAN);
}

export function session<K, V>(
  options: SessionStoresOptions<K, V> & { readonly store: 'memory' },
): StoreBuilder<SyncSessionStore<K, V>>;
export function session<K, V>(
  options: SessionStoresOptions<K, V>,
): StoreBuilder<SessionStore<K, V>>;
export function session<K, V>(
  options: SessionStoresOptions<K, V>,
): StoreBuilder<SyncSessionStore<K, V>> {
  return sessionBuilder('Stores.session()', options, NO_SCAN);
}

export function versionedKeyValue<K, V>(
  options: VersionedStoresOptions<K, V>,
): StoreBuilder<VersionedKeyValueStore<K, V>> {
  const call = 'Stores.versionedKeyValue()';
  checkBuilderOptions(call, options, VERSIONED, ['name', 'key', 'value', 'historyRetention']);
  const { name, key, value, segmentInterval } = options;
  const historyRetentionMs = optionMs(call, 'historyRetention', options.historyRetention);
  if (segmentInterval !== undefined && optionMs(call, 'segmentInterval', segmentInterval) === 0)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${call}: segmentInterval cannot be zero. Leave it out: it is Java's and changes nothing here.`,
    );
  return builderOf(options, {
    changelogKind: 'versioned',
    retentionMs: historyRetentionMs,
    canCache: false,
    make: () => new InMemoryVersionedStore({ name, key, value, historyRetentionMs }),
  });
}

export function windowBuilder<K, V, F>(
  call: string,
  options: WindowStoresOptions<K, V>,
  face: Face<V, F>,
  { keepUntilReleased }: ScanOptions,
): StoreBuilder<InMemoryWindowStore<K, V, F>> {
  checkBuilderOptions(call, options, WINDOW, ['name', 'key', 'value', 'retention', 'windowSize']);
  const { name, key, value, store = 'persistent', retainDuplicates = false } = options;
  const retentionMs = optionMs(call, 'retention', options.retention);
  const windowSizeMs = optionMs(call, 'windowSize', options.windowSize);
  if (retentionMs < windowSizeMs) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${call}: The retention period of the window store ${name} must be no smaller than its window size. Got size=[${windowSizeMs}], retention=[${retentionMs}]`,
      { store: name },
    );
  }
  const rest = { retentionMs, windowSizeMs, retainDuplicates, keepUntilReleased };
  return builderOf(options, {
    changelogKind: 'window',
    retentionMs,
    // As in Kafka: a cache would keep one value a key.
    canCache: !retainDuplicates,
    make: (caching) =>
      new InMemoryWindowStore<K, V, F>({ name, key, value, store, caching, ...rest }, face),
  });
}

export function sessionBuilder<K, V>(
  call: string,
  options: SessionStoresOptions<K, V>,
  { keepUntilReleased }: ScanOptions,
): StoreBuilder<InMemorySessionStore<K, V>> {
  checkBuilderOptions(call, options, SESSION, ['name', 'key', 'value', 'retention']);
  const { name, key, value, store = 'persistent' } = options;
  const retentionMs = optionMs(call, 'retention', options.retention);
  return builderOf(options, {
    changelogKind: 'session',
    retentionMs,
    make: (caching) =>
      new InMemorySessionStore({
        name,
        key,
        value,
        store,
        caching,
        retentionMs,
        keepUntilReleased,
      }),
  });
}
