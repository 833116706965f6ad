/**
 * Key-value stores in memory: the plain one, whose changelog has the timestamp of the record that was processed, and
 * the timestamped one of tables and aggregations, whose changelog has the bare value with the value's own timestamp.
 */
import { copyOf } from '../env/bytes.js';
import { undefinedRefused } from '../serde/serde-errors.js';
import type { Serde } from '../serde/serde.js';
import type { KeyValueStore, ValueAndTimestamp } from './key-value.js';
import { LayeredTable, type KeyedRow } from './layered-table.js';
import { MemoryStore } from './memory-store.js';
import { OrderedRows } from './ordered-rows.js';
import { SnapshotIteration } from './snapshot-iteration.js';
import { StoreCodec } from './store-codec.js';
import { bareFace, timestampedFace, type Face } from './store-face.js';
import type { ManagedStore, StateStore } from './store.js';

export interface KeyValueStoreOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  readonly caching: boolean;
}

/** What handles on one store share. */
interface Rows {
  readonly table: LayeredTable;
  readonly ordered: OrderedRows;
}

export function inMemoryKeyValueStore<K, V>(
  options: KeyValueStoreOptions<K, V>,
): InMemoryKeyValueStore<K, V, V> {
  return new InMemoryKeyValueStore(options, bareFace<V>());
}

export function inMemoryTimestampedKeyValueStore<K, V>(
  options: KeyValueStoreOptions<K, V>,
): InMemoryKeyValueStore<K, V, ValueAndTimestamp<V>> {
  return new InMemoryKeyValueStore(options, timestampedFace<V>());
}

/** The store's values have a timestamp. */
export const isTimestamped = (store: StateStore): boolean =>
  'timestamped' in store && store.timestamped === true;

/** `F` is what the store's face gives and takes; `V` what its value serde does. */
export class InMemoryKeyValueStore<K, V, F>
  extends MemoryStore<K, V, K>
  implements KeyValueStore<K, F>
{
  readonly timestamped: boolean;
  readonly #options: KeyValueStoreOptions<K, V>;
  readonly #face: Face<V, F>;
  readonly #rows: Rows;
  readonly #table: LayeredTable;
  readonly #layers: LayeredTable['layers'];

  /** `rows` are those of the handle this one takes the place of. */
  constructor(options: KeyValueStoreOptions<K, V>, face: Face<V, F>, rows?: Rows) {
    const codec = new StoreCodec(options.name, options.key, options.value);
    const table = rows?.table ?? new LayeredTable();
    super(codec, table.layers, options.caching);
    this.timestamped = face.timestamped;
    this.#options = options;
    this.#face = face;
    this.#table = table;
    this.#layers = table.layers;
    this.#rows = rows ?? {
      table,
      // The id of a row without bytes is its key.
      ordered: new OrderedRows(table, (row) => copyOf(codec.keyBytes(row.id as K))),
    };
  }

  // ------------------------------------------------------------ the face

  get(key: K): F | undefined {
    const row = this.#table.find(this.codec.id(key));
    if (row === undefined || row.value === undefined) return undefined;
    return this.#face.of(this.codec.value(row.value), row.timestamp);
  }

  put(key: K, value: F | null): void {
    const bare: V | null | undefined =
      value === null || value === undefined
        ? (value as null | undefined)
        : this.#face.valueOf(value);
    if (bare === null) this.#write(key, undefined, -1);
    else if (bare === undefined) throw undefinedRefused('value', { store: this.name });
    else this.#write(key, bare, this.#face.timestampOf(value!)); // of a bare value there is a face
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
    return this.#snapshot(this.#between(from, to));
  }

  reverseRange(from?: K, to?: K): SnapshotIteration<[K, F]> {
    return this.#snapshot(this.#between(from, to).reverse());
  }

  all(): SnapshotIteration<[K, F]> {
    return this.range();
  }

  reverseAll(): SnapshotIteration<[K, F]> {
    return this.reverseRange();
  }

  prefixScan(prefix: K): SnapshotIteration<[K, F]> {
    this.codec.requireKey(prefix);
    return this.#snapshot(this.#rows.ordered.withPrefix(copyOf(this.codec.keyBytes(prefix))));
  }

  approximateNumEntries(): number {
    return this.#layers.size;
  }

  // ------------------------------------------------------------ the task's side

  restore(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    const id = this.codec.idOf(key);
    const row = this.#table.find(id);
    if (value === null) {
      if (row !== undefined) this.#layers.restore(row, undefined, -1);
      return;
    }
    const stored = this.codec.storedOf(value);
    const target = row ?? this.#table.add(id, this.codec.keysByValue ? undefined : copyOf(key));
    this.#layers.restore(target, stored, this.timestamped ? timestamp : -1);
  }

  protected successor(): ManagedStore {
    return new InMemoryKeyValueStore(this.#options, this.#face, this.#rows);
  }

  protected changelogKey(row: KeyedRow): Uint8Array {
    return row.keyBytes ?? this.codec.keyBytes(row.id as K); // the id of a row without bytes is its key
  }

  protected listenerKey(row: KeyedRow): K {
    return this.codec.key(row.id, row.keyBytes);
  }

  // ------------------------------------------------------------ details

  #write(key: K, value: V | undefined, timestamp: number): void {
    const scoped = this.enterWrite();
    const { codec } = this;
    const id = codec.id(key);
    const stored = value === undefined ? undefined : codec.stored(value);
    const row = this.#table.find(id);
    if (this.caches) {
      this.#hold(row, id, key, value, stored, timestamp, scoped);
      return;
    }
    // Logged first: what cannot be logged must not be read from the store either, should the record be let through.
    const { context } = this;
    const { changelog } = context;
    if (changelog !== undefined) {
      const keyBytes = row?.keyBytes ?? codec.keyBytes(key);
      const valueBytes = value === undefined ? null : codec.storedBytes(stored);
      changelog(keyBytes, valueBytes, timestamp < 0 ? context.timestamp() : timestamp);
    }
    if (row === undefined && value === undefined) return;
    this.#layers.write(row ?? this.#newRow(id, key), stored, timestamp, scoped);
  }

  #hold(
    row: KeyedRow | undefined,
    id: unknown,
    key: K,
    value: V | undefined,
    stored: unknown,
    timestamp: number,
    scoped: boolean,
  ): void {
    const { codec } = this;
    // What cannot be written is refused here, at the record that it belongs to, not when the cache is flushed.
    if (value !== undefined) codec.requireWritable(value);
    if (codec.keysByValue && row === undefined) codec.keyBytes(key);
    this.hold(row ?? this.#newRow(id, key), stored, timestamp, scoped);
  }

  #newRow(id: unknown, key: K): KeyedRow {
    return this.#table.add(id, this.codec.bytesBeside(key));
  }

  #between(from: K | undefined, to: K | undefined): KeyedRow[] {
    return this.#rows.ordered.range(this.codec.bound(from), this.codec.bound(to));
  }

  #snapshot(rows: readonly KeyedRow[]): SnapshotIteration<[K, F]> {
    const values = rows.map((row) => row.value);
    const timestamps = rows.map((row) => row.timestamp);
    return new SnapshotIteration(rows.length, (index): [K, F] => [
      this.listenerKey(rows[index]!),
      this.#face.of(this.codec.value(values[index]), timestamps[index]!),
    ]);
  }
}
