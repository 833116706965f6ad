/**
 * The rows of stores whose keys have times: for each key its rows in the order of (time, order), found by binary
 * search; and, in an index of the store, the rows that have a value by their time.
 *
 *     window       time = start        order = sequence number of duplicates
 *     session      time = end          order = start
 *     outer join   time = timestamp    order = side
 *     versioned    time = valid from   order = 0
 */
import { OrderedChunks } from './ordered-chunks.js';
import { Row, RowLayers, type RowIndex } from './row-layers.js';
import { byTime, type PresentRows, type Timed, type TimeRows } from './time-index.js';

export class TimedRow extends Row implements Timed {
  readonly group: KeyRows;
  readonly time: number;
  readonly order: number;
  /** The list of its time that it stands in. */
  list: TimeRows | undefined = undefined;

  constructor(group: KeyRows, time: number, order: number) {
    super(group.id, group.keyBytes);
    this.group = group;
    this.time = time;
    this.order = order;
  }
}

/** The rows of one key. */
export class KeyRows {
  readonly id: unknown;
  /** Made when they are needed, and at once where the id is not the key itself. */
  keyBytes: Buffer | undefined;
  readonly rows = new OrderedChunks<TimedRow, Timed>(byTime);

  constructor(id: unknown, keyBytes: Buffer | undefined) {
    this.id = id;
    this.keyBytes = keyBytes;
  }
}

class Probe implements Timed {
  time = 0;
  order = 0;

  at(time: number, order: number): this {
    this.time = time;
    this.order = order;
    return this;
  }
}

export class TimedRows implements RowIndex<TimedRow> {
  readonly layers: RowLayers<TimedRow>;
  readonly #presentOf: ((row: TimedRow) => PresentRows) | undefined;
  readonly #keys = new Map<unknown, KeyRows>();
  readonly #from = new Probe();
  readonly #to = new Probe();
  #last: KeyRows | undefined;

  /** `presentOf` says which index has the row while it has a value. */
  constructor(presentOf?: (row: TimedRow) => PresentRows) {
    this.#presentOf = presentOf;
    this.layers = new RowLayers<TimedRow>(this);
  }

  key(id: unknown): KeyRows | undefined {
    const last = this.#last;
    if (last !== undefined && last.id === id && last.rows.size > 0) return last;
    const group = this.#keys.get(id);
    if (group !== undefined) this.#last = group;
    return group;
  }

  /** Keys with rows; some of them may have no value any more. */
  keys(): Iterable<KeyRows> {
    return this.#keys.values();
  }

  find(id: unknown, time: number, order: number): TimedRow | undefined {
    return this.key(id)?.rows.find(this.#from.at(time, order));
  }

  /** A new row; `keyBytes` are those of a new key whose id is not the key itself. */
  add(id: unknown, keyBytes: Buffer | undefined, time: number, order: number): TimedRow {
    let group = this.key(id);
    if (group === undefined) {
      group = new KeyRows(id, keyBytes);
      this.#keys.set(id, group);
      this.#last = group;
    }
    const row = new TimedRow(group, time, order);
    group.rows.insert(row);
    return row;
  }

  /** Rows of the key with times from `from` to `to`, both inclusive; also those without a value. */
  between(group: KeyRows, from: number, to: number): TimedRow[] {
    return group.rows.between(this.#from.at(from, -Infinity), this.#to.at(to, Infinity));
  }

  remove(row: TimedRow): void {
    const { group } = row;
    group.rows.remove(row);
    if (group.rows.size > 0) return;
    this.#keys.delete(group.id);
  }

  changed(row: TimedRow, before: unknown): void {
    if (this.#presentOf === undefined) return;
    if (before === undefined) {
      if (row.value !== undefined) this.#presentOf(row).add(row);
    } else if (row.value === undefined) this.#presentOf(row).drop(row, before);
    else this.#presentOf(row).replace(row, before);
  }
}
