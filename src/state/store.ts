/**
 * The contract between a store and the task that owns it. State knows no processor and no topic: it writes its
 * changelog through a function it is handed, and it learns about commits and aborts by being told.
 *
 * Layers of what a `get` sees, newest first:
 *
 *     record scope    effects of the one record that waits for a promise (only while a task is parked)
 *     uncommitted     effects of finished records since the last commit
 *     committed       what the last commit covered
 *
 * `promote` moves uncommitted to committed (never the record scope), `rollback` drops uncommitted and scope.
 */
import type { RecordHeader } from '../log/client.js';

export interface StateStore {
  readonly name: string;
  /** True when the data outlives the process. */
  readonly persistent: boolean;
}

/** Writes one changelog record; `value === null` is a tombstone. Bytes are copied before it returns. */
export type ChangelogWriter = (
  key: Uint8Array,
  value: Uint8Array | null,
  timestamp: number,
  headers?: readonly RecordHeader[],
) => void;

/** What a store may ask of its task. */
export interface StoreContext {
  readonly taskId: string;
  /** Undefined when logging is off (or the source topic is the changelog). */
  readonly changelog: ChangelogWriter | undefined;
  /** Timestamp of the record (or punctuation) being processed: plain key-value stores log it. */
  timestamp(): number;
  streamTime(): number;
  /** Adds to the task's `dropped-records` metric. */
  recordDropped(): void;
  /**
   * Asked before every write: true while the record in flight runs in a record scope, so that the write goes to the
   * scope layer. Throws `LATE_FORWARD` when no record is in flight.
   */
  inRecordScope(): boolean;
  /** True when a full cache may flush now: what it forwards would be delivered. Else it asks for a commit. */
  mayForward(): boolean;
  /** The task's record cache; undefined when it has none: then no store caches. */
  readonly cache: CacheBudget | undefined;
  /** Where the record in flight came from, with the headers it has where it is now. */
  recordOrigin(): RecordOrigin;
  /** While a cache flushes: makes `origin` the context of what is forwarded, at `timestamp`; returns the former one. */
  enterOrigin(origin: RecordOrigin, timestamp: number): RecordOrigin;
  /** Asks for a commit soon. */
  requestCommit(): void;
}

/** Coordinates of an input record, and headers. Topic '', partition and offset -1 in punctuators. */
export interface RecordOrigin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly headers: readonly RecordHeader[];
}

/** Bytes that the record caches of one task may hold together. */
export interface CacheBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

/** What the task needs of every store; the public faces (`KeyValueStore`, ...) hide it. */
export interface ManagedStore extends StateStore {
  init(context: StoreContext): void;
  /** Applies changelog records while the task restores; never logged, counted as committed. */
  restore(
    key: Uint8Array,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void;
  /** Forwards and logs what a record cache holds back. Returns false when nothing was dirty. */
  flushCache(): boolean;
  readonly hasDirtyCache: boolean;
  /** Ends the record scope: keep its writes as uncommitted ones, or drop them. */
  mergeScope(): void;
  dropScope(): void;
  promote(): void;
  rollback(): void;
  /**
   * After a rollback: a new handle over the same rows, initialised, for the processors that are made anew. The old
   * one still reads, but refuses writes with `LATE_FORWARD`: async functions of before the abort may still hold it.
   */
  renew?(): ManagedStore;
  /** Approximate bytes of uncommitted data. */
  readonly uncommittedBytes: number;
  close(): void;
}

/** What a store keeps, and so what it can be asked. */
export type StoreKind = 'keyValue' | 'window' | 'session' | 'versioned';

export type ChangelogKind = StoreKind;

/** Makes one store per task. Handles are compared by identity: the same builder may be added twice, another of the same name may not. */
export interface StoreBuilder<S extends StateStore = StateStore> {
  readonly name: string;
  readonly loggingEnabled: boolean;
  readonly cachingEnabled: boolean;
  /** Topic configs of the changelog on top of the defaults. */
  readonly logConfig: Readonly<{ [name: string]: string }>;
  readonly changelogKind: ChangelogKind;
  /** Only for `window`, `session`, `versioned`. */
  readonly retentionMs?: number;
  /** Its changelog is written by `flushCache`, whether there is a record cache or not. */
  readonly logsAtCommit?: boolean;
  /** Never called by users. The result implements `ManagedStore` too. */
  build(): S & ManagedStore;
}
