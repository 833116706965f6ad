/** What operators do with records, through the test driver. */
import { describe, expect, test } from 'vitest';
import type { KStream } from '../../src/dsl/kstream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';

const text = { key: Serdes.string(), value: Serdes.string() };
type Texts = KStream<string, string>;
type Row = [key: string | null, value: string | null, timestamp?: number];

/** Runs the rows through a graph that writes to `out`. */
async function run(
  draw: (stream: Texts, builder: StreamsBuilder<string, string>) => void,
  rows: Row[],
  cache = 0,
) {
  const builder = new StreamsBuilder(text);
  draw(builder.stream('in'), builder);
  await using driver = new TopologyTestDriver(builder.build(), { statestoreCacheMaxBytes: cache });
  const input = driver.createInputTopic('in', text);
  for (const [key, value, timestamp = 0] of rows) await input.pipe({ key, value, timestamp });
  const output = driver.createOutputTopic('out', text);
  const records = output
    .readRecords()
    .map((record) => `${record.key}=${record.value}@${record.timestamp}`);
  return { records, dropped: driver.droppedRecords };
}

const later = <T>(value: T): Promise<T> => Promise.resolve(value);

/** Each operator twice: with a plain function and with an async one. The output has to be the same. */
const twins: [name: string, sync: (stream: Texts) => Texts, async: (stream: Texts) => Texts][] = [
  ['filter', (s) => s.filter((_k, v) => v > 'b'), (s) => s.filter((_k, v) => later(v > 'b'))],
  [
    'filterNot',
    (s) => s.filterNot((_k, v) => v > 'b'),
    (s) => s.filterNot((_k, v) => later(v > 'b')),
  ],
  ['map', (s) => s.map((k, v) => [v, k]), (s) => s.map((k, v) => later([v, k] as const))],
  ['mapValues', (s) => s.mapValues((v) => v + v), (s) => s.mapValues((v) => later(v + v))],
  [
    'flatMap',
    (s) =>
      s.flatMap((k, v) => [
        [v, k],
        [k, v],
      ]),
    (s) =>
      s.flatMap((k, v) =>
        later([
          [v, k],
          [k, v],
        ] as const),
      ),
  ],
  [
    'flatMapValues',
    (s) => s.flatMapValues((v) => [v, v]),
    (s) => s.flatMapValues((v) => later([v, v])),
  ],
  ['selectKey', (s) => s.selectKey((_k, v) => v), (s) => s.selectKey((_k, v) => later(v))],
  ['peek', (s) => s.peek(() => {}), (s) => s.peek(() => later(undefined))],
  [
    'split',
    (s) => {
      const { first, second, rest } = s.split({
        first: (_k, v) => v > 'c',
        second: (_k, v) => v > 'b',
        rest: true,
      });
      return first
        .mapValues((v) => `1${v}`)
        .merge(second.mapValues((v) => `2${v}`))
        .merge(rest);
    },
    (s) => {
      const { first, second, rest } = s.split({
        first: (_k, v) => later(v > 'c'),
        second: (_k, v) => later(v > 'b'),
        rest: true,
      });
      return first
        .mapValues((v) => `1${v}`)
        .merge(second.mapValues((v) => later(`2${v}`)))
        .merge(rest);
    },
  ],
  [
    'aggregate',
    (s) =>
      s
        .groupByKey()
        .aggregate(
          () => '0',
          (_k, v, sum) => sum + v,
        )
        .toStream() as Texts,
    (s) =>
      s
        .groupByKey()
        .aggregate(
          () => later('0'),
          (_k, v, sum) => later(sum + v),
        )
        .toStream() as Texts,
  ],
  [
    'reduce',
    (s) =>
      s
        .groupByKey()
        .reduce((sum, v) => sum + v)
        .toStream() as Texts,
    (s) =>
      s
        .groupByKey()
        .reduce((sum, v) => later(sum + v))
        .toStream() as Texts,
  ],
  [
    'join with the own table',
    (s) => s.leftJoin(s.toTable(), (left, right) => `${left}${right}`),
    (s) => s.leftJoin(s.toTable(), (left, right) => later(`${left}${right}`)),
  ],
  [
    'table filter and mapValues with stores',
    (s) =>
      s
        .toTable()
        .filter((_k, v) => v > 'b', { as: 'f' })
        .mapValues((v) => v + v, { as: 'm' })
        .toStream() as Texts,
    (s) =>
      s
        .toTable()
        .filter((_k, v) => later(v > 'b'), { as: 'f' })
        .mapValues((v) => later(v + v), { as: 'm' })
        .toStream() as Texts,
  ],
];

