/**
 * Versioned key-value stores in memory. The versions of a key are rows in the order of the times from which they are
 * valid; a deletion is a version too. The changelog has the key, the bare value, and the version's time as record
 * timestamp. Versions that nobody can ask for any more are dropped at a commit.
 */
import { copyOf } from '../env/bytes.js';
import { undefinedRefused } from '../serde/serde-errors.js';
import type { Serde } from '../serde/serde.js';
import { requireTime } from './in-memory-window-store.js';
import { LayeredTime } from './layered-time.js';
import { MemoryStore } from './memory-store.js';
import { OrderedChunks } from './ordered-chunks.js';
import type { LayeredRows } from './row-layers.js';
import { StoreCodec } from './store-codec.js';
import type { ManagedStore } from './store.js';
import { byTime, type Timed } from './time-index.js';
import { TimedRows, type KeyRows, type TimedRow } from './timed-rows.js';
import {
  PUT_RETURN_CODE_NOT_PUT,
  PUT_RETURN_CODE_VALID_TO_UNDEFINED,
  type VersionedKeyValueStore,
  type VersionedRecord,
} from './versioned.js';

export interface VersionedStoreOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  readonly historyRetentionMs: number;
}

/** The stored value of a version that says: no value from here on. */
const DELETED = null;

export class InMemoryVersionedStore<K, V>
  extends MemoryStore<K, V, K>
  implements VersionedKeyValueStore<K, V>
{
  readonly #options: VersionedStoreOptions<K, V>;
  readonly #versions: Versions;

  /** `versions` are those of the handle this one takes the place of. */
  constructor(options: VersionedStoreOptions<K, V>, versions?: Versions) {
    const kept = versions ?? new Versions(options.historyRetentionMs);
    super(new StoreCodec(options.name, options.key, options.value), kept, false);
    this.#options = options;
    this.#versions = kept;
  }

  // ------------------------------------------------------------ the face

  get(key: K): VersionedRecord<V> | undefined;
  get(key: K, asOfTimestamp: number): VersionedRecord<V> | undefined;
  get(key: K, asOfTimestamp?: number): VersionedRecord<V> | undefined {
    const group = this.#versions.rows.key(this.codec.id(key));
    if (group === undefined) return undefined;
    const row =
      asOfTimestamp === undefined
        ? this.#versions.latest(group)
        : this.#versions.asOf(group, asOfTimestamp);
    if (row === undefined || row.value === DELETED) return undefined;
    return { value: this.codec.value(row.value), timestamp: row.time };
  }

  put(key: K, value: V | null, timestamp: number): number {
    if (value === undefined) throw undefinedRefused('value', { store: this.name });
    requireTime(timestamp, 'timestamp', this.name);
    const scoped = this.enterWrite();
    const { codec } = this;
    const id = codec.id(key);
    const stored = value === null ? DELETED : codec.stored(value);
    // Logged first: what cannot be logged must not be read from the store either, should the record be let through.
    if (this.logs) {
      const valueBytes = stored === DELETED ? null : codec.storedBytes(stored);
      this.log(codec.keyBytes(key), valueBytes, timestamp);
    }
    if (timestamp < this.#versions.historyFrom) {
      this.context.recordDropped();
      return PUT_RETURN_CODE_NOT_PUT;
    }
    const row = this.#versions.rows.find(id, timestamp, 0);
    const target = row ?? this.#versions.rows.add(id, codec.bytesBeside(key), timestamp, 0);
    return this.#versions.put(target, stored, scoped);
  }

  delete(key: K, timestamp: number): VersionedRecord<V> | undefined {
    requireTime(timestamp, 'timestamp', this.name);
    const there = this.get(key, timestamp);
    this.put(key, null, timestamp);
    return there;
  }

  // ------------------------------------------------------------ the task's side

  restore(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    const { rows } = this.#versions;
    const id = this.codec.idOf(key);
    const stored = value === null ? DELETED : this.codec.storedOf(value);
    const beside = this.codec.keysByValue ? undefined : copyOf(key);
    if (timestamp < this.#versions.historyFrom) return;
    const row = rows.find(id, timestamp, 0) ?? rows.add(id, beside, timestamp, 0);
    this.#versions.restore(row, stored);
  }

  protected successor(): ManagedStore {
    return new InMemoryVersionedStore(this.#options, this.#versions);
  }

  protected changelogKey(row: TimedRow): Uint8Array {
    return row.group.keyBytes ?? this.codec.keyBytes(row.id as K); // the id of a row without bytes is its key
  }

  protected listenerKey(row: TimedRow): K {
    return this.codec.key(row.id, row.group.keyBytes);
  }
}

/** A version, and the time from which on another one is valid: when it may be dropped. */
interface Superseded extends Timed {
  readonly row: TimedRow;
}

/** The rows of all keys, with the time that history is kept for. */
class Versions implements LayeredRows<TimedRow> {
  readonly rows = new TimedRows();
  readonly #historyRetentionMs: number;
  readonly #time = new LayeredTime(-1);
  /** By the end of their validity, as it was when they were superseded; it can only have become earlier. */
  readonly #superseded = new OrderedChunks<Superseded, Timed>(byTime);
  #order = 0;

  constructor(historyRetentionMs: number) {
    this.#historyRetentionMs = historyRetentionMs;
  }

  /** Nothing can be put before, and only latest versions can be asked for. */
  get historyFrom(): number {
    return this.#time.current - this.#historyRetentionMs;
  }

  latest(group: KeyRows): TimedRow | undefined {
    return this.#floor(group, Infinity);
  }

  asOf(group: KeyRows, timestamp: number): TimedRow | undefined {
    const row = this.#floor(group, timestamp);
    if (row === undefined || timestamp >= this.historyFrom) return row;
    // Older than the history: only the latest version is certain still to be there.
    return row === this.latest(group) ? row : undefined;
  }

  /** Puts a version, and returns what `VersionedKeyValueStore.put` does. */
  put(row: TimedRow, stored: unknown, scoped: boolean): number {
    this.#time.advance(row.time, scoped);
    const next = this.#next(row.group, row.time);
    const previous = this.#floor(row.group, row.time - 1);
    const kept = keptValue(row, stored, previous, next);
    const known = isKnown(row, stored);
    this.rows.layers.write(row, kept, row.time, scoped);
    if (!known) this.#put(row, stored, previous, next);
    return next === undefined ? PUT_RETURN_CODE_VALID_TO_UNDEFINED : next.time;
  }

  restore(row: TimedRow, stored: unknown): void {
    this.#time.restore(row.time);
    const next = this.#next(row.group, row.time);
    const previous = this.#floor(row.group, row.time - 1);
    const kept = keptValue(row, stored, previous, next);
    const known = isKnown(row, stored);
    this.rows.layers.restore(row, kept, row.time);
    if (!known) this.#put(row, stored, previous, next);
    this.#expire();
  }

  /** Remembers which versions may go at which time. */
  #put(
    row: TimedRow,
    stored: unknown,
    previous: TimedRow | undefined,
    next: TimedRow | undefined,
  ): void {
    if (previous !== undefined) this.#supersede(previous, row.time);
    if (next !== undefined) this.#supersede(row, next.time);
    else if (stored === DELETED) this.#supersede(row, row.time);
  }

  #supersede(row: TimedRow, time: number): void {
    this.#superseded.insert({ time, order: this.#order++, row });
  }

  /** The version that was valid at `time`, also when it is a deletion. */
  #floor(group: KeyRows, time: number): TimedRow | undefined {
    return group.floor({ time, order: 0 });
  }

  #next(group: KeyRows, time: number): TimedRow | undefined {
    return group.next({ time, order: 0 });
  }

  // ------------------------------------------------------------ layers

  get uncommittedBytes(): number {
    return this.rows.layers.uncommittedBytes;
  }

  write(row: TimedRow, value: unknown, timestamp: number, scoped: boolean): void {
    this.rows.layers.write(row, value, timestamp, scoped);
  }

  mergeScope(): void {
    this.rows.layers.mergeScope();
    this.#time.mergeScope();
  }

  dropScope(): void {
    this.rows.layers.dropScope();
    this.#time.dropScope();
  }

  promote(): void {
    this.rows.layers.promote();
    this.#time.promote();
    this.#expire();
  }

  rollback(): void {
    this.rows.layers.rollback();
    this.#time.rollback();
  }

  #expire(): void {
    const below = this.#time.committed - this.#historyRetentionMs;
    for (;;) {
      const oldest = this.#superseded.first();
      if (oldest === undefined || oldest.time >= below) return;
      this.#superseded.remove(oldest);
      if (oldest.row.live && oldest.row.value !== undefined) this.#dropIfDue(oldest.row, below);
    }
  }

  #dropIfDue(row: TimedRow, below: number): void {
    const next = this.#next(row.group, row.time);
    // A deletion that is the latest version goes when no older version needs it.
    const due =
      next === undefined
        ? row.value === DELETED && this.#floor(row.group, row.time - 1) === undefined
        : next.time < below && this.rows.layers.isSettled(next);
    if (due && this.rows.layers.isSettled(row)) this.rows.layers.discard(row);
    else if (next !== undefined) this.#supersede(row, Math.max(next.time, below));
    else if (row.value === DELETED) this.#supersede(row, below);
  }
}

/** Kafka: a deletion in the place of the only version of a key leaves nothing behind, not even itself. */
function keptValue(
  row: TimedRow,
  stored: unknown,
  previous: TimedRow | undefined,
  next: TimedRow | undefined,
): unknown {
  const only = previous === undefined && next === undefined && isVersion(row);
  return only && stored === DELETED && row.value !== DELETED ? undefined : stored;
}

const isVersion = (row: TimedRow): boolean => row.value !== undefined;

/** A version that is written again says nothing new of when it and its neighbours may go: topics with one time would pile it up. */
const isKnown = (row: TimedRow, stored: unknown): boolean =>
  isVersion(row) && (row.value === DELETED || stored !== DELETED);
