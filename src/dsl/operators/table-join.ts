/**
 * Joins of a stream with a table: the stream record looks up the table as it is at that moment, and the result has
 * the stream record's timestamp and headers. Records without value are dropped and counted. Without a key to look
 * up an inner join drops them too; a left join joins them with `undefined`.
 */
import { assert } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore, ValueAndTimestamp } from '../../state/key-value.js';
import type { Decision } from '../plan.js';
import { given, type OperatorSupplier } from './operator.js';
import type { ValueGetter } from './value-getter.js';

export type TableJoiner<K, V, VT, R> = (value: V, tableValue: VT, key: K) => Awaitable<R>;

interface JoinFunctions<K, V, VT, R> {
  readonly joiner: TableJoiner<K, V, VT | undefined, R>;
  readonly left: boolean;
  /** Undefined: the record's own key. */
  readonly keySelector: ((key: K, value: V) => unknown) | undefined;
}

/** With a table of the same partition, looked up under the record's key. */
export const tableJoin =
  <K, V, VT, R>(joiner: TableJoiner<K, V, VT | undefined, R>, left: boolean) =>
  ({ lookups: [table] }: Decision): OperatorSupplier => {
    assert(table !== undefined, 'a table join looks up one table');
    const functions = { joiner, left, keySelector: undefined };
    return (context) => {
      const getter = table.make(context);
      // The table of the join has values of type VT: the builder's types have seen to that.
      return new TableJoinProcessor(context, functions, getter as ValueGetter<unknown, VT>);
    };
  };

/** With a global table, looked up under the key that the selector gives. */
export const globalTableJoin =
  <K, V, GK, VT, R>(
    store: string,
    keySelector: (key: K, value: V) => Awaitable<GK>,
    joiner: TableJoiner<K, V, VT | undefined, R>,
    left: boolean,
  ): OperatorSupplier =>
  (context) => {
    const getter = context.getStateStore<TimestampedKeyValueStore<unknown, VT>>(store);
    return new TableJoinProcessor(context, { joiner, left, keySelector }, getter);
  };

class TableJoinProcessor<K, V, VT, R> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #joiner: TableJoiner<K, V, VT | undefined, R>;
  readonly #left: boolean;
  readonly #keySelector: ((key: K, value: V) => unknown) | undefined;
  readonly #table: ValueGetter<unknown, VT>;

  constructor(
    context: OperatorContext,
    { joiner, left, keySelector }: JoinFunctions<K, V, VT, R>,
    table: ValueGetter<unknown, VT>,
  ) {
    this.#context = context;
    this.#joiner = joiner;
    this.#left = left;
    this.#keySelector = keySelector;
    this.#table = table;
  }

  process(record: Record<K, V>): void {
    if (record.value === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    if (this.#keySelector === undefined) {
      this.#lookUp(record, record.key);
      return;
    }
    const key = this.#keySelector(record.key, record.value);
    if (isPromiseLike(key)) {
      this.#context.park(key, (later) => this.#lookUp(record, given(later, 'key to look up')));
      return;
    }
    this.#lookUp(record, given(key, 'key to look up'));
  }

  #lookUp(record: Record<K, V>, key: unknown): void {
    if (key === null && !this.#left) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    const row = key === null ? undefined : this.#row(key, record.timestamp);
    if (row === undefined && !this.#left) return;
    const result = this.#joiner(record.value, row?.value, record.key);
    if (isPromiseLike(result)) {
      this.#context.park(result, (later) => this.#context.forward(record.withValue(later)));
      return;
    }
    this.#context.forward(record.withValue(result));
  }

  /** A versioned table is asked for the row of the record's time, others for the one there is. */
  #row(key: unknown, timestamp: number): ValueAndTimestamp<VT> | undefined {
    const table = this.#table;
    return table.isVersioned === true ? table.get(key, timestamp) : table.get(key);
  }
}
