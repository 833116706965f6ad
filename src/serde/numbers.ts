/**
 * The serdes of fixed width: numbers big-endian as Java writes them, booleans as one byte. A value that does not
 * fit is refused; bytes of another length are refused on the way back.
 */
import { readInt64 } from '../env/bytes.js';
import { fastSerde, type FastSerde } from './define-serde.js';
import { deserializeFailed, serializeFailed, shown, shownBytes } from './serde-errors.js';

const INT64_BITS = 64;

export const INTEGER: FastSerde<number> = fastSerde(
  'integer',
  true,
  4,
  (value, writer) => {
    if ((value | 0) !== value)
      throw notA(
        'integer',
        value,
        'a whole number between -2^31 and 2^31 - 1. Serdes.long() takes larger ones',
      );
    writer.int32(value);
  },
  (buffer, start, end) => {
    if (end - start !== 4) throw notSize('integer', 4, buffer, start, end);
    return (
      (buffer[start]! << 24) |
      (buffer[start + 1]! << 16) |
      (buffer[start + 2]! << 8) |
      buffer[start + 3]!
    );
  },
);

export const LONG: FastSerde<number> = fastSerde(
  'long',
  true,
  8,
  (value, writer) => writer.int64(value),
  (buffer, start, end) => {
    if (end - start !== 8) throw notSize('long', 8, buffer, start, end);
    const value = readInt64(buffer, start);
    if (!Number.isSafeInteger(value)) {
      throw deserializeFailed(
        `the long ${buffer.readBigInt64BE(start)} is beyond 2^53 and would lose digits as a number. Use Serdes.bigint().`,
      );
    }
    return value;
  },
);

export const BIGINT: FastSerde<bigint> = fastSerde(
  'bigint',
  true,
  8,
  (value, writer) => {
    if (typeof value !== 'bigint' || BigInt.asIntN(INT64_BITS, value) !== value)
      throw notA('bigint', value, 'a bigint between -2^63 and 2^63 - 1');
    const at = writer.reserve(8);
    writer.buffer.writeBigInt64BE(value, at);
    writer.advance(8);
  },
  (buffer, start, end) => {
    if (end - start !== 8) throw notSize('bigint', 8, buffer, start, end);
    return buffer.readBigInt64BE(start);
  },
);

export const SHORT: FastSerde<number> = fastSerde(
  'short',
  true,
  2,
  (value, writer) => {
    if ((value << 16) >> 16 !== value)
      throw notA('short', value, 'a whole number between -32768 and 32767');
    const at = writer.reserve(2);
    writer.buffer[at] = value >>> 8;
    writer.buffer[at + 1] = value;
    writer.advance(2);
  },
  (buffer, start, end) => {
    if (end - start !== 2) throw notSize('short', 2, buffer, start, end);
    return buffer.readInt16BE(start);
  },
);

export const FLOAT: FastSerde<number> = fastSerde(
  'float',
  true,
  4,
  (value, writer) => {
    if (
      typeof value !== 'number' ||
      (Number.isFinite(value) && !Number.isFinite(Math.fround(value)))
    ) {
      throw notA(
        'float',
        value,
        'a number within the range of 32-bit floats. Serdes.double() takes all',
      );
    }
    const at = writer.reserve(4);
    writer.buffer.writeFloatBE(value, at);
    writer.advance(4);
  },
  (buffer, start, end) => {
    if (end - start !== 4) throw notSize('float', 4, buffer, start, end);
    return buffer.readFloatBE(start);
  },
);

export const DOUBLE: FastSerde<number> = fastSerde(
  'double',
  true,
  8,
  (value, writer) => {
    if (typeof value !== 'number') throw notA('double', value, 'a number');
    writer.float64(value);
  },
  (buffer, start, end) => {
    if (end - start !== 8) throw notSize('double', 8, buffer, start, end);
    return buffer.readDoubleBE(start);
  },
);

export const BOOLEAN: FastSerde<boolean> = fastSerde(
  'boolean',
  true,
  1,
  (value, writer) => {
    if (typeof value !== 'boolean') throw notA('boolean', value, 'true or false');
    writer.uint8(value ? 1 : 0);
  },
  (buffer, start, end) => {
    if (end - start !== 1) throw notSize('boolean', 1, buffer, start, end);
    const byte = buffer[start]!;
    if (byte > 1) throw deserializeFailed(`boolean expects the byte 0 or 1, got ${byte}.`);
    return byte === 1;
  },
);

function notA(name: string, value: unknown, expected: string): Error {
  return serializeFailed(`${name} got ${shown(value)} instead of ${expected}.`);
}

function notSize(name: string, bytes: number, buffer: Buffer, start: number, end: number): Error {
  return deserializeFailed(
    `${name} expects ${bytes} ${bytes === 1 ? 'byte' : 'bytes'}, got ${shownBytes(buffer, start, end)}. Was the topic written with another serde?`,
  );
}
