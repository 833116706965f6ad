/**
 * The rows of a windowed aggregation as its operator uses them: read, change, send on, and, where results come only
 * when windows close, send what closed. It keeps the operator's own stream time: the largest timestamp of all keys
 * that this operator has seen, committed with the offsets, so that late records stay late over a restart.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Record } from '../../processor/record.js';
import type { Windowed } from '../../serde/windowed.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';
import type { TimeOrderedScan } from '../../state/operator-stores.js';
import type { TimestampedWindowStore } from '../../state/window.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';
import { InitialValue } from './initial-value.js';

/** When results are sent: at every update, or once, when the window closes. */
export type EmitStrategy = 'onWindowUpdate' | 'onWindowClose';

type Row<A> = ValueAndTimestamp<A>;

/** Which windows closed, by their starts, both inclusive. */
export interface ClosedRange {
  from(lastEmit: number): number;
  to(closeTime: number): number;
  /** End of the window that starts there. */
  end(start: number): number;
}

export class WindowRows<K, A> {
  readonly #context: OperatorContext;
  readonly #storeName: string;
  readonly #store: TimestampedWindowStore<K, A>;
  readonly #forwarder: ChangeForwarder<Windowed<K>, A> | undefined;
  readonly #sendOldValues: boolean;
  readonly #immutable: boolean;
  readonly #graceMs: number;
  /** Of windows without row. */
  readonly initial: InitialValue;

  constructor(context: OperatorContext, decision: Decision, emit: EmitStrategy, graceMs: number) {
    const { store, sendOldValues, immutableValues } = decision;
    this.#context = context;
    this.#storeName = store!;
    this.#graceMs = graceMs;
    this.initial = new InitialValue(decision);
    this.#store = context.getStateStore<TimestampedWindowStore<K, A>>(store!);
    this.#sendOldValues = sendOldValues;
    this.#immutable = immutableValues;
    if (emit === 'onWindowUpdate')
      this.#forwarder = new ChangeForwarder(context, this.#store, sendOldValues);
  }

  /** Takes note of the time, and returns the one at which windows close: what ended before it is over. */
  closeTime(timestamp: number): number {
    const context = this.#context;
    if (timestamp > context.operatorTime) context.operatorTime = timestamp;
    return context.operatorTime - this.#graceMs;
  }

  row(key: K, start: number): Row<A> | undefined {
    return this.#store.fetch(key, start);
  }

  /** Rows of a key, from the latest start down. */
  rowsBackward(key: K, from: number, to: number): readonly [start: number, row: Row<A>][] {
    return this.#store.backwardFetch(key, from, to);
  }

  rowsForward(key: K, from: number, to: number): readonly [start: number, row: Row<A>][] {
    return this.#store.fetch(key, from, to);
  }

  /** The row's value for downstream: user code may change the one it is given in place, so that this is another one. */
  oldValue(key: K, start: number, row: Row<A>): A {
    return this.#sendOldValues ? this.unchanged(key, start, row) : row.value;
  }

  /** The same value, as another one where user code could change the first. The row must not have been written since. */
  unchanged(key: K, start: number, row: Row<A>): A {
    return this.#immutable ? row.value : (this.#store.fetch(key, start)?.value ?? row.value);
  }

  /** `record` caused the change: what is sent on has its headers. */
  update(
    record: Record<K>,
    start: number,
    end: number,
    newValue: A | null,
    oldValue: A | null,
    timestamp: number,
  ): void {
    this.#store.put(record.key, newValue === null ? null : { value: newValue, timestamp }, start);
    const forwarder = this.#forwarder;
    if (forwarder === undefined || !forwarder.sendsNow) return;
    const key = { key: record.key, window: { start, end } };
    forwarder.forwardKey(key, newValue, oldValue, timestamp, record.headers.slice());
  }

  /** Sends what closed since the last time, in the order of starts and keys. Call it last. */
  emitClosed(record: Record, closeTime: number, range: ClosedRange): void {
    if (this.#forwarder !== undefined) return;
    const lastEmit = this.#context.timeOf(this.#storeName);
    const to = range.to(closeTime);
    if (lastEmit >= closeTime || to < 0) return;
    const scan = this.#store as unknown as TimeOrderedScan<K, Row<A>>;
    const earliest = scan.earliestTime();
    if (earliest === undefined || earliest > to) {
      this.#emitted(closeTime, to);
      return;
    }
    const rows = scan.rowsBetween(range.from(lastEmit), to);
    if (isPromiseLike(rows)) {
      this.#context.park(rows, (later) => this.#send(record, later, closeTime, to));
      return;
    }
    this.#send(record, rows, closeTime, to);
  }

  #send(
    record: Record,
    rows: readonly [Windowed<K>, Row<A>][],
    closeTime: number,
    to: number,
  ): void {
    for (const [key, { value, timestamp }] of rows)
      this.#context.forward(record.withKey(key).withValueAt(new Change(value, null), timestamp));
    this.#emitted(closeTime, to);
  }

  #emitted(closeTime: number, to: number): void {
    (this.#store as unknown as TimeOrderedScan<K, Row<A>>).releaseBelow(to + 1);
    this.#context.setTimeOf(this.#storeName, closeTime);
  }
}
