/** `mapValues` of a table: the mapper never sees a deletion, which is always passed on. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import type { ValueMapper } from './map-values.js';
import { given, type OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';
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
    isVersioned: parent.isVersioned === true,
    get(key: K, asOf?: number): ValueAndTimestamp<V2> | undefined {
      const row = parent.get(key, asOf);
      if (row === undefined) return undefined;
      const value = given(requireSync(mapper(row.value, key), name), MAPPED);
      return value === null ? undefined : { value, timestamp: row.timestamp };
    },
  });

class TableMapValuesProcessor<K, V, V2> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #mapper: ValueMapper<K, V, V2>;
  readonly #sendOldValues: boolean;
  readonly #table: StoredTable<K, V2> | undefined;

  constructor(context: OperatorContext, mapper: ValueMapper<K, V, V2>, decision: Decision) {
    this.#context = context;
    this.#mapper = mapper;
    this.#sendOldValues = decision.sendOldValues;
    if (decision.store !== undefined)
      this.#table = new StoredTable(context, decision.store, decision);
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
    if (this.#table !== undefined) {
      const old = this.#table.storedValue(record.key);
      this.#table.update(record, newValue, old, record.timestamp);
      return;
    }
    const { oldValue, isLatest } = record.value;
    if (!this.#sendOldValues || oldValue === null) {
      this.#context.forward(record.withValue(new Change(newValue, null, isLatest)));
      return;
    }
    const mapped = this.#mapper(oldValue, record.key);
    if (isPromiseLike(mapped)) {
      this.#context.park(mapped, (later) =>
        this.#context.forward(
          record.withValue(new Change(newValue, given(later, MAPPED), isLatest)),
        ),
      );
      return;
    }
    this.#context.forward(record.withValue(new Change(newValue, given(mapped, MAPPED), isLatest)));
  }
}
