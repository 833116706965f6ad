/**
 * Partitions with batches that are durable in the journal and not in their segments yet, the one that waits longest
 * first. A partition whose file is not open waits until a longer run of it is worth the opening; what waits is
 * bounded, because it is kept in memory.
 */
import type { JournalPartition } from './partition-storage.js';

/** What a batch costs beside its bytes. */
const BATCH_BYTES = 512;

export class WaitingPartitions {
  readonly #bytesMax: number;
  readonly #costs = new Map<JournalPartition, number>();
  #cost = 0;

  /** `bytesMax`: what may wait in memory. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  has(partition: JournalPartition): boolean {
    return this.#costs.has(partition);
  }

  /** More of the partition waits. */
  add(partition: JournalPartition, batches: number, bytes: number): void {
    const cost = batches * BATCH_BYTES + bytes;
    this.#costs.set(partition, (this.#costs.get(partition) ?? 0) + cost);
    this.#cost += cost;
  }

  /** Nothing of it waits any more. */
  delete(partition: JournalPartition): void {
    this.#cost -= this.#costs.get(partition) ?? 0;
    this.#costs.delete(partition);
  }

  /** The one that has to be written now because too much waits. */
  get overdue(): JournalPartition | undefined {
    if (this.#cost <= this.#bytesMax) return undefined;
    for (const partition of this.#costs.keys()) return partition;
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<JournalPartition> {
    return this.#costs.keys();
  }
}
