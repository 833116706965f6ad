/**
 * `count` and `aggregate` of a grouped stream. Records without key or value are dropped and counted. The result has
 * the largest timestamp of its inputs since the row was made; an aggregate of null deletes the row.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Decision } from '../plan.js';
import { InitialValue } from './initial-value.js';
import { given, type OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';

const RESULT = "aggregator's result";

export type Initializer<A> = () => Awaitable<A>;
export type Aggregator<K, V, A> = (key: K, value: V, aggregate: A) => Awaitable<A | null>;

export interface AggregateFunctions<K, V, A> {
  readonly initializer: Initializer<A>;
  readonly aggregator: Aggregator<K, V, A>;
}

export const aggregate =
  <K, V, A>(functions: AggregateFunctions<K, V, A>) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new AggregateProcessor(context, functions, decision);

class AggregateProcessor<K, V, A> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #functions: AggregateFunctions<K, V, A>;
  readonly #table: StoredTable<K, A>;
  readonly #initial: InitialValue;

  constructor(
    context: OperatorContext,
    functions: AggregateFunctions<K, V, A>,
    decision: Decision,
  ) {
    this.#context = context;
    this.#functions = functions;
    this.#table = new StoredTable(context, decision.store!, decision);
    this.#initial = new InitialValue(decision);
  }

  process(record: Record<K, V>): void {
    if (record.key === null || record.value === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    given(record.value, 'value to aggregate');
    const row = this.#table.row(record.key);
    if (row !== undefined) {
      const old = this.#table.oldValue(record.key, row);
      this.#aggregate(record, row.value, old, Math.max(record.timestamp, row.timestamp));
      return;
    }
    const initial = this.#functions.initializer();
    if (isPromiseLike(initial)) {
      this.#context.park(initial, (later) => this.#first(record, later));
      return;
    }
    this.#first(record, initial);
  }

  #first(record: Record<K, V>, initial: A): void {
    given(initial, "initializer's result");
    this.#aggregate(record, initial, this.#initial.before(initial), record.timestamp);
  }

  #aggregate(record: Record<K, V>, current: A, old: A, timestamp: number): void {
    const result = this.#functions.aggregator(record.key, record.value, current);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) =>
        this.#table.update(record, given(later, RESULT), old, timestamp),
      );
      return;
    }
    this.#table.update(record, given(result, RESULT), old, timestamp);
  }
}
