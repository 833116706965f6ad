/**
 * `aggregate`, `count` and `reduce` of a grouped table: a change takes the old value out of its group first, then puts
 * the new one in. The result has the largest timestamp of what went into the row.
 */
import { StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Change } from '../change.js';
import type { Decision } from '../plan.js';
import type { Aggregator, Initializer } from './aggregate.js';
import { given, type OperatorSupplier } from './operator.js';
import type { Reducer } from './reduce.js';
import { StoredTable } from './stored-table.js';

/** How a value gets into a group and out of it. */
export interface GroupFunctions<K, V, A> {
  /** What a group without row begins with; undefined: with the first value itself, as `reduce` does. */
  readonly initializer: Initializer<A> | undefined;
  readonly add: Aggregator<K, V, A>;
  readonly subtract: Aggregator<K, V, A>;
  /** For messages: `aggregate`, `reduce`. */
  readonly call: string;
}

export const groupedTableAggregate =
  <K, V, A>(functions: GroupFunctions<K, V, A>) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new GroupedTableProcessor(context, functions, decision);

/** A reducer sees no key, and its first argument is the row. */
export const reducing =
  <K, V>(reducer: Reducer<V>): Aggregator<K, V, V> =>
  (_key, value, row) =>
    reducer(row, value);

class GroupedTableProcessor<K, V, A> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #functions: GroupFunctions<K, V, A>;
  readonly #storeName: string;
  readonly #table: StoredTable<K, A>;

  constructor(context: OperatorContext, functions: GroupFunctions<K, V, A>, decision: Decision) {
    this.#context = context;
    this.#functions = functions;
    this.#storeName = decision.store!;
    this.#table = new StoredTable(context, decision.store!, decision);
  }

  process(record: Record<K, Change<V>>): void {
    const { key, timestamp } = record;
    if (key === null)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `Record key for KTable ${this.#functions.call} operator with state ${this.#storeName} should not be null.`,
        { store: this.#storeName },
      );
    const row = this.#table.row(key);
    if (row === undefined) {
      this.#add(record, null, null, timestamp);
      return;
    }
    const old = this.#table.oldValue(key, row);
    const { oldValue } = record.value;
    const latest = Math.max(timestamp, row.timestamp);
    if (oldValue === null) {
      this.#add(record, row.value, old, latest);
      return;
    }
    const rest = this.#functions.subtract(key, oldValue, row.value);
    if (isPromiseLike(rest)) {
      this.#context.park(rest, (later) =>
        this.#add(record, given(later, "subtractor's result"), old, latest),
      );
      return;
    }
    this.#add(record, given(rest, "subtractor's result"), old, latest);
  }

  /** `rest`: the group without the old value; null: nothing is left of it. */
  #add(record: Record<K, Change<V>>, rest: A | null, old: A | null, latest: number): void {
    const { newValue } = record.value;
    if (newValue === null) {
      this.#table.update(record, rest, old, latest);
      return;
    }
    if (rest !== null) {
      this.#addTo(record, newValue, rest, old, latest);
      return;
    }
    const { initializer } = this.#functions;
    if (initializer === undefined) {
      // Only `reduce` has no initializer: its rows are values.
      this.#table.update(record, newValue as unknown as A, old, latest);
      return;
    }
    const initial = initializer();
    if (isPromiseLike(initial)) {
      this.#context.park(initial, (later) =>
        this.#addTo(record, newValue, given(later, "initializer's result"), old, latest),
      );
      return;
    }
    this.#addTo(record, newValue, given(initial, "initializer's result"), old, latest);
  }

  #addTo(record: Record<K, Change<V>>, value: V, group: A, old: A | null, latest: number): void {
    const result: Awaitable<A | null> = this.#functions.add(record.key, value, group);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) =>
        this.#table.update(record, given(later, "adder's result"), old, latest),
      );
      return;
    }
    this.#table.update(record, given(result, "adder's result"), old, latest);
  }
}
