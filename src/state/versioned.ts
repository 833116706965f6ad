/**
 * The face of versioned key-value stores: every key has a history, and a read may ask what was valid at a time.
 * Versions stay readable for the history retention; what is older than the latest timestamp ever put minus the
 * retention can be neither written nor read, except that the latest version of a key is always there.
 */
import type { StateStore } from './store.js';

/** `put` returns it when no newer version of the key exists: the version is the latest one. */
export const PUT_RETURN_CODE_VALID_TO_UNDEFINED = -1;
/** `put` returns it when the timestamp is older than the history retention: nothing was stored. */
export const PUT_RETURN_CODE_NOT_PUT = Number.MIN_SAFE_INTEGER;

export interface VersionedRecord<V> {
  readonly value: V;
  /** From when on the version is valid. */
  readonly timestamp: number;
}

export interface ReadOnlyVersionedKeyValueStore<K, V> extends StateStore {
  /** The latest version; `undefined` when there is none, or when it is a deletion. */
  get(key: K): VersionedRecord<V> | undefined;
  /** The version that was valid at `asOfTimestamp`. */
  get(key: K, asOfTimestamp: number): VersionedRecord<V> | undefined;
}

export interface VersionedKeyValueStore<K, V> extends ReadOnlyVersionedKeyValueStore<K, V> {
  /**
   * Adds a version that is valid from `timestamp` on; `null` says that there is no value from then on. Returns the
   * time up to which it is valid, `PUT_RETURN_CODE_VALID_TO_UNDEFINED` for the latest, or `PUT_RETURN_CODE_NOT_PUT`.
   */
  put(key: K, value: V | null, timestamp: number): number;
  /** Returns the version that was valid at `timestamp`, and puts `null` there. */
  delete(key: K, timestamp: number): VersionedRecord<V> | undefined;
}
