/**
 * The last offset of every key in a range of the log, in one piece of memory whose size does not depend on the keys:
 *
 *     slot     16 bytes digest of the key | int64 offset + 1 (0: the slot is free)
 *
 * Open addressing, probed one by one. When it is full, the range ends there and the next pass goes on behind it.
 */
import { allocate, readInt64, writeInt64 } from '../../../env/bytes.js';
import { DIGEST_BYTES, writeDigest } from '../../../env/key-digest.js';
import { assert } from '../../../errors.js';
import { murmur2 } from '../../murmur2.js';

const SLOT_BYTES = DIGEST_BYTES + 8;
/** Kafka's log.cleaner.io.buffer.load.factor. */
const LOAD_FACTOR = 0.9;

/** Memory in which so many keys have room. */
export const bytesForKeys = (keys: number): number =>
  (Math.ceil(keys / LOAD_FACTOR) + 1) * SLOT_BYTES;

export class OffsetMap {
  /** Keys so far. */
  size = 0;
  /** Offsets above this are not in the map. */
  latestOffset: number;
  readonly #slots: number;
  readonly #sizeMax: number;
  readonly #memory: Buffer;
  readonly #digest = allocate(DIGEST_BYTES);

  /** An empty map for offsets above `latestOffset`. */
  constructor(bytes: number, latestOffset: number) {
    this.#slots = Math.max(2, Math.floor(bytes / SLOT_BYTES));
    this.#sizeMax = Math.max(1, Math.floor(this.#slots * LOAD_FACTOR));
    this.#memory = Buffer.alloc(this.#slots * SLOT_BYTES);
    this.latestOffset = latestOffset;
  }

  /** No key that is not in it has room. */
  get full(): boolean {
    return this.size >= this.#sizeMax;
  }

  /** The last offset of the key, or -1. */
  get(key: Uint8Array, start: number, end: number): number {
    return readInt64(this.#memory, this.#find(key, start, end) + DIGEST_BYTES) - 1;
  }

  /** Offsets ascend from call to call. The map must not be full. */
  put(key: Uint8Array, start: number, end: number, offset: number): void {
    assert(!this.full, 'a full map takes no key');
    const at = this.#find(key, start, end);
    if (readInt64(this.#memory, at + DIGEST_BYTES) === 0) {
      this.#digest.copy(this.#memory, at);
      this.size++;
    }
    writeInt64(this.#memory, offset + 1, at + DIGEST_BYTES);
    this.latestOffset = offset;
  }

  /** Where the key's slot is, or the free one that it would get. Leaves the key's digest behind. */
  #find(key: Uint8Array, start: number, end: number): number {
    const digest = this.#digest;
    writeDigest(key, start, end, digest, 0);
    let slot = (murmur2(digest, 0, DIGEST_BYTES) >>> 0) % this.#slots;
    for (;;) {
      const at = slot * SLOT_BYTES;
      if (
        readInt64(this.#memory, at + DIGEST_BYTES) === 0 ||
        this.#memory.compare(digest, 0, DIGEST_BYTES, at, at + DIGEST_BYTES) === 0
      )
        return at;
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
  }
}
