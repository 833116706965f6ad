/** The Avro serde: bytes by the Avro specification, evolution, logical types, and errors that say where. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { avro } from '../../src/avro.js';
import { GrowableByteWriter } from '../../src/serde/byte-writer.js';

interface Sentiment {
  readonly entity: string;
  readonly score: number;
  readonly tags: readonly string[];
  readonly counts: Readonly<{ [name: string]: number }>;
  readonly note: string | null;
}

const SCHEMA = {
  type: 'record' as const,
  name: 'Sentiment',
  fields: [
    { name: 'entity', type: 'string' as const },
    { name: 'score', type: 'double' as const },
    { name: 'tags', type: { type: 'array' as const, items: 'string' as const } },
    { name: 'counts', type: { type: 'map' as const, values: 'long' as const } },
    { name: 'note', type: ['null' as const, 'string' as const] },
  ],
};

const value: Sentiment = {
  entity: 'bitcoin',
  score: 0.5,
  tags: ['a', 'b'],
  counts: { x: 1 },
  note: null,
};
const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
  return 'nothing was thrown';
};

test('a record has the bytes of the Avro specification', () => {
  const serde = avro<{ a: number; b: string }>({
    type: 'record',
    name: 'test',
    fields: [
      { name: 'a', type: 'long' },
      { name: 'b', type: 'string' },
    ],
  });
  const bytes = serde.serialize({ a: 27, b: 'foo' }, 't');
  expect(Buffer.from(bytes).toString('hex')).toBe('3606666f6f');
  expect(serde.deserialize(bytes, 't')).toEqual({ a: 27, b: 'foo' });
});

test('values are appended to a shared buffer that grows as needed', () => {
  const serde = avro<Sentiment>(SCHEMA);
  const large = { ...value, note: 'n'.repeat(5000) };
  const writer = new GrowableByteWriter(16);
  writer.uint8(7);
  serde.write!(large, writer);
  const end = writer.length;
  serde.write!(value, writer);
  expect(Buffer.compare(writer.buffer.subarray(1, end), serde.serialize(large, 't'))).toBe(0);
  expect(serde.read!(writer.buffer, 1, end)).toEqual(large);
  expect(serde.read!(writer.buffer, end, writer.length)).toEqual(value);
});

test('the schema may be its JSON text', () => {
  expect(avro<Sentiment>(JSON.stringify(SCHEMA)).serialize(value, 't')).toEqual(
    avro<Sentiment>(SCHEMA).serialize(value, 't'),
  );
  expect(
    avro<string>('string').deserialize(Buffer.from('0461c3', 'hex').subarray(0, 3), 't'),
  ).toHaveLength(2);
});

describe('errors say where', () => {
  test('a field of the wrong type is named by its path', () => {
    const message = messageOf(() =>
      avro<unknown>(SCHEMA).serialize({ ...value, tags: ['a', 5] }, 't'),
    );
    expect(message).toMatch(
      /^SERIALIZE_FAILED: .*avro\(Sentiment\): \$\.tags\.1 is the number 5, expected string/,
    );
  });

  test('a missing field is named', () => {
    expect(messageOf(() => avro<unknown>(SCHEMA).serialize({ entity: 'x' }, 't'))).toMatch(
      /\$\.score is undefined, expected double/,
    );
  });

  test('bytes that are cut off, or too long, are refused', () => {
    const serde = avro<Sentiment>(SCHEMA);
    const bytes = serde.serialize(value, 't');
    expect(messageOf(() => serde.deserialize(bytes.subarray(0, 9), 't'))).toMatch(
      /^DESERIALIZE_FAILED/,
    );
    expect(messageOf(() => serde.deserialize(Buffer.concat([bytes, bytes]), 't'))).toMatch(
      /^DESERIALIZE_FAILED/,
    );
  });

  test('a schema that is none is refused at once', () => {
    expect(messageOf(() => avro({ type: 'record', name: 'X' } as never))).toMatch(
      /^INVALID_ARGUMENT: avro: the schema/,
    );
  });

  test('a writer schema that cannot be resolved is refused at once', () => {
    expect(messageOf(() => avro('int', { writer: 'string' }))).toMatch(
      /^INVALID_ARGUMENT: avro: the writer schema/,
    );
  });
});

test('bytes of an older schema are read as values of the newer one', () => {
  const older = {
    type: 'record' as const,
    name: 'Order',
    fields: [
      { name: 'item', type: 'string' as const },
      { name: 'amount', type: 'int' as const },
      { name: 'lines', type: { type: 'array' as const, items: 'int' as const } },
    ],
  };
  const newer = {
    type: 'record' as const,
    name: 'Order',
    fields: [
      { name: 'lines', type: { type: 'array' as const, items: 'double' as const } },
      { name: 'amount', type: 'long' as const },
      { name: 'currency', type: 'string' as const, default: 'EUR' },
    ],
  };
  const bytes = avro(older).serialize({ item: 'phone', amount: 3, lines: [1, 2] }, 't');
  expect(avro(newer, { writer: older }).deserialize(bytes, 't')).toEqual({
    lines: [1, 2],
    amount: 3,
    currency: 'EUR',
  });
});

test('a logical type turns into a JavaScript value and back, also from a plain writer', () => {
  const logicalTypes = {
    'timestamp-millis': {
      encode: (date: Date) => date.getTime(),
      decode: (ms: number) => new Date(ms),
    },
  };
  const field = (type: object | string) => ({
    type: 'record' as const,
    name: 'Event',
    fields: [{ name: 'at', type: type as never }],
  });
  const serde = avro<{ at: Date }>(field({ type: 'long', logicalType: 'timestamp-millis' }), {
    logicalTypes,
  });
  const bytes = serde.serialize({ at: new Date(1234) }, 't');
  expect(serde.deserialize(bytes, 't').at).toEqual(new Date(1234));
  expect(avro<{ at: number }>(field('long')).deserialize(bytes, 't').at).toBe(1234);
  for (const writer of [field('long'), field({ type: 'long', logicalType: 'timestamp-millis' })]) {
    const evolved = avro<{ at: Date }>(field({ type: 'long', logicalType: 'timestamp-millis' }), {
      logicalTypes,
      writer,
    });
    expect(evolved.deserialize(bytes, 't').at).toEqual(new Date(1234));
  }
});

test('longs beyond 2^53 are refused as numbers and exact as bigints', () => {
  const exact = avro<bigint>('long', { longs: 'bigint' });
  const bytes = exact.serialize(2n ** 62n, 't');
  expect(exact.deserialize(bytes, 't')).toBe(2n ** 62n);
  expect(messageOf(() => avro('long').deserialize(bytes, 't'))).toMatch(/^DESERIALIZE_FAILED/);
  expect(avro('long').serialize(77, 't')).toEqual(exact.serialize(77n, 't'));
});

test('random values read back, and random bytes end in a value or DESERIALIZE_FAILED, never in a hang', () => {
  const seed = process.env['FC_SEED'];
  const run = { numRuns: 300, ...(seed === undefined ? {} : { seed: Number(seed) }) };
  const serde = avro<Sentiment>(SCHEMA);
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const values = fc.record({
    entity: text,
    score: fc.double(),
    tags: fc.array(text, { maxLength: 5 }),
    counts: fc.dictionary(
      text,
      fc.maxSafeInteger().filter((n) => Math.abs(n) < 2 ** 52),
      { maxKeys: 4, noNullPrototype: true },
    ),
    note: fc.option(text),
  });
  fc.assert(
    fc.property(values, (random) => {
      expect(serde.deserialize(serde.serialize(random, 't'), 't')).toEqual(random);
    }),
    run,
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(messageOf(() => serde.deserialize(bytes, 't'))).toMatch(
        /^DESERIALIZE_FAILED|^nothing/,
      );
    }),
    run,
  );
  const claim = avro<null[]>({ type: 'array', items: 'null' });
  expect(messageOf(() => claim.deserialize(Buffer.from('feffffffffffff1f', 'hex'), 't'))).toMatch(
    /^DESERIALIZE_FAILED.*longer than its bytes/,
  );
});
