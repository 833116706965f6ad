/**
 * Session stores in memory. In the changelog a row has Java's key:
 *
 *     key | int64 end | int64 start
 */
import { asBuffer, copyOf, readInt64 } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import { undefinedRefused } from '../serde/serde-errors.js';
import type { ByteWriter, Serde } from '../serde/serde.js';
import { SESSION_WINDOW_BYTES, type Windowed } from '../serde/windowed.js';
import { ExpiredWrites, type StoreKind } from './expired-writes.js';
import { requireTime } from './in-memory-window-store.js';
import { MemoryStore } from './memory-store.js';
import type { TimeOrderedScan } from './operator-stores.js';
import { RetainedRows } from './retained-rows.js';
import { ScratchBytes } from './scratch-bytes.js';
import type { SyncSessionStore } from './session.js';
import type { SnapshotIteration } from './snapshot-iteration.js';
import { StoreCodec } from './store-codec.js';
import { bareFace } from './store-face.js';
import type { ManagedStore, StoreContext } from './store.js';
import type { TimedRow } from './timed-rows.js';
import { WindowedReader } from './windowed-reader.js';

export interface SessionStoreOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  readonly caching: boolean;
  readonly store: StoreKind;
  readonly retentionMs: number;
  readonly keepUntilReleased: boolean;
}

type Rows<K, V> = SnapshotIteration<[Windowed<K>, V]>;

/** Both ends belong to a session: at its gap and grace after its end it is not closed, and a record may still join it. */
const shownMs = ({
  retentionMs,
  keepUntilReleased,
}: Pick<SessionStoreOptions<never, never>, 'retentionMs' | 'keepUntilReleased'>): number =>
  keepUntilReleased ? retentionMs + 1 : retentionMs;

