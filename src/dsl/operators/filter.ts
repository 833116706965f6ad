/** `filter` and `filterNot` of a stream: keys and values may be null, what does not pass is not "dropped". */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { OperatorSupplier } from './operator.js';

export type Predicate<K, V> = (key: K, value: V) => Awaitable<boolean>;

/** Keeps the records for which the predicate says `expected`. */
export const filter =
  <K, V>(predicate: Predicate<K, V>, expected: boolean): OperatorSupplier =>
  (context) =>
    new FilterProcessor(context, predicate, expected);

class FilterProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #predicate: Predicate<K, V>;
  readonly #expected: boolean;

  constructor(context: OperatorContext, predicate: Predicate<K, V>, expected: boolean) {
    this.#context = context;
    this.#predicate = predicate;
    this.#expected = expected;
  }

  process(record: Record<K, V>): void {
    const passes = this.#predicate(record.key, record.value);
    if (isPromiseLike(passes)) {
      this.#context.park(passes, (later) => this.#emit(record, later));
      return;
    }
    this.#emit(record, passes);
  }

  #emit(record: Record<K, V>, passes: boolean): void {
    // Predicates written in JavaScript return what is truthy.
    if (Boolean(passes) === this.#expected) this.#context.forward(record);
  }
}
