/** A topology as data, as Mermaid and as DOT: golden texts, and names that would break them. */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';

const text = Serdes.string();

/** Words are counted; who asks for a word gets its row of a table. */
function program() {
  const builder = new StreamsBuilder({ key: text, value: text });
  const words = builder.stream('lines').flatMapValues((line) => line.split(' '), { name: 'split' });
  words
    .groupBy((_key, word) => word, { name: 'by-word' })
    .count({ as: 'counts', name: 'count' })
    .toStream({ name: 'changes' })
    .to('counts', { value: Serdes.long(), name: 'write' });
  return builder;
}

describe('toJSON()', () => {
  test('says why a repartition topic is there, and where stores are restored from', () => {
    const { repartitionTopics, stores } = program().build().describe().toJSON();
    expect(repartitionTopics).toEqual([
      {
        topic: 'by-word-repartition',
        writtenBy: [0],
        readBy: [1],
        reason: 'by-word changed the key, and count (count()) needs equal keys in one task',
        keyChangedBy: ['by-word'],
        neededBy: ['count'],
        partitions: null,
        partitionsRule: 'as many as sub-topology 0 has tasks',
      },
    ]);
    expect(stores).toEqual([
      {
        name: 'counts',
        subtopology: 1,
        global: false,
        kind: 'keyValue',
        changelog: 'counts-changelog',
        sourceTopic: false,
      },
    ]);
    expect(JSON.parse(JSON.stringify(program().build().describe()))).toMatchObject({
      repartitionTopics,
      stores,
    });
  });

  test('of a join: both sides, and the partner that decides the partitions', () => {
    const builder = new StreamsBuilder({ key: text, value: text });
    const table = builder.table('users', { as: 'users' });
    builder
      .stream('left')
      .selectKey((_key, value) => value, { name: 'by-user' })
      .merge(builder.stream('right').map((key, value) => [value, key], { name: 'swapped' }))
      .leftJoin(table, (value) => value, { name: 'with-user' })
      .to('out');
    const description = builder.build({ optimization: 'all' }).describe();
    expect(description.repartitionTopics).toMatchObject([
      {
        topic: 'with-user-repartition',
        reason:
          'by-user and swapped changed the key, and with-user (leftJoin()) needs equal keys in one task',
        partitionsRule: 'as many as users, whose records it meets',
      },
    ]);
    expect(description.stores).toMatchObject([
      { name: 'users', changelog: 'users', sourceTopic: true },
    ]);
    expect(description.subtopologies.flatMap((part) => part.copartitionedTopics)).toEqual([
      ['with-user-repartition', 'users'],
    ]);
  });

  test('of topics that the user asks for, and of those drawn by hand', () => {
    const builder = new StreamsBuilder({ key: text, value: text });
    builder.stream('in').repartition({ name: 'mine', partitions: 3 }).to('out');
    expect(builder.build().describe().repartitionTopics).toMatchObject([
      {
        reason: 'repartition() asks for it',
        partitions: 3,
        partitionsRule: '3, as the program says',
        neededBy: [],
      },
    ]);
    const byHand = new Topology()
      .addSource('in', 'in')
      .addRepartitionTopic('hop')
      .addSink('to', 'hop', 'in')
      .addSource('from', 'hop');
    expect(byHand.describe().repartitionTopics).toMatchObject([
      { topic: 'hop', writtenBy: [0], readBy: [1], reason: 'drawn by hand' },
    ]);
  });
});

test('toMermaid()', () => {
  expect(program().build().describe().toMermaid()).toMatchInlineSnapshot(`
    "flowchart TD
      subgraph g0["Sub-topology 0"]
        n0["KSTREAM-SOURCE-0000000000"]
        n1["split"]
        n2["by-word"]
        n3["by-word-repartition-filter"]
        n4["by-word-repartition-sink"]
      end
      subgraph g1["Sub-topology 1"]
        n5["by-word-repartition-source"]
        n6["count"]
        n7["changes"]
        n8["write"]
        s0[("counts<br/>counts-changelog")]
      end
      t0[/"lines"/]
      t1[/"by-word-repartition<br/>by-word changed the key, and count (count()) needs equal keys in one task"/]
      t2[/"counts"/]
      t0 --> n0
      n0 --> n1
      n1 --> n2
      n2 --> n3
      n3 --> n4
      n4 --> t1
      t1 --> n5
      n5 --> n6
      n6 --> n7
      n6 -.- s0
      n7 --> n8
      n8 --> t2
      classDef internal stroke-dasharray: 5 5
      class t1 internal
    "
  `);
});

test('toDot()', () => {
  expect(program().build().describe().toDot()).toMatchInlineSnapshot(`
    "digraph topology {
      node [shape=box];
      subgraph cluster_g0 {
        label="Sub-topology 0";
        n0 [label="KSTREAM-SOURCE-0000000000"];
        n1 [label="split"];
        n2 [label="by-word"];
        n3 [label="by-word-repartition-filter"];
        n4 [label="by-word-repartition-sink"];
      }
      subgraph cluster_g1 {
        label="Sub-topology 1";
        n5 [label="by-word-repartition-source"];
        n6 [label="count"];
        n7 [label="changes"];
        n8 [label="write"];
        s0 [label="counts\\ncounts-changelog", shape=cylinder];
      }
      t0 [label="lines", shape=parallelogram];
      t1 [label="by-word-repartition\\nby-word changed the key, and count (count()) needs equal keys in one task", shape=parallelogram, style=dashed];
      t2 [label="counts", shape=parallelogram];
      t0 -> n0;
      n0 -> n1;
      n1 -> n2;
      n2 -> n3;
      n3 -> n4;
      n4 -> t1;
      t1 -> n5;
      n5 -> n6;
      n6 -> n7;
      n6 -> s0 [dir=none, style=dotted];
      n7 -> n8;
      n8 -> t2;
    }
    "
  `);
});

describe('names with any characters stand in labels only', () => {
  const odd = 'a"b\\c#d<e>`f\ng — “é”';
  const topology = new Topology()
    .addSource(odd, /in-.*["']/)
    .addProcessor('end', () => ({ process() {} }), odd, {
      stores: [Stores.keyValue({ name: 's', key: text, value: text, logging: false })],
    })
    .addSink('k', () => 'somewhere', 'end');

  test('in Mermaid', () => {
    const drawn = topology.describe().toMermaid();
    expect(drawn).toContain('n0["a#34;b#92;c#35;d#60;e#62;#96;f g — “é”"]');
    expect(drawn).toContain('n1["end"]');
    expect(drawn).toContain('t0[/"/in-.*[#34;#39;]/"/]');
    expect(drawn).toContain('s0[("s<br/>not logged")]');
  });

  test('in DOT', () => {
    const drawn = topology.describe().toDot();
    expect(drawn).toContain(String.raw`n0 [label="a\"b\\c#d<e>${'`'}f g — “é”"];`);
    expect(drawn).toContain(String.raw`s0 [label="s\nnot logged", shape=cylinder];`);
    expect(drawn).toContain('n1 -> s0 [dir=none, style=dotted];');
  });
});
