/** `flatMap`: any number of records for one, in the order given. Timestamp and headers stay. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { nullResult } from './map.js';
import { orNull, type OperatorSupplier } from './operator.js';

export type PairsMapper<K, V, K2, V2> = (
  key: K,
  value: V,
) => Awaitable<Iterable<readonly [K2, V2]>>;

export const flatMap =
  <K, V, K2, V2>(mapper: PairsMapper<K, V, K2, V2>): OperatorSupplier =>
  (context) =>
    new FlatMapProcessor(context, mapper);

class FlatMapProcessor<K, V, K2, V2> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #mapper: PairsMapper<K, V, K2, V2>;

  constructor(context: OperatorContext, mapper: PairsMapper<K, V, K2, V2>) {
    this.#context = context;
    this.#mapper = mapper;
  }

  process(record: Record<K, V>): void {
    const pairs = this.#mapper(record.key, record.value);
    if (isPromiseLike(pairs)) {
      this.#context.park(pairs, (later) => this.#emit(record, later));
      return;
    }
    this.#emit(record, pairs);
  }

  #emit(record: Record<K, V>, pairs: Iterable<readonly [K2, V2]> | null | undefined): void {
    if (pairs === null || pairs === undefined) throw nullResult('a list of pairs, or an empty one');
    for (const [key, value] of pairs) {
      this.#context.forward(record.withKeyValue(orNull(key), orNull(value)));
    }
  }
}
