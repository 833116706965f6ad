/**
 * Which batches of a partition belong to aborted transactions. The transactions of one producer id follow each
 * other, so its ranges are sorted and never overlap; a batch is found by binary search.
 */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** The offset of the abort marker. */
  readonly lastOffset: number;
}

export class AbortedIndex {
  readonly #byProducer = new Map<number, AbortedTransaction[]>();

  add(transaction: AbortedTransaction): void {
    const ranges = this.#byProducer.get(transaction.producerId);
    if (ranges === undefined) this.#byProducer.set(transaction.producerId, [transaction]);
    else ranges.push(transaction);
  }

  /** Whether the batch that begins at `offset` was aborted. */
  contains(producerId: number, offset: number): boolean {
    const ranges = this.#byProducer.get(producerId);
    if (ranges === undefined) return false;
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low < ranges.length && ranges[low]!.firstOffset <= offset;
  }

  /** Forgets what no reader can reach any more. */
  dropBelow(startOffset: number): void {
    for (const [producerId, ranges] of this.#byProducer) {
      const kept = ranges.filter((range) => range.lastOffset >= startOffset);
      if (kept.length === 0) this.#byProducer.delete(producerId);
      else if (kept.length < ranges.length) this.#byProducer.set(producerId, kept);
    }
  }

  /** Forgets the transactions with these markers: none of their batches is left. */
  forget(markers: ReadonlySet<number>): void {
    if (markers.size === 0) return;
    for (const [producerId, ranges] of this.#byProducer) {
      const kept = ranges.filter((range) => !markers.has(range.lastOffset));
      if (kept.length === 0) this.#byProducer.delete(producerId);
      else if (kept.length < ranges.length) this.#byProducer.set(producerId, kept);
    }
  }

  clear(): void {
    this.#byProducer.clear();
  }

  all(): AbortedTransaction[] {
    return [...this.#byProducer.values()].flat();
  }
}
