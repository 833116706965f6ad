/** `flatMapValues`: any number of values for one, under the same key, in the order given. */
import { StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { described } from './map.js';
import type { OperatorSupplier } from './operator.js';

export type ValuesMapper<K, V, V2> = (value: V, key: K) => Awaitable<Iterable<V2>>;

export const flatMapValues =
  <K, V, V2>(mapper: ValuesMapper<K, V, V2>): OperatorSupplier =>
  (context) =>
    new FlatMapValuesProcessor(context, mapper);

class FlatMapValuesProcessor<K, V, V2> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #mapper: ValuesMapper<K, V, V2>;

  constructor(context: OperatorContext, mapper: ValuesMapper<K, V, V2>) {
    this.#context = context;
    this.#mapper = mapper;
  }

  process(record: Record<K, V>): void {
    const values = this.#mapper(record.value, record.key);
    if (isPromiseLike(values)) {
      this.#context.park(values, (later) => this.#emit(record, later));
      return;
    }
    this.#emit(record, values);
  }

  #emit(record: Record<K, V>, values: Iterable<V2> | null | undefined): void {
    if (values === null || values === undefined || typeof values[Symbol.iterator] !== 'function') {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `The provided ValueMapper returned ${described(values)} which is not allowed. Return a list of values, or an empty one.`,
      );
    }
    for (const value of values) this.#context.forward(record.withValue(value));
  }
}
