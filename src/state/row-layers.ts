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

interface Layer {
  readonly value: unknown;
  readonly timestamp: number;
  readonly held: HeldUpdate | undefined;
}

export class Row {
  readonly id: unknown;
  /** Made for iteration, and at once where the id is not the key itself. */
  keyBytes: Buffer | undefined;
  value: unknown = undefined;
  timestamp = -1;
  scope: Layer | undefined = undefined;
  undo: Layer | undefined = undefined;
  held: HeldUpdate | undefined = undefined;
  /** False once the row left the table. */
  live = true;

  constructor(id: unknown, keyBytes: Buffer | undefined) {
    this.id = id;
    this.keyBytes = keyBytes;
  }
}

/** What finds rows. */
export interface RowIndex<R extends Row> {
  /** The row has no value in any layer any more. */
  remove(row: R): void;
  /** The row had `before` and has another value now, or one of them is none; told after the fact. */
  changed?(row: R, before: unknown): void;
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
    this.#set(row, value, timestamp);
    if (value === undefined) this.#remove(row);
  }

  /** True when nothing that is not committed depends on the row. */
  isSettled(row: R): boolean {
    return row.undo === undefined && row.scope === undefined && row.held === undefined;
  }

  /** Drops a settled row for good: what is too old. */
  discard(row: R): void {
    assert(this.isSettled(row), 'a row is dropped when it is committed');
    this.#set(row, undefined, -1);
    this.#remove(row);
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
    for (const row of this.#changed) {
      const before = row.undo!;
      row.undo = undefined;
      row.held = undefined;
      this.#set(row, before.value, before.timestamp);
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
    if (row.value === undefined && this.isSettled(row)) this.#remove(row);
  }

  #remove(row: R): void {
    if (!row.live) return;
    row.live = false;
    this.#index.remove(row);
  }
}

/** What a new row was before. */
const NOTHING: Layer = Object.freeze({ value: undefined, timestamp: -1, held: undefined });

function layerOf(row: Row): Layer {
  if (row.value === undefined && row.timestamp < 0 && row.held === undefined) return NOTHING;
  return {
    value: row.value,
    timestamp: row.timestamp,
    held: row.held === undefined ? undefined : { ...row.held },
  };
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
