/**
 * Turns records into table updates: `table`, `toTable` and `globalTable`. A record without key is dropped and
 * counted, a null value deletes. The last record wins, whatever its timestamp.
 */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore } from '../../state/key-value.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';
import { given, type OperatorSupplier } from './operator.js';

export const tableSource =
  ({ store, sendOldValues }: Decision): OperatorSupplier =>
  (context) =>
    store === undefined
      ? new UnstoredTable(context)
      : new StoredTable(context, store, sendOldValues);

class StoredTable<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #store: TimestampedKeyValueStore<K, V>;
  readonly #forwarder: ChangeForwarder<K, V>;
  readonly #sendOldValues: boolean;

  constructor(context: OperatorContext, store: string, sendOldValues: boolean) {
    this.#context = context;
    this.#store = context.getStateStore<TimestampedKeyValueStore<K, V>>(store);
    this.#forwarder = new ChangeForwarder(context, this.#store, sendOldValues);
    this.#sendOldValues = sendOldValues;
  }

  process(record: Record<K, V>): void {
    const { key, value, timestamp } = record;
    if (key === null) {
      this.#context.recordDropped();
      return;
    }
    const old = this.#sendOldValues ? this.#store.get(key)?.value : undefined;
    this.#store.put(key, value === null ? null : { value, timestamp });
    this.#forwarder.forward(record, value, old ?? null, timestamp);
  }
}

class UnstoredTable<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  process(record: Record<K, V>): void {
    if (record.key === null) {
      this.#context.recordDropped();
      return;
    }
    this.#context.forward(record.withValue(new Change(given(record.value, 'new value'), null)));
  }
}
