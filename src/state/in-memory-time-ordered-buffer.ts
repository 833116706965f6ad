/**
 * The buffers of `suppress` and of stream-table joins with grace, in memory: records by (time, key bytes, arrival),
 * kept as bytes, as their size is counted. The changelog is written at a commit, with Java's bytes:
 *
 *     suppress      key: key                                            value: BufferValue | int64 buffer time, header v = 3
 *     join          key: int8 0 | int64 time | key | int32 number       value: BufferValue | int64 0
 */
import { asBuffer, copyOf, readInt64 } from '../env/bytes.js';
import { assert } from '../errors.js';
import type { RecordHeader } from '../log/client.js';
import type { Serde } from '../serde/serde.js';
import { BufferValue } from './buffer-value.js';
import { DeferredLog } from './deferred-log.js';
import { LayeredTime } from './layered-time.js';
import { MemoryStore } from './memory-store.js';
import type { BufferedContext, BufferedRecord, TimeOrderedBuffer } from './operator-stores.js';
import { OrderedChunks } from './ordered-chunks.js';
import type { LayeredRows } from './row-layers.js';
import { ScratchBytes } from './scratch-bytes.js';
import { StoreCodec } from './store-codec.js';
import type { ManagedStore } from './store.js';
import type { PresentRows } from './time-index.js';
import { KeyRows, TimedRows, type TimedRow } from './timed-rows.js';

export interface TimeOrderedBufferOptions<K, V> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
  /** One record a key, as suppress wants it; else all. */
  readonly onePerKey: boolean;
}

const CHANGELOG_HEADERS: readonly RecordHeader[] = Object.freeze([
  Object.freeze({ key: 'v', value: Uint8Array.of(3) }),
]);
const PREFIX_BYTES = 9;
const NUMBER_BYTES = 4;
const NUMBER_MAX = 0x7fffffff;