describe('async user functions', () => {
  const rows: Row[] = [
    ['x', 'a', 1],
    ['y', 'b', 2],
    ['x', 'c', 3],
    ['y', 'a', 4],
    ['z', 'd', 2],
    ['x', 'bb', 9],
  ];

  test.each(twins)('%s gives the same output, in the same order', async (_name, sync, async) => {
    const expected = await run((stream) => sync(stream).to('out'), rows);
    const actual = await run((stream) => async(stream).to('out'), rows);
    expect(expected.records).not.toEqual([]);
    expect(actual).toEqual(expected);
  });

  test('a rejection names the node', async () => {
    const failing = run(
      (stream) =>
        stream.mapValues(() => Promise.reject(new Error('boom')), { name: 'mine' }).to('out'),
      rows,
    );
    await expect(failing).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      where: { node: 'mine' },
      cause: { message: 'boom' },
    });
  });

  test('a table without a store cannot be looked up through an async function', async () => {
    const failing = run((stream) => {
      const table = stream.toTable().mapValues((value) => later(value));
      stream.join(table, (left, right) => left + right).to('out');
    }, rows);
    await expect(failing).rejects.toMatchObject({
      cause: { code: 'ASYNC_NOT_SUPPORTED', message: expect.stringContaining('`as`') },
    });
  });
});

describe('null keys and values', () => {
  const rows: Row[] = [
    [null, 'a'],
    ['x', null],
    ['x', 'b'],
  ];

  test('stateless operators see them', async () => {
    const { records, dropped } = await run(
      (stream) => stream.mapValues((value) => value ?? 'none').to('out'),
      rows,
    );
    expect(records).toEqual(['null=a@0', 'x=none@0', 'x=b@0']);
    expect(dropped).toBe(0);
  });

  test('an aggregation drops and counts them', async () => {
    const { records, dropped } = await run((stream) => {
      stream.groupByKey().count().toStream().mapValues(String).to('out');
    }, rows);
    expect(records).toEqual(['x=1@0']);
    expect(dropped).toBe(2);
  });

  test('a mapper that returns null gives no value', async () => {
    const { records } = await run(
      (stream) => stream.mapValues(() => null).to('out', { value: Serdes.void() }),
      [['x', 'a']],
    );
    expect(records).toEqual(['x=null@0']);
  });

  test('a repartition topic takes no record without key, unless a left join keeps it', async () => {
    const hop = await run(
      (stream) =>
        stream
          .selectKey((key) => key)
          .repartition()
          .to('out'),
      rows,
    );
    expect(hop).toEqual({ records: ['x=null@0', 'x=b@0'], dropped: 0 });
    const kept = await run((stream, builder) => {
      const table = builder.table('other');
      stream
        .selectKey((key) => key)
        .leftJoin(table, (value) => value)
        .to('out');
    }, rows);
    expect(kept).toEqual({ records: ['null=a@0', 'x=b@0'], dropped: 1 });
  });
});

describe('aggregations', () => {
  test('null deletes the row, and the next record starts anew with its own time', async () => {
    const { records } = await run(
      (stream) => {
        stream
          .groupByKey()
          .reduce((sum, value) => (value === '-' ? null : sum + value))
          .toStream()
          .to('out');
      },
      [
        ['x', 'a', 5],
        ['x', 'b', 3],
        ['x', '-', 4],
        ['x', 'c', 1],
      ],
    );
    expect(records).toEqual(['x=a@5', 'x=ab@5', 'x=null@5', 'x=c@1']);
  });

  test('an aggregator that changes its argument in place does not change the old value', async () => {
    const builder = new StreamsBuilder(text);
    const lists = builder
      .stream('in')
      .groupByKey()
      .aggregate(
        (): string[] => [],
        (_key, value, list) => (list.push(value), list),
        { value: Serdes.json<string[]>() },
      );
    // The filter takes the old values of the aggregation: short lists were never forwarded.
    lists
      .filter((_key, list) => list.length > 1)
      .toStream()
      .mapValues((list) => list?.join('') ?? null)
      .to('out');
    await using driver = new TopologyTestDriver(builder.build(), { statestoreCacheMaxBytes: 0 });
    const input = driver.createInputTopic('in', text);
    for (const value of ['a', 'b', 'c']) await input.pipe({ key: 'x', value, timestamp: 0 });
    expect(
      driver
        .createOutputTopic('out', text)
        .readRecords()
        .map((record) => record.value),
    ).toEqual(['ab', 'abc']);
  });
});

