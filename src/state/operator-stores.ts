/**
 * What the DSL's operators use of stores beyond the public faces: scans in the order of time, and the buffers of
 * suppress and of joins. Users never see these. What a store on disk could not answer at once is an `Awaitable`;
 * stores in memory never return a promise.
 */
import type { Windowed } from '../serde/windowed.js';
import type { RecordOrigin, StateStore } from './store.js';

export type Awaitable<T> = T | PromiseLike<T>;

/**
 * Window and session stores made with `keepUntilReleased` (emit on close). The time of a row is the start of a
 * window, or the end of a session. Such a store hides rows by retention as any other, but drops none before the
 * operator says that it has done with them: a jump in time must not lose windows.
 */
export interface TimeOrderedScan<K, V> {
  /**
   * Rows from `from` to `to`, both inclusive, with those that retention hides already. Windows by (start, key bytes);
   * sessions by (end, start, key bytes), or (end, key bytes, start) in a store that was asked for as `'memory'`, as
   * in Kafka. V is what the face gives: with its timestamp in a timestamped store.
   */
  rowsBetween(from: number, to: number): Awaitable<readonly [Windowed<K>, V][]>;
  /**
   * Rows below `time` are not needed any more: the store drops those of them that retention hides, at a commit.
   * Undone with what else was not committed. It never goes back.
   */
  releaseBelow(time: number): void;
  /** The least time of a row that is still there; `undefined` when there is none. O(1). */
  earliestTime(): number | undefined;
}

export type JoinSide = 'left' | 'right';

export interface OuterJoinRow<K, V1, V2> {
  readonly side: JoinSide;
  readonly key: K;
  readonly timestamp: number;
  /** In the order of their arrival. */
  readonly values: readonly (V1 | V2)[];
}

/**
 * Rows of a left or outer stream-stream join that have not found a partner: Java's shared join store, with its
 * changelog bytes. What has no key cannot find a partner and is never stored.
 */
export interface OuterJoinStore<K, V1, V2> extends StateStore {
  /** Adds to the values of the key at this timestamp. */
  add(side: 'left', key: K, timestamp: number, value: V1): void;
  add(side: 'right', key: K, timestamp: number, value: V2): void;
  /** Forgets all values of the key at this timestamp; nothing happens when there are none. */
  remove(side: JoinSide, key: K, timestamp: number): void;
  /** The least timestamp that is stored, of one side or of both; `undefined` when there is none. O(1). */
  earliest(side?: JoinSide): number | undefined;
  /**
   * Left rows up to `leftTo` and right rows up to `rightTo`, both inclusive, ordered by (timestamp, right before
   * left, key bytes). Costs what it returns.
   */
  rowsUpTo(leftTo: number, rightTo: number): Awaitable<readonly OuterJoinRow<K, V1, V2>[]>;
  /**
   * The timestamp at which Kafka, on its way through all rows in this order, has seen enough: that of the row after
   * the first ones of both sides that are not due; of the last row, when there is no such row. Kafka takes it for the
   * least timestamp that is left. `undefined` when there are no rows.
   */
  scanEnd(leftTo: number, rightTo: number): number | undefined;
}

/** The context of a buffered record: where it came from, and its timestamp. */
export interface BufferedContext extends RecordOrigin {
  readonly timestamp: number;
}

export interface BufferedRecord<K, V> {
  /** When it was buffered first. */
  readonly time: number;
  readonly key: K;
  readonly newValue: V | null;
  /** Always null in a buffer of stream records. */
  readonly oldValue: V | null;
  /** Of the last update. */
  readonly context: BufferedContext;
}

/**
 * Records ordered by (time, key bytes, arrival). The buffer of `suppress` keeps one record a key: a newer update
 * takes the place of the older one, at its time. The buffer of a stream-table join with grace keeps all.
 */
export interface TimeOrderedBuffer<K, V> extends StateStore {
  /** `oldValue` is null in a buffer of stream records. */
  put(time: number, key: K, newValue: V | null, oldValue: V | null, context: BufferedContext): void;
  /** The record that is next; `undefined` when the buffer is empty. */
  first(): BufferedRecord<K, V> | undefined;
  /** Takes it out. */
  removeFirst(): void;
  /** While there is a record and `due` says so: takes the first one out and hands it to `emit`. Returns how many. */
  evictWhile(due: () => boolean, emit: (record: BufferedRecord<K, V>) => void): number;
  /** Buffer time of the first record; `Infinity` when the buffer is empty. O(1). */
  readonly minTime: number;
  readonly recordCount: number;
  /** The latest buffer time ever put, also before a restart; -1 before the first. */
  readonly observedTime: number;
  /** As Kafka counts them: 8 + key + values + context of every record. */
  readonly byteCount: number;
  /**
   * What downstream knows of a buffered key: the old value of its first update (`null`: none). `undefined` when the
   * key is not buffered: then downstream knows what the table says.
   */
  priorValue(key: K): V | null | undefined;
}
