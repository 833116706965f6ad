/** Joins of two streams through the driver: what a program sees, and what it is told when it is wrong. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JoinWindows, type JoinWindowsOptions } from '../../src/dsl/join-windows.js';
import type { KStream } from '../../src/dsl/kstream.js';
import type { Optimization } from '../../src/dsl/optimize.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { StreamsError } from '../../src/errors.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';

const string = Serdes.string();
const text = { key: string, value: string };
const pair = (left: string | undefined, right: string | undefined) => `${left}-${right}`;

/** A driver of `left` and `right` joined into `out`. */
function driverOf(draw: (left: KStream<string, string>, right: KStream<string, string>) => void) {
  const builder = new StreamsBuilder(text);
  draw(builder.stream('left', text), builder.stream('right', text));
  const driver = new TopologyTestDriver(builder.build());
  const output = driver.createOutputTopic('out', text);
  return {
    driver,
    left: driver.createInputTopic('left', text),
    right: driver.createInputTopic('right', text),
    read: () => output.readRecords().map(({ value, timestamp }) => [value, timestamp]),
    output,
  };
}

function failure(call: () => unknown): StreamsError {
  try {
    call();
  } catch (error) {
    if (error instanceof StreamsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('windows', () => {
  test.each<[JoinWindowsOptions, { beforeMs: number; afterMs: number; graceMs: number }]>([
    [
      { within: '5s', grace: 0 },
      { beforeMs: 5000, afterMs: 5000, graceMs: 0 },
    ],
    [
      { within: 10, after: 0, grace: '1s' },
      { beforeMs: 10, afterMs: 0, graceMs: 1000 },
    ],
    [
      { before: '-2s', after: '5s', grace: 1 },
      { beforeMs: -2000, afterMs: 5000, graceMs: 1 },
    ],
    [
      { before: 3, after: -3, grace: 0 },
      { beforeMs: 3, afterMs: -3, graceMs: 0 },
    ],
  ])('%j', (options, expected) => {
    expect(JoinWindows.of(options)).toMatchObject(expected);
  });

  test.each<[object, string]>([
    [{ within: '5s' }, 'grace is missing'],
    [{ grace: 0 }, 'before is missing: give within'],
    [{ before: 0, grace: 0 }, 'after is missing: give within'],
    [{ before: 1, after: -2, grace: 0 }, 'must not be negative, but before is 1 ms'],
    [{ within: -1, grace: 0 }, 'within: -1 is not a duration'],
    [{ within: '5x', grace: 0 }, '"5x" is not a duration'],
    [{ within: 5, grace: -1 }, 'grace: -1 is not a duration'],
    [{ within: 5, grase: 0 }, 'grase'],
  ])('%j is refused', (options, message) => {
    const error = failure(() => JoinWindows.of(options as JoinWindowsOptions));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(message);
  });
});

describe('what comes out', () => {
  test('a row that waited has the headers of the record that ended the wait, and its own time', async () => {
    const { driver, left, output } = driverOf((one, other) =>
      one.leftJoin(other, pair, { windows: JoinWindows.of({ within: 5, grace: 0 }) }).to('out'),
    );
    await using _ = driver;
    await left.pipe({ key: 'k', value: 'a', timestamp: 1, headers: [header('of', 'a')] });
    await left.pipe({ key: 'j', value: 'b', timestamp: 7, headers: [header('of', 'b')] });
    const [row, ...more] = output.readRecords();
    expect(row).toMatchObject({ key: 'k', value: 'a-undefined', timestamp: 1 });
    expect(row?.headers.map(({ value }) => String(value))).toEqual(['b']);
    expect(more).toEqual([]);
  });

  test('records that are kept for ever in Kafka when a joiner fails are given up once', async () => {
    const builder = new StreamsBuilder(text);
    const fails = (one: string, other: string | undefined) => {
      if (one === 'bad') throw new Error('boom');
      return pair(one, other);
    };
    builder
      .stream('left')
      .leftJoin(builder.stream('right'), fails, {
        windows: JoinWindows.of({ within: 5, grace: 0 }),
      })
      .to('out');
    await using driver = new TopologyTestDriver(builder.build(), {
      errors: { process: 'continue' },
    });
    const left = driver.createInputTopic('left', text);
    const output = driver.createOutputTopic('out', text);
    await left.pipe({ key: 'k', value: 'bad', timestamp: 1 });
    await left.pipe({ key: 'k', value: 'c', timestamp: 10 });
    await left.pipe({ key: 'k', value: 'd', timestamp: 20 });
    await left.pipe({ key: 'k', value: 'e', timestamp: 30 });
    expect(output.readRecords().map(({ value }) => value)).toEqual(['d-undefined']);
    expect(driver.droppedRecords).toBe(1);
  });

  test('matches wait for one another where the joiner is async', async () => {
    const settle: (() => void)[] = [];
    const { driver, left, right, read } = driverOf((one, other) =>
      one
        .join(
          other,
          (a, b) =>
            new Promise<string>((resolve) => {
              settle.push(() => resolve(pair(a, b)));
            }),
          { windows: JoinWindows.of({ within: 5, grace: 0 }) },
        )
        .to('out'),
    );
    await using _ = driver;
    await right.pipe({ key: 'k', value: 'x', timestamp: 1 });
    await right.pipe({ key: 'k', value: 'y', timestamp: 2 });
    const piped = left.pipe({ key: 'k', value: 'a', timestamp: 3 });
    for (let turn = 0; settle.length < 1 && turn < 100; turn++) await undefined;
    expect(settle.length).toBe(1);
    expect(read()).toEqual([]);
    settle[0]!();
    for (let turn = 0; settle.length < 2 && turn < 100; turn++) await undefined;
    settle[1]!();
    await piped;
    expect(read()).toEqual([
      ['a-x', 3],
      ['a-y', 3],
    ]);
  });

  test('values that are changed in place do not change what is kept', async () => {
    const builder = new StreamsBuilder();
    const list = { key: string, value: Serdes.json<string[]>() };
    const joined: unknown[] = [];
    builder
      .stream('left', list)
      .join(
        builder.stream('right', list),
        (one, other) => {
          other.push('seen');
          return [...one, ...other];
        },
        { windows: JoinWindows.of({ within: 5, grace: 0 }) },
      )
      .foreach((_key, value) => joined.push(value));
    await using driver = new TopologyTestDriver(builder.build());
    await driver.createInputTopic('right', list).pipe({ key: 'k', value: ['r'], timestamp: 1 });
    const left = driver.createInputTopic('left', list);
    await left.pipe({ key: 'k', value: ['a'], timestamp: 1 });
    await left.pipe({ key: 'k', value: ['b'], timestamp: 1 });
    expect(joined).toEqual([
      ['a', 'r', 'seen'],
      ['b', 'r', 'seen'],
    ]);
  });

  test('joins of a stream with a changed key share its repartition topic, unless they are named', async () => {
    const builder = new StreamsBuilder(text);
    const keyed = builder.stream('left').selectKey((_key, value) => value.slice(0, 1));
    const right = builder.stream('right');
    const windows = JoinWindows.of({ within: 5, grace: 0 });
    keyed.join(right, pair, { windows }).to('one');
    keyed.join(right, pair, { windows }).to('two');
    keyed.join(right, pair, { windows, name: 'third' }).to('three');
    const topics = new Set(
      builder
        .build()
        .describe()
        .toString()
        .match(/[\w-]+-repartition\b/g),
    );
    expect([...topics].toSorted()).toEqual([
      'KSTREAM-KEY-SELECT-0000000001-repartition',
      'third-left-repartition',
    ]);
  });
});

describe('a stream joined with itself', () => {
  const run = async (
    optimization: Optimization,
    rows: readonly (readonly [string, number])[],
    windows: JoinWindowsOptions,
    later: boolean,
  ) => {
    const builder = new StreamsBuilder(text);
    const stream = builder.stream('in');
    const joiner = later
      ? async (one: string, other: string) => {
          for (let turn = one.length + other.length; turn > 0; turn--) await undefined;
          return pair(one, other);
        }
      : pair;
    stream.join(stream, joiner, { windows: JoinWindows.of(windows) }).to('out');
    await using driver = new TopologyTestDriver(builder.build({ optimization }));
    const input = driver.createInputTopic('in', text);
    for (const [value, timestamp] of rows) await input.pipe({ key: 'k', value, timestamp });
    return driver.createOutputTopic('out', text).readRecords();
  };

  test('gives the same with one store as with two', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom('a', 'bb', 'ccc'), fc.integer({ min: 0, max: 12 })), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 6 }),
      fc.boolean(),
      async (rows, before, after, later) => {
        // Everything stays within the retention: Kafka's one store is a millisecond stricter at its edge.
        const windows = { before, after, grace: 20 };
        expect(await run('single.store.self.join', rows, windows, later)).toEqual(
          await run('none', rows, windows, false),
        );
      },
    );
    const seed = process.env['FC_SEED'];
    await fc.assert(property, {
      numRuns: 100,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
    });
  });
});

