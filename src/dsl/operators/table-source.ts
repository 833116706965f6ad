/**
 * Turns records into table updates: `table`, `toTable` and `globalTable`. A record without key is dropped and
 * counted, a null value deletes. The last record wins, whatever its timestamp.
 */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { given, type OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';

export const tableSource =
  (decision: Decision): OperatorSupplier =>
  (context) =>
    decision.store === undefined
      ? new UnstoredSource(context)
      : new StoredSource(context, new StoredTable(context, decision.store, decision));

class StoredSource<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #table: StoredTable<K, V>;

  constructor(context: OperatorContext, table: StoredTable<K, V>) {
    this.#context = context;
    this.#table = table;
  }

  process(record: Record<K, V>): void {
    const { key, value, timestamp } = record;
    if (key === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    this.#table.update(record, value, this.#table.storedValue(key), timestamp);
  }
}

class UnstoredSource<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  process(record: Record<K, V>): void {
    if (record.key === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    this.#context.forward(record.withValue(new Change(given(record.value, 'new value'), null)));
  }
}
