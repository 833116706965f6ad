/**
 * The first node of each side of a stream-stream join: hands the record to the join, then keeps it for the other side.
 * In this order, so that a stream that is joined with itself meets a record when it comes as the other side.
 */
import type { OperatorContext } from '../../../processor/operator-context.js';
import type { Processor } from '../../../processor/processor.js';
import type { Record } from '../../../processor/record.js';
import type { WindowStore } from '../../../state/window.js';
import type { OperatorSupplier } from '../operator.js';

/** `seesNulls`: the store is told of records without value. It keeps none, but time goes on. */
export const joinWindow =
  (store: string, seesNulls: boolean): OperatorSupplier =>
  (context) =>
    new JoinWindowProcessor(context, store, seesNulls);

class JoinWindowProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #store: WindowStore<K, V>;
  readonly #seesNulls: boolean;

  constructor(context: OperatorContext, store: string, seesNulls: boolean) {
    this.#context = context;
    this.#store = context.getStateStore<WindowStore<K, V>>(store);
    this.#seesNulls = seesNulls;
  }

  process(record: Record<K, V>): void {
    const { key, value, timestamp } = record;
    this.#context.forward(record);
    if (key === null || (value === null && !this.#seesNulls)) return;
    this.#store.put(key, value, timestamp);
  }
}
