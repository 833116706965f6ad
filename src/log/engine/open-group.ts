/**
 * The journal group that is being filled: its entries, who waits for them, and which files go when they are durable. It
 * is emptied into one program (`journal-writer.ts`) and filled anew.
 */
import type { StreamsError } from '../../errors.js';
import { GroupEncoder } from './group-encoder.js';
import type { StoredEntry } from './journal-format.js';
import type { JournalPartition } from './partition-storage.js';
import type { Segment } from './segment.js';

export type SyncCallback = (error: StreamsError | undefined) => void;

export class OpenGroup {
  readonly encoder = new GroupEncoder();
  /** What the entries have added to it. */
  bytes = 0;
  #waiters: SyncCallback[] = [];
  #deletedPartitions: JournalPartition[] = [];
  /** Partitions with segments below their start. */
  readonly #trimmed = new Set<JournalPartition>();

  get empty(): boolean {
    return this.encoder.count === 0;
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  get deletedPartitions(): readonly JournalPartition[] {
    return this.#deletedPartitions;
  }

  /** Returns by how many bytes the group has grown. */
  add(entry: StoredEntry, partition: JournalPartition | undefined): number {
    const before = this.encoder.bytes;
    this.encoder.add(entry, partition);
    const grown = this.encoder.bytes - before;
    this.bytes += grown;
    return grown;
  }

  wait(done: SyncCallback): void {
    this.#waiters.push(done);
  }

  deleted(partitions: readonly JournalPartition[]): void {
    this.#deletedPartitions.push(...partitions);
  }

  trimmed(partition: JournalPartition): void {
    this.#trimmed.add(partition);
  }

  takeWaiters(): SyncCallback[] {
    const waiters = this.#waiters;
    this.#waiters = [];
    return waiters;
  }

  /** Segments that no reader can ask for once the group is durable. */
  takeTrimmed(): Segment[] {
    const segments: Segment[] = [];
    for (const partition of this.#trimmed) {
      if (!partition.deleted) segments.push(...partition.dropSegmentsBelowStart());
      // What waits for its batches goes with a later group.
      if (partition.deleted || !partition.hasSegmentsBelowStart) this.#trimmed.delete(partition);
    }
    return segments;
  }

  /** It was made; the next one begins. Returns the partitions that are deleted with it. */
  clear(): readonly JournalPartition[] {
    const deleted = this.#deletedPartitions;
    this.#deletedPartitions = [];
    this.encoder.clear();
    this.bytes = 0;
    return deleted;
  }
}
