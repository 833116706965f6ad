/**
 * One way to make a serde: from its fast paths (`write`, `read`), or from the plain pair of functions a user has.
 * And one way to call it: `serializeTo` and `deserializeFrom` take the fast path when there is one.
 */
import { asBuffer } from '../env/bytes.js';
import { StreamsError } from '../errors.js';
import { GrowableByteWriter } from './byte-writer.js';
import type { ByteWriter, Serde } from './serde.js';
import { serializeFailed, shown } from './serde-errors.js';

export interface FastSerde<T> extends Serde<T> {
  readonly write: (value: T, writer: ByteWriter) => void;
  readonly read: (buffer: Buffer, start: number, end: number) => T;
  readonly name: string;
}

/** A serde whose plain calls are derived from its fast paths. `bytes` is the usual size of a value. */
export function fastSerde<T>(
  name: string,
  immutable: boolean,
  bytes: number,
  write: (value: T, writer: ByteWriter) => void,
  read: (buffer: Buffer, start: number, end: number) => T,
): FastSerde<T> {
  return Object.freeze({
    name,
    immutable,
    write,
    read,
    serialize(value: T): Uint8Array {
      const writer = new GrowableByteWriter(bytes);
      write(value, writer);
      return writer.buffer.subarray(0, writer.length);
    },
    deserialize(source: Uint8Array): T {
      return read(asBuffer(source), 0, source.length);
    },
  });
}

/** How a serde around another one (a list, a windowed key) turns values into bytes and back. */
export interface Composition<T> {
  readonly encode: (value: T, topic: string, writer: ByteWriter) => void;
  readonly decode: (buffer: Buffer, start: number, end: number, topic: string) => T;
}

/** A serde around `inner`: it has fast paths when `inner` has them; else `inner` is called with the topic, as it may look at it. */
export function composedSerde<T, I>(
  name: string,
  inner: Serde<I>,
  composition: Composition<T>,
): Serde<T> {
  const { encode, decode } = composition;
  if (inner.write !== undefined && inner.read !== undefined) {
    return fastSerde(
      name,
      false,
      64,
      (value: T, writer) => encode(value, '', writer),
      (buffer, start, end) => decode(buffer, start, end, ''),
    );
  }
  return Object.freeze({
    name,
    immutable: false,
    serialize(value: T, topic: string): Uint8Array {
      const writer = new GrowableByteWriter();
      encode(value, topic, writer);
      return writer.buffer.subarray(0, writer.length);
    },
    deserialize: (bytes: Uint8Array, topic: string) =>
      decode(asBuffer(bytes), 0, bytes.length, topic),
  });
}

export interface CustomSerde<T> {
  readonly serialize: (value: T, topic: string) => Uint8Array;
  readonly deserialize: (bytes: Uint8Array, topic: string) => T;
  /** Values cannot be changed in place; stores may then keep them decoded. Default false. */
  readonly immutable?: boolean;
  /** For error messages. Default `custom`. */
  readonly name?: string;
}

/** A serde from two functions of the user. */
export function customSerde<T>(options: CustomSerde<T>): Serde<T> {
  const { serialize, deserialize, immutable = false, name = 'custom' } = options;
  if (typeof serialize !== 'function' || typeof deserialize !== 'function') {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      'Serdes.from: `serialize` and `deserialize` must both be functions.',
    );
  }
  return Object.freeze({
    name,
    immutable,
    serialize: (value: T, topic: string) => checkedBytes(serialize(value, topic), name),
    deserialize,
  });
}

/** Appends `value` to `writer`; the caller handles null before (null is no bytes). Throws what the serde throws. */
export function serializeTo<T>(serde: Serde<T>, value: T, topic: string, writer: ByteWriter): void {
  const write = serde.write;
  if (write !== undefined) write(value, writer);
  else writer.bytes(checkedBytes(serde.serialize(value, topic), serde.name ?? 'custom'));
}

/** The value in `buffer[start, end)`. Throws what the serde throws. */
export function deserializeFrom<T>(
  serde: Serde<T>,
  buffer: Buffer,
  start: number,
  end: number,
  topic: string,
): T {
  const read = serde.read;
  return read !== undefined
    ? read(buffer, start, end)
    : serde.deserialize(buffer.subarray(start, end), topic);
}

function checkedBytes(bytes: unknown, name: string): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw serializeFailed(
    `the serde '${name}' returned ${shown(bytes)} instead of a Uint8Array. A serde is synchronous; to delete a key, send null as value: it never reaches a serde.`,
  );
}
