/** `mapValues` of a stream: another value, also for a null value. Key, timestamp and headers stay. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { OperatorSupplier } from './operator.js';

export type ValueMapper<K, V, V2> = (value: V, key: K) => Awaitable<V2>;

export const mapValues =
  <K, V, V2>(mapper: ValueMapper<K, V, V2>): OperatorSupplier =>
  (context) =>
    new MapValuesProcessor(context, mapper);

class MapValuesProcessor<K, V, V2> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #mapper: ValueMapper<K, V, V2>;

  constructor(context: OperatorContext, mapper: ValueMapper<K, V, V2>) {
    this.#context = context;
    this.#mapper = mapper;
  }

  process(record: Record<K, V>): void {
    const value = this.#mapper(record.value, record.key);
    if (isPromiseLike(value)) {
      this.#context.park(value, (later) => this.#context.forward(record.withValue(later)));
      return;
    }
    this.#context.forward(record.withValue(value));
  }
}
