/** `reduce` of a grouped stream: the first value of a key is its aggregate, later ones are combined with it. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Decision } from '../plan.js';
import { given, type OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';

const RESULT = "reducer's result";

export type Reducer<V> = (aggregate: V, value: V) => Awaitable<V | null>;

export const reduce =
  <K, V>(reducer: Reducer<V>) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new ReduceProcessor<K, V>(context, reducer, decision);

class ReduceProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #reducer: Reducer<V>;
  readonly #table: StoredTable<K, V>;

  constructor(context: OperatorContext, reducer: Reducer<V>, decision: Decision) {
    this.#context = context;
    this.#reducer = reducer;
    this.#table = new StoredTable(context, decision.store!, decision);
  }

  process(record: Record<K, V>): void {
    if (record.key === null || record.value === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    given(record.value, 'value to reduce');
    const row = this.#table.row(record.key);
    if (row === undefined) {
      this.#table.update(record, record.value, null, record.timestamp);
      return;
    }
    const old = this.#table.oldValue(record.key, row);
    const timestamp = Math.max(record.timestamp, row.timestamp);
    const result = this.#reducer(row.value, record.value);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) =>
        this.#table.update(record, given(later, RESULT), old, timestamp),
      );
      return;
    }
    this.#table.update(record, given(result, RESULT), old, timestamp);
  }
}
