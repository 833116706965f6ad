/**
 * Aggregations over sliding windows. Windows are made by records: one that ends with the record (its left window), one
 * that begins right after it (its right window, once something falls into it). A record goes into every window there
 * is that holds it, and makes those that are missing:
 *
 *     left window of the record          [timestamp - difference, timestamp]
 *     right window of the one before it  [previous + 1, previous + 1 + difference], if the record falls into it
 *     right window of the record         [timestamp + 1, timestamp + 1 + difference], if a later record is there
 *
 * Records earlier than the difference would have windows before 0: they share [0, difference]. All windows are read
 * first and then changed, in Kafka's order: those that are there from the latest down, then the new ones.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';
import type { Decision } from '../plan.js';
import type { SlidingWindows } from '../windows.js';
import { given, type OperatorSupplier } from './operator.js';
import type { WindowFunctions } from './window-aggregate.js';
import { WindowRows, type ClosedRange, type EmitStrategy } from './window-rows.js';

export const slidingAggregate =
  <K, V, A>(windows: SlidingWindows, functions: WindowFunctions<K, V, A>, emit: EmitStrategy) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new SlidingAggregateProcessor(
      context,
      windows.differenceMs,
      functions,
      new WindowRows<K, A>(context, decision, emit, windows.graceMs),
    );

type Row<A> = ValueAndTimestamp<A>;

/** A window that the record changes. */
interface Step<A> {
  readonly start: number;
  /** What goes in; undefined: what the initializer gives. */
  readonly row: Row<A> | undefined;
  /** The record is not in it: the window is made of what others left behind. */
  readonly copied: boolean;
}

const INITIAL = "initializer's result";
const RESULT = "aggregator's result";

class SlidingAggregateProcessor<K, V, A> implements Processor<K, V>, ClosedRange {
  readonly #context: OperatorContext;
  readonly #differenceMs: number;
  readonly #functions: WindowFunctions<K, V, A>;
  readonly #rows: WindowRows<K, A>;

  constructor(
    context: OperatorContext,
    differenceMs: number,
    functions: WindowFunctions<K, V, A>,
    rows: WindowRows<K, A>,
  ) {
    this.#context = context;
    this.#differenceMs = differenceMs;
    this.#functions = functions;
    this.#rows = rows;
  }

