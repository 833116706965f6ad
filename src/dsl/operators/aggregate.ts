/**
 * `count` and `aggregate` of a grouped stream. Records without key or value are dropped and counted. The result has
 * the largest timestamp of its inputs since the row was made; an aggregate of null deletes the row.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore } from '../../state/key-value.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';
import { given, type OperatorSupplier } from './operator.js';

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
  readonly #store: TimestampedKeyValueStore<K, A>;
  readonly #forwarder: ChangeForwarder<K, A>;
  /** An aggregator may change its argument in place, so the old value for downstream is read once more. */
  readonly #readOldTwice: boolean;

  constructor(
    context: OperatorContext,
    functions: AggregateFunctions<K, V, A>,
    { store, sendOldValues, immutableValues }: Decision,
  ) {
    this.#context = context;
    this.#functions = functions;
    this.#store = context.getStateStore<TimestampedKeyValueStore<K, A>>(store!);
    this.#forwarder = new ChangeForwarder(context, this.#store, sendOldValues);
    this.#readOldTwice = sendOldValues && !immutableValues;
  }

  process(record: Record<K, V>): void {
    if (record.key === null || record.value === null) {
      this.#context.recordDropped();
      return;
    }
    given(record.value, 'value to aggregate');
    const stored = this.#store.get(record.key);
    if (stored !== undefined) {
      const sent = this.#readOldTwice ? this.#store.get(record.key)!.value : stored.value;
      const timestamp = Math.max(record.timestamp, stored.timestamp);
      this.#aggregate(record, stored.value, sent, timestamp);
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
    this.#aggregate(record, initial, initial, record.timestamp);
  }

  #aggregate(record: Record<K, V>, old: A, sent: A, timestamp: number): void {
    const result = this.#functions.aggregator(record.key, record.value, old);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) => this.#update(record, later, sent, timestamp));
      return;
    }
    this.#update(record, result, sent, timestamp);
  }

  #update(record: Record<K, V>, result: A | null, old: A, timestamp: number): void {
    const value = given(result, "aggregator's result");
    this.#store.put(record.key, value === null ? null : { value, timestamp });
    this.#forwarder.forward(record, value, old, timestamp);
  }
}
