/**
 * The two failures of a serde, and how a value is shown in their messages. The caller that knows topic, partition
 * and offset adds them; a serde only knows the value.
 */
import { StreamsError } from '../errors.js';

const SHOWN_LENGTH_MAX = 80;
const SHOWN_BYTES_MAX = 16;

export function serializeFailed(what: string, cause?: unknown): StreamsError {
  return new StreamsError('SERIALIZE_FAILED', `Cannot serialize: ${what}`, { cause });
}

export function deserializeFailed(what: string, cause?: unknown): StreamsError {
  return new StreamsError('DESERIALIZE_FAILED', `Cannot deserialize: ${what}`, { cause });
}

/** Where bytes are made: null is no bytes, and undefined is neither a value nor null. */
export function undefinedRefused(
  part: 'key' | 'value',
  where: { readonly topic: string } | { readonly store: string },
): StreamsError {
  const place = 'topic' in where ? `for topic ${where.topic}` : `for store ${where.store}`;
  const advice = part === 'value' ? 'null deletes.' : 'null is no key.';
  return new StreamsError(
    'SERIALIZE_FAILED',
    `The ${part} ${place} is undefined. Did a function forget to return? ${advice}`,
    where,
  );
}

/** A value for a message: its type and the beginning of its text. Never throws. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `the string ${JSON.stringify(shortened(value))}`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return `the ${typeof value} ${value}`;
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The beginning of a byte range in hex, for a message. */
export function shownBytes(buffer: Buffer, start: number, end: number): string {
  const hex = buffer.toString('hex', start, Math.min(end, start + SHOWN_BYTES_MAX));
  return `${end - start} ${end - start === 1 ? 'byte' : 'bytes'}${end === start ? '' : ` (${hex}${end - start > SHOWN_BYTES_MAX ? '...' : ''})`}`;
}

export function shortened(text: string): string {
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text;
}

/** What was thrown, as text. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
