/**
 * A storage whose device is in the test's hand: a sync waits until the test completes or fails it, appends can be
 * made to fail, and a crash leaves what was durable. Below it is a `MemoryStorage`, so it reads like the real one.
 */
import { StreamsError } from '../../../src/errors.js';
import { MemoryStorage } from '../../../src/log/engine/memory-storage.js';
import type {
  BatchEntry,
  JournalEntry,
  LogStorage,
  PartitionStorage,
  RecoveryReport,
  SegmentInfo,
  SegmentReplacement,
  StorageHost,
} from '../../../src/log/engine/storage.js';

interface Group {
  readonly entries: JournalEntry[];
  readonly done: (error: StreamsError | undefined) => void;
}

export class StagedStorage implements LogStorage {
  pendingBytes = 0;
  freeBytes = Number.POSITIVE_INFINITY;
  /** Calls of `sync` so far. */
  syncs = 0;
  /** Completes syncs at once; otherwise they wait for `complete` or `fail`. */
  atOnce = true;
  /** What appends throw from now on. */
  appendFailure: StreamsError | undefined;
  host: StorageHost | undefined;
  /** Batches that are replayed after everything else, although they are stored already. */
  replayAgain: readonly BatchEntry[] = [];
  readonly durable: JournalEntry[];
  /** Everything that was appended, durable or not. */
  readonly appended: JournalEntry[] = [];
  #open: JournalEntry[] = [];
  #groups: Group[] = [];
  readonly #memory = new MemoryStorage();
  readonly #unreplayed: readonly BatchEntry[];

  /** Replays `entries`; batches in `unreplayed` are readable but not replayed, like those below a checkpoint. */
  constructor(entries: readonly JournalEntry[] = [], unreplayed: readonly BatchEntry[] = []) {
    this.durable = [...entries];
    this.#unreplayed = unreplayed;
  }

  open(host: StorageHost): RecoveryReport {
    this.host = host;
    const report = this.#memory.open(host);
    for (const entry of this.durable)
      if (entry.type === 'topic-created') this.#memory.append(entry);
    for (const entry of this.#unreplayed) this.#memory.append(entry);
    for (const entry of this.durable) {
      if (entry.type !== 'topic-created') this.#memory.append(entry);
      host.replay(entry);
    }
    for (const entry of this.replayAgain) host.replay(entry);
    return { ...report, replayedEntries: this.durable.length };
  }

  append(entry: JournalEntry): void {
    if (this.appendFailure !== undefined) throw this.appendFailure;
    this.#memory.append(entry);
    this.#open.push(entry);
    this.appended.push(entry);
  }

  replace(
    topicId: string,
    partition: number,
    segments: readonly SegmentInfo[],
  ): SegmentReplacement {
    return this.#memory.replace(topicId, partition, segments);
  }

  readonly replacing = false;

  checkpoint(): void {}

  sync(done: (error: StreamsError | undefined) => void): void {
    this.syncs++;
    this.#groups.push({ entries: this.#open, done });
    this.#open = [];
    if (this.atOnce) this.complete();
  }

  /** The oldest waiting group is on the device. */
  complete(): void {
    const group = this.#groups.shift();
    if (group === undefined) return;
    this.durable.push(...group.entries);
    group.done(undefined);
  }

  /** The device failed while it wrote the oldest group; whether it is there afterwards is up to `survives`. */
  fail(survives = false): void {
    const group = this.#groups.shift();
    if (group === undefined) return;
    if (survives) this.durable.push(...group.entries);
    group.done(new StreamsError('OUTCOME_UNKNOWN', 'The device failed.'));
  }

  partition(topicId: string, partition: number): PartitionStorage {
    return this.#memory.partition(topicId, partition);
  }

  close(): Promise<void> {
    return this.#memory.close();
  }

  /** The storage that a new process finds. */
  crashed(): StagedStorage {
    return new StagedStorage(this.durable);
  }
}
