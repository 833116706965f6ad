/** A reused buffer to serialize into, for bytes that somebody copies at once. Short results allocate nothing. */
import { GrowableByteWriter } from '../serde/byte-writer.js';
import type { Serde } from '../serde/serde.js';

/** Views up to this length are kept. */
const KEPT_LENGTH_MAX = 256;

export class ScratchBytes {
  readonly #writer = new GrowableByteWriter(KEPT_LENGTH_MAX);
  #views: (Buffer | undefined)[] = [];
  #viewed: Buffer | undefined;

  /** The serialized value. Valid until the next call. */
  serialize<T>(serde: Serde<T>, value: T, topic: string): Uint8Array {
    if (serde.write === undefined) return serde.serialize(value, topic);
    const writer = this.#writer;
    writer.reset();
    serde.write(value, writer);
    const { buffer, length } = writer;
    if (length > KEPT_LENGTH_MAX) return buffer.subarray(0, length);
    if (this.#viewed !== buffer) {
      this.#viewed = buffer;
      this.#views = new Array<Buffer | undefined>(KEPT_LENGTH_MAX + 1).fill(undefined);
    }
    return (this.#views[length] ??= buffer.subarray(0, length));
  }
}
