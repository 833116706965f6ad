/** `mapValues` of a table: the mapper never sees a deletion, which is always passed on. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore, ValueAndTimestamp } from '../../state/key-value.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';
import type { ValueMapper } from './map-values.js';
import { given, type OperatorSupplier } from './operator.js';
import { requireSync, type ValueGetter } from './value-getter.js';

const MAPPED = "mapper's result";

export const tableMapValues =
  <K, V, V2>(mapper: ValueMapper<K, V, V2>) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new TableMapValuesProcessor(context, mapper, decision);

/** Looks a value up in the parent and maps it. */
export const mapValuesView =
  <K, V, V2>(name: string, mapper: ValueMapper<K, V, V2>) =>
  (parent: ValueGetter<K, V>): ValueGetter<K, V2> => ({
    get(key: K): ValueAndTimestamp<V2> | undefined {
      const row = parent.get(key);
      if (row === undefined) return undefined;
      const value = given(requireSync(mapper(row.value, key), name), MAPPED);
      return value === null ? undefined : { value, timestamp: row.timestamp };
    },
  });

class TableMapValuesProcessor<K, V, V2> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #mapper: ValueMapper<K, V, V2>;
  readonly #sendOldValues: boolean;
  readonly #store: TimestampedKeyValueStore<K, V2> | undefined;
  readonly #forwarder: ChangeForwarder<K, V2> | undefined;

  constructor(
    context: OperatorContext,
    mapper: ValueMapper<K, V, V2>,
    { store, sendOldValues }: Decision,
  ) {
    this.#context = context;
    this.#mapper = mapper;
    this.#sendOldValues = sendOldValues;
    if (store !== undefined) {
      this.#store = context.getStateStore<TimestampedKeyValueStore<K, V2>>(store);
      this.#forwarder = new ChangeForwarder(context, this.#store, sendOldValues);
    }
  }

  process(record: Record<K, Change<V>>): void {
    const { newValue } = record.value;
    if (newValue === null) {
      this.#mapOld(record, null);
      return;
    }
    const mapped = this.#mapper(newValue, record.key);
    if (isPromiseLike(mapped)) {
      this.#context.park(mapped, (later) => this.#mapOld(record, given(later, MAPPED)));
      return;
    }
    this.#mapOld(record, given(mapped, MAPPED));
  }

  #mapOld(record: Record<K, Change<V>>, newValue: V2 | null): void {
    if (this.#store !== undefined) {
      const old = this.#sendOldValues ? this.#store.get(record.key)?.value : undefined;
      const { timestamp } = record;
      this.#store.put(record.key, newValue === null ? null : { value: newValue, timestamp });
      this.#forwarder?.forward(record, newValue, old ?? null, timestamp);
      return;
    }
    const { oldValue } = record.value;
    if (!this.#sendOldValues || oldValue === null) {
      this.#context.forward(record.withValue(new Change(newValue, null)));
      return;
    }
    const mapped = this.#mapper(oldValue, record.key);
    if (isPromiseLike(mapped)) {
      this.#context.park(mapped, (later) =>
        this.#context.forward(record.withValue(new Change(newValue, given(later, MAPPED)))),
      );
      return;
    }
    this.#context.forward(record.withValue(new Change(newValue, given(mapped, MAPPED))));
  }
}
