/**
 * The serdes that both sides have, and values for them. Values travel as JSON with numbers as text, so that nothing
 * is rounded on the way; `comparable` makes two ways to write a number one.
 */
import fc from 'fast-check';
import type { Serde } from '../../src/serde/serde.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Windowed } from '../../src/serde/windowed.js';

/** An answer of `Golden.java`. */
export type Shown = Readonly<{ [field: string]: unknown }>;

interface SerdeCase<T> {
  /** As `Golden.java` names it. */
  readonly name: string;
  readonly serde: Serde<T>;
  readonly values: fc.Arbitrary<T>;
  readonly show: (value: T) => unknown;
  readonly comparable: (shown: unknown) => unknown;
}

/** What is asked about one value. */
export interface SerdeQuestion {
  readonly name: string;
  readonly shown: unknown;
  /** What our serde makes of the value, as hex. */
  readonly bytes: string;
  /** What our serde makes of these bytes, shown. */
  readonly decoded: unknown;
  readonly comparable: (shown: unknown) => unknown;
}

/** Random values of one serde. */
export type SerdeSample = (parameters: { numRuns: number; seed: number }) => SerdeQuestion[];

/** The size that `Golden.java` gives its windows. */
const WINDOW_SIZE_MS = 60_000;
const same = (shown: unknown): unknown => shown;
/** Java writes 1.0E10 where JavaScript writes 10000000000; both mean one number. */
const number = (shown: unknown): unknown => (typeof shown === 'string' ? Number(shown) : shown);
/** `String` forgets the sign of a negative zero. */
const exact = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

const text = fc.string({ unit: 'grapheme' });
const int16 = fc.integer({ min: -32_768, max: 32_767 });
const double = fc.double();
const times = fc.integer({ min: 0, max: 2 ** 52 });

function plain<T>(
  name: string,
  serde: Serde<T>,
  values: fc.Arbitrary<T>,
  show: (value: T) => unknown = String,
  comparable: (shown: unknown) => unknown = same,
): SerdeCase<T> {
  return { name, serde, values, show, comparable };
}

function list<T>(inner: SerdeCase<NonNullable<T>>): SerdeCase<(NonNullable<T> | null)[]> {
  return {
    name: `list:${inner.name}`,
    serde: Serdes.list<NonNullable<T> | null>(inner.serde),
    // Kafka's ListDeserializer cannot read a list of its own whose last entry is empty: it sees the end of the stream.
    values: fc
      .array(fc.option(inner.values), { maxLength: 8 })
      .filter((values) => values.at(-1) !== ''),
    show: (values) => values.map((value) => (value === null ? null : inner.show(value))),
    comparable: (shown) => (Array.isArray(shown) ? shown.map(inner.comparable) : shown),
  };
}

function windowed<K>(
  kind: 'time' | 'session',
  inner: SerdeCase<K>,
  serde: Serde<Windowed<K>>,
  end: fc.Arbitrary<number>,
): SerdeCase<Windowed<K>> {
  return {
    name: `${kind}:${inner.name}`,
    serde,
    values: fc
      .tuple(inner.values, times, end)
      .map(([key, start, length]) => ({ key, window: { start, end: start + length } })),
    show: ({ key, window }) => ({ key: inner.show(key), start: window.start, end: window.end }),
    comparable: same,
  };
}

/** Hides the type of the values, so that all serdes fit into one list. */
function sampled<T>({ name, serde, values, show, comparable }: SerdeCase<T>): SerdeSample {
  return (parameters) =>
    fc.sample(values, parameters).map((value) => {
      const bytes = Buffer.from(serde.serialize(value, 'topic'));
      const decoded = show(serde.deserialize(bytes, 'topic'));
      return { name, shown: show(value), bytes: bytes.toString('hex'), decoded, comparable };
    });
}

const STRING = plain('string', Serdes.string(), text, same);
const SHORT = plain('short', Serdes.short(), int16);
const INTEGER = plain('integer', Serdes.integer(), fc.integer());
const LONG = plain('long', Serdes.long(), fc.maxSafeInteger());
const BIGINT = plain(
  'long',
  Serdes.bigint(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const FLOAT = plain('float', Serdes.float(), fc.float(), exact, number);
const DOUBLE = plain('double', Serdes.double(), double, exact, number);
const BOOLEAN = plain('boolean', Serdes.boolean(), fc.boolean());
const UUID = plain('uuid', Serdes.uuid(), fc.uuid());
const size = fc.constant(WINDOW_SIZE_MS);

export const SERDES: readonly SerdeSample[] = [
  sampled(STRING),
  sampled(SHORT),
  sampled(INTEGER),
  sampled(LONG),
  sampled(BIGINT),
  sampled(FLOAT),
  sampled(DOUBLE),
  sampled(BOOLEAN),
  sampled(UUID),
  sampled(list<number>(SHORT)),
  sampled(list<number>(INTEGER)),
  sampled(list<number>(LONG)),
  sampled(list<number>(FLOAT)),
  sampled(list<number>(DOUBLE)),
  sampled(list<string>(STRING)),
  sampled(list<string>(UUID)),
  sampled(list<boolean>(BOOLEAN)),
  sampled(windowed('time', STRING, Serdes.timeWindowed(Serdes.string(), WINDOW_SIZE_MS), size)),
  sampled(windowed('time', LONG, Serdes.timeWindowed(Serdes.long(), WINDOW_SIZE_MS), size)),
  sampled(windowed('session', STRING, Serdes.sessionWindowed(Serdes.string()), fc.nat(1_000_000))),
  sampled(
    windowed('session', INTEGER, Serdes.sessionWindowed(Serdes.integer()), fc.nat(1_000_000)),
  ),
];
