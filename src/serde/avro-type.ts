/**
 * What is added to avsc's types: logical types as two plain functions, longs as bigint, and collections that
 * refuse a length their bytes cannot hold. Without the latter, a few damaged bytes that claim 2^50 entries would
 * keep a process busy until its memory is gone.
 */
import avsc, { type Schema, type Type } from 'avsc';

/** Entries of zero bytes (nulls, empty records) are not bounded by the bytes; this many are believed. */
const ZERO_BYTE_ENTRIES_MAX = 100_000;

/**
 * A logical type: how its value becomes the value of the underlying Avro type, and back. Declared as methods, so
 * that functions of narrower types fit: the schema decides what they are called with.
 */
export interface AvroLogicalType {
  encode(value: unknown): unknown;
  decode(underlying: unknown): unknown;
}

/** The parts of avsc's reader that a collection needs. Not in its typings; the exact version is pinned. */
interface Tap {
  pos: number;
  readonly buf: Buffer;
  readLong(): number;
  skipLong(): void;
  readString(): string;
}

interface Reader {
  _read(tap: Tap): unknown;
}

class BoundedArrayType extends avsc.types.ArrayType {
  /** Also called on a resolver, whose `itemsType` reads the writer's entries. */
  _read(tap: Tap): unknown[] {
    const items = (this as unknown as { itemsType: Reader }).itemsType;
    const list: unknown[] = [];
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      for (; count > 0; count--) list.push(items._read(tap));
    }
    return list;
  }
}

class BoundedMapType extends avsc.types.MapType {
  _read(tap: Tap): { [key: string]: unknown } {
    const values = (this as unknown as { valuesType: Reader }).valuesType;
    const map: { [key: string]: unknown } = {};
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      for (; count > 0; count--) {
        const key = tap.readString();
        const value = values._read(tap);
        if (key === '__proto__')
          Object.defineProperty(map, key, {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        else map[key] = value;
      }
    }
    return map;
  }
}

function blockCount(tap: Tap): number {
  let count = tap.readLong();
  if (count < 0) {
    count = -count;
    tap.skipLong(); // The block's size in bytes, for readers that skip.
  }
  if (count > Math.max(0, tap.buf.length - tap.pos) + ZERO_BYTE_ENTRIES_MAX)
    throw new Error(`a block of ${count} entries is longer than its bytes`);
  return count;
}

/** int64 as bigint, the same bytes as a long. */
function bigintType(): Type {
  return avsc.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint' && BigInt.asIntN(64, value) === value,
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  });
}

function logicalTypeClass(
  definition: AvroLogicalType,
): new (schema: Schema, options?: unknown) => avsc.types.LogicalType {
  const decode = (underlying: unknown) => definition.decode(underlying);
  return class extends avsc.types.LogicalType {
    protected override _fromValue(underlying: unknown): unknown {
      return definition.decode(underlying);
    }

    protected override _toValue(value: unknown): unknown {
      return definition.encode(value);
    }

    /** Schema evolution: values of the same logical type, or of its plain underlying type, can be read. */
    protected override _resolve(writer: Type): ((value: unknown) => unknown) | undefined {
      if (writer.typeName === this.typeName) return (value) => value;
      return writer.typeName === this.underlyingType.typeName ? decode : undefined;
    }
  };
}

export interface AvroTypeOptions {
  readonly logicalTypes: Readonly<{ [name: string]: AvroLogicalType }>;
  readonly longs: 'number' | 'bigint';
  readonly wrapUnions: 'auto' | 'always' | 'never';
}

/** Compiles a schema. Throws what avsc throws for a schema that is none. */
export function avroType(schema: Schema, options: AvroTypeOptions): Type {
  const logicalTypes = Object.fromEntries(
    Object.entries(options.logicalTypes).map(([name, definition]) => [
      name,
      logicalTypeClass(definition),
    ]),
  );
  return avsc.Type.forSchema(schema, {
    logicalTypes,
    omitRecordMethods: true,
    wrapUnions: options.wrapUnions,
    registry: options.longs === 'bigint' ? { long: bigintType() } : {},
    typeHook: (inner, hookOptions) => {
      const kind =
        isSchemaObject(inner) && inner['logicalType'] === undefined ? inner['type'] : undefined;
      if (kind === 'array') return new BoundedArrayType(inner, hookOptions);
      return kind === 'map' ? new BoundedMapType(inner, hookOptions) : undefined;
    },
  });
}

function isSchemaObject(schema: unknown): schema is { readonly [attribute: string]: unknown } {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema);
}
