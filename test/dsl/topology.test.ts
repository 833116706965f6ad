/** `Topology` by hand: Kafka's checks in Kafka's words, the sub-topologies, and the text of `describe()`. */
import { describe, expect, test } from 'vitest';
import { StreamsError, TopologyException } from '../../src/errors.js';
import type { ProcessorSupplier } from '../../src/processor/processor.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';

const copy: ProcessorSupplier = (context) => ({ process: (record) => context.forward(record) });
const drop: ProcessorSupplier<unknown, unknown, never, never> = () => ({
  process: () => undefined,
});
const store = (name: string) =>
  Stores.keyValue({ name, key: Serdes.string(), value: Serdes.string() });

const failure = (build: () => unknown): string => {
  try {
    build();
  } catch (error) {
    expect(error).toBeInstanceOf(TopologyException);
    return (error as TopologyException).message;
  }
  return 'no error';
};

describe('what is wrong is said in the words of Kafka', () => {
  const base = () =>
    new Topology().addSource('s', 'in').addProcessor('p', copy, 's').addSink('k', 'out', 'p');
  const cases: [message: string, build: () => unknown][] = [
    ['topics cannot be empty', () => base().addSource('x', [])],
    ['Processor s is already added.', () => base().addSource('s', 'other')],
    ['Processor p is already added.', () => base().addProcessor('p', copy, 's')],
    ['Topic in has already been registered by another source.', () => base().addSource('x', 'in')],
    [
      'Topic in has already been registered by another source.',
      () => new Topology().addSource('a', /i./).addSource('b', 'in'),
    ],
    [
      'Pattern i. will match a topic that has already been registered by another source.',
      () => base().addSource('x', /i./),
    ],
    ['Parent node nope is unknown.', () => base().addProcessor('x', copy, 'nope')],
    ['Parent node x is unknown (self-reference).', () => base().addProcessor('x', copy, 'x')],
    ['Sink k cannot be used a parent.', () => base().addProcessor('x', copy, 'k')],
    ['Sink k cannot be used a parent.', () => base().addSink('x', 'o', ['k'])],
    ['predecessorNames cannot be empty', () => base().addProcessor('x', copy, [])],
    ['Processor nope is not added yet.', () => base().addStateStore(store('st'), ['nope'])],
    [
      'cannot connect a state store st to a source node or a sink node.',
      () => base().addStateStore(store('st'), ['s']),
    ],
    ['StateStore st is not added yet.', () => base().connectProcessorAndStateStores('p', 'st')],
    ['stateStoreNames cannot be empty', () => base().connectProcessorAndStateStores('p', [])],
    [
      'A different StateStore has already been added with the name st',
      () => base().addStateStore(store('st')).addStateStore(store('st')),
    ],
    [
      'sourceName and processorName must be different.',
      () => base().addGlobalStore(store('g'), 'x', 'g', 'x', drop),
    ],
    [
      'Topic in has already been registered by another source.',
      () => base().addGlobalStore(store('g'), 'x', 'in', 'y', drop),
    ],
    [
      'Global StateStore g can be used by a Processor without being specified; it should not be explicitly passed.',
      () =>
        base()
          .addGlobalStore(store('g'), 'x', 'g', 'y', drop)
          .connectProcessorAndStateStores('p', 'g'),
    ],
  ];
  test.each(cases)('%s', (message, build) => {
    expect(failure(build).startsWith(`Invalid topology: ${message}`)).toBe(true);
  });

  test('a processor where a supplier belongs is refused', () => {
    const instance: unknown = { process: () => undefined };
    const build = () => base().addProcessor('x', instance as ProcessorSupplier, 's');
    expect(build).toThrow(StreamsError);
    expect(build).toThrow(
      /expected a supplier, a function that makes a new processor for each task/,
    );
  });

  test('a repartition topic that nobody writes is reported', () => {
    const topology = base().addRepartitionTopic('hop').addSource('x', 'hop');
    expect(failure(() => topology.subtopologies())).toMatch(/hop is written by no sink/);
  });
});

