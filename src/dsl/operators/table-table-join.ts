/**
 * Joins of two tables on the same key. An update of one side looks the other side up as it is at that moment; the
 * result is a table again, with the larger timestamp of both rows. Two halves, one for each side, and a merge behind
 * them that keeps the result where it has a store:
 *
 *     left ---> join this (looks right up) ---\
 *                                              > merge ---> result
 *     right --> join other (looks left up) ---/
 *
 * | an update of | inner                  | left                      | outer                     |
 * |--------------|------------------------|---------------------------|---------------------------|
 * | left side    | nothing without right  | right may be missing      | right may be missing      |
 * | right side   | nothing without left   | nothing without left      | left may be missing       |
 *
 * A deletion is sent on wherever an update would be, also when the result had no row.
 */
import { assert } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { given, type OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';
import { requireSync, type ValueGetter } from './value-getter.js';

/** Both sides; `undefined` is a side without a row. */
export type PairJoiner<V1, V2, R> = (
  left: V1 | undefined,
  right: V2 | undefined,
) => Awaitable<R | null>;

export interface JoinHalf<V1, V2, R> {
  /** The updated side is the first argument. */
  readonly joiner: PairJoiner<V1, V2, R>;
  /** A row appears although this side (the updated one) has none, as long as the other has. */
  readonly withoutThis: boolean;
  /** A row appears although the other side has none. */
  readonly withoutOther: boolean;
}

const JOINED = "joiner's result";

export const tableJoinHalf =
  <K, V1, V2, R>(half: JoinHalf<V1, V2, R>) =>
  (decision: Decision): OperatorSupplier => {
    const [other] = decision.lookups;
    assert(other !== undefined, 'half of a join looks up the other side');
    return (context) =>
      new TableJoinHalf<K, V1, V2, R>(
        context,
        half,
        // The other side has values of type V2: the builder's types have seen to that.
        other.make(context) as ValueGetter<K, V2>,
        decision,
      );
  };

/** Looks a value of the result up: in both sides. */
export const joinView =
  <K, V1, V2, R>(name: string, half: JoinHalf<V1, V2, R>) =>
  (left: ValueGetter<K, V1>, right: ValueGetter<K, V2>): ValueGetter<K, R> => ({
    get(key: K): ValueAndTimestamp<R> | undefined {
      const one = left.get(key);
      if (one === undefined && !half.withoutThis) return undefined;
      const other = right.get(key);
      if (other === undefined && (one === undefined || !half.withoutOther)) return undefined;
      const value = given(requireSync(half.joiner(one?.value, other?.value), name), JOINED);
      const timestamp = Math.max(one?.timestamp ?? -1, other?.timestamp ?? -1);
      return value === null ? undefined : { value, timestamp };
    },
  });

class TableJoinHalf<K, V1, V2, R> implements Processor<K, Change<V1>> {
  readonly #context: OperatorContext;
  readonly #half: JoinHalf<V1, V2, R>;
  readonly #other: ValueGetter<K, V2>;
  readonly #sendOldValues: boolean;
  readonly #versioned: boolean;

  constructor(
    context: OperatorContext,
    half: JoinHalf<V1, V2, R>,
    other: ValueGetter<K, V2>,
    { sendOldValues, versioned }: Decision,
  ) {
    this.#context = context;
    this.#half = half;
    this.#other = other;
    this.#sendOldValues = sendOldValues;
    this.#versioned = versioned;
  }

  process(record: Record<K, Change<V1>>): void {
    const { newValue, oldValue, isLatest } = record.value;
    if (record.key === null || (this.#versioned && !isLatest)) {
      this.#context.recordDropped(record.key === null ? 'nullKeyOrValue' : 'outOfOrder');
      return;
    }
    const other = this.#other.get(record.key);
    if (other === undefined) {
      if (!this.#half.withoutOther || (newValue === null && oldValue === null)) return;
    }
    const joined = this.#joined(newValue, other);
    if (isPromiseLike(joined)) {
      this.#context.park(joined, (later) => this.#joinOld(record, given(later, JOINED), other));
      return;
    }
    this.#joinOld(record, given(joined, JOINED), other);
  }

  #joinOld(
    record: Record<K, Change<V1>>,
    newValue: R | null,
    other: ValueAndTimestamp<V2> | undefined,
  ): void {
    const joined = this.#sendOldValues ? this.#joined(record.value.oldValue, other) : null;
    if (isPromiseLike(joined)) {
      this.#context.park(joined, (later) =>
        this.#forward(record, newValue, given(later, JOINED), other),
      );
      return;
    }
    this.#forward(record, newValue, given(joined, JOINED), other);
  }

  /** What the result is with this value of the updated side; null: no row. */
  #joined(value: V1 | null, other: ValueAndTimestamp<V2> | undefined): Awaitable<R | null> {
    const { joiner, withoutThis } = this.#half;
    if (value !== null) return joiner(value, other?.value);
    return withoutThis && other !== undefined ? joiner(undefined, other.value) : null;
  }

  #forward(
    record: Record<K, Change<V1>>,
    newValue: R | null,
    oldValue: R | null,
    other: ValueAndTimestamp<V2> | undefined,
  ): void {
    const timestamp = Math.max(record.timestamp, other?.timestamp ?? -1);
    this.#context.forward(record.withValueAt(new Change(newValue, oldValue), timestamp));
  }
}

/** Behind both halves: keeps the result where it has a store. */
export const tableJoinMerge =
  (decision: Decision): OperatorSupplier =>
  (context) =>
    decision.store === undefined
      ? new PassMerge(context, decision.sendOldValues)
      : new StoredMerge(new StoredTable(context, decision.store, decision));

class PassMerge<K, V> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #sendOldValues: boolean;

  constructor(context: OperatorContext, sendOldValues: boolean) {
    this.#context = context;
    this.#sendOldValues = sendOldValues;
  }

  process(record: Record<K, Change<V>>): void {
    const { newValue, oldValue, isLatest } = record.value;
    this.#context.forward(
      this.#sendOldValues || oldValue === null
        ? record
        : record.withValue(new Change(newValue, null, isLatest)),
    );
  }
}

class StoredMerge<K, V> implements Processor<K, Change<V>> {
  readonly #table: StoredTable<K, V>;

  constructor(table: StoredTable<K, V>) {
    this.#table = table;
  }

  process(record: Record<K, Change<V>>): void {
    const { newValue, oldValue } = record.value;
    this.#table.update(record, newValue, oldValue, record.timestamp);
  }
}
