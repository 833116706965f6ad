/**
 * Lists in the format of Kafka's ListSerde:
 *
 *     entries of fixed width:   int8 0 | int32 null count | int32 null index * | int32 size | entry *      (nulls left out)
 *     all others:               int8 1 | int32 size | (int32 length, -1: null | entry) *
 */
import { composedSerde, deserializeFrom, serializeTo } from './define-serde.js';
import type { ByteWriter, Serde } from './serde.js';
import { deserializeFailed, serializeFailed, shown, shownBytes } from './serde-errors.js';

const CONSTANT_SIZE = 0;
const VARIABLE_SIZE = 1;
const NULL_ENTRY = -1;

/** `entryBytes`: the width of every entry, undefined when it varies. */
export function listSerde<T>(
  inner: Serde<NonNullable<T>>,
  entryBytes: number | undefined,
): Serde<T[]> {
  const name = `list(${inner.name ?? 'custom'})`;
  return composedSerde<T[], NonNullable<T>>(name, inner, {
    encode(list, topic, writer) {
      if (!Array.isArray(list))
        throw serializeFailed(`${name} got ${shown(list)} instead of an array.`);
      if (entryBytes === undefined) writeVariable(inner, list, topic, writer);
      else writeConstant(inner, list, topic, writer);
    },
    decode: (buffer, start, end, topic) =>
      new ListReader<T>(name, buffer, start, end).read(inner, entryBytes, topic),
  });
}

function writeConstant<T>(
  inner: Serde<NonNullable<T>>,
  list: readonly T[],
  topic: string,
  writer: ByteWriter,
): void {
  const nulls: number[] = [];
  for (let i = 0; i < list.length; i++) if (!isPresent(list[i])) nulls.push(i);
  writer.uint8(CONSTANT_SIZE);
  writer.int32(nulls.length);
  for (const index of nulls) writer.int32(index);
  writer.int32(list.length);
  for (const entry of list)
    if (isPresent(entry)) serializeTo<NonNullable<T>>(inner, entry, topic, writer);
}

function writeVariable<T>(
  inner: Serde<NonNullable<T>>,
  list: readonly T[],
  topic: string,
  writer: ByteWriter,
): void {
  writer.uint8(VARIABLE_SIZE);
  writer.int32(list.length);
  for (const entry of list) {
    if (!isPresent(entry)) {
      writer.int32(NULL_ENTRY);
      continue;
    }
    const lengthAt = writer.length;
    writer.int32(0);
    serializeTo<NonNullable<T>>(inner, entry, topic, writer);
    writer.buffer.writeInt32BE(writer.length - lengthAt - 4, lengthAt);
  }
}

function isPresent<T>(entry: T): entry is NonNullable<T> {
  return entry !== null && entry !== undefined;
}

class ListReader<T> {
  readonly #name: string;
  readonly #buffer: Buffer;
  readonly #start: number;
  readonly #end: number;
  #at: number;

  constructor(name: string, buffer: Buffer, start: number, end: number) {
    this.#name = name;
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
    this.#at = start;
  }

  read(inner: Serde<NonNullable<T>>, entryBytes: number | undefined, topic: string): T[] {
    const strategy = this.#buffer[this.#take(1)];
    if (strategy !== CONSTANT_SIZE && strategy !== VARIABLE_SIZE)
      throw this.#damaged(`${strategy} is no serialization strategy (0 or 1)`);
    if (strategy === CONSTANT_SIZE && entryBytes === undefined)
      throw this.#damaged(
        'it was written with entries of fixed width, which the inner serde does not have',
      );
    const nulls = strategy === CONSTANT_SIZE ? this.#nullIndexes() : undefined;
    const size = this.#count('list size');
    const list: T[] = [];
    for (let i = 0; i < size; i++) {
      const bytes = nulls === undefined ? this.#int32() : nulls.has(i) ? NULL_ENTRY : entryBytes!;
      if (bytes === NULL_ENTRY) {
        // A list read with nulls in it was declared `list<T | null>`, as in Java where every entry may be null.
        list.push(null as T);
        continue;
      }
      if (bytes < 0) throw this.#damaged(`entry ${i} has length ${bytes}`);
      const at = this.#take(bytes);
      list.push(deserializeFrom(inner, this.#buffer, at, at + bytes, topic));
    }
    if (this.#at !== this.#end) throw this.#damaged(`${this.#end - this.#at} bytes are left over`);
    return list;
  }

  #nullIndexes(): ReadonlySet<number> {
    const indexes = new Set<number>();
    for (let count = this.#count('number of nulls'); count > 0; count--) indexes.add(this.#int32());
    return indexes;
  }

  #count(what: string): number {
    const count = this.#int32();
    if (count < 0) throw this.#damaged(`the ${what} is ${count}`);
    return count;
  }

  #int32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#end) throw this.#damaged('it ends too early');
    this.#at = at + bytes;
    return at;
  }

  #damaged(what: string): Error {
    return deserializeFailed(
      `${this.#name}: ${what} in ${shownBytes(this.#buffer, this.#start, this.#end)}.`,
    );
  }
}