describe('sub-topologies', () => {
  test('edges connect, topics do not', () => {
    const topology = new Topology()
      .addSource('s1', 'a')
      .addSink('k1', 'b', 's1')
      .addSource('s2', 'b')
      .addSink('k2', 'c', 's2');
    const groups = topology
      .subtopologies()
      .map(({ id, nodes }) => [id, nodes.map((node) => node.name)]);
    expect(groups).toEqual([
      [0, ['s1', 'k1']],
      [1, ['s2', 'k2']],
    ]);
  });

  test('a shared store connects, and comes with the definitions of its users', () => {
    const shared = store('shared');
    const topology = new Topology()
      .addSource('s1', 'a')
      .addSource('s2', 'b')
      .addSource('s3', 'c')
      .addProcessor('p3', copy, 's3', { stores: [shared] })
      .addProcessor('p1', copy, 's1', { stores: ['shared'] });
    const [first, second] = topology.subtopologies();
    expect(first?.nodes.map((node) => node.name)).toEqual(['s1', 's3', 'p3', 'p1']);
    expect(first?.stores.map((definition) => definition.builder)).toEqual([shared]);
    expect(second?.nodes.map((node) => node.name)).toEqual(['s2']);
    expect(second?.stores).toEqual([]);
  });

  test('a global store is a part of its own without tasks, fed by its topic', () => {
    const topology = new Topology()
      .addSource('s', 'in')
      .addGlobalStore(store('g'), 'gs', 'topic', 'gp', drop);
    const [, global] = topology.subtopologies();
    expect(global).toMatchObject({ id: 1, global: true, stores: [{ sourceTopic: 'topic' }] });
  });

  test('repartition sinks and co-partitioned topics are listed where they belong', () => {
    const topology = new Topology()
      .addSource('s', 'in')
      .addRepartitionTopic('hop', 4)
      .addSink('k', 'hop', 's')
      .addSource('hops', 'hop')
      .addSource('others', 'other')
      .addProcessor('p', copy, ['hops', 'others'])
      .addCopartitionGroup(['hop', 'other']);
    const [first, second] = topology.subtopologies();
    expect(first?.repartitionSinks).toEqual([{ name: 'hop', partitions: 4 }]);
    expect(first?.copartitionGroups).toEqual([]);
    expect(second?.copartitionGroups).toEqual([['hop', 'other']]);
  });
});

describe('describe()', () => {
  const topology = new Topology()
    .addSource('source', ['b', 'a'])
    .addSource('lines', /log-.*/)
    .addProcessor('small', copy, ['source'])
    .addProcessor('large', copy, ['source', 'lines'], { stores: [store('seen')] })
    .addSink('fixed', 'out', 'large')
    .addSink('chosen', (key) => `out-${String(key)}`, 'large')
    .addGlobalStore(store('g'), 'gs', 'topic', 'gp', drop);

  test('is the text that Java prints', () => {
    expect(topology.describe().toString()).toBe(`Topologies:
   Sub-topology: 0
    Source: source (topics: [a, b])
      --> large, small
    Source: lines (topics: log-.*)
      --> large
    Processor: large (stores: [seen])
      --> chosen, fixed
      <-- source, lines
    Sink: chosen (extractor class: DynamicTopic)
      <-- large
    Sink: fixed (topic: out)
      <-- large
    Processor: small (stores: [])
      --> none
      <-- source

  Sub-topology: 1 for global store (will not generate tasks)
    Source: gs (topics: [topic])
      --> gp
    Processor: gp (stores: [g])
      --> none
      <-- gs
`);
  });

  test('is data as JSON', () => {
    const data = JSON.parse(JSON.stringify(topology.describe()));
    expect(data.subtopologies[0].nodes[0]).toEqual({
      kind: 'source',
      name: 'source',
      topics: ['a', 'b'],
      successors: ['large', 'small'],
    });
    expect(data.subtopologies[1]).toMatchObject({ id: 1, global: true });
  });
});
