/**
 * Random graphs, random records: with async user functions the output is the same, in the same order, as with plain
 * ones. The oracle is the same graph without promises. Functions may be async always or only for some records, and
 * promises settle after different numbers of turns, so that a wrong order would show.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KStream } from '../../src/dsl/kstream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';

type Texts = KStream<string, string>;
/** Wraps the result of a user function: as it is, or in a promise. */
type Wrap = <T>(result: T, about: string) => T | Promise<T>;
type Step = (stream: Texts, wrap: Wrap) => Texts;

const text = { key: Serdes.string(), value: Serdes.string() };

const STEPS: { readonly [name: string]: Step } = {
  filter: (s, wrap) => s.filter((_k, v) => wrap(v.length % 3 > 0, v)),
  mapValues: (s, wrap) => s.mapValues((v) => wrap(`${v}m`, v)),
  flatMapValues: (s, wrap) => s.flatMapValues((v) => wrap([`${v}1`, `${v}2`], v)),
  map: (s, wrap) => s.map((k, v) => wrap([v.slice(0, 1), k + v] as const, v)),
  selectKey: (s, wrap) => s.selectKey((k, v) => wrap(v.slice(0, 1) + k, v)),
  peek: (s, wrap) => s.peek((_k, v) => wrap(undefined, v)),
  split: (s, wrap) => {
    const { odd, rest } = s.split({ odd: (_k, v) => wrap(v.length % 2 > 0, v), rest: true });
    return odd.mapValues((v) => wrap(`${v}o`, v)).merge(rest);
  },
  twice: (s, wrap) => s.mapValues((v) => wrap(`${v}a`, v)).merge(s.mapValues((v) => `${v}b`)),
  aggregate: (s, wrap) =>
    s
      .groupByKey(text)
      .aggregate(
        () => wrap<string>('0', 'init'),
        (_k, v, sum) => wrap<string>(`${sum.slice(-3)}${v.slice(-1)}`, v),
        { value: Serdes.string() },
      )
      .toStream()
      .mapValues((v) => v ?? ''),
  table: (s, wrap) => {
    const table = s.toTable().filter((_k, v) => v.length < 8);
    return s.leftJoin(table, (left, right) => wrap(`${left}${right?.length}`, left));
  },
};

const never: Wrap = (result) => result;

/** Async for the records that `every` picks; a promise settles after as many turns as its record says. */
const asyncFor =
  (every: number): Wrap =>
  <T>(result: T, about: string) => {
    const number = [...about].reduce((sum, character) => sum + character.charCodeAt(0), 0);
    return number % every === 0 ? settleAfter(number % 4, result) : result;
  };

async function settleAfter<T>(turns: number, result: T): Promise<T> {
  for (let turn = 0; turn < turns; turn++) await undefined;
  return result;
}

async function run(
  steps: readonly { name: string; every: number }[],
  rows: readonly (readonly [string, string])[],
  async: boolean,
  cacheBytes: number,
) {
  const builder = new StreamsBuilder(text);
  let stream = builder.stream('in');
  for (const { name, every } of steps)
    stream = STEPS[name]!(stream, async ? asyncFor(every) : never);
  stream.to('out');
  await using driver = new TopologyTestDriver(builder.build(), {
    statestoreCacheMaxBytes: cacheBytes,
  });
  const input = driver.createInputTopic('in', text);
  for (const [index, [key, value]] of rows.entries())
    await input.pipe({ key, value, timestamp: index });
  return driver.createOutputTopic('out', text).readRecords();
}

test('async functions change neither the records nor their order', async () => {
  const step = fc.record({
    name: fc.constantFrom(...Object.keys(STEPS)),
    every: fc.integer({ min: 1, max: 3 }),
  });
  const row = fc.tuple(fc.constantFrom('x', 'y'), fc.constantFrom('a', 'bb', 'ccc', 'dddd'));
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 1, maxLength: 5 }),
    fc.array(row, { minLength: 1, maxLength: 8 }),
    fc.constantFrom(0, 1 << 20),
    async (steps, rows, cacheBytes) => {
      const expected = await run(steps, rows, false, cacheBytes);
      expect(await run(steps, rows, true, cacheBytes)).toEqual(expected);
    },
  );
  const seed = process.env['FC_SEED'];
  await fc.assert(property, {
    numRuns: 150,
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  });
});
