/** `peek` and `foreach`: an action per record; `peek` passes the record on. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { OperatorSupplier } from './operator.js';

/** What the action returns is ignored, unless it is a promise: that is waited for. */
export type ForeachAction<K, V> = (key: K, value: V) => Awaitable<unknown>;

export const peek =
  <K, V>(action: ForeachAction<K, V>): OperatorSupplier =>
  (context) =>
    new PeekProcessor(context, action);

export const foreach =
  <K, V>(action: ForeachAction<K, V>): OperatorSupplier =>
  (context) =>
    new ForeachProcessor(context, action);

class PeekProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #action: ForeachAction<K, V>;

  constructor(context: OperatorContext, action: ForeachAction<K, V>) {
    this.#context = context;
    this.#action = action;
  }

  process(record: Record<K, V>): void {
    const done = this.#action(record.key, record.value);
    if (isPromiseLike(done)) {
      this.#context.park(done, () => this.#context.forward(record));
      return;
    }
    this.#context.forward(record);
  }
}

class ForeachProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #action: ForeachAction<K, V>;

  constructor(context: OperatorContext, action: ForeachAction<K, V>) {
    this.#context = context;
    this.#action = action;
  }

  process(record: Record<K, V>): void {
    const done = this.#action(record.key, record.value);
    if (isPromiseLike(done)) this.#context.park(done, () => undefined);
  }
}
