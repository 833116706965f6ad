/**
 * Avro, binary, over avsc: values are encoded straight into the shared buffer. The bytes carry no schema: reader
 * and writer must know it. With `writer` set, bytes of an older schema are read as values of the newer one.
 */
import type { Schema, Type } from 'avsc';
import { StreamsError } from '../errors.js';
import { avroType, type AvroLogicalType } from './avro-type.js';
import { fastSerde } from './define-serde.js';
import type { Serde } from './serde.js';
import { deserializeFailed, reason, serializeFailed, shown, shownBytes } from './serde-errors.js';

/** A schema as object, or its JSON text, or the name of a primitive type. */
export type AvroSchema = Schema;

/** Room that is offered to the encoder first; it says how much more it needs. */
const FIRST_ROOM_BYTES = 128;

export interface AvroOptions {
  /** The schema the bytes were written with, when it differs: values are then resolved by Avro's rules. Writing always uses the first schema. */
  readonly writer?: AvroSchema;
  /** Logical types by name, each as two functions: `{ 'timestamp-millis': { encode: (date: Date) => date.getTime(), decode: (ms: number) => new Date(ms) } }`. */
  readonly logicalTypes?: Readonly<{ [name: string]: AvroLogicalType }>;
  /** What a long is in JavaScript. Default `number`, which refuses values beyond 2^53; `bigint` takes all. */
  readonly longs?: 'number' | 'bigint';
  /** `auto` (default): union values stand for themselves, unless two branches could be confused: then `{ branch: value }`. */
  readonly wrapUnions?: 'auto' | 'always' | 'never';
}

/**
 * A serde of Avro's binary encoding. Throws `INVALID_ARGUMENT` for a wrong schema, `SERIALIZE_FAILED` naming the
 * path of the field that does not fit, `DESERIALIZE_FAILED` for bytes that are not a value.
 *
 * @example
 * ```ts
 * import { avro } from 'millrace/avro';
 *
 * interface Order { item: string; total: number }
 * const order = avro<Order>({
 *   type: 'record',
 *   name: 'Order',
 *   fields: [{ name: 'item', type: 'string' }, { name: 'total', type: 'double' }],
 * });
 * const bytes = order.serialize({ item: 'phone', total: 9.5 }, 'orders');
 * console.log(order.deserialize(bytes, 'orders').item); // phone
 * ```
 */
export function avro<T = unknown>(schema: AvroSchema, options: AvroOptions = {}): Serde<T> {
  const {
    writer: writerSchema,
    logicalTypes = {},
    longs = 'number',
    wrapUnions = 'auto',
  } = options;
  const typeOptions = { logicalTypes, longs, wrapUnions };
  const type = compiled('schema', () => avroType(parsed(schema), typeOptions));
  const resolver =
    writerSchema === undefined
      ? undefined
      : compiled('writer schema', () =>
          type.createResolver(avroType(parsed(writerSchema), typeOptions)),
        );
  const name = `avro(${type.name ?? type.typeName})`;
  return fastSerde<T>(
    name,
    false,
    FIRST_ROOM_BYTES,
    (value, writer) => {
      let room = FIRST_ROOM_BYTES;
      for (;;) {
        const at = writer.reserve(room);
        const end = encoded(type, name, value, writer.buffer, at);
        if (end >= 0) return writer.advance(end - at);
        room = writer.buffer.length - at - end;
      }
    },
    (buffer, start, end) => {
      try {
        return type.fromBuffer(buffer.subarray(start, end), resolver) as T;
      } catch (cause) {
        throw deserializeFailed(
          `${name}: ${reason(cause)} in ${shownBytes(buffer, start, end)}. Was it written with another schema? Then give it as option \`writer\`.`,
          cause,
        );
      }
    },
  );
}

/** The position after the value, or the missing bytes as a negative number. */
function encoded(type: Type, name: string, value: unknown, buffer: Buffer, at: number): number {
  try {
    return type.encode(value, buffer, at);
  } catch (cause) {
    throw serializeFailed(`${name}: ${firstInvalid(type, value) ?? reason(cause)}.`, cause);
  }
}

/** avsc says what is wrong but not where; its validation knows the path. */
function firstInvalid(type: Type, value: unknown): string | undefined {
  let found: string | undefined;
  type.isValid(value, {
    errorHook(path, invalid, expected) {
      found ??= `${['$', ...path].join('.')} is ${shown(invalid)}, expected ${expected.name ?? expected.typeName}`;
    },
  });
  return found;
}

/** avsc reads text as schema only in a function that also reads files; here text is JSON or the name of a type. */
function parsed(schema: AvroSchema): AvroSchema {
  return typeof schema === 'string' && /^\s*[[{"]/.test(schema)
    ? (JSON.parse(schema) as AvroSchema)
    : schema;
}

function compiled<R>(what: string, compile: () => R): R {
  try {
    return compile();
  } catch (cause) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `avro: the ${what} cannot be used: ${reason(cause)}`,
      { cause },
    );
  }
}
