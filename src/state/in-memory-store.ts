/**
 * What the key-value stores in memory share. Rows lie in a `LayeredTable`; this file adds serdes, the changelog and
 * the record cache. Decoded values are kept only for serdes that are immutable; all others are kept as bytes and
 * every `get` decodes afresh, so that user code which changes a value in place cannot rewrite committed state. It
 * knows no processor and no topic.
 */
import { asBuffer, copyOf, readLatin1 } from '../env/bytes.js';
import { assert, StreamsError } from '../errors.js';
import type { RecordHeader } from '../log/client.js';
import { undefinedRefused } from '../serde/serde-errors.js';
import type { Serde } from '../serde/serde.js';
import type { CachedStore, CacheFlushListener, KeyValueStore } from './key-value.js';
import { LayeredTable, type HeldUpdate, type Row } from './layered-table.js';
import { OrderedRows } from './ordered-rows.js';
import { ScratchBytes } from './scratch-bytes.js';
import { SnapshotIteration } from './snapshot-iteration.js';
import type { ManagedStore, StoreContext } from './store.js';
import { UpdateCache } from './update-cache.js';

export interface KeyValueStoreOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  readonly caching: boolean;
}

/** What handles on one store share. */
export interface Rows {
  readonly table: LayeredTable;
  readonly ordered: OrderedRows;
}

/** Serdes whose keys can stand in a Map as they are: one key has one encoding, and one value equal to itself. */
const KEYS_BY_VALUE = new Set(['string', 'integer', 'long', 'short', 'bigint', 'boolean']);

/** What values of these serdes are. */
const PLAIN = new Map<string, 'string' | 'number'>([
  ['string', 'string'],
  ['long', 'number'],
]);

