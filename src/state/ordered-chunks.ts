/**
 * A sorted list in chunks. Appending at the end and taking from the front are O(1); inserting and removing anywhere
 * move at most one chunk, so that ten thousand rows that arrive out of order do not cost the square of it. Items are
 * looked for by a probe: something that compares like an item.
 */

/** A full chunk is cut in two. */
const CHUNK_ITEMS = 128;

export class OrderedChunks<T extends P, P = T> {
  readonly #compare: (item: P, probe: P) => number;
  #chunks: T[][] = [];
  #size = 0;

  /** `compare` is total: no two items of the list are equal. */
  constructor(compare: (item: P, probe: P) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#chunks[0]?.[0];
  }

  last(): T | undefined {
    return this.#chunks.at(-1)?.at(-1);
  }

  find(probe: P): T | undefined {
    // Mostly it is the last one that is looked for, or one behind it.
    const last = this.#chunks.at(-1)?.at(-1);
    if (last === undefined) return undefined;
    const side = this.#compare(last, probe);
    if (side <= 0) return side === 0 ? last : undefined;
    const chunk = this.#chunks[this.#chunkFor(probe)];
    if (chunk === undefined) return undefined;
    const item = chunk[this.#positionIn(chunk, probe)];
    return item !== undefined && this.#compare(item, probe) === 0 ? item : undefined;
  }

  insert(item: T): void {
    this.#size++;
    const last = this.#chunks.length - 1;
    const lastChunk = this.#chunks[last];
    if (lastChunk === undefined) {
      // Most lists are short: arrays that are made of their items take less than those that they are pushed to.
      this.#chunks = [[item]];
      return;
    }
    if (this.#compare(lastChunk[lastChunk.length - 1]!, item) < 0) {
      if (lastChunk.length < CHUNK_ITEMS) lastChunk.push(item);
      else this.#chunks.push([item]);
      return;
    }
    const at = this.#chunkFor(item);
    const chunk = this.#chunks[at]!; // some chunk ends after the item
    chunk.splice(this.#positionIn(chunk, item), 0, item);
    if (chunk.length > CHUNK_ITEMS) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_ITEMS >> 1));
  }

  remove(item: P): void {
    const at = this.#chunkFor(item);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const position = this.#positionIn(chunk, item);
    const found = chunk[position];
    if (found === undefined || this.#compare(found, item) !== 0) return;
    this.#size--;
    if (chunk.length === 1) this.#chunks.splice(at, 1);
    else chunk.splice(position, 1);
  }

  /** Items from `from` to `to`, both inclusive, in order. */
  between(from: P, to: P): T[] {
    const found: T[] = [];
    const compare = this.#compare;
    let at = this.#chunkFor(from);
    const start = this.#chunks[at];
    if (start === undefined) return found;
    let position = this.#positionIn(start, from);
    for (; at < this.#chunks.length; at++, position = 0) {
      const chunk = this.#chunks[at]!;
      for (; position < chunk.length; position++) {
        const item = chunk[position]!;
        if (compare(item, to) > 0) return found;
        found.push(item);
      }
    }
    return found;
  }

  /** The item after `probe`, which need not be in the list. */
  next(probe: P): T | undefined {
    let at = this.#chunkFor(probe);
    let chunk = this.#chunks[at];
    if (chunk === undefined) return undefined;
    let position = this.#positionIn(chunk, probe);
    if (this.#compare(chunk[position]!, probe) === 0) position++;
    if (position === chunk.length) {
      at++;
      position = 0;
      chunk = this.#chunks[at];
    }
    return chunk?.[position];
  }

  /** The last item that is not after `probe`. */
  floor(probe: P): T | undefined {
    const at = this.#chunkFor(probe);
    const chunk = this.#chunks[at];
    if (chunk !== undefined) {
      const position = this.#positionIn(chunk, probe);
      if (this.#compare(chunk[position]!, probe) === 0) return chunk[position];
      if (position > 0) return chunk[position - 1];
    }
    return this.#chunks[at - 1]?.at(-1);
  }

  /** All items, in order. */
  *[Symbol.iterator](): Generator<T> {
    for (const chunk of this.#chunks) yield* chunk;
  }

  /** Index of the first chunk that ends at `probe` or after it; the number of chunks when there is none. */
  #chunkFor(probe: P): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = chunks[middle]!;
      if (this.#compare(chunk[chunk.length - 1]!, probe) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first item of the chunk that is not before `probe`. */
  #positionIn(chunk: readonly T[], probe: P): number {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(chunk[middle]!, probe) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
