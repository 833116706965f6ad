/** `selectKey` and `groupBy`: another key, which may be null. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { given, type OperatorSupplier } from './operator.js';

export type KeySelector<K, V, K2> = (key: K, value: V) => Awaitable<K2>;

export const selectKey =
  <K, V, K2>(selector: KeySelector<K, V, K2>): OperatorSupplier =>
  (context) =>
    new SelectKeyProcessor(context, selector);

class SelectKeyProcessor<K, V, K2> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #selector: KeySelector<K, V, K2>;

  constructor(context: OperatorContext, selector: KeySelector<K, V, K2>) {
    this.#context = context;
    this.#selector = selector;
  }

  process(record: Record<K, V>): void {
    const key = this.#selector(record.key, record.value);
    if (isPromiseLike(key)) {
      this.#context.park(key, (later) =>
        this.#context.forward(record.withKey(given(later, 'new key'))),
      );
      return;
    }
    this.#context.forward(record.withKey(given(key, 'new key')));
  }
}
