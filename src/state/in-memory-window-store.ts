/**
 * Window stores in memory. In the changelog a row has Java's key:
 *
 *     key | int64 start | int32 sequence number      the number counts duplicates where they are retained, else it is 0
 */
import { asBuffer, copyOf, readInt64 } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import { undefinedRefused } from '../serde/serde-errors.js';
import type { ByteWriter, Serde } from '../serde/serde.js';
import type { Windowed } from '../serde/windowed.js';
import { MemoryStore } from './memory-store.js';
import type { TimeOrderedScan } from './operator-stores.js';
import { RetainedRows } from './retained-rows.js';
import { ScratchBytes } from './scratch-bytes.js';
import type { SnapshotIteration } from './snapshot-iteration.js';
import { StoreCodec } from './store-codec.js';
import type { Face } from './store-face.js';
import type { ManagedStore, StoreContext } from './store.js';
import { ExpiredWrites, type StoreKind } from './expired-writes.js';
import type { TimedRow } from './timed-rows.js';
import type { SyncWindowStore } from './window.js';
import { WindowedReader } from './windowed-reader.js';

export interface WindowStoreOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  readonly caching: boolean;
  readonly store: StoreKind;
  readonly retentionMs: number;
  readonly windowSizeMs: number;
  readonly retainDuplicates: boolean;
  readonly keepUntilReleased: boolean;
}

const SUFFIX_BYTES = 12;

/** Kafka's persistent window store of emit on close shows one millisecond more than all others. */
const shownMs = ({
  retentionMs,
  store,
  keepUntilReleased,
}: Pick<WindowStoreOptions<never, never>, 'retentionMs' | 'store' | 'keepUntilReleased'>): number =>
  keepUntilReleased && store === 'persistent' ? retentionMs + 1 : retentionMs;

