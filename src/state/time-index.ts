/**
 * Rows that have a value, by time. All rows of one time are one list, in no order: who scans sorts what is due. A
 * row knows where it stands, and the last one of the list takes the place of one that leaves.
 */
import { OrderedChunks } from './ordered-chunks.js';
import type { TimedRow } from './timed-rows.js';

/** What rows are ordered by. */
export interface Timed {
  readonly time: number;
  readonly order: number;
}

export const byTime = (left: Timed, right: Timed): number =>
  left.time - right.time || left.order - right.order;

/** Rows while they have a value, in some order. Told after the fact. */
export interface PresentRows {
  add(row: TimedRow): void;
  drop(row: TimedRow, before: unknown): void;
  /** Another value than `before`. */
  replace(row: TimedRow, before: unknown): void;
}

/** The rows of one time. */
export class TimeRows implements Timed {
  readonly order = 0;
  readonly time: number;
  readonly rows: TimedRow[];

  /** Most times have one row: a list that is made of it is small, one that it is pushed to is not. */
  constructor(row: TimedRow) {
    this.time = row.time;
    this.rows = [row];
  }
}

export class TimeIndex implements PresentRows {
  readonly #ordered = new OrderedChunks<TimeRows, Timed>(byTime);
  #last: TimeRows | undefined;

  /** The least time with a row; `undefined` when there is none. */
  earliest(): number | undefined {
    return this.#ordered.first()?.time;
  }

  /** The greatest time with a row. */
  latest(): number | undefined {
    return this.#ordered.last()?.time;
  }

  /** The least time after `time` with a row. */
  after(time: number): number | undefined {
    return this.#ordered.next({ time, order: 0 })?.time;
  }

  add(row: TimedRow): void {
    const list = this.#listOf(row);
    if (list === undefined) {
      row.list = this.#last = new TimeRows(row);
      row.listAt = 0;
      this.#ordered.insert(row.list);
      return;
    }
    row.list = list;
    row.listAt = list.rows.length;
    list.rows.push(row);
  }

  drop(row: TimedRow): void {
    const { list } = row;
    if (list === undefined) return;
    row.list = undefined;
    const { rows } = list;
    const last = rows.pop()!;
    if (last !== row) {
      rows[row.listAt] = last;
      last.listAt = row.listAt;
    }
    if (rows.length > 0) return;
    this.#ordered.remove(list);
    if (this.#last === list) this.#last = undefined;
  }

  replace(): void {}

  /** Rows with times from `from` to `to`, both inclusive: by time, in no order within one time. */
  between(from: number, to: number): TimedRow[] {
    const found: TimedRow[] = [];
    for (const { rows } of this.#ordered.between({ time: from, order: 0 }, { time: to, order: 0 }))
      for (const row of rows) found.push(row);
    return found;
  }

  /** The rows of the least time, in a list of the caller's own. */
  first(): TimedRow[] {
    return this.#ordered.first()?.rows.slice() ?? [];
  }

  /** The list of the row's time, if there is one; mostly that of the row before it. */
  #listOf({ time }: TimedRow): TimeRows | undefined {
    if (this.#last !== undefined && this.#last.time === time) return this.#last;
    const newest = this.#ordered.last();
    if (newest === undefined || newest.time < time) return undefined;
    const list = this.#ordered.find({ time, order: 0 });
    if (list !== undefined) this.#last = list;
    return list;
  }
}
