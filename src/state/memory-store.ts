/**
 * What the stores in memory share: the task's side. Changelog, record cache, record scope, commit and rollback are
 * the same for every kind; what a row is found by, and what its key is in the changelog, is the kind's. It knows no
 * processor and no topic.
 */
import { assert, StreamsError } from '../errors.js';
import type { RecordHeader } from '../log/client.js';
import type { CachedStore, CacheFlushListener } from './key-value.js';
import type { HeldUpdate, Row, LayeredRows } from './row-layers.js';
import type { StoreCodec } from './store-codec.js';
import type { ManagedStore, StoreContext } from './store.js';
import { UpdateCache } from './update-cache.js';

/** `V` is what the value serde reads and writes, `L` the key that flush listeners get. */
export abstract class MemoryStore<K, V, L> implements ManagedStore, CachedStore<L, V> {
  readonly name: string;
  readonly persistent = false;
  protected readonly codec: StoreCodec<K, V>;
  readonly #caching: boolean;
  readonly #layers: LayeredRows;
  #context: StoreContext | undefined;
  #cache: UpdateCache | undefined;
  #listener: CacheFlushListener<L, V> | undefined;
  #sendOldValues = false;
  /** Another handle has taken the place of this one. */
  #renewed = false;

  constructor(codec: StoreCodec<K, V>, layers: LayeredRows, caching: boolean) {
    this.name = codec.store;
    this.codec = codec;
    this.#layers = layers;
    this.#caching = caching;
  }

  /** The key of the row in the changelog. Valid until the next call. */
  protected abstract changelogKey(row: Row): Uint8Array;
  /** The key of the row for flush listeners. */
  protected abstract listenerKey(row: Row): L;
  /** Told when an update of the row is flushed: whether what was flushed before still counts as known. */
  protected showsFlushed(_row: Row): boolean {
    return true;
  }

  /** A handle of the same kind over the same rows. */
  protected abstract successor(): ManagedStore;
  abstract restore(
    key: Uint8Array,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void;

  // ------------------------------------------------------------ writing

  /** Called before every write. Returns whether it goes to the record scope. */
  protected enterWrite(): boolean {
    const context = this.#context;
    if (context === undefined || this.#renewed) throw this.#notWritable();
    return context.inRecordScope();
  }

  protected get context(): StoreContext {
    if (this.#context === undefined) throw this.#notWritable();
    return this.#context;
  }

  protected get caches(): boolean {
    return this.#cache !== undefined;
  }

  protected get logs(): boolean {
    return this.#context?.changelog !== undefined;
  }

  /** Writes one changelog record; a timestamp below 0 is that of the record being processed. */
  protected log(
    key: Uint8Array,
    value: Uint8Array | null,
    timestamp: number,
    headers?: readonly RecordHeader[],
  ): void {
    const { context } = this;
    context.changelog!(key, value, timestamp < 0 ? context.timestamp() : timestamp, headers);
  }

  /** Writes to the row and holds the update back; only for stores that cache. */
  protected hold(row: Row, stored: unknown, timestamp: number, scoped: boolean): void {
    this.#cache!.write(row, stored, timestamp, scoped);
  }

  setFlushListener(listener: CacheFlushListener<L, V>, sendOldValues: boolean): boolean {
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
      this.#cache = new UpdateCache(context, context.cache, this.#layers, (row, held) =>
        this.#flushUpdate(row, held),
      );
    }
  }

  flushCache(): boolean {
    return this.#cache !== undefined && this.#cache.flush();
  }

  get hasDirtyCache(): boolean {
    return this.#cache !== undefined && this.#cache.hasDirty;
  }

  mergeScope(): void {
    this.#layers.mergeScope();
  }

  dropScope(): void {
    if (this.#cache === undefined) this.#layers.dropScope();
    else this.#cache.dropScope();
  }

  promote(): void {
    assert(
      this.#cache === undefined || !this.#cache.holdsFinished,
      `store ${this.name} is committed with a flushed cache`,
    );
    this.#layers.promote();
  }

  rollback(): void {
    this.#cache?.rollback();
    this.#layers.rollback();
  }

  renew(): ManagedStore {
    assert(this.#context !== undefined, `store ${this.name} is initialised before it is renewed`);
    this.#renewed = true;
    const renewed = this.successor();
    renewed.init(this.#context);
    return renewed;
  }

  get uncommittedBytes(): number {
    return this.#layers.uncommittedBytes;
  }

  close(): void {
    this.#cache?.rollback();
    this.#listener = undefined;
  }

  // ------------------------------------------------------------ details

  #flushUpdate(row: Row, held: HeldUpdate): void {
    const { value } = row;
    const listener = this.#listener;
    const known = this.showsFlushed(row);
    // Kafka: a key that came and went between two flushes was never there for anybody behind the cache.
    if (listener !== undefined && value === undefined && held.value === undefined) return;
    this.#logUpdate(row, held);
    const before = known ? held.value : undefined;
    if (listener === undefined || (value === undefined && before === undefined)) return;
    const newValue = value === undefined ? null : this.codec.value(value);
    const old = before === undefined || !this.#sendOldValues ? null : this.codec.value(before);
    const timestamp =
      value === undefined || row.timestamp < 0 ? held.contextTimestamp : row.timestamp;
    listener(this.listenerKey(row), newValue, old, timestamp, held.origin.headers.slice());
  }

  #logUpdate(row: Row, held: HeldUpdate): void {
    const changelog = this.#context?.changelog;
    if (changelog === undefined) return;
    const key = this.changelogKey(row);
    if (row.value === undefined) changelog(key, null, held.contextTimestamp);
    else {
      const bytes = this.codec.storedBytes(row.value);
      changelog(key, bytes, row.timestamp < 0 ? held.contextTimestamp : row.timestamp);
    }
  }

  /** Made apart from the hot path, which stays small enough to be inlined. */
  #notWritable(): StreamsError {
    assert(this.#context !== undefined, `store ${this.name} is initialised before it is used`);
    return new StreamsError(
      'LATE_FORWARD',
      `Store ${this.name} was written by a processor of before an abort; the record is processed again by a new one.`,
      { store: this.name },
    );
  }
}