export class InMemoryTimeOrderedBuffer<K, V>
  extends MemoryStore<K, V, K>
  implements TimeOrderedBuffer<K, V>
{
  readonly #options: TimeOrderedBufferOptions<K, V>;
  readonly #rows: BufferRows;
  readonly #keys = new ScratchBytes();
  readonly #values = new ScratchBytes();

  /** `rows` are those of the handle this one takes the place of. */
  constructor(options: TimeOrderedBufferOptions<K, V>, rows?: BufferRows) {
    const codec = new StoreCodec(options.name, options.key, options.value);
    const kept = rows ?? new BufferRows(options.onePerKey);
    super(codec, kept, false);
    this.#options = options;
    this.#rows = kept;
  }

  // ------------------------------------------------------------ the face

  put(
    time: number,
    key: K,
    newValue: V | null,
    oldValue: V | null,
    context: BufferedContext,
  ): void {
    const scoped = this.enterWrite();
    const rows = this.#rows;
    const id = this.codec.id(key);
    const newBytes = this.#bytesOf(newValue);
    const oldBytes = this.#bytesOf(oldValue);
    const there = this.#options.onePerKey ? presentOf(rows.byKey.key(id)) : undefined;
    const number = this.#options.onePerKey ? 0 : rows.nextNumber(scoped);
    const row = there ?? rows.rowAt(id, copyOf(this.codec.keyBytes(key)), time, number);
    const prior = there === undefined ? oldBytes : valueOf(there).prior;
    rows.write(row, new BufferValue(prior, oldBytes, newBytes, ownContext(context)), -1, scoped);
    rows.observe(time, scoped);
    this.#changed(row, scoped);
  }

  first(): BufferedRecord<K, V> | undefined {
    const row = this.#rows.first();
    return row === undefined ? undefined : this.#record(row);
  }

  removeFirst(): void {
    const scoped = this.enterWrite();
    const row = this.#rows.first();
    if (row === undefined) return;
    this.#rows.write(row, undefined, -1, scoped);
    this.#changed(row, scoped);
  }

  evictWhile(due: () => boolean, emit: (record: BufferedRecord<K, V>) => void): number {
    let evicted = 0;
    for (let row = this.#rows.first(); row !== undefined && due(); row = this.#rows.first()) {
      // Kafka: while the record is forwarded, look-ups through the buffer still see what was before it.
      emit(this.#record(row));
      const scoped = this.enterWrite();
      this.#rows.write(row, undefined, -1, scoped);
      this.#changed(row, scoped);
      evicted++;
    }
    return evicted;
  }

  get minTime(): number {
    return this.#rows.first()?.time ?? Infinity;
  }

  get recordCount(): number {
    return this.#rows.order.size;
  }

  get byteCount(): number {
    return this.#rows.order.byteCount;
  }

  get observedTime(): number {
    return this.#rows.observedTime;
  }

  priorValue(key: K): V | null | undefined {
    const row = presentOf(this.#rows.byKey.key(this.codec.id(key)));
    return row === undefined ? undefined : this.#valueFrom(valueOf(row).prior);
  }

  // ------------------------------------------------------------ the task's side

  override flushCache(): boolean {
    return this.#rows.log.flush((item, logged) => {
      const row =
        item instanceof KeyRows ? presentOf(item) : item.value === undefined ? undefined : item;
      if (row !== undefined) {
        const headers = this.#options.onePerKey ? CHANGELOG_HEADERS : undefined;
        this.log(this.changelogKey(row), this.#changelogValue(row), -1, headers);
      } else if (logged || wasCommitted(item)) this.log(this.#goneKey(item), null, -1);
    });
  }

  override get hasDirtyCache(): boolean {
    return this.#rows.log.isDirty;
  }

  restore(key: Uint8Array, value: Uint8Array | null): void {
    const bytes = asBuffer(key);
    if (this.#options.onePerKey) this.#restoreKey(copyOf(bytes), value);
    else this.#restoreRecord(bytes, value);
  }

  protected successor(): ManagedStore {
    return new InMemoryTimeOrderedBuffer(this.#options, this.#rows);
  }

  protected changelogKey(row: TimedRow): Uint8Array {
    const keyBytes = row.group.keyBytes!; // buffers keep the bytes of every key
    if (this.#options.onePerKey) return keyBytes;
    const writer = this.#keys.begin();
    writer.uint8(0);
    writer.int64(row.time);
    writer.bytes(keyBytes);
    writer.int32(row.order);
    return this.#keys.end();
  }

  protected listenerKey(row: TimedRow): K {
    return this.codec.key(row.group.id, row.group.keyBytes);
  }

  // ------------------------------------------------------------ details

  #changed(row: TimedRow, scoped: boolean): void {
    if (this.logs) this.#rows.log.mark(this.#options.onePerKey ? row.group : row, scoped);
  }

  #record(row: TimedRow): BufferedRecord<K, V> {
    const value = valueOf(row);
    return {
      time: row.time,
      key: this.listenerKey(row),
      newValue: this.#valueFrom(value.new),
      oldValue: this.#valueFrom(value.old),
      context: ownContext(value.context),
    };
  }

  #bytesOf(value: V | null): Buffer | null {
    return value === null ? null : copyOf(this.codec.valueBytes(value));
  }

  #valueFrom(bytes: Buffer | null): V | null {
    return bytes === null ? null : this.codec.value(this.codec.storedOf(bytes));
  }

  #changelogValue(row: TimedRow): Uint8Array {
    const writer = this.#values.begin();
    valueOf(row).write(writer);
    writer.int64(this.#options.onePerKey ? row.time : 0);
    return this.#values.end();
  }

  #goneKey(item: KeyRows | TimedRow): Uint8Array {
    return item instanceof KeyRows ? item.keyBytes! : this.changelogKey(item); // buffers keep the bytes of every key
  }

  #restoreKey(key: Buffer, value: Uint8Array | null): void {
    const rows = this.#rows;
    const id = this.codec.idOf(key);
    const there = presentOf(rows.byKey.key(id));
    if (value === null) {
      if (there !== undefined) rows.restore(there, undefined);
      return;
    }
    const read = BufferValue.read(copyOf(value));
    const time = readInt64(asBuffer(value), read.end);
    // A key that left and came back before one commit is logged once, with its new time.
    if (there !== undefined && there.time !== time) rows.restore(there, undefined);
    rows.restore(rows.rowAt(id, key, time, 0), read.value);
    rows.restoredTo(time);
  }

  #restoreRecord(bytes: Buffer, value: Uint8Array | null): void {
    const rows = this.#rows;
    const time = readInt64(bytes, 1);
    const keyBytes = copyOf(bytes.subarray(PREFIX_BYTES, bytes.length - NUMBER_BYTES));
    const number = bytes.readInt32BE(bytes.length - NUMBER_BYTES);
    const row = rows.rowAt(this.codec.idOf(keyBytes), keyBytes, time, number);
    rows.restore(row, value === null ? undefined : BufferValue.read(copyOf(value)).value);
    rows.restoredTo(time, number);
  }
}

