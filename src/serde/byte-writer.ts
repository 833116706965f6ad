/**
 * The growable buffer behind every serializer's fast path. One writer is made per owner (a task, a producer, a
 * store) and reused for all its records, so that encoding a value allocates nothing. It never shrinks; it knows
 * bytes and numbers, no serde and no topic.
 */
import { allocate, writeUtf8 } from '../env/bytes.js';
import type { ByteWriter } from './serde.js';
import { serializeFailed } from './serde-errors.js';

/** Short ASCII text is copied by a loop: below this length a call into the host costs more (measured). */
const ASCII_LOOP_LENGTH_MAX = 24;
/** Above this length the exact UTF-8 size is counted first instead of making room for the worst case. */
const WORST_CASE_LENGTH_MAX = 8192;
const UTF8_BYTES_PER_UNIT_MAX = 3;
const SMALL_COPY_BYTES = 24;

/** `ByteWriter` over memory of its own. */
export class GrowableByteWriter implements ByteWriter {
  buffer: Buffer;
  length = 0;

  constructor(initialBytes = 512) {
    this.buffer = allocate(Math.max(initialBytes, 16));
  }

  reset(): void {
    this.length = 0;
  }

  reserve(bytes: number): number {
    if (this.length + bytes > this.buffer.length) this.#grow(bytes);
    return this.length;
  }

  advance(bytes: number): void {
    this.length += bytes;
  }

  bytes(source: Uint8Array): void {
    const count = source.length;
    const at = this.reserve(count);
    const buffer = this.buffer;
    if (count <= SMALL_COPY_BYTES) for (let i = 0; i < count; i++) buffer[at + i] = source[i]!;
    else buffer.set(source, at);
    this.length = at + count;
  }

  utf8(text: string): void {
    const units = text.length;
    if (units <= ASCII_LOOP_LENGTH_MAX && this.#ascii(text, units)) return;
    const room =
      units <= WORST_CASE_LENGTH_MAX
        ? units * UTF8_BYTES_PER_UNIT_MAX
        : Buffer.byteLength(text, 'utf8');
    const at = this.reserve(room);
    this.length = at + writeUtf8(this.buffer, text, at);
  }

  uint8(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
    this.length = at + 1;
  }

  int32(value: number): void {
    const at = this.reserve(4);
    putInt32(this.buffer, value, at);
    this.length = at + 4;
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw serializeFailed(
        `${String(value)} is not a whole number between -(2^53 - 1) and 2^53 - 1. Use Serdes.bigint() for larger numbers, Serdes.double() for fractions.`,
      );
    }
    const at = this.reserve(8);
    putInt32(this.buffer, Math.floor(value / 4_294_967_296), at);
    putInt32(this.buffer, value >>> 0, at + 4);
    this.length = at + 8;
  }

  float64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleBE(value, at);
    this.length = at + 8;
  }

  /** Copies the text when all of it is ASCII; otherwise leaves the length as it was and returns false. */
  #ascii(text: string, units: number): boolean {
    const at = this.reserve(units);
    const buffer = this.buffer;
    for (let i = 0; i < units; i++) {
      const code = text.charCodeAt(i);
      if (code > 127) return false;
      buffer[at + i] = code;
    }
    this.length = at + units;
    return true;
  }

  #grow(bytes: number): void {
    const grown = allocate(Math.max(this.buffer.length * 2, this.length + bytes));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }
}

function putInt32(buffer: Buffer, value: number, at: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}
