/**
 * The mistakes that users of stream processing make, each with the message that tells the way out, and the records that
 * no operator can take: without key, without value, with a negative time.
 */
import { describe, expect, test } from 'vitest';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import type { KStream } from '../../src/dsl/kstream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import { SessionWindows, SlidingWindows, TimeWindows } from '../../src/dsl/windows.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import { TopologyTestDriver } from '../../src/testing.js';

const text = { key: Serdes.string(), value: Serdes.string() };
type Builder = StreamsBuilder<string, string>;
type Texts = KStream<string, string>;
const strings = (): Builder => new StreamsBuilder(text);
const store = (name: string) => Stores.keyValue({ ...text, name });

/** What JavaScript lets through and the compiler would not. */
const wrong = (argument: unknown): never => argument as never;
const seconds = TimeWindows.of({ size: '1s', grace: 0 });
const sessions = SessionWindows.of({ gap: '1s', grace: 0 });
const sliding = SlidingWindows.of({ difference: '1s', grace: 0 });
const near = { windows: JoinWindows.of({ within: '1s', grace: 0 }) };

/** The message of the call or of `build()`. */
function failure(draw: (builder: Builder) => unknown): string {
  const builder = strings();
  try {
    draw(builder);
    builder.build();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing';
}

describe('what is wrong with a program is said when it is drawn or built', () => {
  const cases: [name: string, draw: (builder: Builder) => unknown, message: string[]][] = [
    [
      'windows without grace',
      () => TimeWindows.of(wrong({ size: '1s' })),
      ['TimeWindows.of(): grace is missing', 'grace: 0'],
    ],
    [
      'sliding windows without grace',
      () => SlidingWindows.of(wrong({ difference: '1s' })),
      ['SlidingWindows.of(): grace is missing'],
    ],
    [
      'session windows without grace',
      () => SessionWindows.of(wrong({ gap: '1s' })),
      ['SessionWindows.of(): grace is missing'],
    ],
    [
      'join windows without grace',
      () => JoinWindows.of(wrong({ within: '1s' })),
      ['JoinWindows.of(): grace is missing'],
    ],
    [
      'a join of streams without windows',
      (b) => b.stream('a').join(b.stream('b'), (v) => v, wrong({})),
      ['join()', 'windows', 'JoinWindows.of('],
    ],
    [
      'untilWindowCloses on a table without windows',
      (b) => b.table('t').suppress(wrong(Suppressed.untilWindowCloses())),
      ['Window close time is only defined for windowed computations', 'untilTimeLimit'],
    ],
    [
      'two operators of one name',
      (b) =>
        b
          .stream('in')
          .filter(() => true, { name: 'twice' })
          .filter(() => true, { name: 'twice' }),
      ['Processor twice is already added.', 'another name'],
    ],
    [
      'two stores of one name',
      (b) => {
        b.stream('in').groupByKey().count({ as: 'counts' });
        b.stream('in').groupByKey().count({ as: 'counts' });
      },
      ['A different StateStore has already been added with the name counts', 'another name'],
    ],
    [
      'a store that was never added',
      (b) => b.stream('in').process(() => ({ process() {} }), { stores: ['seen'] }),
      ['StateStore seen is not added yet.', 'addStateStore(builder)', '{ stores: [builder] }'],
    ],
    [
      'a global store that is connected',
      (b) => {
        b.addGlobalStore(store('g'), 'g', () => ({ process() {} }));
        b.stream('in').process(() => ({ process() {} }), { stores: ['g'] });
      },
      ['Global StateStore g can be used by a Processor without being specified'],
    ],
    [
      'a topic that is read as stream and as table',
      (b) => {
        b.stream('in').to('out');
        b.table('in');
      },
      ['Topic in has already been registered by another source.', 'toStream()', 'toTable()'],
    ],
    [
      'two tables of one topic',
      (b) => {
        b.table('in');
        b.table('in');
      },
      ['Topic in has already been registered by another source.'],
    ],
    [
      'lists of topics that overlap',
      (b) => {
        b.stream(['a', 'b']);
        b.stream(['b', 'c']);
      },
      ['Two source nodes are subscribed to overlapping but not equal input topics'],
    ],
    [
      'a pattern that matches a topic that is read by name',
      (b) => {
        b.stream('orders-1');
        b.stream(/orders-.*/);
      },
      ['Pattern orders-.* will match a topic', 'That topic is orders-1'],
    ],
    [
      'two tables that are joined on hops of one name',
      (b) => {
        const keyed = b.stream('in').map((k, v) => [v, k]);
        keyed.groupByKey({ name: 'hop' }).count();
        keyed.groupByKey({ name: 'hop' }).count();
      },
      ['Topic hop-repartition has already been registered', 'count()', '{ name }'],
    ],
    [
      'a name that no topic could have',
      (b) => b.stream('in').filter(() => true, { name: 'größer' }),
      ['Name "größer" is illegal'],
    ],
    [
      'a store whose name no topic could have',
      (b) => b.stream('in').groupByKey().count({ as: 'a b' }),
      ['Name "a b" is illegal'],
    ],
  ];
  test.each(cases)('%s', (_name, draw, messages) => {
    const message = failure(draw);
    for (const part of messages) expect(message).toContain(part);
  });
});

test('a store that is there but not connected is named with the ways to connect it', () => {
  const builder = strings();
  builder.addStateStore(store('seen'));
  builder.stream('in').process((context) => {
    context.getStateStore('seen');
    return { process() {} };
  });
  expect(() => new TopologyTestDriver(builder.build())).toThrow(
    /has no access to StateStore seen.*Name it in the option `stores` of process\(\)/,
  );
});

/** An operator of every kind behind `in`, and a table of `table`. What it makes goes to `out`. */
const OPERATORS: { readonly [name: string]: (stream: Texts, builder: Builder) => unknown } = {
  count: (s) => s.groupByKey().count().toStream().mapValues(String).to('out'),
  reduce: (s) =>
    s
      .groupByKey()
      .reduce((a, b) => a + b)
      .toStream()
      .to('out'),
  aggregate: (s) =>
    s
      .groupByKey()
      .aggregate(
        () => '',
        (_k, v, all) => all + v,
      )
      .toStream()
      .to('out'),
  'groupBy with a null key': (s) => s.groupBy(() => null).count(),
  'windowed count': (s) => s.groupByKey().windowedBy(seconds).count(),
  'sliding count': (s) => s.groupByKey().windowedBy(sliding).count(),
  'session count': (s) => s.groupByKey().windowedBy(sessions).count(),
  cogroup: (s) =>
    s
      .groupByKey()
      .cogroup((_k, v, all: string) => all + v)
      .aggregate(() => ''),
  toTable: (s) => s.toTable().toStream().to('out'),
  repartition: (s) =>
    s
      .selectKey((k) => k)
      .repartition()
      .to('out'),
  'join with a table': (s, b) => s.join(b.table('table'), (v) => v).to('out'),
  'left join with a table': (s, b) => s.leftJoin(b.table('table'), (v) => v).to('out'),
  'join with a stream': (s, b) => s.join(b.stream('other'), (v) => v, near).to('out'),
  'left join with a stream': (s, b) => s.leftJoin(b.stream('other'), (v) => v, near).to('out'),
  'outer join with a stream': (s, b) =>
    s.outerJoin(b.stream('other'), (v, w) => v ?? w ?? '', near).to('out'),
  filter: (s) => s.filter(() => true).to('out'),
  mapValues: (s) => s.mapValues((v) => v).to('out'),
  split: (s) => s.split({ all: () => true }).all.to('out'),
  process: (s) =>
    s
      .process<string, string>((context) => ({ process: (record) => context.forward(record) }))
      .to('out'),
};

const textOf = (bytes: Uint8Array | null) =>
  bytes === null ? 'null' : Buffer.from(bytes).toString();

/** `key=value` of what came to `out`, and how many were dropped; or the message of the failure. */
async function fed(
  draw: (stream: Texts, builder: Builder) => unknown,
  record: {
    readonly key: string | null;
    readonly value: string | null;
    readonly timestamp: number;
  },
): Promise<string> {
  const builder = strings();
  draw(builder.stream('in'), builder);
  await using driver = new TopologyTestDriver(builder.build());
  const input = driver.createInputTopic('in', text);
  try {
    await input.pipe(record);
  } catch (error) {
    return (error as Error).message;
  }
  const out = driver
    .readProduced()
    .filter(({ topic }) => topic === 'out')
    .map(({ key, value }) => `${textOf(key)}=${textOf(value)}`);
  return `${out.join(' ')} dropped ${driver.droppedRecords}`;
}

describe('a record that an operator cannot take', () => {
  const outcomes = async (record: Parameters<typeof fed>[1]) => {
    const all: { [name: string]: string } = {};
    for (const [name, draw] of Object.entries(OPERATORS)) all[name] = await fed(draw, record);
    return all;
  };

  test('without key', async () => {
    expect(await outcomes({ key: null, value: 'v', timestamp: 0 })).toMatchInlineSnapshot(`
      {
        "aggregate": " dropped 1",
        "cogroup": " dropped 1",
        "count": " dropped 1",
        "filter": "null=v dropped 0",
        "groupBy with a null key": " dropped 0",
        "join with a stream": " dropped 1",
        "join with a table": " dropped 1",
        "left join with a stream": "null=v dropped 0",
        "left join with a table": "null=v dropped 0",
        "mapValues": "null=v dropped 0",
        "outer join with a stream": "null=v dropped 0",
        "process": "null=v dropped 0",
        "reduce": " dropped 1",
        "repartition": " dropped 0",
        "session count": " dropped 1",
        "sliding count": " dropped 1",
        "split": "null=v dropped 0",
        "toTable": " dropped 1",
        "windowed count": " dropped 1",
      }
    `);
  });

  test('without value', async () => {
    expect(await outcomes({ key: 'k', value: null, timestamp: 0 })).toMatchInlineSnapshot(`
      {
        "aggregate": " dropped 1",
        "cogroup": " dropped 1",
        "count": " dropped 1",
        "filter": "k=null dropped 0",
        "groupBy with a null key": " dropped 0",
        "join with a stream": " dropped 1",
        "join with a table": " dropped 1",
        "left join with a stream": " dropped 1",
        "left join with a table": " dropped 1",
        "mapValues": "k=null dropped 0",
        "outer join with a stream": " dropped 1",
        "process": "k=null dropped 0",
        "reduce": " dropped 1",
        "repartition": "k=null dropped 0",
        "session count": " dropped 0",
        "sliding count": " dropped 1",
        "split": "k=null dropped 0",
        "toTable": "k=null dropped 0",
        "windowed count": " dropped 0",
      }
    `);
  });

  test('with a negative time fails with the option that helps', async () => {
    for (const outcome of Object.values(await outcomes({ key: 'k', value: 'v', timestamp: -1 })))
      expect(outcome).toMatch(/negative.*timestamp/i);
    const builder = strings();
    builder.stream('in', { timestamps: () => -5 }).to('out');
    await using driver = new TopologyTestDriver(builder.build());
    await driver.createInputTopic('in', text).pipe({ key: 'k', value: 'v', timestamp: 0 });
    expect(driver.droppedRecords).toBe(1);
  });
});
