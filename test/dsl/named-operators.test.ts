/** `name` is taken wherever Java takes a Named, and shows where it shows in Java (as its StreamsBuilderTest expects). */
import { expect, test } from 'vitest';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import type { KStream } from '../../src/dsl/kstream.js';
import type { KTable } from '../../src/dsl/ktable.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import { SessionWindows, SlidingWindows, TimeWindows } from '../../src/dsl/windows.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';

const text = { key: Serdes.string(), value: Serdes.string() };
type Builder = StreamsBuilder<string, string>;
type Texts = KStream<string, string>;
type Rows = KTable<string, string>;

const name = 'X';
const near = { windows: JoinWindows.of({ within: '1h', grace: 0 }) };
const first = (value: string) => value;
const forwarding = () => ({ process() {} });

/** Nodes and stores that do not have generated names, in the order in which they are built. */
function given(draw: (builder: Builder) => unknown): string[] {
  const builder = new StreamsBuilder(text);
  draw(builder);
  return builder
    .build()
    .subtopologies()
    .flatMap(({ nodes, stores }) =>
      nodes.map((node) => node.name).concat(stores.map((store) => store.builder.name)),
    )
    .filter((found) => !/[0-9]{10}/.test(found));
}

const stream = (draw: (stream: Texts, builder: Builder) => unknown) => (builder: Builder) =>
  draw(builder.stream('in'), builder);
const table = (draw: (table: Rows, builder: Builder) => unknown) => (builder: Builder) =>
  draw(builder.table('in'), builder);

const cases: [call: string, draw: (builder: Builder) => unknown, names: string[]][] = [
  ['stream', (b) => b.stream('t', { name }), ['X']],
  ['table', (b) => b.table('t', { name }), ['X-source', 'X']],
  ['globalTable', (b) => b.globalTable('t', { name, as: 's' }), ['X-source', 'X', 's']],
  [
    'addGlobalStore',
    (b) => b.addGlobalStore(Stores.keyValue({ ...text, name: 's' }), 't', forwarding, { name }),
    ['X-source', 'X', 's'],
  ],
  ['filter', stream((s) => s.filter(() => true, { name })), ['X']],
  ['filterNot', stream((s) => s.filterNot(() => true, { name })), ['X']],
  ['map', stream((s) => s.map((k, v) => [v, k], { name })), ['X']],
  ['mapValues', stream((s) => s.mapValues(first, { name })), ['X']],
  ['flatMap', stream((s) => s.flatMap((k, v) => [[v, k]], { name })), ['X']],
  ['flatMapValues', stream((s) => s.flatMapValues((v) => [v], { name })), ['X']],
  ['selectKey', stream((s) => s.selectKey((_k, v) => v, { name })), ['X']],
  ['peek', stream((s) => s.peek(() => {}, { name })), ['X']],
  ['foreach', stream((s) => s.foreach(() => {}, { name })), ['X']],
  ['process', stream((s) => s.process(forwarding, { name })), ['X']],
  ['processValues', stream((s) => s.processValues(forwarding, { name })), ['X']],
  ['merge', stream((s, b) => s.merge(b.stream('other'), { name })), ['X']],
  ['to', stream((s) => s.to('out', { name })), ['X']],
  ['toTable', stream((s) => s.toTable({ name })), ['X']],
  [
    'split',
    stream((s) =>
      s
        .split({ name })
        .branch(() => true, { name: '-1' })
        .branch(() => true, { name: '-2' })
        .noDefaultBranch(),
    ),
    ['X', 'X-1', 'X-2'],
  ],
  [
    'repartition',
    stream((s) => s.repartition({ name })),
    ['X-repartition-filter', 'X-repartition-sink', 'X-repartition-source'],
  ],
  [
    'groupBy',
    stream((s) => s.groupBy((_k, v) => v, { name }).count()),
    ['X', 'X-repartition-filter', 'X-repartition-sink', 'X-repartition-source'],
  ],
  ['count', stream((s) => s.groupByKey().count({ name, as: 's' })), ['X', 's']],
  ['reduce', stream((s) => s.groupByKey().reduce(first, { name })), ['X']],
  [
    'aggregate',
    stream((s) =>
      s.groupByKey().aggregate(
        () => '',
        (_k, v) => v,
        { name },
      ),
    ),
    ['X'],
  ],
  [
    'windowed count',
    stream((s) =>
      s
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 1, grace: 0 }))
        .count({ name }),
    ),
    ['X'],
  ],
  [
    'sliding reduce',
    stream((s) =>
      s
        .groupByKey()
        .windowedBy(SlidingWindows.of({ difference: 1, grace: 0 }))
        .reduce(first, { name }),
    ),
    ['X'],
  ],
  [
    'session count',
    stream((s) =>
      s
        .groupByKey()
        .windowedBy(SessionWindows.of({ gap: 1, grace: 0 }))
        .count({ name }),
    ),
    ['X'],
  ],
  [
    'cogroup',
    stream((s) =>
      s
        .groupByKey()
        .cogroup((_k, v) => v)
        .aggregate(() => '', { name }),
    ),
    ['X-cogroup-agg-0', 'X-cogroup-merge'],
  ],
  ['join with a table', stream((s, b) => s.join(b.table('t'), first, { name })), ['X']],
  [
    'join with a global table',
    stream((s, b) =>
      s.leftJoin(b.globalTable('t', { as: 'g' }), first, { name, keySelector: (k) => k }),
    ),
    ['X', 'g'],
  ],
  [
    'left join of streams',
    stream((s, b) => s.leftJoin(b.stream('other'), first, { ...near, name, as: 'X' })),
    [
      'X-this-windowed',
      'X-other-windowed',
      'X-this-join',
      'X-outer-other-join',
      'X-merge',
      'X-this-join-store',
      'X-outer-other-join-store',
      'X-left-shared-join-store',
    ],
  ],
  ['table filter', table((t) => t.filter(() => true, { name })), ['X']],
  ['table mapValues', table((t) => t.mapValues(first, { name, as: 's' })), ['X', 's']],
  ['toStream', table((t) => t.toStream({ name })), ['X']],
  ['suppress', table((t) => t.suppress(Suppressed.untilTimeLimit(1), { name })), ['X', 'X-store']],
  [
    'table groupBy and count',
    table((t) => t.groupBy((k, v) => [k, v], { name: 'group' }).count({ name })),
    ['group', 'X-sink', 'X-source', 'X'],
  ],
  [
    'join of tables',
    table((t, b) => t.join(b.table('other'), first, { name })),
    ['X-join-this', 'X-join-other', 'X'],
  ],
];

test.each(cases)('%s', (_call, draw, names) => {
  expect(given(draw).toSorted()).toEqual(names.toSorted());
});