/** Records in the order in which they leave, with their number and bytes. */
class BufferOrder implements PresentRows {
  /** What Kafka counts beside the key. */
  readonly #entryBytes: number;
  readonly #rows = new OrderedChunks<TimedRow>(
    (left, right) =>
      left.time - right.time ||
      Buffer.compare(left.group.keyBytes!, right.group.keyBytes!) || // buffers keep the bytes of every key
      left.order - right.order,
  );
  byteCount = 0;

  constructor(entryBytes: number) {
    this.#entryBytes = entryBytes;
  }

  get size(): number {
    return this.#rows.size;
  }

  first(): TimedRow | undefined {
    return this.#rows.first();
  }

  add(row: TimedRow): void {
    this.#rows.insert(row);
    this.byteCount += this.#bytesOf(row, row.value);
  }

  drop(row: TimedRow, before: unknown): void {
    this.#rows.remove(row);
    this.byteCount -= this.#bytesOf(row, before);
  }

  replace(row: TimedRow, before: unknown): void {
    this.byteCount += this.#bytesOf(row, row.value) - this.#bytesOf(row, before);
  }

  #bytesOf(row: TimedRow, value: unknown): number {
    return this.#entryBytes + row.group.keyBytes!.length + (value as BufferValue).sizeBytes;
  }
}

const SUPPRESS_ENTRY_BYTES = 8;

class BufferRows implements LayeredRows<TimedRow> {
  readonly order: BufferOrder;
  readonly log = new DeferredLog<KeyRows | TimedRow>();
  readonly byKey = new TimedRows(() => this.order);
  readonly #time = new LayeredTime(-1);
  readonly #number = new LayeredTime(0);

  constructor(onePerKey: boolean) {
    this.order = new BufferOrder(onePerKey ? SUPPRESS_ENTRY_BYTES : PREFIX_BYTES + NUMBER_BYTES);
  }

  first(): TimedRow | undefined {
    return this.order.first();
  }

  rowAt(id: unknown, keyBytes: Buffer, time: number, number: number): TimedRow {
    return this.byKey.find(id, time, number) ?? this.byKey.add(id, keyBytes, time, number);
  }

  nextNumber(scoped: boolean): number {
    const next = this.#number.current + 1;
    this.#number.advance(next, scoped);
    return next & NUMBER_MAX;
  }

  get observedTime(): number {
    return this.#time.current;
  }

  observe(time: number, scoped: boolean): void {
    this.#time.advance(time, scoped);
  }

  restore(row: TimedRow, value: unknown): void {
    this.byKey.layers.restore(row, value, -1);
  }

  restoredTo(time: number, number = 0): void {
    this.#time.restore(time);
    this.#number.restore(number);
  }

  get uncommittedBytes(): number {
    return this.byKey.layers.uncommittedBytes;
  }

  write(row: TimedRow, value: unknown, timestamp: number, scoped: boolean): void {
    this.byKey.layers.write(row, value, timestamp, scoped);
  }

  mergeScope(): void {
    this.byKey.layers.mergeScope();
    this.#time.mergeScope();
    this.#number.mergeScope();
    this.log.mergeScope();
  }

  dropScope(): void {
    this.byKey.layers.dropScope();
    this.#time.dropScope();
    this.#number.dropScope();
    this.log.dropScope();
  }

  promote(): void {
    assert(!this.log.isDirty, 'a buffer is committed when it is logged');
    this.byKey.layers.promote();
    this.#time.promote();
    this.#number.promote();
    this.log.promote();
  }

  rollback(): void {
    this.byKey.layers.rollback();
    this.#time.rollback();
    this.#number.rollback();
    this.log.rollback();
  }
}

/** Headers may be changed in place by whoever has them: what is buffered must not change with them. */
function ownContext(context: BufferedContext): BufferedContext {
  const { topic, partition, offset, timestamp, headers } = context;
  return { topic, partition, offset, timestamp, headers: headers.slice() };
}

/** The record of a key in a buffer that keeps one. */
function presentOf(group: KeyRows | undefined): TimedRow | undefined {
  return group?.first();
}

function wasCommitted(item: KeyRows | TimedRow): boolean {
  if (!(item instanceof KeyRows)) return item.undo?.value !== undefined;
  for (const row of item) if (row.undo?.value !== undefined) return true;
  for (const row of item.gone ?? []) if (row.undo?.value !== undefined) return true;
  return false;
}

/** What the rows of a buffer hold. */
const valueOf = (row: TimedRow): BufferValue => row.value as BufferValue;
