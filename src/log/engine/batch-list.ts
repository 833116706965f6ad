/**
 * Batches of one partition that are in memory, in offset order: all of a memory log's, the tail of a durable one's.
 * New ones come at the end, old ones go at the front. Positions count from the first batch that is still held.
 */
import type { BatchRange } from '../client.js';

/** What is kept of a batch. */
export interface BatchContent {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
}

/** A batch in memory of its own. */
export class HeldBatch implements BatchRange {
  readonly bytes: Buffer;
  readonly start = 0;
  readonly end: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;

  constructor(entry: BatchContent) {
    this.bytes = entry.bytes;
    this.end = entry.bytes.length;
    this.baseOffset = entry.baseOffset;
    this.lastOffset = entry.lastOffset;
    this.maxTimestamp = entry.maxTimestamp;
  }
}

export class BatchList<B extends HeldBatch> {
  #batches: B[] = [];
  /** The first that is still held. */
  #head = 0;
  /** Of the batches that are held. */
  bytes = 0;

  get length(): number {
    return this.#batches.length - this.#head;
  }

  at(position: number): B | undefined {
    return this.#batches[this.#head + position];
  }

  push(batch: B): void {
    this.#batches.push(batch);
    this.bytes += batch.end;
  }

  /** Lets go of the first `count` batches. */
  drop(count: number): void {
    for (let i = 0; i < count; i++) this.bytes -= this.#batches[this.#head + i]!.end;
    this.#head += count;
    // The list is cut only when half of it is dead, so that the work stays in proportion to the batches dropped.
    if (this.#head * 2 >= this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Puts `batches` in the place of those at `[from, to)`. */
  replace(from: number, to: number, batches: readonly B[]): void {
    for (let i = from; i < to; i++) this.bytes -= this.#batches[this.#head + i]!.end;
    for (const batch of batches) this.bytes += batch.end;
    this.#batches = [
      ...this.#batches.slice(this.#head, this.#head + from),
      ...batches,
      ...this.#batches.slice(this.#head + to),
    ];
    this.#head = 0;
  }

  /** Position of the first batch whose last offset is at or above `offset`. */
  find(offset: number): number {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  /** As `PartitionStorage.read`. */
  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    const ranges: BatchRange[] = [];
    let bytes = 0;
    for (let i = this.#head + this.find(fromOffset); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      if (batch.baseOffset >= endOffset) break;
      bytes += batch.end;
      if (bytes > maxBytes && ranges.length > 0) break;
      ranges.push(batch);
    }
    return ranges;
  }
}
