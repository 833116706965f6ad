/**
 * The last step of a foreign-key join: a response meets the left row that asked. If the row has changed since, the
 * response is dropped and counted; the change has asked again.
 */
import { isPromiseLike, type OperatorContext } from '../../../processor/operator-context.js';
import type { Processor } from '../../../processor/processor.js';
import type { Record } from '../../../processor/record.js';
import type { Serde } from '../../../serde/serde.js';
import { given } from '../operator.js';
import type { PairJoiner } from '../table-table-join.js';
import type { ValueGetter } from '../value-getter.js';
import { murmur3 } from './murmur3.js';
import type { SubscriptionResponse } from './subscription.js';

const JOINED = "joiner's result";

export interface ResolveOptions<K, V, VO, R> {
  readonly rows: ValueGetter<K, V>;
  readonly value: Serde<V>;
  readonly joiner: PairJoiner<V, VO, R>;
  readonly left: boolean;
}

export class ResolveResponse<K, V, VO, R> implements Processor<K, SubscriptionResponse<VO>> {
  readonly #context: OperatorContext;
  readonly #options: ResolveOptions<K, V, VO, R>;

  constructor(context: OperatorContext, options: ResolveOptions<K, V, VO, R>) {
    this.#context = context;
    this.#options = options;
  }

  process(record: Record<K, SubscriptionResponse<VO>>): void {
    const { rows, value, joiner, left } = this.#options;
    const { hash, foreignValue } = record.value;
    const row = rows.get(record.key);
    const current = row === undefined ? null : murmur3(value.serialize(row.value, ''));
    if (!sameHash(hash, current)) {
      this.#context.recordDropped('stale');
      return;
    }
    if (row === undefined || (foreignValue === null && !left)) {
      this.#context.forward(record.withValue(null));
      return;
    }
    const result = joiner(row.value, foreignValue ?? undefined);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) =>
        this.#context.forward(record.withValue(given(later, JOINED))),
      );
      return;
    }
    this.#context.forward(record.withValue(given(result, JOINED)));
  }
}

const sameHash = (left: Buffer | null, right: Buffer | null): boolean =>
  left === null || right === null ? left === right : left.equals(right);
