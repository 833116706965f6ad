/** `reduce` of a grouped stream: the first value of a key is its aggregate, later ones are combined with it. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore } from '../../state/key-value.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';
import { given, type OperatorSupplier } from './operator.js';

export type Reducer<V> = (aggregate: V, value: V) => Awaitable<V | null>;

export const reduce =
  <K, V>(reducer: Reducer<V>) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new ReduceProcessor<K, V>(context, reducer, decision);

class ReduceProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #reducer: Reducer<V>;
  readonly #store: TimestampedKeyValueStore<K, V>;
  readonly #forwarder: ChangeForwarder<K, V>;
  /** A reducer may change its argument in place, so the old value for downstream is read once more. */
  readonly #readOldTwice: boolean;

  constructor(
    context: OperatorContext,
    reducer: Reducer<V>,
    { store, sendOldValues, immutableValues }: Decision,
  ) {
    this.#context = context;
    this.#reducer = reducer;
    this.#store = context.getStateStore<TimestampedKeyValueStore<K, V>>(store!);
    this.#forwarder = new ChangeForwarder(context, this.#store, sendOldValues);
    this.#readOldTwice = sendOldValues && !immutableValues;
  }

  process(record: Record<K, V>): void {
    if (record.key === null || record.value === null) {
      this.#context.recordDropped();
      return;
    }
    given(record.value, 'value to reduce');
    const stored = this.#store.get(record.key);
    if (stored === undefined) {
      this.#update(record, record.value, null, record.timestamp);
      return;
    }
    const sent = this.#readOldTwice ? this.#store.get(record.key)!.value : stored.value;
    const timestamp = Math.max(record.timestamp, stored.timestamp);
    const result = this.#reducer(stored.value, record.value);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) => this.#update(record, later, sent, timestamp));
      return;
    }
    this.#update(record, result, sent, timestamp);
  }

  #update(record: Record<K, V>, result: V | null, old: V | null, timestamp: number): void {
    const value = given(result, "reducer's result");
    this.#store.put(record.key, value === null ? null : { value, timestamp });
    this.#forwarder.forward(record, value, old, timestamp);
  }
}
