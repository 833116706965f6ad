/**
 * Aggregations over sessions. A record and all sessions of its key that are at most the gap away become one session:
 * their aggregates are merged in the order of their ends, then the record is added. The sessions that were merged are
 * deleted downstream, at their ends, before the new one is sent. Records without key are dropped; null values are
 * aggregated, as in Kafka. A session that is over its gap and its grace is left out, and that is counted.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Window, Windowed } from '../../serde/windowed.js';
import type { TimeOrderedScan } from '../../state/operator-stores.js';
import type { SessionStore } from '../../state/session.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import type { SessionWindows } from '../windows.js';
import { ChangeForwarder } from './change-forwarder.js';
import { given, type OperatorSupplier } from './operator.js';
import type { WindowFunctions } from './window-aggregate.js';
import type { EmitStrategy } from './window-rows.js';

export interface SessionFunctions<K, V, A> extends WindowFunctions<K, V, A> {
  /** `one`: what was merged so far, or the initial value; null where a reduce begins. */
  readonly merger: (key: K, one: A | null, two: A) => Awaitable<A | null>;
}

export const sessionAggregate =
  <K, V, A>(windows: SessionWindows, functions: SessionFunctions<K, V, A>, emit: EmitStrategy) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new SessionAggregateProcessor(context, windows, functions, emit, decision);

type Session<K, A> = [Windowed<K>, A];

const INITIAL = "initializer's result";
const MERGED = "session merger's result";
const RESULT = "aggregator's result";

class SessionAggregateProcessor<K, V, A> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #windows: SessionWindows;
  readonly #functions: SessionFunctions<K, V, A>;
  readonly #storeName: string;
  readonly #store: SessionStore<K, A>;
  readonly #forwarder: ChangeForwarder<Windowed<K>, A> | undefined;
  /** A merger may change its arguments in place; what is deleted downstream is what was there. */
  readonly #readTwice: boolean;

  constructor(
    context: OperatorContext,
    windows: SessionWindows,
    functions: SessionFunctions<K, V, A>,
    emit: EmitStrategy,
    { store, sendOldValues, immutableValues }: Decision,
  ) {
    this.#context = context;
    this.#windows = windows;
    this.#functions = functions;
    this.#storeName = store!;
    this.#store = context.getStateStore<SessionStore<K, A>>(store!);
    this.#readTwice = sendOldValues && !immutableValues;
    if (emit === 'onWindowUpdate')
      this.#forwarder = new ChangeForwarder(
        context,
        this.#store,
        sendOldValues,
        ({ window }: Windowed<K>) => window.end,
      );
  }

  process(record: Record<K, V>): void {
    const { key, timestamp } = record;
    if (key === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    const context = this.#context;
    if (timestamp > context.operatorTime) context.operatorTime = timestamp;
    const { gapMs } = this.#windows;
    const found = this.#store.findSessions(key, timestamp - gapMs, timestamp + gapMs);
    const initial = this.#functions.initializer();
    if (isPromiseLike(initial)) {
      context.park(initial, (later) => this.#merge(record, found, 0, given(later, INITIAL)));
      return;
    }
    this.#merge(record, found, 0, given(initial, INITIAL));
  }

  /** Merges the sessions from `first` on into `merged`. One that has to wait goes on from there. */
  #merge(
    record: Record<K, V>,
    found: readonly Session<K, A>[],
    first: number,
    merged: A | null,
  ): void {
    let aggregate = merged;
    for (let i = first; i < found.length; i++) {
      const result = this.#functions.merger(record.key, aggregate, this.#argument(found[i]!));
      if (isPromiseLike(result)) {
        this.#context.park(result, (later) =>
          this.#merge(record, found, i + 1, given(later, MERGED)),
        );
        return;
      }
      aggregate = given(result, MERGED);
    }
    this.#replace(record, found, aggregate);
  }

  #argument([session, aggregate]: Session<K, A>): A {
    if (!this.#readTwice) return aggregate;
    const { key, window } = session;
    return this.#store.fetchSession(key, window.start, window.end) ?? aggregate;
  }

  #replace(record: Record<K, V>, found: readonly Session<K, A>[], aggregate: A | null): void {
    const window = span(record.timestamp, found);
    const closeTime = this.#closeTime();
    if (window.end < closeTime) {
      this.#context.recordDropped('late');
      this.#emitClosed(record, closeTime);
      return;
    }
    const result = this.#functions.aggregator(record.key, record.value, aggregate);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) =>
        this.#put(record, found, window, given(later, RESULT), closeTime),
      );
      return;
    }
    this.#put(record, found, window, given(result, RESULT), closeTime);
  }

  /** After all user functions: where one of them fails and the record is left out, the sessions stay as they were. */
  #put(
    record: Record<K, V>,
    found: readonly Session<K, A>[],
    window: Window,
    aggregate: A | null,
    closeTime: number,
  ): void {
    if (window.start !== record.timestamp || window.end !== record.timestamp) {
      for (const [merged, value] of found) {
        this.#store.remove(merged);
        this.#send(merged, null, value);
      }
    }
    const session = { key: record.key, window };
    this.#store.put(session, aggregate);
    this.#send(session, aggregate, null);
    this.#emitClosed(record, closeTime);
  }

  /** Sessions have no headers, as they have none of a single record. */
  #send(session: Windowed<K>, newValue: A | null, oldValue: A | null): void {
    this.#forwarder?.forwardKey(session, newValue, oldValue, session.window.end, []);
  }

  #closeTime(): number {
    return this.#context.operatorTime - this.#windows.graceMs - this.#windows.gapMs;
  }

  /** Sends what closed since the last time, in the order of ends, starts and keys. */
  #emitClosed(record: Record, closeTime: number): void {
    if (this.#forwarder !== undefined) return;
    const lastEmit = this.#context.timeOf(this.#storeName);
    // Both ends of a session belong to it: it closes after its end.
    const to = closeTime - 1;
    if (lastEmit >= closeTime || to < 0) return;
    const scan = this.#store as unknown as TimeOrderedScan<K, A>;
    const earliest = scan.earliestTime();
    const rows =
      earliest === undefined || earliest > to ? [] : scan.rowsBetween(Math.max(0, lastEmit), to);
    if (isPromiseLike(rows)) {
      this.#context.park(rows, (later) => this.#emit(record, later, closeTime));
      return;
    }
    this.#emit(record, rows, closeTime);
  }

  #emit(record: Record, rows: readonly Session<K, A>[], closeTime: number): void {
    for (const [session, aggregate] of rows)
      this.#context.forward(
        record.withKey(session).withValueAt(new Change(aggregate, null), session.window.end),
      );
    (this.#store as unknown as TimeOrderedScan<K, A>).releaseBelow(closeTime);
    this.#context.setTimeOf(this.#storeName, closeTime);
  }
}

/** The session that holds the time and all that were found. */
function span<K, A>(timestamp: number, found: readonly Session<K, A>[]): Window {
  let start = timestamp;
  let end = timestamp;
  for (const [{ window }] of found) {
    start = Math.min(start, window.start);
    end = Math.max(end, window.end);
  }
  return { start, end };
}
