/** Golden bytes: what Java's serializers write for the same values. */
import { describe, expect, test } from 'vitest';
import { GrowableByteWriter } from '../../src/serde/byte-writer.js';
import { deserializeFrom, serializeTo } from '../../src/serde/define-serde.js';
import type { Serde } from '../../src/serde/serde.js';
import { Serdes } from '../../src/serde/serdes.js';
import { windowBytesOf } from '../../src/serde/windowed.js';

const hex = <T>(serde: Serde<T>, value: T): string =>
  Buffer.from(serde.serialize(value, 't')).toString('hex');
const from = <T>(serde: Serde<T>, text: string): T =>
  serde.deserialize(Buffer.from(text, 'hex'), 't');
const codeOf = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
};

const UUID = '123e4567-e89b-12d3-a456-426614174000';

interface Vector {
  readonly name: string;
  readonly serde: Serde<never>;
  readonly value: unknown;
  readonly bytes: string;
}

const vector = <T>(name: string, serde: Serde<T>, value: T, bytes: string): Vector => ({
  name,
  serde: serde as unknown as Serde<never>,
  value,
  bytes: bytes.replaceAll(' ', ''),
});

const VECTORS: readonly Vector[] = [
  vector('string', Serdes.string(), 'k', '6b'),
  vector('string of four-byte characters', Serdes.string(), 'ü€😀', 'c3bce282acf09f9880'),
  vector('empty string', Serdes.string(), '', ''),
  vector('integer', Serdes.integer(), 1, '00000001'),
  vector('negative integer', Serdes.integer(), -2, 'fffffffe'),
  vector('least integer', Serdes.integer(), -2147483648, '80000000'),
  vector('long', Serdes.long(), 10, '000000000000000a'),
  vector('negative long', Serdes.long(), -1, 'ffffffffffffffff'),
  vector('largest long', Serdes.long(), Number.MAX_SAFE_INTEGER, '001fffffffffffff'),
  vector('least long', Serdes.long(), Number.MIN_SAFE_INTEGER, 'ffe0000000000001'),
  vector('bigint', Serdes.bigint(), 9223372036854775807n, '7fffffffffffffff'),
  vector('short', Serdes.short(), -300, 'fed4'),
  vector('float', Serdes.float(), 1.5, '3fc00000'),
  vector('double', Serdes.double(), Math.PI, '400921fb54442d18'),
  vector('true', Serdes.boolean(), true, '01'),
  vector('false', Serdes.boolean(), false, '00'),
  vector('uuid', Serdes.uuid(), UUID, Buffer.from(UUID).toString('hex')),
  vector('json', Serdes.json<{ a: number }>(), { a: 1 }, Buffer.from('{"a":1}').toString('hex')),
  vector(
    'list of integers',
    Serdes.list<number | null>(Serdes.integer()),
    [1, null, 3],
    '00 00000001 00000001 00000003 00000001 00000003',
  ),
  vector('list of longs', Serdes.list(Serdes.long()), [7], '00 00000000 00000001 0000000000000007'),
  vector(
    'list of strings',
    Serdes.list<string | null>(Serdes.string()),
    ['ab', null, ''],
    '01 00000003 00000002 6162 ffffffff 00000000',
  ),
  vector('list of booleans', Serdes.list(Serdes.boolean()), [true], '01 00000001 00000001 01'),
  vector('empty list', Serdes.list(Serdes.string()), [], '0100000000'),
  vector(
    'time window key',
    Serdes.timeWindowed(Serdes.string(), 5),
    { key: 'k', window: { start: 10, end: 15 } },
    '6b000000000000000a',
  ),
  vector(
    'session window key',
    Serdes.sessionWindowed(Serdes.string()),
    { key: 'k', window: { start: 10, end: 20 } },
    '6b0000000000000014000000000000000a',
  ),
];

test.each(VECTORS)('$name has the bytes that Java writes', ({ serde, value, bytes }) => {
  expect(hex(serde, value as never)).toBe(bytes);
  expect(from(serde, bytes)).toEqual(value);
  const writer = new GrowableByteWriter();
  writer.uint8(0xff);
  serde.write!(value as never, writer);
  expect(writer.buffer.subarray(1, writer.length).toString('hex')).toBe(bytes);
  expect(serde.read!(writer.buffer, 1, writer.length)).toEqual(value);
});

describe('values that do not fit are refused', () => {
  test.each([
    ['long beyond 2^53', () => Serdes.long().serialize(2 ** 53, 't')],
    ['long with a fraction', () => Serdes.long().serialize(1.5, 't')],
    ['integer beyond 2^31', () => Serdes.integer().serialize(2 ** 31, 't')],
    ['short beyond 2^15', () => Serdes.short().serialize(40_000, 't')],
    ['bigint beyond 2^63', () => Serdes.bigint().serialize(2n ** 63n, 't')],
    ['float beyond its range', () => Serdes.float().serialize(1e300, 't')],
    ['number as string', () => Serdes.string().serialize(5 as never, 't')],
    ['text as double', () => Serdes.double().serialize('5' as never, 't')],
    ['text as boolean', () => Serdes.boolean().serialize('true' as never, 't')],
    ['text as uuid', () => Serdes.uuid().serialize('123', 't')],
    ['text as bytes', () => Serdes.bytes().serialize('123' as never, 't')],
    ['anything as void', () => Serdes.void().serialize(1 as never, 't')],
    ['text as list', () => Serdes.list(Serdes.string()).serialize('abc' as never, 't')],
    [
      'plain key as windowed key',
      () => Serdes.sessionWindowed(Serdes.string()).serialize('abc' as never, 't'),
    ],
    ['undefined as JSON', () => Serdes.json().serialize(undefined, 't')],
    ['function as JSON', () => Serdes.json().serialize(() => 1, 't')],
    ['bigint as JSON', () => Serdes.json().serialize(1n, 't')],
    [
      'custom serde without bytes',
      () =>
        Serdes.from({ serialize: () => undefined as never, deserialize: () => 1 }).serialize(
          1,
          't',
        ),
    ],
  ])('%s', (_name, action) => {
    expect(codeOf(action)).toBe('SERIALIZE_FAILED');
  });
});