export class InMemorySessionStore<K, V>
  extends MemoryStore<K, V, Windowed<K>>
  implements SyncSessionStore<K, V>, TimeOrderedScan<K, V>
{
  readonly #options: SessionStoreOptions<K, V>;
  readonly #rows: RetainedRows;
  readonly #reader: WindowedReader<K, V, V>;
  readonly #expired: ExpiredWrites;
  readonly #scratch = new ScratchBytes();

  /** `rows` are those of the handle this one takes the place of. */
  constructor(options: SessionStoreOptions<K, V>, rows?: RetainedRows) {
    const codec = new StoreCodec(options.name, options.key, options.value);
    const kept = rows ?? new RetainedRows(shownMs(options), options.keepUntilReleased);
    super(codec, kept, options.caching);
    this.#options = options;
    this.#rows = kept;
    this.#expired = new ExpiredWrites(options.store, options.retentionMs);
    this.#reader = new WindowedReader(codec, bareFace<V>(), ({ time, order }) => ({
      start: order,
      end: time,
    }));
  }

  // ------------------------------------------------------------ the face

  fetchSession(key: K, sessionStart: number, sessionEnd: number): V | undefined {
    const id = this.codec.id(key);
    if (sessionEnd < this.#rows.visibleFrom) return undefined;
    return this.#reader.value(this.#rows.rows.find(id, sessionEnd, sessionStart));
  }

  findSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
  findSessions(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): Rows<K, V>;
  findSessions(
    key: K,
    second: K | number | undefined,
    third: number,
    fourth?: number,
  ): [Windowed<K>, V][] | Rows<K, V> {
    // The overloads say what the second argument is.
    if (fourth === undefined) return this.#pairs(this.#ofKey(key, second as number, third));
    return this.#reader.snapshot(this.#ofKeys(key, second as K | undefined, third, fourth));
  }

  backwardFindSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
  backwardFindSessions(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): Rows<K, V>;
  backwardFindSessions(
    key: K,
    second: K | number | undefined,
    third: number,
    fourth?: number,
  ): [Windowed<K>, V][] | Rows<K, V> {
    if (fourth === undefined)
      return this.#pairs(this.#ofKey(key, second as number, third).reverse());
    const rows = this.#ofKeys(key, second as K | undefined, third, fourth);
    return this.#reader.snapshot(rows.reverse());
  }

  fetch(key: K): [Windowed<K>, V][];
  fetch(keyFrom: K | undefined, keyTo: K | undefined): Rows<K, V>;
  fetch(key: K | undefined, ...to: [K?]): [Windowed<K>, V][] | Rows<K, V> {
    // With one argument it is a key.
    if (to.length === 0) return this.findSessions(key as K, -Infinity, Infinity);
    return this.findSessions(key, to[0], -Infinity, Infinity);
  }

  backwardFetch(key: K): [Windowed<K>, V][];
  backwardFetch(keyFrom: K | undefined, keyTo: K | undefined): Rows<K, V>;
  backwardFetch(key: K | undefined, ...to: [K?]): [Windowed<K>, V][] | Rows<K, V> {
    if (to.length === 0) return this.backwardFindSessions(key as K, -Infinity, Infinity);
    return this.backwardFindSessions(key, to[0], -Infinity, Infinity);
  }

  put(session: Windowed<K>, aggregate: V | null): void {
    if (aggregate === undefined) throw undefinedRefused('value', { store: this.name });
    this.#write(session, aggregate === null ? undefined : aggregate, true);
  }

  remove(session: Windowed<K>): void {
    // Kafka's persistent store learns the time from a removal too; its store in memory does not.
    this.#write(session, undefined, this.#options.store === 'persistent');
  }

  // ------------------------------------------------------------ for operators

  rowsBetween(from: number, to: number): readonly [Windowed<K>, V][] {
    return this.#pairs(this.#sorted(this.#rows.times.between(from, to)));
  }

  releaseBelow(time: number): void {
    this.#rows.release(time, this.enterWrite());
  }

  earliestTime(): number | undefined {
    return this.#rows.times.earliest();
  }

  // ------------------------------------------------------------ the task's side

  restore(key: Uint8Array, value: Uint8Array | null): void {
    const bytes = asBuffer(key);
    const keyEnd = bytes.length - SESSION_WINDOW_BYTES;
    const end = readInt64(bytes, keyEnd);
    const start = readInt64(bytes, keyEnd + 8);
    const { rows } = this.#rows;
    const keyBytes = bytes.subarray(0, keyEnd);
    const id = this.codec.idOf(keyBytes);
    const row = rows.find(id, end, start);
    if (value !== null) {
      const stored = this.codec.storedOf(value);
      const beside = this.codec.keysByValue ? undefined : copyOf(keyBytes);
      this.#rows.lasts(end - start);
      this.#rows.restore(row ?? rows.add(id, beside, end, start), stored, -1);
    } else if (row !== undefined) this.#rows.restore(row, undefined, -1);
    // As when it was written: a removal tells the time to a persistent store alone.
    if (value !== null || this.#options.store === 'persistent') this.#rows.restored(end);
  }

  override init(context: StoreContext): void {
    super.init(context);
    if (this.caches) this.#rows.showLonger();
  }

  protected override showsFlushed(row: TimedRow): boolean {
    return this.#rows.flush(row.time);
  }

  protected successor(): ManagedStore {
    return new InMemorySessionStore(this.#options, this.#rows);
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

  #write(session: Windowed<K>, value: V | undefined, observes: boolean): void {
    const { start, end } = this.#windowOf(session);
    const scoped = this.enterWrite();
    const { codec } = this;
    const { rows } = this.#rows;
    const id = codec.id(session.key);
    const stored = value === undefined ? undefined : codec.stored(value);
    const row = rows.find(id, end, start);
    if (this.caches) {
      // What cannot be written is refused here, at the record that it belongs to, not when the cache is flushed.
      if (value !== undefined) codec.requireWritable(value);
      if (codec.keysByValue && row === undefined) codec.keyBytes(session.key);
      const target = row ?? rows.add(id, codec.bytesBeside(session.key), end, start);
      this.#rows.lasts(end - start);
      if (observes) this.#rows.observe(end, scoped);
      this.hold(target, stored, -1, scoped);
      return;
    }
    if (this.logs) {
      const writer = this.#scratch.begin();
      codec.writeKey(session.key, writer);
      const logged = this.#changelogKey(writer, end, start);
      this.log(logged, value === undefined ? null : codec.storedBytes(stored), -1);
    }
    if (observes) this.#rows.observe(end, scoped);
    if (end < this.#rows.visibleFrom && !this.#rows.keepsHidden) {
      if (observes && this.#expired.counts(end, this.#rows.observedTime))
        this.context.recordDropped();
      return;
    }
    if (row === undefined && value === undefined) return;
    this.#rows.lasts(end - start);
    // A session that grows is removed and put: its row moves. What a record that waits does is kept apart.
    const moved = row !== undefined || scoped ? row : rows.moved(id, end, start);
    const target = moved ?? rows.add(id, codec.bytesBeside(session.key), end, start);
    this.#rows.write(target, stored, -1, scoped);
  }

  #windowOf(session: Windowed<K>): { readonly start: number; readonly end: number } {
    const window = session?.window;
    if (window === undefined || window === null)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `A session is { key, window: { start, end } } (store ${this.name}).`,
        { store: this.name },
      );
    requireTime(window.start, 'window.start', this.name);
    requireTime(window.end, 'window.end', this.name);
    return window;
  }

  #ofKey(key: K, earliestEnd: number, latestStart: number): TimedRow[] {
    const group = this.#rows.rows.key(this.codec.id(key));
    // A session that starts later ends later, unless it is a long one.
    const latestEnd = latestStart + this.#rows.longestMs;
    const rows = this.#rows.ofKey(group, earliestEnd, latestEnd);
    return rows.every((row) => row.order <= latestStart)
      ? rows
      : rows.filter((row) => row.order <= latestStart);
  }

  #ofKeys(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): TimedRow[] {
    if (this.#reader.isInverted(keyFrom, keyTo)) {
      if (this.#options.store === 'persistent') return [];
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `inconsistent range: keyFrom comes after keyTo (store ${this.name})`,
        { store: this.name },
      );
    }
    const rows = this.#rows.ofAll(earliestEnd, Infinity);
    const found = rows.filter((row) => row.order <= latestStart);
    return this.#sorted(this.#reader.withKeys(found, keyFrom, keyTo));
  }

  #sorted(rows: TimedRow[]): TimedRow[] {
    return this.#options.store === 'persistent'
      ? this.#reader.sortByOrder(rows)
      : this.#reader.sortByKey(rows);
  }

  #pairs(rows: readonly TimedRow[]): [Windowed<K>, V][] {
    return rows.map((row) => this.#reader.pair(row));
  }

  /** Behind the key, which the writer has already. */
  #changelogKey(writer: ByteWriter, end: number, start: number): Uint8Array {
    writer.int64(end);
    writer.int64(start);
    return this.#scratch.end();
  }
}
