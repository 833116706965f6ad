/**
 * Kafka's record cache for one store: updates are kept back and only the last one of a key is logged and forwarded,
 * when a commit or a full cache flushes, in the order in which keys were last updated. The newest value stands in the
 * row (reads see it at once); this file knows which rows hold an update back, what was flushed before and where the
 * update came from. Inside a record scope nothing is flushed: a full cache asks for a commit instead.
 */
import { byteSize, type HeldUpdate, type Row, type LayeredRows } from './row-layers.js';
import type { CacheBudget, RecordOrigin, StoreContext } from './store.js';

/** What a held update costs besides key and value. */
const UPDATE_BYTES = 64;

/** Logs and forwards one update: the row has the new value, `held` the old one and the context. */
export type FlushUpdate = (row: Row, held: HeldUpdate) => void;

export class UpdateCache {
  readonly #context: StoreContext;
  readonly #budget: CacheBudget;
  readonly #layers: LayeredRows;
  readonly #flushUpdate: FlushUpdate;
  #rows: Row[] = [];
  #sequence = 0;
  #flushing = false;

  constructor(
    context: StoreContext,
    budget: CacheBudget,
    layers: LayeredRows,
    flushUpdate: FlushUpdate,
  ) {
    this.#context = context;
    this.#budget = budget;
    this.#layers = layers;
    this.#flushUpdate = flushUpdate;
  }

  get hasDirty(): boolean {
    return this.#rows.some((row) => row.held !== undefined);
  }

  /** Updates of finished records are held back. Those of a record that still waits belong to no commit. */
  get holdsFinished(): boolean {
    return this.#rows.some(
      ({ held, scope }) => held !== undefined && (scope === undefined || scope.held !== undefined),
    );
  }

  /** Writes to the row and holds the update back; flushes all of the store when the cache is over its budget. */
  write(row: Row, value: unknown, timestamp: number, scoped: boolean): void {
    const context = this.#context;
    const before = row.value;
    const beforeTimestamp = row.timestamp;
    this.#layers.write(row, value, timestamp, scoped);
    const bytes = UPDATE_BYTES + byteSize(row.id) + byteSize(value);
    const held = row.held;
    if (held === undefined) {
      row.held = this.#hold(before, beforeTimestamp, context.recordOrigin(), bytes);
      this.#rows.push(row);
    } else {
      this.#budget.usedBytes += bytes - held.bytes;
      held.bytes = bytes;
      held.origin = context.recordOrigin();
      held.contextTimestamp = context.timestamp();
      held.sequence = this.#sequence++;
    }
    if (this.#budget.usedBytes > this.#budget.maxBytes) {
      if (context.mayForward()) this.flush();
      else context.requestCommit();
    }
  }

  /** False when nothing was held back, or a flush is under way. */
  flush(): boolean {
    if (this.#flushing || this.#rows.length === 0) return false;
    this.#flushing = true;
    const rows = this.#rows;
    this.#rows = [];
    rows.sort(byLastUpdate);
    let flushed = 0;
    let at = 0;
    try {
      while (at < rows.length) {
        const row = rows[at++]!;
        const held = row.held;
        if (held === undefined) continue;
        row.held = undefined;
        this.#budget.usedBytes -= held.bytes;
        flushed++;
        this.#flushOne(row, held);
      }
    } finally {
      // After an error, which user code may catch around its put: the rest is still held back.
      if (at < rows.length) this.#rows = [...rows.slice(at), ...this.#rows];
      this.#flushing = false;
    }
    return flushed > 0;
  }

  /** Called before the rows roll back. */
  rollback(): void {
    for (const row of this.#rows) {
      if (row.held === undefined) continue;
      this.#budget.usedBytes -= row.held.bytes;
      row.held = undefined;
    }
    this.#rows = [];
  }

  /** Drops the scope of the rows, which puts back what they held before. */
  dropScope(): void {
    for (const row of this.#rows)
      if (row.held !== undefined) this.#budget.usedBytes -= row.held.bytes;
    this.#layers.dropScope();
    const rows = new Set(this.#rows);
    this.#rows = [...rows].filter((row) => row.held !== undefined);
    for (const row of this.#rows) this.#budget.usedBytes += row.held!.bytes;
  }

  #hold(value: unknown, timestamp: number, origin: RecordOrigin, bytes: number): HeldUpdate {
    this.#budget.usedBytes += bytes;
    return {
      value,
      timestamp,
      origin,
      contextTimestamp: this.#context.timestamp(),
      sequence: this.#sequence++,
      bytes,
    };
  }

  #flushOne(row: Row, held: HeldUpdate): void {
    const context = this.#context;
    const timestamp = context.timestamp();
    const outer = context.enterOrigin(held.origin, held.contextTimestamp);
    try {
      this.#flushUpdate(row, held);
    } finally {
      context.enterOrigin(outer, timestamp);
    }
  }
}

const byLastUpdate = (left: Row, right: Row): number =>
  (left.held?.sequence ?? -1) - (right.held?.sequence ?? -1);
