/** How consume shows a record: fields with a separator between them, or a line of JSON. */
import { StreamsError } from '../../errors.js';
import type { RecordHeader } from '../../log/client.js';
import type { RecordCursor } from '../../log/record-cursor.js';
import { didYouMean } from '../../nearest-name.js';
import { UsageError } from '../command.js';
import { textSerde, type SerdeName, type TextSerde } from './record-serdes.js';

export const FIELDS = [
  'key',
  'value',
  'timestamp',
  'topic',
  'partition',
  'offset',
  'headers',
] as const;
export type Field = (typeof FIELDS)[number];

export interface PrintOptions {
  readonly fields: readonly Field[];
  readonly separator: string;
  /** What stands for null. */
  readonly nullText: string;
  readonly json: boolean;
  readonly keySerde: SerdeName;
  readonly valueSerde: SerdeName;
}

/** The fields in the order asked for; the value comes last when it is not named. */
export function printedFields(text: string): Field[] {
  const fields: Field[] = [];
  for (const name of text.split(',').filter((part) => part !== '')) {
    const field = FIELDS.find((known) => known === name);
    if (field === undefined)
      throw new UsageError(
        `--print: there is no field '${name}', only ${FIELDS.join(', ')}.${didYouMean(name, FIELDS)}`,
      );
    if (!fields.includes(field)) fields.push(field);
  }
  return fields.includes('value') ? fields : [...fields, 'value'];
}

export class RecordPrinter {
  readonly #options: PrintOptions;
  readonly #key: TextSerde;
  readonly #value: TextSerde;

  constructor(options: PrintOptions) {
    this.#options = options;
    this.#key = textSerde(options.keySerde);
    this.#value = textSerde(options.valueSerde);
  }

  /** The record that the cursor stands on, with the end of the line. Throws `DESERIALIZE_FAILED`. */
  line(cursor: RecordCursor, topic: string, partition: number): string {
    const { json, fields, separator } = this.#options;
    if (json) return `${JSON.stringify(this.#record(cursor, topic, partition))}\n`;
    let line = '';
    for (let i = 0; i < fields.length; i++) {
      if (i > 0) line += separator;
      line += this.#text(fields[i]!, cursor, topic, partition);
    }
    return `${line}\n`;
  }

  #record(cursor: RecordCursor, topic: string, partition: number): object {
    return {
      topic,
      partition,
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: this.#decoded('key', this.#key, cursor.key(), cursor, topic, partition),
      value: this.#decoded('value', this.#value, cursor.value(), cursor, topic, partition),
      headers: cursor.headers().map(headerPair),
    };
  }

  #text(field: Field, cursor: RecordCursor, topic: string, partition: number): string {
    switch (field) {
      case 'key':
        return this.#shown(
          this.#key,
          this.#decoded('key', this.#key, cursor.key(), cursor, topic, partition),
        );
      case 'value':
        return this.#shown(
          this.#value,
          this.#decoded('value', this.#value, cursor.value(), cursor, topic, partition),
        );
      case 'headers':
        return this.#headers(cursor.headers());
      case 'timestamp':
        return String(cursor.timestamp);
      case 'offset':
        return String(cursor.offset);
      case 'partition':
        return String(partition);
      case 'topic':
        return topic;
    }
  }

  #shown(serde: TextSerde, value: unknown): string {
    return value === null ? this.#options.nullText : serde.text(value);
  }

  #headers(headers: readonly RecordHeader[]): string {
    return headers
      .map(headerPair)
      .map(([key, value]) => `${key}:${value ?? this.#options.nullText}`)
      .join(',');
  }

  #decoded(
    part: 'key' | 'value',
    serde: TextSerde,
    bytes: Buffer | null,
    cursor: RecordCursor,
    topic: string,
    partition: number,
  ): unknown {
    if (bytes === null) return null;
    try {
      return serde.value(bytes, topic);
    } catch (cause) {
      const { offset } = cursor;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StreamsError(
        'DESERIALIZE_FAILED',
        `The ${part} at topic ${topic}, partition ${partition}, offset ${offset} is not ${serde.name}: ${why} Choose another --${part}-serde (hex shows any bytes), or begin behind it: --partition ${partition} --offset ${offset + 1}.`,
        { topic, partition, offset, cause },
      );
    }
  }
}

function headerPair({ key, value }: RecordHeader): [string, string | null] {
  return [key, value === null ? null : Buffer.from(value).toString('utf8')];
}
