/**
 * `groupBy` of a table: every change becomes a change of the group that the row was in and one of the group that it is
 * in now. The old one goes first; when both are the same group one change says both.
 */
import { StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Serde } from '../../serde/serde.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { given, type OperatorSupplier } from './operator.js';

/** Null, or a pair with a null in it, leaves the row out of all groups. */
export type GroupMapper<K, V, K2, V2> = (key: K, value: V) => Awaitable<readonly [K2, V2] | null>;

/** Whether two keys are one group. */
export type SameKey<K> = (left: K, right: K) => boolean;

/** Keys that are objects are compared by their bytes. */
export const sameKeyBy =
  <K>(serde: Serde<K> | undefined): SameKey<K> =>
  (left, right) =>
    left === right ||
    (serde !== undefined &&
      typeof left === 'object' &&
      Buffer.compare(serde.serialize(left, ''), serde.serialize(right, '')) === 0);

type Pair<K, V> = readonly [key: K, value: V] | null;

const PAIR = "mapper's result";

export const tableGroup =
  <K, V, K2, V2>(mapper: GroupMapper<K, V, K2, V2>, sameKey: SameKey<K2>) =>
  ({ versioned }: Decision): OperatorSupplier =>
  (context) =>
    new TableGroupProcessor(context, mapper, sameKey, versioned);

class TableGroupProcessor<K, V, K2, V2> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #mapper: GroupMapper<K, V, K2, V2>;
  readonly #sameKey: SameKey<K2>;
  readonly #versioned: boolean;

  constructor(
    context: OperatorContext,
    mapper: GroupMapper<K, V, K2, V2>,
    sameKey: SameKey<K2>,
    versioned: boolean,
  ) {
    this.#context = context;
    this.#mapper = mapper;
    this.#sameKey = sameKey;
    this.#versioned = versioned;
  }

  process(record: Record<K, Change<V>>): void {
    const { newValue, isLatest } = record.value;
    if (record.key === null)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        'Record key for the grouping KTable should not be null.',
      );
    // Groups are made of what the table holds now, not of updates that a later one precedes.
    if (this.#versioned && !isLatest) return;
    const mapped = newValue === null ? null : this.#mapper(record.key, newValue);
    if (isPromiseLike(mapped)) {
      this.#context.park(mapped, (later) => this.#mapOld(record, given(later, PAIR)));
      return;
    }
    this.#mapOld(record, given(mapped, PAIR));
  }

  #mapOld(record: Record<K, Change<V>>, newPair: Pair<K2, V2>): void {
    const { oldValue } = record.value;
    const mapped = oldValue === null ? null : this.#mapper(record.key, oldValue);
    if (isPromiseLike(mapped)) {
      this.#context.park(mapped, (later) => this.#forward(record, newPair, given(later, PAIR)));
      return;
    }
    this.#forward(record, newPair, given(mapped, PAIR));
  }

  #forward(record: Record<K, Change<V>>, newPair: Pair<K2, V2>, oldPair: Pair<K2, V2>): void {
    const joins = whole(newPair);
    const leaves = whole(oldPair);
    if (joins !== null && leaves !== null && this.#sameKey(joins[0], leaves[0])) {
      this.#context.forward(record.withKeyValue(joins[0], new Change(joins[1], leaves[1])));
      return;
    }
    if (leaves !== null)
      this.#context.forward(record.withKeyValue(leaves[0], new Change<V2>(null, leaves[1])));
    if (joins !== null)
      this.#context.forward(record.withKeyValue(joins[0], new Change<V2>(joins[1], null)));
  }
}

const whole = <K, V>(pair: Pair<K, V>): Pair<K, V> =>
  pair === null || pair[0] === null || pair[1] === null ? null : pair;
