/** `map`: another key and another value. Timestamp and headers stay. */
import { StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { given, type OperatorSupplier } from './operator.js';

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
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw notAllowed(described(pair), 'a pair [key, value]');
    }
    this.#context.forward(record.withKeyValue(given(pair[0], 'new key'), pair[1]));
  }
}

/** Kafka's words for a mapper that gives nothing; what it gave otherwise, and what was expected instead. */
export function notAllowed(returned: string, expected: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `The provided KeyValueMapper returned ${returned} which is not allowed. Return ${expected}.`,
  );
}

/** What a mapper returned instead of a pair, for a message. */
export function described(result: unknown): string {
  if (result === null || result === undefined) return 'null';
  if (Array.isArray(result)) return `an array of length ${result.length}`;
  if (typeof result === 'object') return `an object { ${Object.keys(result).join(', ')} }`;
  return `a ${typeof result}`;
}
