/**
 * Join of a stream with a versioned table, with grace: a record waits until the stream's own time has passed it by so
 * much, and then finds the row as it was at its time, also where an update came late. Records come out in the order of
 * their timestamps. One that comes later than the grace is joined at once.
 */
import { assert, StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../processor/processor.js';
import { Record } from '../../processor/record.js';
import type { TimeOrderedBuffer } from '../../state/operator-stores.js';
import type { Decision } from '../plan.js';
import type { OperatorSupplier } from './operator.js';
import type { TableJoiner } from './table-join.js';
import type { ValueGetter } from './value-getter.js';

export interface GraceJoin<K, V, VT, R> {
  readonly joiner: TableJoiner<K, V, VT | undefined, R>;
  readonly left: boolean;
  readonly graceMs: number;
  readonly buffer: string;
}

export const graceJoin =
  <K, V, VT, R>(join: GraceJoin<K, V, VT, R>) =>
  ({ lookups: [table] }: Decision): OperatorSupplier => {
    assert(table !== undefined, 'a table join looks up one table');
    return (context) => {
      // The table of the join has values of type VT: the builder's types have seen to that.
      const getter = table.make(context) as ValueGetter<K, VT>;
      return new GraceJoinProcessor(context, join, getter);
    };
  };

class GraceJoinProcessor<K, V, VT, R> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #join: GraceJoin<K, V, VT, R>;
  readonly #table: ValueGetter<K, VT>;
  readonly #buffer: TimeOrderedBuffer<K, V>;

  constructor(context: OperatorContext, join: GraceJoin<K, V, VT, R>, table: ValueGetter<K, VT>) {
    this.#context = context;
    this.#join = join;
    this.#table = table;
    this.#buffer = context.getStateStore<TimeOrderedBuffer<K, V>>(join.buffer);
  }

  process(record: Record<K, V>): void {
    const context = this.#context;
    const { key, value, timestamp } = record;
    if (timestamp > context.operatorTime) context.operatorTime = timestamp;
    if (value === null || (key === null && !this.#join.left)) {
      context.recordDropped('nullKeyOrValue');
      return;
    }
    if (key === null) throw noKey(context.nodeName);
    if (timestamp < this.#dueTime()) {
      const result = this.#joined(key, value, timestamp);
      if (isPromiseLike(result)) context.park(result, (later) => this.#forward(record, later));
      else this.#forward(record, result);
      return;
    }
    this.#buffer.put(timestamp, key, value, null, { ...context.recordOrigin(), timestamp });
    this.#joinDue();
  }

  /** One that has to wait goes on from there, also where it fails: the others are due all the same. */
  #joinDue(): void {
    while (this.#buffer.minTime <= this.#dueTime()) {
      const first = this.#buffer.first();
      assert(first !== undefined && first.newValue !== null, 'a buffer with a time has a record');
      this.#buffer.removeFirst();
      const { key, newValue, context } = first;
      const { timestamp, headers } = context;
      const record = new Record(key, newValue, timestamp, [...headers]);
      const waits = this.#context.workFrom(context, timestamp, (): boolean => {
        const result = this.#joined(key, newValue, timestamp);
        if (isPromiseLike(result)) {
          this.#context.park(settled(result), (later) => {
            this.#context.workFrom(context, timestamp, () => this.#forward(record, later()));
            this.#joinDue();
          });
          return true;
        }
        this.#forward(record, result);
        return false;
      });
      if (waits === true) return;
    }
  }

  #dueTime(): number {
    return this.#context.operatorTime - this.#join.graceMs;
  }

  /** `undefined`: an inner join without a row. */
  #joined(key: K, value: V, timestamp: number): Awaitable<{ readonly value: R } | undefined> {
    const row = this.#table.get(key, timestamp);
    if (row === undefined && !this.#join.left) return undefined;
    const result = this.#join.joiner(value, row?.value, key);
    return isPromiseLike(result)
      ? result.then((later) => ({ value: later as R }))
      : { value: result as R };
  }

  #forward(record: Record<K, V>, result: { readonly value: R } | undefined): void {
    if (result !== undefined) this.#context.forward(record.withValue(result.value));
  }
}

/** Never rejects: what it is fulfilled with gives the result, or throws. */
function settled<T>(promise: PromiseLike<T>): PromiseLike<() => T> {
  return promise.then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
}

function noKey(node: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `key cannot be null: ${node} is a left join with grace, and a record without key cannot wait in its buffer. Filter such records out before the join.`,
    { node },
  );
}
