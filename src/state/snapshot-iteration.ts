/** Iterates over a list that was taken once, synchronously or not: what a memory store's ranges return. */

/** Stable: later writes to the store do not show. Can be iterated several times. */
export class SnapshotIteration<T> implements Iterable<T>, AsyncIterable<T> {
  readonly #length: number;
  readonly #at: (index: number) => T;

  /** `at` makes the element; it is called when the iteration gets there. */
  constructor(length: number, at: (index: number) => T) {
    this.#length = length;
    this.#at = at;
  }

  [Symbol.iterator](): Iterator<T> {
    let next = 0;
    return {
      next: (): IteratorResult<T> =>
        next < this.#length
          ? { done: false, value: this.#at(next++) }
          : { done: true, value: undefined },
    };
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    const iterator = this[Symbol.iterator]();
    return { next: () => Promise.resolve(iterator.next()) };
  }
}
