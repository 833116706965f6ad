/**
 * The one place that appends to the storage and asks it to make things durable. Appends are collected in the
 * storage's open group; one sync serves everybody who waits for it (group commit), at most one is in flight.
 *
 * When a group is durable, first every partition in it learns its new high watermark, then the waiters are told in
 * the order in which they came, then waiting readers are woken: nobody is told of a write that he cannot see.
 *
 * After the first failure nothing is written any more: waiters get `OUTCOME_UNKNOWN`, later writes `LOG_READ_ONLY`.
 */
import type { Timer, Timers } from '../../env/env.js';
import { StreamsError } from '../../errors.js';
import type { EngineLogger } from './engine-options.js';
import type { JournalEntry, LogStorage } from './storage.js';

/**
 * Open bytes beyond this are synced without anybody asking. It keeps groups small, it does not stop a writer: who
 * must not run ahead of the disk looks at `pendingBytes`.
 */
const UNSYNCED_BYTES_MAX = 1_048_576;

export interface DurableWaiter {
  /** Everything appended before the wait began is durable, or (with an error) may be lost. */
  durable(error: StreamsError | undefined): void;
}

/** A partition whose end moved in the open group. */
export interface DurableTarget {
  readonly endOffset: number;
  /** Set while it is listed for the open group. */
  inOpenGroup: boolean;
  durableTo(endOffset: number): void;
}

export class Durability {
  readonly #storage: LogStorage;
  readonly #timers: Timers;
  readonly #logger: EngineLogger | undefined;
  #targets: DurableTarget[] = [];
  #waiters: DurableWaiter[] = [];
  #openBytes = 0;
  #openEntries = 0;
  #syncing = false;
  #looping = false;
  #syncWanted = false;
  #turn: Timer | undefined;
  #failure: StreamsError | undefined;

  constructor(storage: LogStorage, timers: Timers, logger: EngineLogger | undefined) {
    this.#storage = storage;
    this.#timers = timers;
    this.#logger = logger;
  }

  /** Why the log cannot be written, if so. */
  get failure(): StreamsError | undefined {
    return this.#failure;
  }

  /** Nothing is open and nothing is in flight. */
  get idle(): boolean {
    return !this.#syncing && this.#openEntries === 0;
  }

  assertWritable(): void {
    if (this.#failure !== undefined) throw readOnly(this.#failure);
  }

  /** Throws when the storage refuses; then the log is read-only, because part of a group may be missing. */
  append(entry: JournalEntry, bytes = 0): void {
    this.assertWritable();
    try {
      this.#storage.append(entry);
    } catch (error) {
      this.#fail(error);
      throw readOnly(error);
    }
    this.#openEntries++;
    this.#openBytes += bytes;
  }

  /** Names the partition as part of the open group. */
  moved(target: DurableTarget): void {
    if (target.inOpenGroup) return;
    target.inOpenGroup = true;
    this.#targets.push(target);
  }

  /** Begins a sync when the open group is large; called between entries that need not stand together. */
  relieve(): void {
    if (this.#openBytes >= UNSYNCED_BYTES_MAX) this.syncNow();
  }

  /** Tells `waiter` when all appended so far is durable; does not ask for a sync. */
  wait(waiter: DurableWaiter): void {
    this.#waiters.push(waiter);
  }

  /** Syncs on the next turn of the host's loop, so that everybody who writes in this turn shares it. */
  syncSoon(): void {
    if (this.#turn !== undefined || this.#syncing) {
      this.#syncWanted = this.#syncWanted || this.#syncing;
      return;
    }
    this.#turn = this.#timers.immediate(() => {
      this.#turn = undefined;
      this.syncNow();
    });
  }

  /** Syncs at once, or as soon as the one in flight is done. */
  syncNow(): void {
    this.#syncWanted = true;
    if (this.#syncing || this.#looping) return;
    this.#turn?.cancel();
    this.#turn = undefined;
    // A storage that is durable at once calls back inside `sync`; what its waiters ask for is done by this loop.
    this.#looping = true;
    try {
      while (this.#syncWanted && !this.#syncing) this.#sync();
    } finally {
      this.#looping = false;
    }
  }

  #sync(): void {
    this.#syncWanted = false;
    const waiters = this.#waiters;
    const targets = this.#targets;
    const nothingOpen = this.#openEntries === 0;
    const ends: number[] = [];
    for (const target of targets) {
      target.inOpenGroup = false;
      ends.push(target.endOffset);
    }
    this.#waiters = [];
    this.#targets = [];
    this.#openBytes = 0;
    this.#openEntries = 0;
    if (nothingOpen && waiters.length === 0) return;
    if (this.#failure !== undefined)
      return this.#synced(outcomeUnknown(this.#failure), targets, ends, waiters);
    if (nothingOpen) return this.#synced(undefined, targets, ends, waiters);
    this.#syncing = true;
    try {
      this.#storage.sync((error) => {
        this.#synced(error, targets, ends, waiters);
        if (this.#syncWanted) this.syncNow();
      });
    } catch (error) {
      this.#synced(outcomeUnknown(error), targets, ends, waiters);
    }
  }

  #synced(
    error: StreamsError | undefined,
    targets: DurableTarget[],
    ends: number[],
    waiters: DurableWaiter[],
  ): void {
    this.#syncing = false;
    if (error !== undefined) this.#fail(error);
    else for (let i = 0; i < targets.length; i++) targets[i]!.durableTo(ends[i]!);
    for (const waiter of waiters) waiter.durable(error);
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure =
      cause instanceof StreamsError
        ? cause
        : new StreamsError('IO_FAILED', `A journal write failed: ${String(cause)}.`, { cause });
    this.#logger?.error(
      `millrace log: a journal write failed, the log is read-only until it is reopened: ${this.#failure.message}`,
    );
  }
}

function readOnly(cause: unknown): StreamsError {
  if (cause instanceof StreamsError && cause.code === 'LOG_CLOSED') return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StreamsError(
    'LOG_READ_ONLY',
    `The log cannot be written: an earlier journal write failed (${why}) Reads go on. Nothing acknowledged is lost; fix the cause, then close and reopen the log.`,
    { cause },
  );
}

function outcomeUnknown(cause: unknown): StreamsError {
  if (cause instanceof StreamsError && cause.code === 'OUTCOME_UNKNOWN') return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StreamsError(
    'OUTCOME_UNKNOWN',
    `The write may or may not survive: the journal failed (${why}) Reopen the log and read what is there.`,
    { cause },
  );
}
