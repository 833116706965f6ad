/** A reused buffer to serialize into, for bytes that somebody copies at once. Short results allocate nothing. */
import { GrowableByteWriter } from '../serde/byte-writer.js';
import type { ByteWriter, Serde } from '../serde/serde.js';

/** Views up to this length are kept. */
const KEPT_LENGTH_MAX = 256;

export class ScratchBytes {
  readonly #writer = new GrowableByteWriter(KEPT_LENGTH_MAX);
  #views: (Buffer | undefined)[] = [];
  #viewed: Buffer | undefined;

  /** The serialized value. Valid until the next call. */
  serialize<T>(serde: Serde<T>, value: T, topic: string): Uint8Array {
    if (serde.write === undefined) return serde.serialize(value, topic);
    serde.write(value, this.begin());
    return this.end();
  }

  /** For bytes made of several parts: append them to the writer, then call `end`. */
  begin(): ByteWriter {
    this.#writer.reset();
    return this.#writer;
  }

  /** What was written since `begin`. Valid until the next call. */
  end(): Uint8Array {
    const { buffer, length } = this.#writer;
    if (length > KEPT_LENGTH_MAX) return buffer.subarray(0, length);
    if (this.#viewed !== buffer) {
      this.#viewed = buffer;
      this.#views = new Array<Buffer | undefined>(KEPT_LENGTH_MAX + 1).fill(undefined);
    }
    return (this.#views[length] ??= buffer.subarray(0, length));
  }
}
