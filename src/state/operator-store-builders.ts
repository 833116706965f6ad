/**
 * Builders of the stores that only the DSL's operators use, and of the public kinds with what operators need beside.
 * Options are those of `Stores`; nothing here is for users.
 */
import type { Serde } from '../serde/serde.js';
import type { CachedStore, ValueAndTimestamp } from './key-value.js';
import type { Windowed } from '../serde/windowed.js';
import { InMemoryOuterJoinStore } from './in-memory-outer-join-store.js';
import { InMemoryTimeOrderedBuffer } from './in-memory-time-ordered-buffer.js';
import type { OuterJoinStore, TimeOrderedBuffer, TimeOrderedScan } from './operator-stores.js';
import type { SessionStore } from './session.js';
import { builderOf, type BuilderOptions } from './store-builder.js';
import { bareFace, timestampedFace } from './store-face.js';
import type { StoreBuilder } from './store.js';
import type { TimestampedWindowStore, WindowStore } from './window.js';
import {
  sessionBuilder,
  windowBuilder,
  type ScanOptions,
  type SessionStoresOptions,
  type WindowStoresOptions,
} from './windowed-stores.js';

type Uncached = Omit<BuilderOptions, 'caching'>;

export interface OuterJoinOptions<K, V1, V2> extends Uncached {
  readonly key: Serde<K>;
  readonly left: Serde<V1>;
  readonly right: Serde<V2>;
}

export interface BufferOptions<K, V> extends Uncached {
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/** A windowed aggregation's store. With emit on close it keeps rows until they are released. */
export function aggregationWindowStore<K, V>(
  options: WindowStoresOptions<K, V> & ScanOptions,
): StoreBuilder<
  TimestampedWindowStore<K, V> &
    TimeOrderedScan<K, ValueAndTimestamp<V>> &
    CachedStore<Windowed<K>, V>
> {
  const { keepUntilReleased, ...rest } = options;
  return windowBuilder('windowed aggregation', rest, timestampedFace<V>(), { keepUntilReleased });
}

/** A session aggregation's store. */
export function aggregationSessionStore<K, V>(
  options: SessionStoresOptions<K, V> & ScanOptions,
): StoreBuilder<SessionStore<K, V> & TimeOrderedScan<K, V> & CachedStore<Windowed<K>, V>> {
  const { keepUntilReleased, ...rest } = options;
  return sessionBuilder('session aggregation', rest, { keepUntilReleased });
}

/** What one side of a stream-stream join keeps for the other: every record, also with the same key and time. */
export function joinWindowStore<K, V>(
  options: Omit<WindowStoresOptions<K, V>, 'retainDuplicates'>,
): StoreBuilder<WindowStore<K, V>> {
  const duplicates = { ...options, retainDuplicates: true };
  return windowBuilder('stream join', duplicates, bareFace<V>(), { keepUntilReleased: false });
}

/** The shared store of a left or outer stream-stream join. */
export function outerJoinStore<K, V1, V2>(
  options: OuterJoinOptions<K, V1, V2>,
): StoreBuilder<OuterJoinStore<K, V1, V2>> {
  const { name, key, left, right } = options;
  return builderOf(options, {
    changelogKind: 'keyValue',
    logsAtCommit: true,
    make: () => new InMemoryOuterJoinStore({ name, key, left, right }),
  });
}

/** The buffer of `suppress`: one record a key. */
export function suppressBuffer<K, V>(
  options: BufferOptions<K, V>,
): StoreBuilder<TimeOrderedBuffer<K, V>> {
  return buffer(options, true);
}

/** The buffer of a stream-table join with grace: every record. */
export function streamBuffer<K, V>(
  options: BufferOptions<K, V>,
): StoreBuilder<TimeOrderedBuffer<K, V>> {
  return buffer(options, false);
}

function buffer<K, V>(
  options: BufferOptions<K, V>,
  onePerKey: boolean,
): StoreBuilder<TimeOrderedBuffer<K, V>> {
  const { name, key, value } = options;
  return builderOf(options, {
    changelogKind: 'keyValue',
    logsAtCommit: true,
    make: () => new InMemoryTimeOrderedBuffer({ name, key, value, onePerKey }),
  });
}
