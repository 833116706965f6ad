/**
 * Changes of a table on their way through a repartition topic, in Java's bytes:
 *
 *     old value | 0                                     the key lost this value
 *     new value | 1                                     the key has this value
 *     varint length of new | new value | old value | 2  both
 *
 * 3, 4 and 5 are 0, 1 and 2 of a Java version that said whether the update is the latest, in one byte before them.
 */
import { StreamsError } from '../errors.js';
import { composedSerde, deserializeFrom, serializeTo } from '../serde/define-serde.js';
import type { ByteWriter, Serde } from '../serde/serde.js';
import { Change } from './change.js';

const OLD = 0;
const NEW = 1;
const BOTH = 2;
/** Added to the three by those who write whether the update is the latest. */
const WITH_LATEST = 3;

export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  return composedSerde<Change<V>, V>(`change(${inner.name ?? 'custom'})`, inner, {
    encode(change, topic, writer) {
      const { newValue, oldValue } = change;
      if (newValue !== null && oldValue !== null) {
        const bytes = inner.serialize(newValue, topic);
        writeVarint(writer, bytes.length);
        writer.bytes(bytes);
        serializeTo(inner, oldValue, topic, writer);
        writer.uint8(BOTH);
        return;
      }
      const value = newValue ?? oldValue;
      if (value === null)
        throw new StreamsError(
          'SERIALIZE_FAILED',
          'A change without new and old value says nothing and has no bytes.',
        );
      serializeTo(inner, value, topic, writer);
      writer.uint8(newValue === null ? OLD : NEW);
    },
    decode: (buffer, start, end, topic) => decode(inner, buffer, start, end, topic),
  });
}

function decode<V>(
  inner: Serde<V>,
  buffer: Buffer,
  start: number,
  end: number,
  topic: string,
): Change<V> {
  const kind = end > start ? buffer[end - 1]! : -1;
  const marked = kind >= WITH_LATEST;
  const isLatest = !marked || buffer[end - 2] === 1;
  const dataEnd = end - (marked ? 2 : 1);
  const read = (from: number, to: number): V => deserializeFrom(inner, buffer, from, to, topic);
  if (dataEnd >= start)
    switch (marked ? kind - WITH_LATEST : kind) {
      case OLD:
        return new Change<V>(null, read(start, dataEnd), isLatest);
      case NEW:
        return new Change<V>(read(start, dataEnd), null, isLatest);
      case BOTH: {
        const [length, at] = readVarint(buffer, start, dataEnd);
        if (length >= 0 && at + length <= dataEnd)
          return new Change<V>(read(at, at + length), read(at + length, dataEnd), isLatest);
      }
    }
  throw new StreamsError(
    'DESERIALIZE_FAILED',
    `${end - start} bytes that end with ${kind} are no change of a table. Was the repartition topic written by something else?`,
  );
}

/** Zigzag, as in Kafka's records; lengths are never negative. */
function writeVarint(writer: ByteWriter, value: number): void {
  let rest = value * 2;
  while (rest >= 0x80) {
    writer.uint8((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  writer.uint8(rest);
}

/** The value and where it ends; -1 for bytes that are none. */
function readVarint(buffer: Buffer, start: number, end: number): [value: number, at: number] {
  let value = 0;
  let scale = 1;
  for (let at = start; at < end && at < start + 5; at++) {
    const byte = buffer[at]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value / 2, at + 1];
    scale *= 0x80;
  }
  return [-1, end];
}
