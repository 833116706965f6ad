/** The two key-value stores in memory: a plain one, and the timestamped one that tables and aggregations use. */
import { InMemoryStore, type KeyValueStoreOptions, type Rows } from './in-memory-store.js';
import type { ValueAndTimestamp } from './key-value.js';
import type { ManagedStore } from './store.js';

/** `Stores.keyValue`. Its changelog has the timestamp of the record that was processed. */
export class InMemoryKeyValueStore<K, V> extends InMemoryStore<K, V, V> {
  protected face(value: V): V {
    return value;
  }

  protected valueOf(value: V): V {
    return value;
  }

  protected timestampOf(): number {
    return -1;
  }

  protected successor(options: KeyValueStoreOptions<K, V>, rows: Rows): ManagedStore {
    return new InMemoryKeyValueStore(options, rows);
  }

  protected restoredTimestamp(): number {
    return -1;
  }
}

/** `Stores.timestampedKeyValue`. Its changelog has the bare value with the value's own timestamp. */
export class InMemoryTimestampedKeyValueStore<K, V> extends InMemoryStore<
  K,
  V,
  ValueAndTimestamp<V>
> {
  protected face(value: V, timestamp: number): ValueAndTimestamp<V> {
    return { value, timestamp };
  }

  protected valueOf(face: ValueAndTimestamp<V>): V {
    return face.value;
  }

  protected timestampOf(face: ValueAndTimestamp<V>): number {
    return face.timestamp;
  }

  protected successor(options: KeyValueStoreOptions<K, V>, rows: Rows): ManagedStore {
    return new InMemoryTimestampedKeyValueStore(options, rows);
  }

  protected restoredTimestamp(timestamp: number): number {
    return timestamp;
  }
}
