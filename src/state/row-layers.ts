/**
 * One row of a store in memory, and what it takes to undo what was written to the rows of a store. A read is one
 * look-up: the row holds what the newest layer says, and beside it what the layers below said.
 *
 *     row.value     what a get sees: record scope, else uncommitted, else committed
 *     row.scope     what it was before the record scope, while the scope has changed it
 *     row.undo      what the last commit left, while it was changed since
 *     row.held      the record cache: what was flushed last, while a newer update is held back
 *
 * Values are opaque here (decoded or bytes, `undefined` is no value). How rows are found is the business of an index:
 * a map of keys, or the windows of each key; it is told when a row is gone, and when a value changes if it wants to know.
 * An index may give a row without value another place; then an abort asks it to take the row back to the old one.
 */
import { assert } from '../errors.js';
import type { RecordOrigin } from './store.js';

/** An update that a record cache holds back. */
export interface HeldUpdate {
  /** What was flushed last, the `old` of the next flush. */
  readonly value: unknown;
  readonly timestamp: number;
  /** Of the last update. */
  origin: RecordOrigin;
  contextTimestamp: number;
  /** Order of the last update among all of the store. */
  sequence: number;
  bytes: number;
}

class Layer {
  readonly value: unknown;
  readonly timestamp: number;
  readonly held: HeldUpdate | undefined;
  /** Where the row was, if it has moved since; what that is is known to the index. */
  place: object | undefined = undefined;

  constructor(value: unknown, timestamp: number, held: HeldUpdate | undefined) {
    this.value = value;
    this.timestamp = timestamp;
    this.held = held;
  }
}

/** There was no row: what most layers say, so that they are one object. */
const NOTHING = Object.freeze(new Layer(undefined, -1, undefined));

export abstract class Row {
  abstract readonly id: unknown;
  value: unknown = undefined;
  timestamp = -1;
  scope: Layer | undefined = undefined;
  undo: Layer | undefined = undefined;
  held: HeldUpdate | undefined = undefined;
  /** False once the row left the table. */
  live = true;
}

/** What finds rows. */
export interface RowIndex<R extends Row> {
  /** The row has no value in any layer any more. Its last one was `before`, unless `changed` told of that already. */
  remove(row: R, before: unknown): void;
  /** The row had `before` and has another value now, or one of them is none; told after the fact. */
  changed?(row: R, before: unknown): void;
  /** Takes a row without value back to a place where it was. */
  moveBack?(row: R, place: object): void;
}

/** Rows of a store with their layers: what its task's side drives. */
export interface LayeredRows<R extends Row = Row> {
  readonly uncommittedBytes: number;
  write(row: R, value: unknown, timestamp: number, scoped: boolean): void;
  mergeScope(): void;
  dropScope(): void;
  promote(): void;
  rollback(): void;
}

/** What a row costs besides its value. */
const ROW_BYTES = 64;

export class RowLayers<R extends Row = Row> implements LayeredRows<R> {
  readonly #index: RowIndex<R>;
  readonly #tellsChanges: boolean;
  #changed: R[] = [];
  #scoped: R[] = [];
  #size = 0;
  #uncommittedBytes = 0;

  constructor(index: RowIndex<R>) {
    this.#index = index;
    this.#tellsChanges = index.changed !== undefined;
  }

