/** `map`: another key and another value. Timestamp and headers stay. */
import { StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { orNull, type OperatorSupplier } from './operator.js';

export type PairMapper<K, V, K2, V2> = (key: K, value: V) => Awaitable<readonly [K2, V2]>;

export const map =
  <K, V, K2, V2>(mapper: PairMapper<K, V, K2, V2>): OperatorSupplier =>
  (context) =>
    new MapProcessor(context, mapper);

class MapProcessor<K, V, K2, V2> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #mapper: PairMapper<K, V, K2, V2>;

  constructor(context: OperatorContext, mapper: PairMapper<K, V, K2, V2>) {
    this.#context = context;
    this.#mapper = mapper;
  }

  process(record: Record<K, V>): void {
    const pair = this.#mapper(record.key, record.value);
    if (isPromiseLike(pair)) {
      this.#context.park(pair, (later) => this.#emit(record, later));
      return;
    }
    this.#emit(record, pair);
  }

  #emit(record: Record<K, V>, pair: readonly [K2, V2]): void {
    if (!Array.isArray(pair)) throw nullResult('a pair [key, value]');
    const [key, value] = pair;
    this.#context.forward(record.withKeyValue(orNull(key), orNull(value)));
  }
}

/** Kafka's words for a mapper that gives nothing, and what was expected instead. */
export function nullResult(expected: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `The provided KeyValueMapper returned null which is not allowed. Return ${expected}.`,
  );
}
