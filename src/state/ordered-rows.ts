/**
 * The rows of a table in the unsigned byte order of their keys, Kafka's iteration order. Built when somebody
 * iterates, so that a store that is only read and written by key pays nothing: many new rows are sorted among
 * themselves and merged into the order there was, a few are put where they belong. Rows that left the table have no
 * value any more and are passed over, until they are many.
 */
import type { KeyedRow, LayeredTable } from './layered-table.js';

/** Moving what comes behind a new row is cheaper than comparing all rows with it. */
const FEW_ROWS = 16;

export class OrderedRows {
  readonly #table: LayeredTable;
  readonly #keyBytes: (row: KeyedRow) => Buffer;
  #rows: KeyedRow[] = [];
  /** How many of them have left the table. */
  #gone = 0;

  /** `keyBytes` serializes the key of a row. */
  constructor(table: LayeredTable, keyBytes: (row: KeyedRow) => Buffer) {
    this.#table = table;
    this.#keyBytes = keyBytes;
  }

  /** Rows with a value from `from` to `to`, both inclusive; `undefined` is an open end. */
  range(from: Buffer | undefined, to: Buffer | undefined): KeyedRow[] {
    const rows = this.#current();
    const start = from === undefined ? 0 : this.#lowerBound(from);
    const found: KeyedRow[] = [];
    for (let i = start; i < rows.length; i++) {
      const row = rows[i]!;
      if (to !== undefined && Buffer.compare(row.keyBytes!, to) > 0) break;
      if (row.value !== undefined) found.push(row);
    }
    return found;
  }

  withPrefix(prefix: Buffer): KeyedRow[] {
    const rows = this.#current();
    const found: KeyedRow[] = [];
    for (let i = this.#lowerBound(prefix); i < rows.length; i++) {
      const row = rows[i]!;
      if (prefix.compare(row.keyBytes!, 0, Math.min(prefix.length, row.keyBytes!.length)) !== 0)
        break;
      if (row.value !== undefined) found.push(row);
    }
    return found;
  }

  #current(): readonly KeyedRow[] {
    const { removed, hasAdded } = this.#table;
    if (removed === 0 && !hasAdded) return this.#rows;
    const added = this.#table.takeAdded().filter((row) => row.live);
    for (const row of added) row.keyBytes ??= this.#keyBytes(row);
    this.#gone += removed;
    if (this.#gone * 2 > this.#rows.length) {
      this.#rows = this.#rows.filter((row) => row.live);
      this.#gone = 0;
    }
    if (added.length <= FEW_ROWS)
      for (const row of added) this.#rows.splice(this.#lowerBound(row.keyBytes!), 0, row);
    else this.#rows = merged(this.#rows, added.sort(byKey));
    return this.#rows;
  }

  /** Index of the first row whose key is not below `key`. */
  #lowerBound(key: Buffer): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (Buffer.compare(this.#rows[middle]!.keyBytes!, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const byKey = (left: KeyedRow, right: KeyedRow): number =>
  Buffer.compare(left.keyBytes!, right.keyBytes!);

function merged(rows: KeyedRow[], added: KeyedRow[]): KeyedRow[] {
  if (added.length === 0) return rows;
  if (rows.length === 0) return added;
  const result: KeyedRow[] = [];
  let at = 0;
  for (const row of rows) {
    while (at < added.length && byKey(added[at]!, row) < 0) result.push(added[at++]!);
    result.push(row);
  }
  while (at < added.length) result.push(added[at++]!);
  return result;
}
