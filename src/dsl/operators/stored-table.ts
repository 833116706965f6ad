/**
 * The store of a table as its operator uses it: read a row, change it, and send the change on. With a record cache
 * the store sends on when it is flushed.
 */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore, ValueAndTimestamp } from '../../state/key-value.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';

export class StoredTable<K, V> {
  readonly #store: TimestampedKeyValueStore<K, V>;
  readonly #forwarder: ChangeForwarder<K, V>;
  readonly #sendOldValues: boolean;
  readonly #readOldTwice: boolean;

  constructor(
    context: OperatorContext,
    store: string,
    { sendOldValues, immutableValues }: Decision,
  ) {
    this.#store = context.getStateStore<TimestampedKeyValueStore<K, V>>(store);
    this.#forwarder = new ChangeForwarder(context, this.#store, sendOldValues);
    this.#sendOldValues = sendOldValues;
    this.#readOldTwice = sendOldValues && !immutableValues;
  }

  row(key: K): ValueAndTimestamp<V> | undefined {
    return this.#store.get(key);
  }

  /** The row's value for downstream: user code may change the one it is given in place, so that this is another one. */
  oldValue(key: K, row: ValueAndTimestamp<V>): V {
    return this.#readOldTwice ? this.#store.get(key)!.value : row.value;
  }

  /** The value there is now, for downstream; null where nobody asked for old values. */
  storedValue(key: K): V | null {
    return this.#sendOldValues ? (this.#store.get(key)?.value ?? null) : null;
  }

  /** `record` caused the change: what is sent on has its key and headers. */
  update(record: Record<K>, newValue: V | null, oldValue: V | null, timestamp: number): void {
    this.#store.put(record.key, newValue === null ? null : { value: newValue, timestamp });
    this.#forwarder.forward(record, newValue, oldValue, timestamp);
  }
}
