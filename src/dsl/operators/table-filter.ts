/**
 * `filter` and `filterNot` of a table: a row that does not pass is deleted downstream. With old values at hand a row
 * that was not there before either is not forwarded.
 */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import type { Predicate } from './filter.js';
import type { OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';
import { requireSync, type ValueGetter } from './value-getter.js';

export const tableFilter =
  <K, V>(predicate: Predicate<K, V>, expected: boolean) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new TableFilterProcessor(context, predicate, expected, decision);

/** Looks a value up in the parent and filters it. */
export const filterView =
  <K, V>(name: string, predicate: Predicate<K, V>, expected: boolean) =>
  (parent: ValueGetter<K, V>): ValueGetter<K, V> => ({
    isVersioned: parent.isVersioned === true,
    get(key: K, asOf?: number): ValueAndTimestamp<V> | undefined {
      const row = parent.get(key, asOf);
      if (row === undefined) return undefined;
      return Boolean(requireSync(predicate(key, row.value), name)) === expected ? row : undefined;
    },
  });

class TableFilterProcessor<K, V> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #predicate: Predicate<K, V>;
  readonly #expected: boolean;
  readonly #sendOldValues: boolean;
  readonly #versioned: boolean;
  readonly #table: StoredTable<K, V> | undefined;

  constructor(
    context: OperatorContext,
    predicate: Predicate<K, V>,
    expected: boolean,
    decision: Decision,
  ) {
    this.#context = context;
    this.#predicate = predicate;
    this.#expected = expected;
    this.#sendOldValues = decision.sendOldValues;
    this.#versioned = decision.versioned;
    if (decision.store !== undefined)
      this.#table = new StoredTable(context, decision.store, decision);
  }

  process(record: Record<K, Change<V>>): void {
    const { newValue } = record.value;
    if (newValue === null) {
      this.#filterOld(record, null);
      return;
    }
    const passes = this.#predicate(record.key, newValue);
    if (isPromiseLike(passes)) {
      this.#context.park(passes, (later) =>
        this.#filterOld(record, Boolean(later) === this.#expected ? newValue : null),
      );
      return;
    }
    this.#filterOld(record, Boolean(passes) === this.#expected ? newValue : null);
  }

  #filterOld(record: Record<K, Change<V>>, newValue: V | null): void {
    if (!this.#sendOldValues) {
      this.#emit(record, newValue, null);
      return;
    }
    if (this.#table !== undefined) {
      this.#emit(record, newValue, this.#table.storedValue(record.key));
      return;
    }
    const { oldValue } = record.value;
    if (oldValue === null) {
      this.#emit(record, newValue, null);
      return;
    }
    const passed = this.#predicate(record.key, oldValue);
    if (isPromiseLike(passed)) {
      this.#context.park(passed, (later) =>
        this.#emit(record, newValue, Boolean(later) === this.#expected ? oldValue : null),
      );
      return;
    }
    this.#emit(record, newValue, Boolean(passed) === this.#expected ? oldValue : null);
  }

  #emit(record: Record<K, Change<V>>, newValue: V | null, oldValue: V | null): void {
    // Of a versioned table even what was not there before is told: it may have been there at another time.
    if (!this.#versioned && this.#sendOldValues && newValue === null && oldValue === null) return;
    if (this.#table !== undefined) {
      this.#table.update(record, newValue, oldValue, record.timestamp);
      return;
    }
    const { isLatest } = record.value;
    this.#context.forward(record.withValue(new Change(newValue, oldValue, isLatest)));
  }
}