describe('mistakes', () => {
  const windows = JoinWindows.of({ within: 5, grace: 0 });
  const calls: { readonly [name: string]: [() => unknown, string] } = {
    'no windows': [
      () => join((left, right) => left.join(right, pair, {} as never)),
      'join(): a join of two streams needs the option windows: JoinWindows.of(',
    ],
    'no options at all': [
      () => join((left, right) => (left.outerJoin as Function).call(left, right, pair)),
      'outerJoin(): a join of two streams needs the option windows',
    ],
    'windows of another kind': [
      () => join((left, right) => left.leftJoin(right, pair, { windows: { within: 5 } as never })),
      'leftJoin(): a join of two streams needs the option windows',
    ],
    'no joiner': [
      () => join((left, right) => left.join(right, undefined as never, { windows })),
      'joiner',
    ],
    'a misspelled option': [
      () => join((left, right) => left.join(right, pair, { windows, nmae: 'x' } as never)),
      'nmae',
    ],
    'an outer join with a table': [
      () =>
        join((left, right) => left.outerJoin(right.toTable() as never, pair, { windows } as never)),
      'outerJoin(): the other side is not a KStream',
    ],
    'a stream of another builder': [
      () => join((left) => left.join(new StreamsBuilder(text).stream('x'), pair, { windows })),
      'join(): the other side belongs to another StreamsBuilder',
    ],
    'a name that topics cannot have': [
      () => join((left, right) => left.join(right, pair, { windows, name: 'a b' })),
      'is illegal',
    ],
  };

  function join(
    draw: (left: KStream<string, string>, right: KStream<string, string>) => unknown,
  ): void {
    const builder = new StreamsBuilder(text);
    draw(builder.stream('left'), builder.stream('right'));
  }

  test.each(Object.keys(calls))('%s', (name) => {
    const [call, message] = calls[name]!;
    expect(failure(call).message).toContain(message);
  });

  test('a missing serde of the other side is asked for by the name of its option', () => {
    const builder = new StreamsBuilder();
    const left = builder.stream('left', text);
    const right = builder.stream('right', text).mapValues((value) => value.length);
    left.join(right, (one, other) => `${one}${other}`, { windows }).to('out', { value: string });
    const error = failure(() => builder.build());
    expect(error.code).toBe('MISSING_SERDE');
    expect(error.message).toContain('Set the option `otherValue` of join()');
  });
});

const header = (key: string, value: string) => ({ key, value: Buffer.from(value) });
