/**
 * The faces of session stores: aggregates by key, start and end of a session, both inclusive. The sessions of one
 * key are read synchronously, in the order of their ends and then their starts; reads over several keys are async
 * iterables. Only sessions within the retention are seen: those that end after the latest end ever put minus the
 * retention.
 */
import type { Windowed } from '../serde/windowed.js';
import type { StateStore } from './store.js';

export interface ReadOnlySessionStore<K, V> extends StateStore {
  /** The aggregate of exactly this session. */
  fetchSession(key: K, sessionStart: number, sessionEnd: number): V | undefined;
  /** Sessions of one key that end at `earliestEnd` or later and start at `latestStart` or earlier. */
  findSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
  /** The same for several keys, both ends inclusive, `undefined` is an open end. Sessions of one key come in order; the order among keys is the store's. */
  findSessions(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): AsyncIterable<[Windowed<K>, V]>;
  /** From the latest to the earliest. Kafka has it in the interface, but no built-in store that supports it. */
  backwardFindSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
  backwardFindSessions(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): AsyncIterable<[Windowed<K>, V]>;
  /** All sessions of one key. */
  fetch(key: K): [Windowed<K>, V][];
  /** All sessions of several keys: pass both ends, `undefined` is an open one. */
  fetch(keyFrom: K | undefined, keyTo: K | undefined): AsyncIterable<[Windowed<K>, V]>;
  backwardFetch(key: K): [Windowed<K>, V][];
  backwardFetch(keyFrom: K | undefined, keyTo: K | undefined): AsyncIterable<[Windowed<K>, V]>;
}

export interface SessionStore<K, V> extends ReadOnlySessionStore<K, V> {
  /** `null` deletes. */
  put(session: Windowed<K>, aggregate: V | null): void;
  remove(session: Windowed<K>): void;
}

type Rows<K, V> = AsyncIterable<[Windowed<K>, V]> & Iterable<[Windowed<K>, V]>;

/** A session store in memory can be iterated with a plain `for` everywhere. */
export interface SyncSessionStore<K, V> extends SessionStore<K, V> {
  findSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
  findSessions(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): Rows<K, V>;
  backwardFindSessions(key: K, earliestEnd: number, latestStart: number): [Windowed<K>, V][];
  backwardFindSessions(
    keyFrom: K | undefined,
    keyTo: K | undefined,
    earliestEnd: number,
    latestStart: number,
  ): Rows<K, V>;
  fetch(key: K): [Windowed<K>, V][];
  fetch(keyFrom: K | undefined, keyTo: K | undefined): Rows<K, V>;
  backwardFetch(key: K): [Windowed<K>, V][];
  backwardFetch(keyFrom: K | undefined, keyTo: K | undefined): Rows<K, V>;
}
