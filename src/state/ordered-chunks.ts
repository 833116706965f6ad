/**
 * A sorted list in chunks. Appending at the end and taking from the front are O(1); inserting and removing anywhere
 * move at most one chunk, so that ten thousand rows that arrive out of order do not cost the square of it. Most lists
 * have one item, and that needs no chunk; arrays that are made of their items take less than those that are pushed to.
 * Items are looked for by a probe: something that compares like an item.
 */

/** A full chunk is cut in two. */
const CHUNK_ITEMS = 128;

export class OrderedChunks<T extends P, P = T> {
  readonly #compare: Compare<P>;
  /** The item of a list that has one and never had more. */
  #only: T | undefined = undefined;
  #chunks: T[][] | undefined = undefined;
  #size = 0;

  /** `compare` is total: no two items of the list are equal. */
  constructor(compare: Compare<P>) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  first(): T | undefined {
    return this.#chunks === undefined ? this.#only : this.#chunks[0]?.[0];
  }

  last(): T | undefined {
    const chunks = this.#chunks;
    if (chunks === undefined) return this.#only;
    const chunk = chunks[chunks.length - 1]!;
    return chunk[chunk.length - 1];
  }

  find(probe: P): T | undefined {
    // Mostly it is the last one that is looked for, or one behind it.
    const last = this.last();
    if (last === undefined) return undefined;
    const side = this.#compare(last, probe);
    const chunks = this.#chunks;
    if (side <= 0 || chunks === undefined) return side === 0 ? last : undefined;
    const chunk = chunks[chunkFor(chunks, probe, this.#compare)]!; // the last item is after the probe
    const item = chunk[positionIn(chunk, probe, this.#compare)];
    return item !== undefined && this.#compare(item, probe) === 0 ? item : undefined;
  }

  insert(item: T): void {
    const compare = this.#compare;
    this.#size++;
    let chunks = this.#chunks;
    if (chunks === undefined) {
      const only = this.#only;
      if (only === undefined) this.#only = item;
      else {
        chunks = [compare(only, item) < 0 ? [only, item] : [item, only]];
        this.#chunks = chunks;
        this.#only = undefined;
      }
      return;
    }
    const lastChunk = chunks[chunks.length - 1]!;
    if (compare(lastChunk[lastChunk.length - 1]!, item) < 0) {
      if (lastChunk.length < CHUNK_ITEMS) lastChunk.push(item);
      else chunks.push([item]);
      return;
    }
    const at = chunkFor(chunks, item, compare);
    const chunk = chunks[at]!; // some chunk ends after the item
    chunk.splice(positionIn(chunk, item, compare), 0, item);
    if (chunk.length > CHUNK_ITEMS) chunks.splice(at + 1, 0, chunk.splice(CHUNK_ITEMS >> 1));
  }

  remove(item: P): void {
    const compare = this.#compare;
    const chunks = this.#chunks;
    if (chunks === undefined) {
      if (this.#only === undefined || compare(this.#only, item) !== 0) return;
      this.#only = undefined;
      this.#size = 0;
      return;
    }
    const at = chunkFor(chunks, item, compare);
    const chunk = chunks[at];
    if (chunk === undefined) return;
    const position = positionIn(chunk, item, compare);
    if (compare(chunk[position]!, item) !== 0) return;
    this.#size--;
    if (this.#size === 0) this.#chunks = undefined;
    else if (chunk.length === 1) chunks.splice(at, 1);
    else if (position === chunk.length - 1) chunk.pop();
    else chunk.splice(position, 1);
  }

  /** Items from `from` to `to`, both inclusive, in order. */
  between(from: P, to: P): T[] {
    const compare = this.#compare;
    const chunks = this.#chunks;
    if (chunks === undefined) {
      const only = this.#only;
      const isBetween = only !== undefined && compare(only, from) >= 0 && compare(only, to) <= 0;
      return isBetween ? [only] : [];
    }
    const found: T[] = [];
    let at = chunkFor(chunks, from, compare);
    const start = chunks[at];
    if (start === undefined) return found;
    let position = positionIn(start, from, compare);
    for (; at < chunks.length; at++, position = 0) {
      const chunk = chunks[at]!;
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
    const compare = this.#compare;
    const chunks = this.#chunks;
    if (chunks === undefined) {
      const only = this.#only;
      return only !== undefined && compare(only, probe) > 0 ? only : undefined;
    }
    let at = chunkFor(chunks, probe, compare);
    let chunk = chunks[at];
    if (chunk === undefined) return undefined;
    let position = positionIn(chunk, probe, compare);
    if (compare(chunk[position]!, probe) === 0) position++;
    if (position === chunk.length) {
      at++;
      position = 0;
      chunk = chunks[at];
    }
    return chunk?.[position];
  }

  /** The last item that is not after `probe`. */
  floor(probe: P): T | undefined {
    const compare = this.#compare;
    const chunks = this.#chunks;
    if (chunks === undefined) {
      const only = this.#only;
      return only !== undefined && compare(only, probe) <= 0 ? only : undefined;
    }
    const at = chunkFor(chunks, probe, compare);
    const chunk = chunks[at];
    if (chunk !== undefined) {
      const position = positionIn(chunk, probe, compare);
      if (compare(chunk[position]!, probe) === 0) return chunk[position];
      if (position > 0) return chunk[position - 1];
    }
    return chunks[at - 1]?.at(-1);
  }

  /** All items, in order. */
  *[Symbol.iterator](): Generator<T> {
    if (this.#only !== undefined) yield this.#only;
    if (this.#chunks !== undefined) for (const chunk of this.#chunks) yield* chunk;
  }
}

type Compare<P> = (item: P, probe: P) => number;

/** Index of the first chunk that ends at `probe` or after it; the number of chunks when there is none. */
function chunkFor<P>(chunks: readonly (readonly P[])[], probe: P, compare: Compare<P>): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const chunk = chunks[middle]!;
    if (compare(chunk[chunk.length - 1]!, probe) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first item of the chunk that is not before `probe`. */
function positionIn<P>(chunk: readonly P[], probe: P, compare: Compare<P>): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(chunk[middle]!, probe) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
