/** `flatMap`: any number of records for one, in the order given. Timestamp and headers stay. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { described, notAllowed } from './map.js';
import { given, type OperatorSupplier } from './operator.js';

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
    if (pairs === null || pairs === undefined || typeof pairs[Symbol.iterator] !== 'function') {
      throw notAllowed(described(pairs), 'a list of pairs, or an empty one');
    }
    for (const pair of pairs) {
      if (!Array.isArray(pair) || pair.length !== 2) {
        throw notAllowed(`a list with ${described(pair)} in it`, 'a list of pairs, [[key, value]]');
      }
      this.#context.forward(record.withKeyValue(given(pair[0], 'new key'), pair[1]));
    }
  }
}
