/**
 * The rows of a left or outer stream-stream join that wait for a partner, in memory. A row is all values of a key, a
 * side and a timestamp, in the order of their arrival. In the changelog it has Java's bytes:
 *
 *     key      int64 timestamp | int8 1: left, 0: right | key
 *     value    int8 1 | int32 count | (int32 length | int8 1: left, 0: right | value) *
 *
 * The changelog is written at a commit: a row that found its partner before was never there for anybody.
 */
import { asBuffer, copyOf, readInt64 } from '../env/bytes.js';
import { assert } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { DeferredLog } from './deferred-log.js';
import { MemoryStore } from './memory-store.js';
import type { JoinSide, OuterJoinRow, OuterJoinStore } from './operator-stores.js';
import type { LayeredRows, Sized } from './row-layers.js';
import { byteSize } from './row-layers.js';
import { ScratchBytes } from './scratch-bytes.js';
import { StoreCodec } from './store-codec.js';
import type { ManagedStore, StoreContext } from './store.js';
import { TimeIndex } from './time-index.js';
import { TimedRows, type KeyRows, type TimedRow } from './timed-rows.js';

export interface OuterJoinStoreOptions<K, V1, V2> {
  readonly name: string;
  readonly key: Serde<K>;
  readonly left: Serde<V1>;
  readonly right: Serde<V2>;
}

const RIGHT = 0;
const LEFT = 1;
const PREFIX_BYTES = 9;
const VARIABLE_SIZE = 1;

/** Values in the order of arrival. Longer lists share the array of the shorter ones they were made from. */
class ValueList implements Sized {
  readonly #items: unknown[];
  readonly length: number;
  readonly sizeBytes: number;

  constructor(items: unknown[], length: number, sizeBytes: number) {
    this.#items = items;
    this.length = length;
    this.sizeBytes = sizeBytes;
  }

  plus(item: unknown): ValueList {
    // What an abort took back may stand behind the end of this list.
    const items =
      this.#items.length === this.length ? this.#items : this.#items.slice(0, this.length);
    items.push(item);
    return new ValueList(items, this.length + 1, this.sizeBytes + byteSize(item));
  }

  at(index: number): unknown {
    return this.#items[index];
  }
}

