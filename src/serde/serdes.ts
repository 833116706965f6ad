/**
 * The built-in serdes under Kafka's names, in Kafka's bytes: what Java wrote can be read here and the reverse. All
 * are synchronous, pure and frozen; the simple ones are one object each.
 */
import type { Duration } from '../duration.js';
import { customSerde, type CustomSerde } from './define-serde.js';
import { jsonSerde, type JsonSchema } from './json.js';
import { listSerde } from './list.js';
import { BIGINT, BOOLEAN, DOUBLE, FLOAT, INTEGER, LONG, SHORT } from './numbers.js';
import type { Serde } from './serde.js';
import { BYTES, STRING, UUID, VOID } from './text.js';
import { sessionWindowedSerde, timeWindowedSerde, type WindowedSerde } from './windowed.js';

/** Kafka's ListSerde leaves out the length of exactly these. */
const ENTRY_BYTES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [SHORT, 2],
  [INTEGER, 4],
  [FLOAT, 4],
  [LONG, 8],
  [BIGINT, 8],
  [DOUBLE, 8],
  [UUID, 36],
]);

/**
 * Serdes turn keys and values into bytes and back.
 *
 * @example
 * ```ts
 * import { Serdes } from 'millrace';
 *
 * const bytes = Serdes.long().serialize(7, 'counts'); // 8 bytes, big-endian
 * console.log(Serdes.long().deserialize(bytes, 'counts')); // 7
 * ```
 */
export const Serdes = Object.freeze({
  /** Text as UTF-8. Half a surrogate pair is written as U+FFFD. */
  string: (): Serde<string> => STRING,

  /**
   * JSON as UTF-8. Without a schema the type is your promise: `Serdes.json<Order>()`. With a Standard Schema (zod,
   * valibot, arktype, ...) decoded values are validated and typed by it: `Serdes.json(orderSchema)`.
   * Throws `SERIALIZE_FAILED` for what has no JSON text, `DESERIALIZE_FAILED` for what is not JSON or not valid.
   */
  json: <T = unknown>(schema?: JsonSchema<T>): Serde<T> => jsonSerde(schema),

  /** Bytes as they are. Decoded ones are a view of the log's memory: do not change them, copy them to keep them. */
  bytes: (): Serde<Uint8Array> => BYTES,

  /** A whole number as int32. */
  integer: (): Serde<number> => INTEGER,

  /** A whole number as int64, as counts are. Beyond 2^53 it throws instead of losing digits: use `bigint` there. */
  long: (): Serde<number> => LONG,

  /** A `bigint` as int64. */
  bigint: (): Serde<bigint> => BIGINT,

  /** A whole number as int16. */
  short: (): Serde<number> => SHORT,

  /** A number as 32-bit float; digits beyond its precision are lost. */
  float: (): Serde<number> => FLOAT,

  /** A number as 64-bit float: every JavaScript number, exactly. */
  double: (): Serde<number> => DOUBLE,

  /** One byte, 0 or 1. */
  boolean: (): Serde<boolean> => BOOLEAN,

  /** A UUID as its 36 characters, in lower case. */
  uuid: (): Serde<string> => UUID,

  /** Always null. */
  void: (): Serde<null> => VOID,

  /** An array in the format of Kafka's ListSerde. Entries may be null: `Serdes.list<string | null>(Serdes.string())`. */
  list: <T>(inner: Serde<NonNullable<T>>): Serde<T[]> =>
    listSerde<T>(inner, ENTRY_BYTES.get(inner)),

  /** Keys of time windows: the key, then the start. The size is not in the bytes, so the reader has to give it. */
  timeWindowed: <K>(inner: Serde<K>, size: Duration): WindowedSerde<K> =>
    timeWindowedSerde(inner, size),

  /** Keys of session windows: the key, then the end, then the start. */
  sessionWindowed: <K>(inner: Serde<K>): WindowedSerde<K> => sessionWindowedSerde(inner),

  /**
   * A serde of your own from two synchronous functions. Null never reaches them (null is no bytes). To report bytes
   * that are not a value, throw.
   *
   * @example
   * ```ts
   * import { Serdes } from 'millrace';
   *
   * const date = Serdes.from<Date>({
   *   name: 'date',
   *   serialize: (value, topic) => Serdes.long().serialize(value.getTime(), topic),
   *   deserialize: (bytes, topic) => new Date(Serdes.long().deserialize(bytes, topic)),
   * });
   * ```
   */
  from: <T>(options: CustomSerde<T>): Serde<T> => customSerde(options),
});
