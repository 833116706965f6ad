/** Properties of every built-in serde, over random values. A failure prints its seed; FC_SEED repeats it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowableByteWriter } from '../../src/serde/byte-writer.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Serde } from '../../src/serde/serde.js';

const SEED = process.env['FC_SEED'];
const RUN = { numRuns: 200, ...(SEED === undefined ? {} : { seed: Number(SEED) }) };

const wellFormed = fc.string({ unit: 'grapheme', maxLength: 60 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const time = fc.nat({ max: 2 ** 31 });

interface Subject {
  readonly name: string;
  readonly serde: Serde<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}

/** The serde is only ever called with values of its own arbitrary. */
const subject = <T>(name: string, serde: Serde<T>, values: fc.Arbitrary<T>): Subject => ({
  name,
  serde: serde as unknown as Serde<unknown>,
  values,
});

const SUBJECTS: readonly Subject[] = [
  subject('string', Serdes.string(), wellFormed),
  subject(
    'json',
    Serdes.json<unknown>(),
    fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value))), // -0 has no JSON text of its own
  ),
  subject(
    'bytes',
    Serdes.bytes(),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  ),
  subject('integer', Serdes.integer(), fc.integer()),
  subject('long', Serdes.long(), fc.maxSafeInteger()),
  subject('bigint', Serdes.bigint(), int64),
  subject('short', Serdes.short(), fc.integer({ min: -32_768, max: 32_767 })),
  subject('float', Serdes.float(), fc.float()),
  subject('double', Serdes.double(), fc.double()),
  subject('boolean', Serdes.boolean(), fc.boolean()),
  subject('uuid', Serdes.uuid(), fc.uuid()),
  subject(
    'list(string)',
    Serdes.list<string | null>(Serdes.string()),
    fc.array(fc.option(wellFormed), { maxLength: 8 }),
  ),
  subject(
    'list(long)',
    Serdes.list<number | null>(Serdes.long()),
    fc.array(fc.option(fc.maxSafeInteger()), { maxLength: 8 }),
  ),
  subject(
    'list(list(integer))',
    Serdes.list(Serdes.list(Serdes.integer())),
    fc.array(fc.array(fc.integer(), { maxLength: 4 }), { maxLength: 4 }),
  ),
  subject(
    'timeWindowed',
    Serdes.timeWindowed(Serdes.string(), 7),
    fc.record({ key: wellFormed, window: time.map((start) => ({ start, end: start + 7 })) }),
  ),
  subject(
    'sessionWindowed',
    Serdes.sessionWindowed(Serdes.long()),
    fc.record({ key: fc.maxSafeInteger(), window: fc.record({ start: time, end: time }) }),
  ),
];

test.each(SUBJECTS)(
  '$name reads back what it wrote, by both ways, in a shared buffer',
  ({ serde, values }) => {
    const writer = new GrowableByteWriter(16);
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (list) => {
        writer.reset();
        const ends: number[] = [];
        for (const value of list) {
          serde.write!(value, writer);
          ends.push(writer.length);
        }
        list.forEach((value, i) => {
          const start = i === 0 ? 0 : ends[i - 1]!;
          const plain = serde.serialize(value, 't');
          expect(Buffer.compare(writer.buffer.subarray(start, ends[i]), plain)).toBe(0);
          expect(serde.read!(writer.buffer, start, ends[i]!)).toEqual(value);
          expect(serde.deserialize(plain, 't')).toEqual(value);
        });
      }),
      RUN,
    );
  },
);

test.each(SUBJECTS)(
  '$name answers arbitrary bytes with a value or DESERIALIZE_FAILED',
  ({ serde }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          serde.deserialize(bytes, 't');
        } catch (error) {
          expect((error as { code?: string }).code).toBe('DESERIALIZE_FAILED');
        }
      }),
      RUN,
    );
  },
);

test('text of any length and any code units has the bytes of the WHATWG encoder', () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
        maxLength: 50,
      }),
      (text) => {
        const writer = new GrowableByteWriter(16);
        writer.utf8(text);
        expect(Buffer.compare(writer.buffer.subarray(0, writer.length), encoder.encode(text))).toBe(
          0,
        );
      },
    ),
    RUN,
  );
});
