/** Graphs as Java prints them: golden texts of Kafka Streams 4.3.1 (the last one is composed of two of them). */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { TopologyException } from '../../src/errors.js';
import { Serdes } from '../../src/serde/serdes.js';

const strings = () => new StreamsBuilder({ key: Serdes.string(), value: Serdes.string() });
const textOf = (builder: { build: StreamsBuilder['build'] }) =>
  builder.build().describe().toString();

describe('describe()', () => {
  test('a left join behind a changed key goes through a repartition topic', () => {
    const builder = strings();
    const left = builder.stream('l').selectKey((_key, value) => value);
    left.leftJoin(builder.table('r'), (value, other) => `${value}-${other}`).to('out');
    expect(textOf(builder)).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [l])
      --> KSTREAM-KEY-SELECT-0000000001
    Processor: KSTREAM-KEY-SELECT-0000000001 (stores: [])
      --> KSTREAM-FILTER-0000000006
      <-- KSTREAM-SOURCE-0000000000
    Processor: KSTREAM-FILTER-0000000006 (stores: [])
      --> KSTREAM-SINK-0000000005
      <-- KSTREAM-KEY-SELECT-0000000001
    Sink: KSTREAM-SINK-0000000005 (topic: KSTREAM-KEY-SELECT-0000000001-repartition)
      <-- KSTREAM-FILTER-0000000006

  Sub-topology: 1
    Source: KSTREAM-SOURCE-0000000007 (topics: [KSTREAM-KEY-SELECT-0000000001-repartition])
      --> KSTREAM-LEFTJOIN-0000000008
    Processor: KSTREAM-LEFTJOIN-0000000008 (stores: [r-STATE-STORE-0000000002])
      --> KSTREAM-SINK-0000000009
      <-- KSTREAM-SOURCE-0000000007
    Source: KSTREAM-SOURCE-0000000003 (topics: [r])
      --> KTABLE-SOURCE-0000000004
    Sink: KSTREAM-SINK-0000000009 (topic: out)
      <-- KSTREAM-LEFTJOIN-0000000008
    Processor: KTABLE-SOURCE-0000000004 (stores: [r-STATE-STORE-0000000002])
      --> none
      <-- KSTREAM-SOURCE-0000000003

`);
  });

  test('two aggregations of one named grouping share the repartition topic', () => {
    const builder = strings();
    const grouped = builder.stream('in').groupBy((_key, value) => value, { name: 'g' });
    grouped.count().toStream().mapValues(String).to('o1');
    grouped
      .reduce((left, right) => left + right)
      .toStream()
      .to('o2');
    expect(textOf(builder)).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [in])
      --> g
    Processor: g (stores: [])
      --> g-repartition-filter
      <-- KSTREAM-SOURCE-0000000000
    Processor: g-repartition-filter (stores: [])
      --> g-repartition-sink
      <-- g
    Sink: g-repartition-sink (topic: g-repartition)
      <-- g-repartition-filter

  Sub-topology: 1
    Source: g-repartition-source (topics: [g-repartition])
      --> KSTREAM-AGGREGATE-0000000004, KSTREAM-REDUCE-0000000012
    Processor: KSTREAM-AGGREGATE-0000000004 (stores: [KSTREAM-AGGREGATE-STATE-STORE-0000000003])
      --> KTABLE-TOSTREAM-0000000008
      <-- g-repartition-source
    Processor: KSTREAM-REDUCE-0000000012 (stores: [KSTREAM-REDUCE-STATE-STORE-0000000011])
      --> KTABLE-TOSTREAM-0000000016
      <-- g-repartition-source
    Processor: KTABLE-TOSTREAM-0000000008 (stores: [])
      --> KSTREAM-MAPVALUES-0000000009
      <-- KSTREAM-AGGREGATE-0000000004
    Processor: KSTREAM-MAPVALUES-0000000009 (stores: [])
      --> KSTREAM-SINK-0000000010
      <-- KTABLE-TOSTREAM-0000000008
    Processor: KTABLE-TOSTREAM-0000000016 (stores: [])
      --> KSTREAM-SINK-0000000017
      <-- KSTREAM-REDUCE-0000000012
    Sink: KSTREAM-SINK-0000000010 (topic: o1)
      <-- KSTREAM-MAPVALUES-0000000009
    Sink: KSTREAM-SINK-0000000017 (topic: o2)
      <-- KTABLE-TOSTREAM-0000000016

`);
  });

  test('the number of a splits default branch is 0', () => {
    const builder = strings();
    const branches = builder
      .stream('in')
      .split()
      .branch(() => true)
      .defaultBranch();
    for (const [index, branch] of [...branches.values()].entries()) branch.to(`o${index + 1}`);
    expect(textOf(builder)).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [in])
      --> KSTREAM-BRANCH-0000000001
    Processor: KSTREAM-BRANCH-0000000001 (stores: [])
      --> KSTREAM-BRANCH-00000000010, KSTREAM-BRANCH-00000000011
      <-- KSTREAM-SOURCE-0000000000
    Processor: KSTREAM-BRANCH-00000000010 (stores: [])
      --> KSTREAM-SINK-0000000005
      <-- KSTREAM-BRANCH-0000000001
    Processor: KSTREAM-BRANCH-00000000011 (stores: [])
      --> KSTREAM-SINK-0000000004
      <-- KSTREAM-BRANCH-0000000001
    Sink: KSTREAM-SINK-0000000004 (topic: o1)
      <-- KSTREAM-BRANCH-00000000011
    Sink: KSTREAM-SINK-0000000005 (topic: o2)
      <-- KSTREAM-BRANCH-00000000010

`);
  });

  test('streams of one topic share a source; a global table is a part without tasks', () => {
    const builder = strings();
    builder.stream('l').peek(() => {});
    const table = builder.globalTable('g', { as: 'gs' });
    const options = { name: 'gj', keySelector: (_key: string, value: string) => value };
    builder.stream('l').join(table, (value, other) => value + other, options);
    expect(textOf(builder)).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [l])
      --> KSTREAM-PEEK-0000000001, gj
    Processor: KSTREAM-PEEK-0000000001 (stores: [])
      --> none
      <-- KSTREAM-SOURCE-0000000000
    Processor: gj (stores: [])
      --> none
      <-- KSTREAM-SOURCE-0000000000

  Sub-topology: 1 for global store (will not generate tasks)
    Source: KSTREAM-SOURCE-0000000002 (topics: [g])
      --> KTABLE-SOURCE-0000000003
    Processor: KTABLE-SOURCE-0000000003 (stores: [gs])
      --> none
      <-- KSTREAM-SOURCE-0000000002
`);
  });
});

describe('sources of one topic', () => {
  const refused = (draw: (builder: ReturnType<typeof strings>) => unknown) => () => {
    const builder = strings();
    draw(builder);
    expect(() => builder.build()).toThrow(TopologyException);
    builder.build();
  };

  test('overlapping but unequal lists are refused', () => {
    const build = refused((builder) => [builder.stream(['a', 'b']), builder.stream(['b', 'c'])]);
    expect(build).toThrow(
      'Two source nodes are subscribed to overlapping but not equal input topics',
    );
  });

  test('the order within equal lists does not matter', () => {
    const builder = strings();
    builder.stream(['a', 'b']).to('x');
    builder.stream(['b', 'a']).to('y');
    expect(builder.build().subtopologies()).toHaveLength(1);
  });

  test('a stream and a table are refused', () => {
    const build = refused((builder) => [builder.stream('a'), builder.table('a')]);
    expect(build).toThrow('Topic a has already been registered by another source.');
  });

  test('two streams with different serdes are refused, which Java lets pass', () => {
    const build = refused((builder) => [
      builder.stream('a'),
      builder.stream('a', { value: Serdes.long() }),
    ]);
    expect(build).toThrow(/read twice with different value serdes/);
  });
});