export class InMemoryOuterJoinStore<K, V1, V2>
  extends MemoryStore<K, V1, K>
  implements OuterJoinStore<K, V1, V2>
{
  readonly #options: OuterJoinStoreOptions<K, V1, V2>;
  readonly #rows: SidedRows;
  readonly #right: StoreCodec<K, V2>;
  readonly #scratch = new ScratchBytes();
  readonly #lists = new ScratchBytes();

  /** `rows` are those of the handle this one takes the place of. */
  constructor(options: OuterJoinStoreOptions<K, V1, V2>, rows?: SidedRows) {
    const kept = rows ?? new SidedRows();
    super(new StoreCodec(options.name, options.key, options.left), kept, false);
    this.#options = options;
    this.#rows = kept;
    this.#right = new StoreCodec(options.name, options.key, options.right);
  }

  // ------------------------------------------------------------ the face

  add(side: JoinSide, key: K, timestamp: number, value: V1 | V2): void {
    const scoped = this.enterWrite();
    const id = this.codec.id(key);
    const order = orderOf(side);
    const stored = this.#codecOf(order).stored(value);
    const row =
      this.#rows.find(id, timestamp, order) ??
      this.#rows.add(id, this.codec.bytesBeside(key), timestamp, order);
    const list = listOf(row);
    this.#rows.write(
      row,
      list === undefined ? new ValueList([stored], 1, byteSize(stored)) : list.plus(stored),
      -1,
      scoped,
    );
    this.#changed(row, scoped);
  }

  remove(side: JoinSide, key: K, timestamp: number): void {
    const scoped = this.enterWrite();
    const row = this.#rows.find(this.codec.id(key), timestamp, orderOf(side));
    if (row === undefined || row.value === undefined) return;
    this.#rows.write(row, undefined, -1, scoped);
    this.#changed(row, scoped);
  }

  earliest(side?: JoinSide): number | undefined {
    if (side !== undefined) return this.#rows.times[orderOf(side)].earliest();
    return lesser(this.#rows.times[LEFT].earliest(), this.#rows.times[RIGHT].earliest());
  }

  rowsUpTo(leftTo: number, rightTo: number): readonly OuterJoinRow<K, V1, V2>[] {
    const rows = [
      ...this.#rows.times[RIGHT].between(-Infinity, rightTo),
      ...this.#rows.times[LEFT].between(-Infinity, leftTo),
    ];
    rows.sort(
      (left, right) =>
        left.time - right.time ||
        left.order - right.order ||
        Buffer.compare(this.#keyBytes(left.group), this.#keyBytes(right.group)),
    );
    return rows.map((row) => this.#joinRow(row));
  }

  scanEnd(leftTo: number, rightTo: number): number | undefined {
    const [right, left] = this.#rows.times;
    const openLeft = left.after(leftTo);
    const openRight = right.after(rightTo);
    if (openLeft === undefined || openRight === undefined)
      return greater(left.latest(), right.latest());
    const end = Math.max(openLeft, openRight);
    // Left rows of a time come after the right ones.
    const last = openLeft === end ? left : right;
    if (valuesAt(last, end) > 1 || (last === right && left.between(end, end).length > 0))
      return end;
    return lesser(left.after(end), right.after(end)) ?? end;
  }

  // ------------------------------------------------------------ the task's side

  override flushCache(): boolean {
    return this.#rows.log.flush((row, logged) => {
      const list = listOf(row);
      if (list !== undefined) this.log(this.changelogKey(row), this.#listBytes(row, list), -1);
      else if (logged || row.undo?.value !== undefined) this.log(this.changelogKey(row), null, -1);
    });
  }

  override get hasDirtyCache(): boolean {
    return this.#rows.log.isDirty;
  }

  override init(context: StoreContext): void {
    super.init(context);
    assert(!this.caches, `join store ${this.name} has no record cache`);
  }

  restore(key: Uint8Array, value: Uint8Array | null): void {
    const bytes = asBuffer(key);
    const keyBytes = bytes.subarray(PREFIX_BYTES);
    const timestamp = readInt64(bytes, 0);
    const order = bytes[8]!; // the side stands before the key
    const id = this.codec.idOf(keyBytes);
    const row = this.#rows.find(id, timestamp, order);
    if (value === null) {
      if (row !== undefined) this.#rows.restore(row, undefined);
      return;
    }
    const beside = this.codec.keysByValue ? undefined : copyOf(keyBytes);
    const target = row ?? this.#rows.add(id, beside, timestamp, order);
    this.#rows.restore(target, this.#listFrom(order, asBuffer(value)));
  }

  protected successor(): ManagedStore {
    return new InMemoryOuterJoinStore(this.#options, this.#rows);
  }

  protected changelogKey(row: TimedRow): Uint8Array {
    const keyBytes = this.#keyBytes(row.group);
    const writer = this.#scratch.begin();
    writer.int64(row.time);
    writer.uint8(row.order);
    writer.bytes(keyBytes);
    return this.#scratch.end();
  }

  protected listenerKey(row: TimedRow): K {
    return this.codec.key(row.group.id, row.group.keyBytes);
  }

  // ------------------------------------------------------------ details

  #changed(row: TimedRow, scoped: boolean): void {
    if (this.logs) this.#rows.log.mark(row, scoped);
  }

  #codecOf(order: number): StoreCodec<K, V1 | V2> {
    // The side says which serde its values have.
    return (order === LEFT ? this.codec : this.#right) as StoreCodec<K, V1 | V2>;
  }

  #joinRow(row: TimedRow): OuterJoinRow<K, V1, V2> {
    const list = listOf(row)!; // rows by time have a value
    const codec = this.#codecOf(row.order);
    const values: (V1 | V2)[] = [];
    for (let i = 0; i < list.length; i++) values.push(codec.value(list.at(i)));
    return {
      side: row.order === LEFT ? 'left' : 'right',
      key: this.listenerKey(row),
      timestamp: row.time,
      values,
    };
  }

  #listBytes(row: TimedRow, list: ValueList): Uint8Array {
    const codec = this.#codecOf(row.order);
    const writer = this.#lists.begin();
    writer.uint8(VARIABLE_SIZE);
    writer.int32(list.length);
    for (let i = 0; i < list.length; i++) {
      const bytes = codec.storedBytes(list.at(i));
      writer.int32(bytes.length + 1);
      writer.uint8(row.order);
      writer.bytes(bytes);
    }
    return this.#lists.end();
  }

  #listFrom(order: number, bytes: Buffer): ValueList {
    const codec = this.#codecOf(order);
    const count = bytes.readInt32BE(1);
    const items: unknown[] = [];
    let size = 0;
    let at = 5;
    for (let i = 0; i < count; i++) {
      const length = bytes.readInt32BE(at);
      const item = codec.storedOf(bytes.subarray(at + 5, at + 4 + length));
      items.push(item);
      size += byteSize(item);
      at += 4 + length;
    }
    return new ValueList(items, count, size);
  }

  #keyBytes(group: KeyRows): Buffer {
    return (group.keyBytes ??= copyOf(this.codec.keyBytes(group.id as K))); // the id of a key without bytes is the key
  }
}

/** The rows of a key by (timestamp, side), and those of each side by timestamp. */
class SidedRows implements LayeredRows<TimedRow> {
  readonly times: readonly [right: TimeIndex, left: TimeIndex] = [new TimeIndex(), new TimeIndex()];
  readonly log = new DeferredLog<TimedRow>();
  readonly #rows = new TimedRows((row) => this.times[row.order === LEFT ? LEFT : RIGHT]);

  find(id: unknown, timestamp: number, order: number): TimedRow | undefined {
    return this.#rows.find(id, timestamp, order);
  }

  add(id: unknown, keyBytes: Buffer | undefined, timestamp: number, order: number): TimedRow {
    return this.#rows.add(id, keyBytes, timestamp, order);
  }

  restore(row: TimedRow, value: unknown): void {
    this.#rows.layers.restore(row, value, -1);
  }

  get uncommittedBytes(): number {
    return this.#rows.layers.uncommittedBytes;
  }

  write(row: TimedRow, value: unknown, timestamp: number, scoped: boolean): void {
    this.#rows.layers.write(row, value, timestamp, scoped);
  }

  mergeScope(): void {
    this.#rows.layers.mergeScope();
    this.log.mergeScope();
  }

  dropScope(): void {
    this.#rows.layers.dropScope();
    this.log.dropScope();
  }

  promote(): void {
    assert(!this.log.isDirty, 'a join store is committed when it is logged');
    this.#rows.layers.promote();
    this.log.promote();
  }

  rollback(): void {
    this.#rows.layers.rollback();
    this.log.rollback();
  }
}

const orderOf = (side: JoinSide): 0 | 1 => (side === 'left' ? LEFT : RIGHT);

/** Of two times, where there may be none. */
function lesser(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one;
}

function greater(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one;
}

function valuesAt(times: TimeIndex, time: number): number {
  let count = 0;
  for (const row of times.between(time, time)) count += listOf(row)?.length ?? 0;
  return count;
}

/** What the rows of this store hold. */
const listOf = (row: TimedRow): ValueList | undefined => row.value as ValueList | undefined;
