/** A line of text into a record: headers, key, value, as Kafka's console producer reads them. */
import { StreamsError } from '../../errors.js';
import type { RecordHeader } from '../../log/client.js';
import type { BatchRecord } from '../../log/producer.js';
import { textSerde, type SerdeName, type TextSerde } from './record-serdes.js';

export interface LineFormat {
  readonly topic: string;
  /** Between key and value; undefined: there are no keys. */
  readonly keySeparator: string | undefined;
  /** Lines begin with `NAME:VALUE,NAME:VALUE` and a tab. */
  readonly headers: boolean;
  /** A key or value that is this text is null. */
  readonly nullMarker: string | undefined;
  readonly keySerde: SerdeName;
  readonly valueSerde: SerdeName;
  readonly partition: number | undefined;
  readonly timestamp: number | undefined;
}

export class LineParser {
  readonly #format: LineFormat;
  readonly #separator: Buffer | undefined;
  readonly #nullMarker: Buffer | undefined;
  readonly #key: TextSerde;
  readonly #value: TextSerde;
  /** What is the same for every record. */
  readonly #fixed: { readonly partition?: number; readonly timestamp?: number };

  constructor(format: LineFormat) {
    const { keySeparator, nullMarker, partition, timestamp } = format;
    this.#format = format;
    this.#separator = keySeparator === undefined ? undefined : Buffer.from(keySeparator);
    this.#nullMarker = nullMarker === undefined ? undefined : Buffer.from(nullMarker);
    this.#key = textSerde(format.keySerde);
    this.#value = textSerde(format.valueSerde);
    this.#fixed = {
      ...(partition === undefined ? {} : { partition }),
      ...(timestamp === undefined ? {} : { timestamp }),
    };
  }

  /** `number` is for errors. */
  record(line: Buffer, number: number): BatchRecord<Uint8Array, Uint8Array> {
    let rest = line;
    let headers: RecordHeader[] | undefined;
    if (this.#format.headers) {
      const end = rest.indexOf(0x09);
      if (end < 0) throw badLine(number, 'it has no tab behind its headers.');
      headers = parseHeaders(rest.toString('utf8', 0, end), number);
      rest = rest.subarray(end + 1);
    }
    let key: Uint8Array | null = null;
    const separator = this.#separator;
    if (separator !== undefined) {
      const at = rest.indexOf(separator);
      if (at < 0) throw badLine(number, `it has no key separator '${this.#format.keySeparator}'.`);
      key = this.#bytes(rest.subarray(0, at), this.#key, 'key', number);
      rest = rest.subarray(at + separator.length);
    }
    const value = this.#bytes(rest, this.#value, 'value', number);
    return { key, value, ...(headers === undefined ? {} : { headers }), ...this.#fixed };
  }

  #bytes(text: Buffer, serde: TextSerde, part: string, number: number): Uint8Array | null {
    if (this.#nullMarker?.equals(text) === true) return null;
    if (serde.name === 'string') return text; // Text goes as it is, also what is not UTF-8.
    try {
      return serde.bytes(text.toString('utf8'), this.#format.topic);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StreamsError(
        'SERIALIZE_FAILED',
        `Line ${number}: its ${part} cannot be written as ${serde.name}: ${why}`,
        { topic: this.#format.topic, cause },
      );
    }
  }
}

function parseHeaders(text: string, number: number): RecordHeader[] {
  if (text === '') return [];
  return text.split(',').map((pair) => {
    const at = pair.indexOf(':');
    if (at <= 0) throw badLine(number, `the header '${pair}' is not NAME:VALUE.`);
    return { key: pair.slice(0, at), value: Buffer.from(pair.slice(at + 1)) };
  });
}

function badLine(number: number, what: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `Line ${number}: ${what} The lines before it were sent, this one and those behind it were not.`,
  );
}
