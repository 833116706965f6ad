/**
 * The serdes of text and raw bytes. Text is UTF-8; half a surrogate pair, which has no UTF-8, becomes U+FFFD when
 * written, and so do malformed bytes when read, always. UUIDs are their 36 characters, as Kafka writes them.
 */
import { asBuffer, readLatin1, readUtf8 } from '../env/bytes.js';
import { fastSerde, type FastSerde } from './define-serde.js';
import type { Serde } from './serde.js';
import { deserializeFailed, serializeFailed, shown, shownBytes } from './serde-errors.js';

const UUID_BYTES = 36;
const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const STRING: FastSerde<string> = fastSerde(
  'string',
  true,
  64,
  (value, writer) => {
    if (typeof value !== 'string')
      throw serializeFailed(
        `string got ${shown(value)} instead of a string. Convert it, or give the serde of its type.`,
      );
    writer.utf8(value);
  },
  readUtf8,
);

export const UUID: FastSerde<string> = fastSerde(
  'uuid',
  true,
  UUID_BYTES,
  (value, writer) => {
    const text = typeof value === 'string' ? value.toLowerCase() : '';
    if (!UUID_TEXT.test(text))
      throw serializeFailed(
        `uuid got ${shown(value)} instead of a string like '123e4567-e89b-12d3-a456-426614174000'.`,
      );
    writer.utf8(text);
  },
  (buffer, start, end) => {
    const text = end - start === UUID_BYTES ? readLatin1(buffer, start, end).toLowerCase() : '';
    if (!UUID_TEXT.test(text))
      throw deserializeFailed(
        `uuid expects the 36 characters of a UUID, got ${shownBytes(buffer, start, end)}.`,
      );
    return text;
  },
);

/** Bytes as they are. What `read` returns is a view of the log's memory. */
export const BYTES: Serde<Uint8Array> = Object.freeze({
  name: 'bytes',
  immutable: false,
  serialize: requireBytes,
  deserialize: (bytes: Uint8Array) => bytes,
  write: (value, writer) => writer.bytes(requireBytes(value)),
  read: (buffer, start, end) =>
    start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end),
} satisfies Serde<Uint8Array>);

/** Keys or values that are always null. */
export const VOID: Serde<null> = Object.freeze({
  name: 'void',
  immutable: true,
  serialize(value: null): Uint8Array {
    throw serializeFailed(`void got ${shown(value)} instead of null.`);
  },
  deserialize(bytes: Uint8Array): null {
    throw deserializeFailed(
      `void expects null, got ${shownBytes(asBuffer(bytes), 0, bytes.length)}.`,
    );
  },
} satisfies Serde<null>);

function requireBytes(value: Uint8Array): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw serializeFailed(`bytes got ${shown(value)} instead of a Uint8Array.`);
  return value;
}