/** `F` is what the store's face gives and takes; `V` what its value serde does. */
export class InMemoryWindowStore<K, V, F>
  extends MemoryStore<K, V, Windowed<K>>
  implements SyncWindowStore<K, F>, TimeOrderedScan<K, F>
{
  readonly timestamped: boolean;
  readonly #options: WindowStoreOptions<K, V>;
  readonly #face: Face<V, F>;
  readonly #rows: RetainedRows;
  readonly #reader: WindowedReader<K, V, F>;
  readonly #expired: ExpiredWrites;
  readonly #scratch = new ScratchBytes();

  /** `kept` are the rows of the handle this one takes the place of. */
  constructor(options: WindowStoreOptions<K, V>, face: Face<V, F>, kept?: RetainedRows) {
    const codec = new StoreCodec(options.name, options.key, options.value);
    const rows = kept ?? new RetainedRows(shownMs(options), options.keepUntilReleased);
    super(codec, rows, options.caching && !options.retainDuplicates);
    this.timestamped = face.timestamped;
    this.#options = options;
    this.#face = face;
    this.#rows = rows;
    this.#expired = new ExpiredWrites(options.store, options.retentionMs);
    const sizeMs = options.windowSizeMs;
    this.#reader = new WindowedReader(codec, face, ({ time }) => ({
      start: time,
      end: Math.min(time + sizeMs, Number.MAX_SAFE_INTEGER),
    }));
  }

  // ------------------------------------------------------------ the face

  fetch(key: K, time: number): F | undefined;
  fetch(key: K, timeFrom: number, timeTo: number): [start: number, value: F][];
  fetch(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    timeFrom: number,
    timeTo: number,
  ): SnapshotIteration<[Windowed<K>, F]>;
  fetch(
    key: K,
    second: K | number | undefined,
    third?: number,
    fourth?: number,
  ): F | undefined | [number, F][] | SnapshotIteration<[Windowed<K>, F]> {
    // The overloads say what the second argument is.
    if (third === undefined) return this.#fetchOne(key, second as number);
    if (fourth === undefined) return this.#startsAndValues(key, second as number, third);
    return this.#reader.snapshot(this.#ofKeys(key, second as K | undefined, third, fourth));
  }

  backwardFetch(key: K, timeFrom: number, timeTo: number): [start: number, value: F][];
  backwardFetch(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    timeFrom: number,
    timeTo: number,
  ): SnapshotIteration<[Windowed<K>, F]>;
  backwardFetch(
    key: K,
    second: K | number | undefined,
    third: number,
    fourth?: number,
  ): [number, F][] | SnapshotIteration<[Windowed<K>, F]> {
    if (fourth === undefined) return this.#startsAndValues(key, second as number, third).reverse();
    const rows = this.#ofKeys(key, second as K | undefined, third, fourth);
    return this.#reader.snapshot(rows.reverse());
  }

  fetchAll(timeFrom: number, timeTo: number): SnapshotIteration<[Windowed<K>, F]> {
    return this.#reader.snapshot(this.#ofKeys(undefined, undefined, timeFrom, timeTo));
  }

  backwardFetchAll(timeFrom: number, timeTo: number): SnapshotIteration<[Windowed<K>, F]> {
    return this.#reader.snapshot(this.#ofKeys(undefined, undefined, timeFrom, timeTo).reverse());
  }

  all(): SnapshotIteration<[Windowed<K>, F]> {
    return this.fetchAll(-Infinity, Infinity);
  }

  backwardAll(): SnapshotIteration<[Windowed<K>, F]> {
    return this.backwardFetchAll(-Infinity, Infinity);
  }

  put(key: K, value: F | null, windowStart: number): void {
    const bare: V | null | undefined =
      value === null ? null : value === undefined ? undefined : this.#face.valueOf(value);
    if (bare === undefined) throw undefinedRefused('value', { store: this.name });
    requireTime(windowStart, 'windowStart', this.name);
    if (bare === null) this.#write(key, undefined, -1, windowStart);
    else this.#write(key, bare, this.#face.timestampOf(value!), windowStart); // of a bare value there is a face
  }

  // ------------------------------------------------------------ for operators

  rowsBetween(from: number, to: number): readonly [Windowed<K>, F][] {
    const rows = this.#reader.sortByKey(this.#rows.times.between(from, to));
    return rows.map((row) => this.#reader.pair(row));
  }

  releaseBelow(time: number): void {
    this.#rows.release(time, this.enterWrite());
  }

  earliestTime(): number | undefined {
    return this.#rows.times.earliest();
  }

  // ------------------------------------------------------------ the task's side

  restore(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    const bytes = asBuffer(key);
    const keyEnd = bytes.length - SUFFIX_BYTES;
    const start = readInt64(bytes, keyEnd);
    const sequenceNumber = bytes.readInt32BE(keyEnd + 8);
    const { rows } = this.#rows;
    const keyBytes = bytes.subarray(0, keyEnd);
    const id = this.codec.idOf(keyBytes);
    const row = rows.find(id, start, sequenceNumber);
    this.#rows.restoredNumber(sequenceNumber);
    if (value !== null) {
      const stored = this.codec.storedOf(value);
      const beside = this.codec.keysByValue ? undefined : copyOf(keyBytes);
      const target = row ?? rows.add(id, beside, start, sequenceNumber);
      this.#rows.restore(target, stored, this.timestamped ? timestamp : -1);
    } else if (row !== undefined) this.#rows.restore(row, undefined, -1);
    this.#rows.restored(start);
  }

  override init(context: StoreContext): void {
    super.init(context);
    if (this.caches) this.#rows.showLonger();
  }

  protected override showsFlushed(row: TimedRow): boolean {
    return this.#rows.flush(row.time);
  }

  protected successor(): ManagedStore {
    return new InMemoryWindowStore(this.#options, this.#face, this.#rows);
  }

  protected changelogKey(row: TimedRow): Uint8Array {
    const writer = this.#scratch.begin();
    writer.bytes(this.#reader.keyBytes(row.group));
    return this.#changelogKey(writer, row.time, row.order);
  }

  protected listenerKey(row: TimedRow): Windowed<K> {
    return this.#reader.windowed(row);
  }

  // ------------------------------------------------------------ details

  #write(key: K, value: V | undefined, timestamp: number, start: number): void {
    const scoped = this.enterWrite();
    const { codec } = this;
    const { rows } = this.#rows;
    const id = codec.id(key);
    const stored = value === undefined ? undefined : codec.stored(value);
    const sequenceNumber = this.#options.retainDuplicates ? this.#rows.nextNumber(scoped) : 0;
    const row = sequenceNumber === 0 ? rows.find(id, start, 0) : undefined;
    if (this.caches) {
      // What cannot be written is refused here, at the record that it belongs to, not when the cache is flushed.
      if (value !== undefined) codec.requireWritable(value);
      if (codec.keysByValue && row === undefined) codec.keyBytes(key);
      const target = row ?? rows.add(id, codec.bytesBeside(key), start, 0);
      this.#rows.observe(start, scoped);
      this.hold(target, stored, timestamp, scoped);
      return;
    }
    if (this.logs) {
      const writer = this.#scratch.begin();
      codec.writeKey(key, writer);
      const logged = this.#changelogKey(writer, start, sequenceNumber);
      this.log(logged, value === undefined ? null : codec.storedBytes(stored), timestamp);
    }
    this.#rows.observe(start, scoped);
    if (start < this.#rows.visibleFrom && !this.#rows.keepsHidden) {
      if (this.#expired.counts(start, this.#rows.observedTime)) this.context.recordDropped();
      return;
    }
    if (row === undefined && value === undefined) return;
    const target = row ?? rows.add(id, codec.bytesBeside(key), start, sequenceNumber);
    this.#rows.write(target, stored, timestamp, scoped);
  }

  #fetchOne(key: K, time: number): F | undefined {
    const id = this.codec.id(key);
    if (time < this.#rows.visibleFrom) return undefined;
    return this.#reader.value(this.#rows.rows.find(id, time, 0));
  }

  #startsAndValues(key: K, from: number, to: number): [number, F][] {
    const rows = this.#rows.ofKey(this.#rows.rows.key(this.codec.id(key)), from, to);
    const found: [number, F][] = [];
    for (const row of rows) {
      found.push([row.time, this.#face.of(this.codec.value(row.value), row.timestamp)]);
    }
    return found;
  }

  #ofKeys(keyFrom: K | undefined, keyTo: K | undefined, from: number, to: number): TimedRow[] {
    const rows = this.#reader.withKeys(this.#rows.ofAll(from, to), keyFrom, keyTo);
    return this.#reader.sortByKey(rows);
  }

  /** Behind the key, which the writer has already. */
  #changelogKey(writer: ByteWriter, start: number, sequenceNumber: number): Uint8Array {
    writer.int64(start);
    writer.int32(sequenceNumber);
    return this.#scratch.end();
  }
}

/** Throws `INVALID_ARGUMENT` unless `time` is a whole number of milliseconds. */
export function requireTime(time: number, name: string, store: string): void {
  if (Number.isSafeInteger(time)) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${name} must be a time in whole milliseconds, but is ${String(time)} (store ${store}).`,
    { store },
  );
}