  process(record: Record<K, V>): void {
    if (record.key === null || record.value === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    const { timestamp } = record;
    const closeTime = this.#rows.closeTime(timestamp);
    if (timestamp + this.#differenceMs < closeTime) {
      this.#context.recordDropped('late');
      return;
    }
    const early = timestamp < this.#differenceMs;
    const steps = early ? this.#earlySteps(record) : this.#steps(record);
    this.#stepsFrom(record, steps, 0, closeTime, !early);
  }

  from(lastEmit: number): number {
    return lastEmit < 0 ? 0 : Math.max(0, lastEmit - this.#differenceMs);
  }

  to(closeTime: number): number {
    // Both ends of a sliding window belong to it: it closes after its end.
    return closeTime - this.#differenceMs - 1;
  }

  end(start: number): number {
    return start + this.#differenceMs;
  }

  #steps({ key, timestamp }: Record<K, V>): Step<A>[] {
    const steps: Step<A>[] = [];
    const starts = new Set<number>();
    const lookBack = Math.max(0, timestamp - 2 * this.#differenceMs);
    let left: Row<A> | undefined;
    let leftExists = false;
    let right: Row<A> | undefined;
    let rightExists = false;
    let previous: number | undefined;
    for (const [start, row] of this.#rows.rowsBackward(key, lookBack, timestamp + 1)) {
      const end = this.end(start);
      starts.add(start);
      if (start === timestamp + 1) rightExists = true;
      else if (end > timestamp) {
        right ??= this.#another(key, start, row);
        steps.push({ start, row, copied: false });
      } else if (end === timestamp) {
        leftExists = true;
        steps.push({ start, row, copied: false });
        // It was made for a record of this time: every other window was made then, too.
        if (row.timestamp >= timestamp) return steps;
        previous = row.timestamp;
      } else {
        left = row;
        previous = row.timestamp;
        break;
      }
    }
    if (previous !== undefined && !starts.has(previous + 1) && this.end(previous + 1) >= timestamp)
      steps.push({ start: previous + 1, row: undefined, copied: false });
    if (!leftExists) {
      const holdsPrevious = previous !== undefined && timestamp - this.#differenceMs <= previous;
      const row =
        holdsPrevious && left !== undefined ? { value: left.value, timestamp } : undefined;
      steps.push({ start: timestamp - this.#differenceMs, row, copied: false });
    }
    if (!rightExists && right !== undefined && right.timestamp > timestamp)
      steps.push({ start: timestamp + 1, row: right, copied: true });
    return steps;
  }

  #earlySteps({ key, timestamp }: Record<K, V>): Step<A>[] {
    const steps: Step<A>[] = [];
    const starts = new Set<number>();
    let combined: Row<A> | undefined;
    let right: Row<A> | undefined;
    let rightExists = false;
    let previous: number | undefined;
    for (const [start, row] of this.#rows.rowsForward(key, 0, timestamp + 1)) {
      starts.add(start);
      if (start === 0) {
        combined = row;
        if (row.timestamp < timestamp) previous = row.timestamp;
      } else if (start <= timestamp) {
        right = this.#another(key, start, row);
        steps.push({ start, row, copied: false });
      } else rightExists = true;
    }
    if (right === undefined && combined !== undefined && combined.timestamp > timestamp)
      right = this.#another(key, 0, combined);
    if (!rightExists && right !== undefined && right.timestamp > timestamp)
      steps.push({ start: timestamp + 1, row: right, copied: true });
    if (previous !== undefined && !starts.has(previous + 1))
      steps.push({ start: previous + 1, row: undefined, copied: false });
    steps.push({ start: 0, row: combined, copied: false });
    return steps;
  }

  /** The row is going to be changed, perhaps in place; what it was is needed later. */
  #another(key: K, start: number, row: Row<A>): Row<A> {
    return { value: this.#rows.unchanged(key, start, row), timestamp: row.timestamp };
  }

  #stepsFrom(
    record: Record<K, V>,
    steps: readonly Step<A>[],
    first: number,
    closeTime: number,
    emits: boolean,
  ): void {
    for (let i = first; i < steps.length; i++) {
      const goOn = (): void => this.#stepsFrom(record, steps, i + 1, closeTime, emits);
      if (!this.#step(record, steps[i]!, closeTime, goOn)) return;
    }
    // As in Kafka, early records close no windows.
    if (emits) this.#rows.emitClosed(record, closeTime, this);
  }

  /** False when it waits; `goOn` is called then. */
  #step(
    record: Record<K, V>,
    { start, row, copied }: Step<A>,
    closeTime: number,
    goOn: () => void,
  ): boolean {
    const end = this.end(start);
    if (copied) {
      this.#rows.update(record, start, end, row!.value, null, row!.timestamp);
      return true;
    }
    if (end < closeTime) {
      this.#context.recordDropped('late');
      return true;
    }
    if (row !== undefined) return this.#aggregate(record, start, row, goOn);
    const initial = this.#functions.initializer();
    if (isPromiseLike(initial)) {
      this.#context.park(initial, (later) => {
        if (this.#aggregateFirst(record, start, given(later, INITIAL), goOn)) goOn();
      });
      return false;
    }
    return this.#aggregateFirst(record, start, given(initial, INITIAL), goOn);
  }

  #aggregateFirst(
    record: Record<K, V>,
    start: number,
    initial: A | null,
    goOn: () => void,
  ): boolean {
    const old = this.#rows.initial.before(initial);
    return this.#put(record, start, initial, old, record.timestamp, goOn);
  }

  #aggregate(record: Record<K, V>, start: number, row: Row<A>, goOn: () => void): boolean {
    const timestamp = Math.max(record.timestamp, row.timestamp);
    const old = this.#rows.oldValue(record.key, start, row);
    return this.#put(record, start, row.value, old, timestamp, goOn);
  }

  #put(
    record: Record<K, V>,
    start: number,
    current: A | null,
    old: A | null,
    timestamp: number,
    goOn: () => void,
  ): boolean {
    const result = this.#functions.aggregator(record.key, record.value, current);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) => {
        this.#rows.update(record, start, this.end(start), given(later, RESULT), old, timestamp);
        goOn();
      });
      return false;
    }
    this.#rows.update(record, start, this.end(start), given(result, RESULT), old, timestamp);
    return true;
  }
}
