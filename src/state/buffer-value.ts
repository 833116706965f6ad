/**
 * What a time-ordered buffer keeps of a record, and its bytes in the changelog (Kafka's version 3):
 *
 *     int64 timestamp | int64 offset | int32 length, topic | int32 partition |
 *     int32 count, (int32 length, header key | int32 length, header value) * |
 *     prior value | old value | new value         each int32 length, bytes; -1: null, -2: the same as the prior value
 */
import { readInt64, readUtf8 } from '../env/bytes.js';
import type { RecordHeader } from '../log/client.js';
import type { ByteWriter } from '../serde/serde.js';
import type { BufferedContext } from './operator-stores.js';
import type { Sized } from './row-layers.js';

const NULL_VALUE = -1;
const SAME_AS_PRIOR = -2;

export class BufferValue implements Sized {
  /** What downstream has seen: the old value of the first update that is buffered. */
  readonly prior: Buffer | null;
  readonly old: Buffer | null;
  readonly new: Buffer | null;
  readonly context: BufferedContext;
  /** As Kafka estimates it. */
  readonly sizeBytes: number;

  constructor(
    prior: Buffer | null,
    old: Buffer | null,
    newValue: Buffer | null,
    context: BufferedContext,
  ) {
    this.prior = prior;
    this.old = old;
    this.new = newValue;
    this.context = context;
    this.sizeBytes =
      (prior?.length ?? 0) +
      (isSame(prior, old) ? 0 : (old?.length ?? 0)) +
      (newValue?.length ?? 0) +
      contextBytes(context);
  }

  write(writer: ByteWriter): void {
    writeContext(writer, this.context);
    writeValue(writer, this.prior);
    if (this.old !== null && isSame(this.prior, this.old)) writer.int32(SAME_AS_PRIOR);
    else writeValue(writer, this.old);
    writeValue(writer, this.new);
  }

  /** Reads what `write` wrote; the buffer time stands behind it. */
  static read(bytes: Buffer): { readonly value: BufferValue; readonly end: number } {
    const reader = new Reader(bytes);
    const context = reader.context();
    const prior = reader.value(null);
    const old = reader.value(prior);
    const newValue = reader.value(null);
    return { value: new BufferValue(prior, old, newValue, context), end: reader.at };
  }
}

const isSame = (left: Buffer | null, right: Buffer | null): boolean =>
  left === right || (left !== null && right !== null && left.equals(right));

function contextBytes({ topic, headers }: BufferedContext): number {
  let bytes = 8 + 8 + topic.length + 4;
  for (const { key, value } of headers) bytes += key.length + (value?.length ?? 0);
  return bytes;
}

function writeContext(writer: ByteWriter, context: BufferedContext): void {
  writer.int64(context.timestamp);
  writer.int64(context.offset);
  writeText(writer, context.topic);
  writer.int32(context.partition);
  writer.int32(context.headers.length);
  for (const { key, value } of context.headers) {
    writeText(writer, key);
    writeValue(writer, value);
  }
}

function writeText(writer: ByteWriter, text: string): void {
  writer.int32(Buffer.byteLength(text, 'utf8'));
  writer.utf8(text);
}

function writeValue(writer: ByteWriter, value: Uint8Array | null): void {
  writer.int32(value === null ? NULL_VALUE : value.length);
  if (value !== null) writer.bytes(value);
}

class Reader {
  readonly #bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  context(): BufferedContext {
    const timestamp = this.#int64();
    const offset = this.#int64();
    const topic = this.#text();
    const partition = this.#int32();
    const headers: RecordHeader[] = [];
    for (let left = this.#int32(); left > 0; left--) {
      headers.push({ key: this.#text(), value: this.value(null) });
    }
    return { timestamp, offset, topic, partition, headers };
  }

  value(prior: Buffer | null): Buffer | null {
    const length = this.#int32();
    if (length === SAME_AS_PRIOR) return prior;
    if (length === NULL_VALUE) return null;
    const value = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return value;
  }

  #text(): string {
    const length = this.#int32();
    const text = readUtf8(this.#bytes, this.at, this.at + length);
    this.at += length;
    return text;
  }

  #int32(): number {
    const value = this.#bytes.readInt32BE(this.at);
    this.at += 4;
    return value;
  }

  #int64(): number {
    const value = readInt64(this.#bytes, this.at);
    this.at += 8;
    return value;
  }
}
