/**
 * Rows that have a value, by time. All rows of one time are one list, in no order: who scans sorts what is due. A
 * row that lost its value stays in its list until half of the list is such rows, so that both directions are cheap.
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

class TimeRows implements Timed {
  readonly order = 0;
  readonly time: number;
  rows: TimedRow[] = [];
  /** Rows in the list with a value. */
  present = 0;

  constructor(time: number) {
    this.time = time;
  }
}

/** Lists up to this length are not cleared of rows without a value. */
const UNCLEARED_ROWS = 16;

export class TimeIndex implements PresentRows {
  readonly #times = new Map<number, TimeRows>();
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
    const { time } = row;
    let list = this.#last !== undefined && this.#last.time === time ? this.#last : undefined;
    list ??= this.#times.get(time);
    if (list === undefined) {
      list = new TimeRows(time);
      this.#times.set(time, list);
      this.#ordered.insert(list);
    }
    this.#last = list;
    list.present++;
    if (row.listed) return;
    row.listed = true;
    list.rows.push(row);
  }

  drop(row: TimedRow): void {
    const list = this.#times.get(row.time);
    if (list === undefined) return;
    list.present--;
    if (list.present === 0) {
      for (const left of list.rows) left.listed = false;
      this.#times.delete(list.time);
      this.#ordered.remove(list);
      if (this.#last === list) this.#last = undefined;
    } else if (list.rows.length > UNCLEARED_ROWS && list.present * 2 < list.rows.length) {
      list.rows = list.rows.filter((left) => (left.listed = left.value !== undefined));
    }
  }

  replace(): void {}

  /** Rows with times from `from` to `to`, both inclusive: by time, in no order within one time. */
  between(from: number, to: number): TimedRow[] {
    const found: TimedRow[] = [];
    for (const { rows } of this.#ordered.between(
      { time: from, order: 0 },
      { time: to, order: 0 },
    )) {
      for (const row of rows) if (row.value !== undefined) found.push(row);
    }
    return found;
  }

  /** The rows of the least time. */
  first(): readonly TimedRow[] {
    return this.#ordered.first()?.rows.filter((row) => row.value !== undefined) ?? [];
  }
}
