/**
 * The store of a table as its operator uses it: read a row, change it, and send the change on. With a record cache
 * the store sends on when it is flushed. A versioned store may refuse an update that is too old: then nobody hears of
 * it; one that comes after a later one is sent on as not the latest.
 */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Record } from '../../processor/record.js';
import type { TimestampedKeyValueStore, ValueAndTimestamp } from '../../state/key-value.js';
import type { StateStore } from '../../state/store.js';
import {
  PUT_RETURN_CODE_NOT_PUT,
  PUT_RETURN_CODE_VALID_TO_UNDEFINED,
  type VersionedKeyValueStore,
} from '../../state/versioned.js';
import type { Decision } from '../plan.js';
import { ChangeForwarder } from './change-forwarder.js';

/** What both kinds of stores have; a versioned one is written by its own `put`. */
type Rows<K, V> = Pick<TimestampedKeyValueStore<K, V>, 'get' | 'put'>;

export class StoredTable<K, V> {
  readonly #rows: Rows<K, V>;
  readonly #versioned: VersionedKeyValueStore<K, V> | undefined;
  readonly #forwarder: ChangeForwarder<K, V>;
  readonly #sendOldValues: boolean;
  readonly #readOldTwice: boolean;

  constructor(
    context: OperatorContext,
    store: string,
    { sendOldValues, immutableValues, versionedStore }: Decision,
  ) {
    const found = context.getStateStore<StateStore & Rows<K, V>>(store);
    this.#rows = found;
    this.#versioned = versionedStore
      ? (found as StateStore as VersionedKeyValueStore<K, V>)
      : undefined;
    this.#forwarder = new ChangeForwarder(context, found, sendOldValues);
    this.#sendOldValues = sendOldValues;
    this.#readOldTwice = sendOldValues && !immutableValues;
  }

  row(key: K): ValueAndTimestamp<V> | undefined {
    return this.#rows.get(key);
  }

  /** The row's value for downstream: user code may change the one it is given in place, so that this is another one. */
  oldValue(key: K, row: ValueAndTimestamp<V>): V {
    return this.#readOldTwice ? this.#rows.get(key)!.value : row.value;
  }

  /** The value there is now, for downstream; null where nobody asked for old values. */
  storedValue(key: K): V | null {
    return this.#sendOldValues ? (this.#rows.get(key)?.value ?? null) : null;
  }

  /** `record` caused the change: what is sent on has its key and headers. */
  update(record: Record<K>, newValue: V | null, oldValue: V | null, timestamp: number): void {
    const versioned = this.#versioned;
    if (versioned !== undefined) {
      const validTo = versioned.put(record.key, newValue, timestamp);
      if (validTo === PUT_RETURN_CODE_NOT_PUT) return;
      const isLatest = validTo === PUT_RETURN_CODE_VALID_TO_UNDEFINED;
      this.#forwarder.forward(record, newValue, oldValue, timestamp, isLatest);
      return;
    }
    this.#rows.put(record.key, newValue === null ? null : { value: newValue, timestamp });
    this.#forwarder.forward(record, newValue, oldValue, timestamp);
  }
}
