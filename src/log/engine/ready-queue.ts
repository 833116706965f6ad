/**
 * The partitions of one consumer that may have something to read, the one that waited longest first. A poll costs as
 * much as there are partitions with data, not as many as are assigned.
 */
import type { AssignedPartition } from './assigned-partition.js';

/** Fewer places than this at the front are not worth moving the rest. */
const COMPACT_MIN = 64;

export class ReadyQueue {
  readonly #list: AssignedPartition[] = [];
  #head = 0;

  get size(): number {
    return this.#list.length - this.#head;
  }

  first(): AssignedPartition | undefined {
    return this.#list[this.#head];
  }

  add(assigned: AssignedPartition): void {
    if (assigned.listed) return;
    assigned.listed = true;
    this.#list.push(assigned);
  }

  /** Takes the first one out. */
  drop(): void {
    const first = this.#list[this.#head];
    if (first === undefined) return;
    first.listed = false;
    this.#head++;
    this.#compact();
  }

  /** The first one goes behind all the others. */
  rotate(): void {
    const first = this.#list[this.#head];
    if (first === undefined) return;
    this.#list.push(first);
    this.#head++;
    this.#compact();
  }

  clear(): void {
    for (let i = this.#head; i < this.#list.length; i++) this.#list[i]!.listed = false;
    this.#list.length = 0;
    this.#head = 0;
  }

  #compact(): void {
    if (this.#head < COMPACT_MIN || this.#head * 2 < this.#list.length) return;
    this.#list.copyWithin(0, this.#head);
    this.#list.length -= this.#head;
    this.#head = 0;
  }
}