describe('tables', () => {
  const rows: Row[] = [
    ['k', 'x1'],
    ['k', 'y'],
    ['k', 'y2'],
    ['k', null],
    ['q', 'y'],
  ];
  const passing = (_key: string, value: string) => value.startsWith('x');

  test('a filter of a table without store deletes every row that does not pass', async () => {
    const { records } = await run(
      (stream) => stream.toTable().filter(passing).toStream().to('out'),
      rows,
    );
    expect(records).toEqual(['k=x1@0', 'k=null@0', 'k=null@0', 'k=null@0', 'q=null@0']);
  });

  test('a filter of a stored table deletes only what was there', async () => {
    const { records } = await run(
      (stream) => stream.toTable({ as: 't' }).filter(passing).toStream().to('out'),
      rows,
    );
    expect(records).toEqual(['k=x1@0', 'k=null@0']);
  });

  test('a stored filter of a table without store forwards every deletion', async () => {
    const { records } = await run(
      (stream) => stream.toTable().filter(passing, { as: 'f' }).toStream().to('out'),
      rows,
    );
    expect(records).toEqual(['k=x1@0', 'k=null@0', 'k=null@0', 'k=null@0', 'q=null@0']);
  });

  test('mapValues is not called for a deletion, which is passed on', async () => {
    const { records } = await run(
      (stream) =>
        stream
          .toTable()
          .mapValues((value) => value.length)
          .toStream()
          .mapValues(String)
          .to('out'),
      [
        ['k', null],
        ['k', 'ab'],
      ],
    );
    expect(records).toEqual(['k=null@0', 'k=2@0']);
  });

  test('a join looks up through filter and mapValues', async () => {
    const { records } = await run(
      (stream) => {
        const table = stream
          .toTable()
          .filter(passing)
          .mapValues((value) => value.toUpperCase());
        stream.leftJoin(table, (left, right) => `${left}:${right}`).to('out');
      },
      [
        ['k', 'x1', 1],
        ['k', 'y', 2],
      ],
    );
    expect(records).toEqual(['k=x1:X1@1', 'k=y:undefined@2']);
  });

  test('with a record cache only the last update of a commit comes out, and handles read the store', async () => {
    const builder = new StreamsBuilder(text);
    const counts = builder
      .stream('in')
      .flatMapValues((value) => value.split(''))
      .groupByKey()
      .count({ as: 'counts' });
    counts.toStream().to('out');
    await using driver = new TopologyTestDriver(builder.build());
    await driver.createInputTopic('in', text).pipe({ key: 'x', value: 'abc', timestamp: 7 });
    const output = driver.createOutputTopic('out', { key: Serdes.string(), value: Serdes.long() });
    expect(output.readRecords()).toEqual([{ key: 'x', value: 3, timestamp: 7, headers: [] }]);
    expect(driver.store(counts).get('x')).toBe(3);
  });
});

describe('headers', () => {
  test('what is appended to one record is not seen on its sisters', async () => {
    const builder = new StreamsBuilder(text);
    builder
      .stream('in')
      .flatMapValues((value) => [...value])
      .process((context: ProcessorContext<string, string>) => ({
        process(record) {
          record.headers.push({ key: 'seen', value: null });
          context.forward(record);
        },
      }))
      .to('out');
    await using driver = new TopologyTestDriver(builder.build());
    const headers = [{ key: 'given', value: null }];
    await driver
      .createInputTopic('in', text)
      .pipe({ key: 'k', value: 'ab', timestamp: 0, headers });
    await driver.createInputTopic('in', text).pipe({ key: 'k', value: 'cd', timestamp: 0 });
    const records = driver.createOutputTopic('out', text).readRecords();
    const keys = records.map((record) => record.headers.map((header) => header.key).join());
    expect(keys).toEqual(['given,seen', 'given,seen', 'seen', 'seen']);
  });
});