  /** Rows with a value. */
  get size(): number {
    return this.#size;
  }

  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }

  write(row: R, value: unknown, timestamp: number, scoped: boolean): void {
    if (scoped) {
      if (row.scope === undefined) {
        row.scope = layerOf(row);
        this.#scoped.push(row);
      }
    } else if (row.undo === undefined) {
      row.undo = layerOf(row);
      this.#changed.push(row);
      this.#uncommittedBytes += ROW_BYTES + byteSize(row.value);
    }
    this.#uncommittedBytes += byteSize(value) - byteSize(row.value);
    this.#set(row, value, timestamp);
  }

  /** A committed value, as a restore brings it. */
  restore(row: R, value: unknown, timestamp: number): void {
    if (value === undefined) this.#discard(row);
    else this.#set(row, value, timestamp);
  }

  /** True when nothing that is not committed depends on the row. */
  isSettled(row: R): boolean {
    return row.undo === undefined && row.scope === undefined && row.held === undefined;
  }

  /** Drops a settled row for good: what is too old. */
  discard(row: R): void {
    assert(this.isSettled(row), 'a row is dropped when it is committed');
    this.#discard(row);
  }

  /** True when a row without value is kept for an abort alone, which takes it back to where it was. */
  mayMove(row: R): boolean {
    return (
      row.undo !== undefined &&
      row.value === undefined &&
      row.scope === undefined &&
      row.held === undefined
    );
  }

  /** The row is about to leave `place`. */
  moves(row: R, place: object): void {
    const { undo } = row;
    assert(undo !== undefined, 'a row that moves can be taken back');
    if (undo !== NOTHING) undo.place ??= place;
  }

  mergeScope(): void {
    for (const row of this.#scoped) {
      if (row.undo === undefined) {
        row.undo = row.scope;
        this.#changed.push(row);
        this.#uncommittedBytes += ROW_BYTES;
      }
      row.scope = undefined;
    }
    this.#scoped = [];
  }

  dropScope(): void {
    for (const row of this.#scoped) {
      const before = row.scope!;
      row.scope = undefined;
      this.#uncommittedBytes += byteSize(before.value) - byteSize(row.value);
      row.held = before.held;
      this.#set(row, before.value, before.timestamp);
      this.#removeIfGone(row);
    }
    this.#scoped = [];
  }

  promote(): void {
    for (const row of this.#changed) {
      row.undo = undefined;
      this.#removeIfGone(row);
    }
    this.#changed = [];
    this.#uncommittedBytes = 0;
    for (const row of this.#scoped) this.#uncommittedBytes += byteSize(row.value);
  }

  rollback(): void {
    this.dropScope();
    // First all that has come leaves its place: something else may have been there.
    for (const row of this.#changed) {
      const undo = row.undo!;
      row.held = undefined;
      const leaves = undo === NOTHING || undo.place !== undefined;
      if (leaves && row.value !== undefined) this.#set(row, undefined, -1);
      if (undo === NOTHING) {
        row.undo = undefined;
        this.#removeIfGone(row);
      }
    }
    for (const row of this.#changed) {
      const { undo } = row;
      if (undo === undefined) continue;
      row.undo = undefined;
      if (undo.place !== undefined) this.#index.moveBack!(row, undo.place);
      this.#set(row, undo.value, undo.timestamp);
      this.#removeIfGone(row);
    }
    this.#changed = [];
    this.#uncommittedBytes = 0;
  }

  #set(row: R, value: unknown, timestamp: number): void {
    const before = row.value;
    row.value = value;
    row.timestamp = timestamp;
    if (value === undefined) {
      if (before !== undefined) this.#size--;
    } else if (before === undefined) this.#size++;
    if (this.#tellsChanges) this.#index.changed!(row, before);
  }

  #removeIfGone(row: R): void {
    if (row.value !== undefined || !row.live || !this.isSettled(row)) return;
    row.live = false;
    this.#index.remove(row, undefined);
  }

  #discard(row: R): void {
    if (!row.live) return;
    const before = row.value;
    row.value = undefined;
    if (before !== undefined) this.#size--;
    row.live = false;
    this.#index.remove(row, before);
  }
}

function layerOf(row: Row): Layer {
  const { value, held } = row;
  if (value === undefined && held === undefined) return NOTHING;
  return new Layer(value, row.timestamp, held === undefined ? undefined : { ...held });
}

/** Stored values that are neither text nor bytes, and say how large they are. */
export interface Sized {
  readonly sizeBytes: number;
}

/** Approximate size of a stored value or key. */
export function byteSize(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  if (value === undefined) return 0;
  return typeof value === 'object' ? sizeOf(value) : 8;
}

function sizeOf(value: object | null): number {
  // Stores keep no objects of users.
  return value !== null && 'sizeBytes' in value ? (value as Sized).sizeBytes : 8;
}