/** `F` is what the store's face gives and takes; `V` what its value serde does. */
export abstract class InMemoryStore<K, V, F>
  implements ManagedStore, CachedStore<K, V>, KeyValueStore<K, F>
{
  readonly name: string;
  readonly persistent = false;
  readonly #options: KeyValueStoreOptions<K, V>;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #keysByValue: boolean;
  readonly #decoded: boolean;
  readonly #caching: boolean;
  readonly #plain: 'string' | 'number' | undefined;
  readonly #table: LayeredTable;
  readonly #ordered: OrderedRows;
  readonly #keys = new ScratchBytes();
  readonly #values = new ScratchBytes();
  #context: StoreContext | undefined;
  #cache: UpdateCache | undefined;
  #listener: CacheFlushListener<K, V> | undefined;
  #sendOldValues = false;

  /** Another handle has taken the place of this one. */
  #renewed = false;

  /** `rows` are those of the handle this one takes the place of. */
  constructor(options: KeyValueStoreOptions<K, V>, rows?: Rows) {
    this.#options = options;
    this.#table = rows?.table ?? new LayeredTable();
    this.#ordered =
      rows?.ordered ?? new OrderedRows(this.#table, (row) => copyOf(this.#keyBytes(row.id as K)));
    this.name = options.name;
    this.#keySerde = options.key;
    this.#valueSerde = options.value;
    this.#keysByValue = options.key.immutable === true && KEYS_BY_VALUE.has(options.key.name ?? '');
    this.#decoded = options.value.immutable === true;
    this.#caching = options.caching;
    this.#plain = PLAIN.get(options.value.name ?? '');
  }

  /** Makes the face's value of a decoded one. */
  protected abstract face(value: V, timestamp: number): F;
  protected abstract valueOf(face: F): V;
  /** The timestamp kept with the value; -1: none is. */
  protected abstract timestampOf(face: F): number;

  // ------------------------------------------------------------ the face

  get(key: K): F | undefined {
    const row = this.#table.find(this.#id(key));
    if (row === undefined || row.value === undefined) return undefined;
    return this.face(this.#decode(row.value), row.timestamp);
  }

  put(key: K, value: F | null): void {
    const bare: V | null | undefined =
      value === null ? null : value === undefined ? undefined : this.valueOf(value);
    if (bare === undefined) throw undefinedRefused('value', { store: this.name });
    if (bare === null) this.#write(key, undefined, -1);
    else this.#write(key, bare, this.timestampOf(value!)); // of a bare value there is a face
  }

  putIfAbsent(key: K, value: F): F | undefined {
    if (value === undefined) throw undefinedRefused('value', { store: this.name });
    const there = this.get(key);
    if (there === undefined) this.put(key, value);
    return there;
  }

  putAll(entries: Iterable<readonly [K, F | null]>): void {
    for (const [key, value] of entries) this.put(key, value);
  }

  delete(key: K): F | undefined {
    const there = this.get(key);
    this.put(key, null);
    return there;
  }

  range(from?: K, to?: K): SnapshotIteration<[K, F]> {
    return this.#snapshot(this.#ordered.range(this.#bound(from), this.#bound(to)));
  }

  reverseRange(from?: K, to?: K): SnapshotIteration<[K, F]> {
    return this.#snapshot(this.#ordered.range(this.#bound(from), this.#bound(to)).reverse());
  }

  all(): SnapshotIteration<[K, F]> {
    return this.range();
  }

  reverseAll(): SnapshotIteration<[K, F]> {
    return this.reverseRange();
  }

  prefixScan(prefix: K): SnapshotIteration<[K, F]> {
    this.#requireKey(prefix);
    return this.#snapshot(this.#ordered.withPrefix(copyOf(this.#keyBytes(prefix))));
  }

  approximateNumEntries(): number {
    return this.#table.size;
  }

  setFlushListener(listener: CacheFlushListener<K, V>, sendOldValues: boolean): boolean {
    if (this.#cache === undefined) return false;
    this.#listener = listener;
    this.#sendOldValues = sendOldValues;
    return true;
  }

  // ------------------------------------------------------------ the task's side

  init(context: StoreContext): void {
    assert(this.#context === undefined, `store ${this.name} is initialised once`);
    this.#context = context;
    if (this.#caching && context.cache !== undefined && context.cache.maxBytes > 0) {
      this.#cache = new UpdateCache(context, context.cache, (row, held) =>
        this.#flushUpdate(row, held),
      );
    }
  }

  restore(
    key: Uint8Array,
    value: Uint8Array | null,
    timestamp: number,
    _headers: readonly RecordHeader[],
  ): void {
    const id = this.#keysByValue ? this.#keySerde.deserialize(key, this.name) : latin1(key);
    const row = this.#table.find(id);
    if (value === null) {
      if (row !== undefined) this.#table.restore(row, undefined, -1);
      return;
    }
    const stored = this.#decoded ? this.#valueSerde.deserialize(value, this.name) : copyOf(value);
    const target = row ?? this.#table.add(id, this.#keysByValue ? undefined : copyOf(key));
    this.#table.restore(target, stored, this.restoredTimestamp(timestamp));
  }

  /** A store of the same kind over the same rows. */
  protected abstract successor(options: KeyValueStoreOptions<K, V>, rows: Rows): ManagedStore;
  /** What a restored row keeps of its record's timestamp. */
  protected abstract restoredTimestamp(timestamp: number): number;

  flushCache(): boolean {
    return this.#cache !== undefined && this.#cache.flush();
  }

  get hasDirtyCache(): boolean {
    return this.#cache !== undefined && this.#cache.hasDirty;
  }

  mergeScope(): void {
    this.#table.mergeScope();
  }

  dropScope(): void {
    if (this.#cache === undefined) this.#table.dropScope();
    else this.#cache.dropScope(this.#table);
  }

  promote(): void {
    assert(
      this.#cache === undefined || !this.#cache.holdsFinished,
      `store ${this.name} is committed with a flushed cache`,
    );
    this.#table.promote();
  }

  rollback(): void {
    this.#cache?.rollback();
    this.#table.rollback();
  }

  renew(): ManagedStore {
    assert(this.#context !== undefined, `store ${this.name} is initialised before it is renewed`);
    this.#renewed = true;
    const renewed = this.successor(this.#options, { table: this.#table, ordered: this.#ordered });
    renewed.init(this.#context);
    return renewed;
  }

  get uncommittedBytes(): number {
    return this.#table.uncommittedBytes;
  }

  close(): void {
    this.#cache?.rollback();
    this.#listener = undefined;
  }

  // ------------------------------------------------------------ details

  #write(key: K, value: V | undefined, timestamp: number): void {
    const context = this.#context;
    assert(context !== undefined, `store ${this.name} is initialised before it is written`);
    if (this.#renewed) throw this.#tooLate();
    const scoped = context.inRecordScope();
    const id = this.#id(key);
    const stored = value === undefined || this.#decoded ? value : copyOf(this.#valueBytes(value));
    const row = this.#table.find(id);
    if (this.#cache !== undefined) {
      // What cannot be written is refused here, at the record that it belongs to, not when the cache is flushed.
      if (this.#decoded && value !== undefined && !this.#isPlain(value)) this.#valueBytes(value);
      if (this.#keysByValue && row === undefined) this.#keyBytes(key);
      this.#cache.write(this.#table, row ?? this.#newRow(id, key), stored, timestamp, scoped);
      return;
    }
    // Logged first: what cannot be logged must not be read from the store either, should the record be let through.
    if (context.changelog !== undefined) {
      const keyBytes = row?.keyBytes ?? this.#keyBytes(key);
      if (value === undefined) context.changelog(keyBytes, null, context.timestamp());
      else {
        const valueBytes = this.#decoded ? this.#valueBytes(value) : (stored as Buffer);
        context.changelog(keyBytes, valueBytes, timestamp < 0 ? context.timestamp() : timestamp);
      }
    }
    if (row === undefined && value === undefined) return;
    this.#table.write(row ?? this.#newRow(id, key), stored, timestamp, scoped);
  }

  /** Certainly writable, without trying: strings and longs are what caches hold most. */
  #isPlain(value: V): boolean {
    return (
      this.#plain === typeof value && (this.#plain === 'string' || Number.isSafeInteger(value))
    );
  }

  #newRow(id: unknown, key: K): Row {
    return this.#table.add(id, this.#keysByValue ? undefined : copyOf(this.#keyBytes(key)));
  }

  #flushUpdate(row: Row, held: HeldUpdate): void {
    const { value } = row;
    const listener = this.#listener;
    // Kafka: a key that came and went between two flushes was never there for anybody behind the cache.
    if (listener !== undefined && value === undefined && held.value === undefined) return;
    this.#logUpdate(row, held);
    if (listener === undefined) return;
    const newValue = value === undefined ? null : this.#decode(value);
    const old =
      held.value === undefined || !(this.#sendOldValues || value === undefined)
        ? null
        : this.#decode(held.value);
    const timestamp =
      value === undefined || row.timestamp < 0 ? held.contextTimestamp : row.timestamp;
    listener(
      this.#key(row),
      newValue,
      this.#sendOldValues ? old : null,
      timestamp,
      held.origin.headers.slice(),
    );
  }

  #logUpdate(row: Row, held: HeldUpdate): void {
    const changelog = this.#context?.changelog;
    if (changelog === undefined) return;
    const keyBytes = row.keyBytes ?? this.#keyBytes(row.id as K);
    if (row.value === undefined) changelog(keyBytes, null, held.contextTimestamp);
    else {
      const valueBytes = this.#decoded ? this.#valueBytes(row.value as V) : (row.value as Buffer);
      changelog(keyBytes, valueBytes, row.timestamp < 0 ? held.contextTimestamp : row.timestamp);
    }
  }

  #snapshot(rows: readonly Row[]): SnapshotIteration<[K, F]> {
    const values = rows.map((row) => row.value);
    const timestamps = rows.map((row) => row.timestamp);
    return new SnapshotIteration(rows.length, (index): [K, F] => [
      this.#key(rows[index]!),
      this.face(this.#decode(values[index]), timestamps[index]!),
    ]);
  }

  /** What the row is found by: the key itself, or its bytes as text. */
  #id(key: K): unknown {
    this.#requireKey(key);
    return this.#keysByValue ? key : latin1(this.#keyBytes(key));
  }

  #key(row: Row): K {
    return this.#keysByValue
      ? (row.id as K)
      : this.#keySerde.deserialize(copyOf(row.keyBytes!), this.name);
  }

  #bound(key: K | undefined): Buffer | undefined {
    return key === undefined || key === null ? undefined : copyOf(this.#keyBytes(key));
  }

  #requireKey(key: K): void {
    if (key !== null && key !== undefined) return;
    throw new StreamsError('INVALID_ARGUMENT', `key cannot be null (store ${this.name})`, {
      store: this.name,
    });
  }

  #decode(stored: unknown): V {
    if (this.#decoded) return stored as V;
    // A copy: a serde may hand out the very bytes it was given, and user code may write into them.
    const bytes = copyOf(stored as Buffer);
    const { read } = this.#valueSerde;
    return read === undefined
      ? this.#valueSerde.deserialize(bytes, this.name)
      : read(bytes, 0, bytes.length);
  }

  #keyBytes(key: K): Uint8Array {
    try {
      return this.#keys.serialize(this.#keySerde, key, this.name);
    } catch (error) {
      throw this.#serializeFailed('key', error);
    }
  }

  #valueBytes(value: V): Uint8Array {
    try {
      return this.#values.serialize(this.#valueSerde, value, this.name);
    } catch (error) {
      throw this.#serializeFailed('value', error);
    }
  }

  #tooLate(): StreamsError {
    return new StreamsError(
      'LATE_FORWARD',
      `Store ${this.name} was written by a processor of before an abort; the record is processed again by a new one.`,
      { store: this.name },
    );
  }

  #serializeFailed(part: string, cause: unknown): StreamsError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new StreamsError(
      'SERIALIZE_FAILED',
      `Error encountered serializing the ${part} for store ${this.name}: ${reason}`,
      {
        cause,
        store: this.name,
      },
    );
  }
}

function latin1(bytes: Uint8Array): string {
  return readLatin1(asBuffer(bytes), 0, bytes.length);
}
