/**
 * The rows of one memory store in one map, with what it takes to undo them. A read is one lookup: the row holds
 * what the newest layer says, and beside it what the layers below said.
 *
 *     row.value     what a get sees: record scope, else uncommitted, else committed
 *     row.scope     what it was before the record scope, while the scope has changed it
 *     row.undo      what the last commit left, while it was changed since
 *     row.held      the record cache: what was flushed last, while a newer update is held back
 *
 * Values are opaque here (decoded or bytes, `undefined` is no value); the table knows no serde and no changelog.
 */
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

/** New rows that are kept for the ordered index before those that are gone are sorted out. */
const ADDED_ROWS = 1024;
/** What a row costs besides its value. */
const ROW_BYTES = 64;

export class LayeredTable {
  readonly #rows = new Map<unknown, Row>();
  #changed: Row[] = [];
  #scoped: Row[] = [];
  /** For the ordered index; `undefined` while there is none, so that nothing is kept for it. */
  #added: Row[] | undefined;
  #addedMax = ADDED_ROWS;
  /** An update is a get and then a put of the same key: the second one does not look again. */
  #last: Row | undefined;
  #removed = 0;
  #size = 0;
  #uncommittedBytes = 0;

  /** Rows with a value. */
  get size(): number {
    return this.#size;
  }

  get uncommittedBytes(): number {
    return this.#uncommittedBytes;
  }

  /** Rows that left the table since `takeAdded` was called. */
  get removed(): number {
    return this.#removed;
  }

  find(id: unknown): Row | undefined {
    const last = this.#last;
    if (last !== undefined && last.id === id && last.live) return last;
    const row = this.#rows.get(id);
    if (row !== undefined) this.#last = row;
    return row;
  }

  add(id: unknown, keyBytes: Buffer | undefined): Row {
    const row = new Row(id, keyBytes);
    this.#rows.set(id, row);
    this.#last = row;
    const added = this.#added;
    if (added !== undefined) {
      added.push(row);
      if (added.length > this.#addedMax) this.#forgetRemoved(added);
    }
    return row;
  }

  /** Rows made since the last call (all of them at the first), for an ordered index to take in. */
  takeAdded(): readonly Row[] {
    const added = this.#added ?? [...this.#rows.values()];
    this.#added = [];
    this.#addedMax = ADDED_ROWS;
    this.#removed = 0;
    return added;
  }

  get hasAdded(): boolean {
    return this.#added === undefined ? this.#rows.size > 0 : this.#added.length > 0;
  }

  write(row: Row, value: unknown, timestamp: number, scoped: boolean): void {
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
  restore(row: Row, value: unknown, timestamp: number): void {
    this.#set(row, value, timestamp);
    if (value === undefined) this.#remove(row);
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

  /** Rows that came and went before anybody iterated must not pile up. */
  #forgetRemoved(added: readonly Row[]): void {
    this.#added = added.filter((row) => row.live);
    this.#addedMax = Math.max(ADDED_ROWS, this.#added.length * 2);
  }

  #set(row: Row, value: unknown, timestamp: number): void {
    if (value === undefined) {
      if (row.value !== undefined) this.#size--;
    } else if (row.value === undefined) this.#size++;
    row.value = value;
    row.timestamp = timestamp;
  }

  #removeIfGone(row: Row): void {
    if (
      row.value === undefined &&
      row.undo === undefined &&
      row.scope === undefined &&
      row.held === undefined
    ) {
      this.#remove(row);
    }
  }

  #remove(row: Row): void {
    if (!row.live) return;
    row.live = false;
    this.#removed++;
    this.#rows.delete(row.id);
  }
}

function layerOf(row: Row): Layer {
  return {
    value: row.value,
    timestamp: row.timestamp,
    held: row.held === undefined ? undefined : { ...row.held },
  };
}

/** Approximate size of a stored value or key. */
export function byteSize(value: unknown): number {
  if (typeof value === 'string' || value instanceof Uint8Array) return value.length;
  return value === undefined ? 0 : 8;
}
