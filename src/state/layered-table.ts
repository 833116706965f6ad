/**
 * The rows of a key-value store in one map, by key. Their layers are in `RowLayers`; beside the map this keeps which
 * rows are new, for the ordered index that is built when somebody iterates.
 */
import { Row, RowLayers } from './row-layers.js';

/** A row that is found by its key alone. */
export class KeyedRow extends Row {
  readonly id: unknown;
  /** Made for iteration, and at once where the id is not the key itself. */
  keyBytes: Buffer | undefined;

  constructor(id: unknown, keyBytes: Buffer | undefined) {
    super();
    this.id = id;
    this.keyBytes = keyBytes;
  }
}

/** New rows that are kept for the ordered index before those that are gone are sorted out. */
const ADDED_ROWS = 1024;

export class LayeredTable {
  readonly layers = new RowLayers<KeyedRow>({ remove: (row) => this.#remove(row) });
  readonly #rows = new Map<unknown, KeyedRow>();
  /** For the ordered index; `undefined` while there is none, so that nothing is kept for it. */
  #added: KeyedRow[] | undefined;
  #addedMax = ADDED_ROWS;
  /** An update is a get and then a put of the same key: the second one does not look again. */
  #last: KeyedRow | undefined;
  #removed = 0;

  /** Rows that left the table since `takeAdded` was called. */
  get removed(): number {
    return this.#removed;
  }

  find(id: unknown): KeyedRow | undefined {
    const last = this.#last;
    if (last !== undefined && last.id === id && last.live) return last;
    const row = this.#rows.get(id);
    if (row !== undefined) this.#last = row;
    return row;
  }

  add(id: unknown, keyBytes: Buffer | undefined): KeyedRow {
    const row = new KeyedRow(id, keyBytes);
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
  takeAdded(): readonly KeyedRow[] {
    const added = this.#added ?? [...this.#rows.values()];
    this.#added = [];
    this.#addedMax = ADDED_ROWS;
    this.#removed = 0;
    return added;
  }

  get hasAdded(): boolean {
    return this.#added === undefined ? this.#rows.size > 0 : this.#added.length > 0;
  }

  /** Rows that came and went before anybody iterated must not pile up. */
  #forgetRemoved(added: readonly KeyedRow[]): void {
    this.#added = added.filter((row) => row.live);
    this.#addedMax = Math.max(ADDED_ROWS, this.#added.length * 2);
  }

  #remove(row: KeyedRow): void {
    this.#removed++;
    this.#rows.delete(row.id);
  }
}
