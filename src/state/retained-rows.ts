/**
 * The rows of a window or session store with the time they are kept for. What a store shows depends on the latest
 * time ever put alone (not on when rows are dropped), so that a crash and a restore show the same: rows before that
 * time minus the retention are hidden. They are dropped at a commit, whole times at once; in a store that is scanned
 * for emit on close not before the operator has released them.
 */
import type { LayeredRows } from './row-layers.js';
import { LayeredTime } from './layered-time.js';
import { TimeIndex } from './time-index.js';
import { TimedRows, type KeyRows, type TimedRow } from './timed-rows.js';

/** Before anything was put. */
const NO_TIME = -1;
const NUMBER_MAX = 0x7fffffff;

export class RetainedRows implements LayeredRows<TimedRow> {
  /** Rows with a value, by time. */
  readonly times = new TimeIndex();
  readonly rows = new TimedRows(() => this.times);
  /** What a store without a record cache shows. */
  readonly #retentionMs: number;
  #shownMs: number;
  /** The latest time ever put. */
  readonly #time = new LayeredTime(NO_TIME);
  /** The latest time that a record cache has flushed. */
  readonly #flushed = new LayeredTime(NO_TIME);
  /** Duplicates are numbered; an abort takes the numbers back. */
  readonly #number = new LayeredTime(0);
  #longestMs = 0;
  /** Rows below are not needed by the operator; undefined in a store that nobody scans. */
  readonly #released: LayeredTime | undefined;

  constructor(retentionMs: number, keepUntilReleased: boolean) {
    this.#retentionMs = retentionMs;
    this.#shownMs = retentionMs;
    this.#released = keepUntilReleased ? new LayeredTime(-Infinity) : undefined;
  }

  /**
   * For a store with a record cache. In Kafka the cache shows rows that the store behind it hides already, for as
   * long as they happen to be cached; here that is one more retention, whatever the size of the cache.
   */
  showLonger(): void {
    this.#shownMs = this.#retentionMs * 2;
  }

  /** The least time that the store shows. */
  get visibleFrom(): number {
    return this.#time.current - this.#shownMs + 1;
  }

  /** The cache flushes a row of this time; returns whether the store behind it still shows such a row. */
  flush(time: number): boolean {
    const shown = time >= this.#flushed.current - this.#retentionMs + 1;
    this.#flushed.advance(time, false);
    return shown;
  }

  get observedTime(): number {
    return this.#time.current;
  }

  /** Rows that are hidden already when they are written are kept for the scan too. */
  get keepsHidden(): boolean {
    return this.#released !== undefined;
  }

  /** No session was ever longer. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Told of every session. */
  lasts(ms: number): void {
    if (ms > this.#longestMs) this.#longestMs = ms;
  }

  observe(time: number, scoped: boolean): void {
    this.#time.advance(time, scoped);
  }

  release(time: number, scoped: boolean): void {
    this.#released?.advance(time, scoped);
  }

  /** The number of the next duplicate: 1, 2, ... as in Java. */
  nextNumber(scoped: boolean): number {
    const next = this.#number.current + 1;
    this.#number.advance(next, scoped);
    return next & NUMBER_MAX;
  }

  restoredNumber(number: number): void {
    this.#number.restore(number);
  }

  /** What the store shows of one key, in order. */
  ofKey(group: KeyRows | undefined, from: number, to: number): TimedRow[] {
    if (group === undefined) return [];
    return this.rows.between(group, Math.max(from, this.visibleFrom), to);
  }

  /** What the store shows of all keys: by time, in no order within one time. */
  ofAll(from: number, to: number): TimedRow[] {
    return this.times.between(Math.max(from, this.visibleFrom), to);
  }

  restore(row: TimedRow, value: unknown, timestamp: number): void {
    this.rows.layers.restore(row, value, timestamp);
  }

  /** After every record of a restore. */
  restored(time: number): void {
    this.#time.restore(time);
    this.#flushed.restore(time);
    this.#expire();
  }

  // ------------------------------------------------------------ layers

  get uncommittedBytes(): number {
    return this.rows.layers.uncommittedBytes;
  }

  write(row: TimedRow, value: unknown, timestamp: number, scoped: boolean): void {
    this.rows.layers.write(row, value, timestamp, scoped);
  }

  mergeScope(): void {
    this.rows.layers.mergeScope();
    this.#time.mergeScope();
    this.#flushed.mergeScope();
    this.#number.mergeScope();
    this.#released?.mergeScope();
  }

  dropScope(): void {
    this.rows.layers.dropScope();
    this.#time.dropScope();
    this.#flushed.dropScope();
    this.#number.dropScope();
    this.#released?.dropScope();
  }

  promote(): void {
    this.rows.layers.promote();
    this.#time.promote();
    this.#flushed.promote();
    this.#number.promote();
    this.#released?.promote();
    this.#expire();
  }

  rollback(): void {
    this.rows.layers.rollback();
    this.#time.rollback();
    this.#flushed.rollback();
    this.#number.rollback();
    this.#released?.rollback();
  }

  #expire(): void {
    const hidden = this.#time.committed - this.#shownMs + 1;
    const below = Math.min(hidden, this.#released?.committed ?? Infinity);
    const { times } = this;
    const { layers } = this.rows;
    for (let time = times.earliest(); time !== undefined && time < below;) {
      let blocked = false;
      for (const row of times.first()) {
        if (layers.isSettled(row)) layers.discard(row);
        else blocked = true;
      }
      // Rows of the record that still waits go at a later commit.
      if (blocked) return;
      time = times.earliest();
    }
  }
}