describe('bytes that are not a value are refused', () => {
  test.each([
    ['long of 4 bytes', () => from(Serdes.long(), '00000001')],
    ['long beyond 2^53', () => from(Serdes.long(), '0020000000000000')],
    ['integer of 8 bytes', () => from(Serdes.integer(), '0000000000000001')],
    ['boolean 2', () => from(Serdes.boolean(), '02')],
    ['uuid of 3 bytes', () => from(Serdes.uuid(), '313233')],
    ['void with bytes', () => from(Serdes.void(), '00')],
    ['text as JSON', () => from(Serdes.json(), '7b61')],
    ['empty list bytes', () => from(Serdes.list(Serdes.string()), '')],
    ['list cut off', () => from(Serdes.list(Serdes.string()), '01000000020000000161')],
    ['list with a rest', () => from(Serdes.list(Serdes.string()), '010000000000')],
    ['list of unknown strategy', () => from(Serdes.list(Serdes.string()), '0200000000')],
    [
      'list of constant size for text',
      () => from(Serdes.list(Serdes.string()), '000000000000000000'),
    ],
    [
      'windowed key shorter than its window',
      () => from(Serdes.timeWindowed(Serdes.string(), 5), '00000000'),
    ],
    [
      'window beyond 2^53',
      () => from(Serdes.timeWindowed(Serdes.string(), 5), '6b7fffffffffffffff'),
    ],
  ])('%s', (_name, action) => {
    expect(codeOf(action)).toBe('DESERIALIZE_FAILED');
  });
});

test('half a surrogate pair becomes U+FFFD, wherever it stands and however long the text is', () => {
  const serde = Serdes.string();
  for (const padding of ['a', 'x'.repeat(40), 'ü'.repeat(10_000)]) {
    const text = `${padding}\ud800${padding}\udc00`;
    expect(from(serde, hex(serde, text))).toBe(`${padding}\ufffd${padding}\ufffd`);
    expect(hex(serde, text)).toBe(Buffer.from(text).toString('hex'));
  }
});

test('a list whose inner serde looks at the topic is called with it', () => {
  const inner = Serdes.from<string>({
    name: 'tagged',
    serialize: (value, topic) => Buffer.from(`${topic}:${value}`),
    deserialize: (bytes, topic) =>
      Buffer.from(bytes)
        .toString()
        .slice(topic.length + 1),
  });
  const list = Serdes.list(inner);
  expect(list.write).toBeUndefined();
  expect(Buffer.from(list.serialize(['a'], 'orders')).toString()).toContain('orders:a');
  const windowed = Serdes.timeWindowed(inner, '1s');
  const writer = new GrowableByteWriter();
  serializeTo(windowed, { key: 'k', window: { start: 1, end: 1001 } }, 'orders', writer);
  expect(deserializeFrom(windowed, writer.buffer, 0, writer.length, 'orders')).toEqual({
    key: 'k',
    window: { start: 1, end: 1001 },
  });
});

test('the bytes of the window can be left out by a partitioner', () => {
  expect(windowBytesOf(Serdes.string())).toBe(0);
  expect(windowBytesOf(Serdes.timeWindowed(Serdes.string(), '5s'))).toBe(8);
  expect(windowBytesOf(Serdes.sessionWindowed(Serdes.string()))).toBe(16);
});

describe('JSON with a schema', () => {
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        typeof value === 'object' &&
        value !== null &&
        'total' in value &&
        typeof value.total === 'number'
          ? { value: { total: value.total } }
          : { issues: [{ message: 'expected a number', path: ['total'] }] },
    },
  };

  test('a decoded value is what the schema returns', () => {
    const serde = Serdes.json(schema);
    const order: { total: number } = from(
      serde,
      Buffer.from('{"total":3,"extra":1}').toString('hex'),
    );
    expect(order).toEqual({ total: 3 });
  });

  test('a value that does not match is refused with the path', () => {
    expect(() => from(Serdes.json(schema), Buffer.from('{"total":"3"}').toString('hex'))).toThrow(
      /\$\.total: expected a number/,
    );
  });

  test('a schema that validates asynchronously is refused', () => {
    const later = {
      '~standard': { ...schema['~standard'], validate: () => Promise.resolve({ value: 1 }) },
    };
    expect(codeOf(() => from(Serdes.json(later), '31'))).toBe('ASYNC_NOT_SUPPORTED');
  });
});
