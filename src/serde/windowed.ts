/**
 * Keys of windowed tables, and their bytes in topics:
 *
 *     time window       key | int64 start                  the size is not in the bytes: the reader must know it
 *     session window    key | int64 end | int64 start
 *
 * Stores use the same session layout and a longer one for time windows (with a sequence number); that is their business.
 */
import { readInt64 } from '../env/bytes.js';
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import { composedSerde, deserializeFrom, serializeTo } from './define-serde.js';
import type { ByteWriter, Serde } from './serde.js';
import { deserializeFailed, serializeFailed, shown, shownBytes } from './serde-errors.js';

/** Milliseconds since the epoch. A time window is [start, end), a session window [start, end]. */
export interface Window {
  readonly start: number;
  readonly end: number;
}

/** The key of a windowed table. */
export interface Windowed<K> {
  readonly key: K;
  readonly window: Window;
}

export const TIME_WINDOW_BYTES = 8;
export const SESSION_WINDOW_BYTES = 16;

/** A serde of windowed keys. Without a partitioner of their own, sinks choose the partition by the bytes of the base key alone. */
export interface WindowedSerde<K> extends Serde<Windowed<K>> {
  readonly inner: Serde<K>;
  /** Bytes of the window at the end of a serialized key: what a partitioner leaves out. */
  readonly windowBytes: number;
}

/** Bytes at the end of a serialized key that are not part of the base key: 0 for every serde but the windowed ones. */
export function windowBytesOf<K>(serde: Serde<K>): number {
  return 'windowBytes' in serde && typeof serde.windowBytes === 'number' ? serde.windowBytes : 0;
}

export function timeWindowedSerde<K>(inner: Serde<K>, size: Duration): WindowedSerde<K> {
  const sizeMs = durationMs(size, 'timeWindowed size');
  if (sizeMs === 0)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      'timeWindowed size: a window must be larger than 0 ms.',
    );
  return windowedSerde(
    `timeWindowed(${inner.name ?? 'custom'})`,
    inner,
    TIME_WINDOW_BYTES,
    (window, writer) => writer.int64(window.start),
    (buffer, at) => {
      const start = readTime(buffer, at);
      return { start, end: Math.min(start + sizeMs, Number.MAX_SAFE_INTEGER) };
    },
  );
}

export function sessionWindowedSerde<K>(inner: Serde<K>): WindowedSerde<K> {
  return windowedSerde(
    `sessionWindowed(${inner.name ?? 'custom'})`,
    inner,
    SESSION_WINDOW_BYTES,
    (window, writer) => {
      writer.int64(window.end);
      writer.int64(window.start);
    },
    (buffer, at) => ({ start: readTime(buffer, at + 8), end: readTime(buffer, at) }),
  );
}

function windowedSerde<K>(
  name: string,
  inner: Serde<K>,
  windowBytes: number,
  writeWindow: (window: Window, writer: ByteWriter) => void,
  readWindow: (buffer: Buffer, at: number) => Window,
): WindowedSerde<K> {
  const serde = composedSerde<Windowed<K>, K>(name, inner, {
    encode(value, topic, writer) {
      if (value?.window === undefined)
        throw serializeFailed(
          `${name} got ${shown(value)} instead of { key, window: { start, end } }.`,
        );
      serializeTo(inner, value.key, topic, writer);
      writeWindow(value.window, writer);
    },
    decode(buffer, start, end, topic) {
      const keyEnd = end - windowBytes;
      if (keyEnd < start)
        throw deserializeFailed(
          `a ${name} key has at least ${windowBytes} bytes, got ${shownBytes(buffer, start, end)}.`,
        );
      return {
        key: deserializeFrom(inner, buffer, start, keyEnd, topic),
        window: readWindow(buffer, keyEnd),
      };
    },
  });
  return Object.freeze({ ...serde, inner, windowBytes });
}

function readTime(buffer: Buffer, at: number): number {
  const time = readInt64(buffer, at);
  if (!Number.isSafeInteger(time))
    throw deserializeFailed(`a window bound of ${buffer.readBigInt64BE(at)} ms is beyond 2^53.`);
  return time;
}
