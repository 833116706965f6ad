/**
 * Aggregations over windows of a fixed length (tumbling, hopping, unlimited). A record goes into every window that
 * holds its timestamp, in the order of their starts; a window that is closed is left out, and that is counted. Records
 * without key are dropped; null values are aggregated, as in Kafka.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Decision } from '../plan.js';
import { FOREVER, type FixedWindows } from '../windows.js';
import { given, type OperatorSupplier } from './operator.js';
import { WindowRows, type ClosedRange, type EmitStrategy } from './window-rows.js';

/** Of count, reduce and aggregate alike: a reduce begins with null. */
export interface WindowFunctions<K, V, A> {
  readonly initializer: () => Awaitable<A | null>;
  readonly aggregator: (key: K, value: V, aggregate: A | null) => Awaitable<A | null>;
}

export const windowAggregate =
  <K, V, A>(windows: FixedWindows, functions: WindowFunctions<K, V, A>, emit: EmitStrategy) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new WindowAggregateProcessor(
      context,
      windows,
      functions,
      new WindowRows<K, A>(context, decision, emit, windows.graceMs),
    );

const INITIAL = "initializer's result";
const RESULT = "aggregator's result";

class WindowAggregateProcessor<K, V, A> implements Processor<K, V>, ClosedRange {
  readonly #context: OperatorContext;
  readonly #windows: FixedWindows;
  readonly #functions: WindowFunctions<K, V, A>;
  readonly #rows: WindowRows<K, A>;

  constructor(
    context: OperatorContext,
    windows: FixedWindows,
    functions: WindowFunctions<K, V, A>,
    rows: WindowRows<K, A>,
  ) {
    this.#context = context;
    this.#windows = windows;
    this.#functions = functions;
    this.#rows = rows;
  }

  process(record: Record<K, V>): void {
    if (record.key === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    const closeTime = this.#rows.closeTime(record.timestamp);
    this.#windowsFrom(record, this.#windows.firstStart(record.timestamp), closeTime);
  }

  from(lastEmit: number): number {
    return lastEmit < 0 ? 0 : Math.max(0, lastEmit - this.#windows.sizeMs) + 1;
  }

  to(closeTime: number): number {
    return closeTime - this.#windows.sizeMs;
  }

  end(start: number): number {
    const { sizeMs } = this.#windows;
    return sizeMs === FOREVER ? FOREVER : start + sizeMs;
  }

  /** The window that starts at `first` and those after it. One that has to wait goes on from there. */
  #windowsFrom(record: Record<K, V>, first: number, closeTime: number): void {
    const { advanceMs } = this.#windows;
    for (let start = first; start <= record.timestamp; start += advanceMs) {
      if (this.end(start) <= closeTime) this.#context.recordDropped('late');
      else if (!this.#window(record, start, closeTime)) return;
    }
    this.#rows.emitClosed(record, closeTime, this);
  }

  /** False when it waits. */
  #window(record: Record<K, V>, start: number, closeTime: number): boolean {
    const row = this.#rows.row(record.key, start);
    if (row !== undefined) {
      const old = this.#rows.oldValue(record.key, start, row);
      const timestamp = Math.max(record.timestamp, row.timestamp);
      return this.#aggregate(record, start, row.value, old, timestamp, closeTime);
    }
    const initial = this.#functions.initializer();
    if (isPromiseLike(initial)) {
      this.#context.park(initial, (later) => {
        const value = given(later, INITIAL);
        if (this.#first(record, start, value, closeTime))
          this.#windowsFrom(record, start + this.#windows.advanceMs, closeTime);
      });
      return false;
    }
    return this.#first(record, start, given(initial, INITIAL), closeTime);
  }

  #first(record: Record<K, V>, start: number, initial: A | null, closeTime: number): boolean {
    const old = this.#rows.initial.before(initial);
    return this.#aggregate(record, start, initial, old, record.timestamp, closeTime);
  }

  #aggregate(
    record: Record<K, V>,
    start: number,
    current: A | null,
    old: A | null,
    timestamp: number,
    closeTime: number,
  ): boolean {
    const result = this.#functions.aggregator(record.key, record.value, current);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) => {
        this.#rows.update(record, start, this.end(start), given(later, RESULT), old, timestamp);
        this.#windowsFrom(record, start + this.#windows.advanceMs, closeTime);
      });
      return false;
    }
    this.#rows.update(record, start, this.end(start), given(result, RESULT), old, timestamp);
    return true;
  }
}
