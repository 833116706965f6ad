/** The serdes that a command line can name, and how their values look as text. */
import { StreamsError } from '../../errors.js';
import type { Serde } from '../../serde/serde.js';
import { Serdes } from '../../serde/serdes.js';

export const SERDE_NAMES = [
  'string',
  'json',
  'long',
  'integer',
  'short',
  'double',
  'float',
  'boolean',
  'uuid',
  'hex',
] as const;
export type SerdeName = (typeof SERDE_NAMES)[number];

/** Bytes of a record to text and JSON, and back. */
export interface TextSerde {
  readonly name: SerdeName;
  /** What JSON shows. Throws for bytes that are not such a value. */
  value(bytes: Uint8Array, topic: string): unknown;
  text(value: unknown): string;
  /** Throws for a text that is not such a value. */
  bytes(text: string, topic: string): Uint8Array;
}

export function textSerde(name: SerdeName): TextSerde {
  switch (name) {
    case 'string':
      return made(name, Serdes.string(), String, (text) => text);
    case 'json':
      return made(
        name,
        Serdes.json(),
        (value) => JSON.stringify(value),
        (text) => JSON.parse(text) as unknown,
      );
    case 'long':
      return longSerde();
    case 'integer':
      return made(name, Serdes.integer(), String, numberOf);
    case 'short':
      return made(name, Serdes.short(), String, numberOf);
    case 'double':
      return made(name, Serdes.double(), String, numberOf);
    case 'float':
      return made(name, Serdes.float(), String, numberOf);
    case 'boolean':
      return made(name, Serdes.boolean(), String, booleanOf);
    case 'uuid':
      return made(name, Serdes.uuid(), String, (text) => text);
    case 'hex':
      return hexSerde();
  }
}

function made<T>(
  name: SerdeName,
  serde: Serde<T>,
  text: (value: T) => string,
  parse: (text: string) => T,
): TextSerde {
  return {
    name,
    value: (bytes, topic) => serde.deserialize(bytes, topic),
    text: (value) => text(value as T), // `value` came out of this serde
    bytes: (line, topic) => serde.serialize(parse(line), topic),
  };
}

/** Java's long: beyond 2^53 JSON gets the digits as text, because a number would lose some. */
function longSerde(): TextSerde {
  const serde = Serdes.bigint();
  const number53 = Serdes.long();
  return {
    name: 'long',
    value: (bytes, topic) => {
      if (bytes.length !== 8) return number53.deserialize(bytes, topic); // Its error calls the type a long.
      const value = serde.deserialize(bytes, topic);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : String(value);
    },
    text: String,
    bytes: (text, topic) => {
      if (!/^[+-]?\d+$/.test(text)) throw notA('a whole number', text);
      return serde.serialize(BigInt(text), topic);
    },
  };
}

function hexSerde(): TextSerde {
  return {
    name: 'hex',
    value: (bytes) => Buffer.from(bytes).toString('hex'),
    text: String,
    bytes: (text) => {
      if (!/^(?:[\da-f]{2})*$/i.test(text)) throw notA('pairs of hexadecimal digits', text);
      return Buffer.from(text, 'hex');
    },
  };
}

function numberOf(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value) && text !== 'NaN') throw notA('a number', text);
  return value;
}

function booleanOf(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw notA('true or false', text);
}

function notA(what: string, text: string): StreamsError {
  return new StreamsError('SERIALIZE_FAILED', `'${text}' is not ${what}.`);
}
