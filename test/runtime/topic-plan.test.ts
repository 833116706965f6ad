import { describe, expect, it } from 'vitest';
import { StreamsError, TopologyException } from '../../src/errors.js';
import type { TopicDescription } from '../../src/log/client.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { TopicNames, planTopics, resolvePatterns } from '../../src/runtime/topic-plan.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';

const pass = (context: ProcessorContext) => ({
  process: (record: Record) => context.forward(record),
});
const counts = Stores.keyValue({ name: 'counts', key: Serdes.string(), value: Serdes.long() });

function plan(topology: Topology, topics: { readonly [topic: string]: number }) {
  const existing = new Map(
    Object.entries(topics).map(([topic, partitions]) => [
      topic,
      { topic, topicId: topic, partitions, config: {} } satisfies TopicDescription,
    ]),
  );
  const names = new TopicNames('app', topology.subtopologies());
  const all = [...existing.keys()];
  const subtopologies = resolvePatterns(topology.subtopologies(), names, all);
  return planTopics(subtopologies, names, existing, all);
}

/** in -> repartition -> store -> out */
function hop(partitions?: number): Topology {
  return new Topology()
    .addSource('source', 'in')
    .addRepartitionTopic('hop-repartition', partitions)
    .addSink('hop-sink', 'hop-repartition', 'source')
    .addSource('hop-source', 'hop-repartition')
    .addProcessor('count', pass, 'hop-source', { stores: [counts] })
    .addSink('sink', 'out', 'count');
}

const planned = (topics: readonly { readonly topic: string; readonly partitions: number }[]) =>
  topics.map(({ topic, partitions }) => `${topic}:${partitions}`);

describe('topic plan', () => {
  it('a sub-topology has as many tasks as its largest source has partitions', () => {
    const topology = new Topology().addSource('a', ['one', 'two']).addProcessor('p', pass, 'a');
    expect(plan(topology, { one: 2, two: 5 }).subtopologies.map(({ tasks }) => tasks)).toEqual([5]);
  });

  it('a repartition topic has as many partitions as its writer has tasks, and the changelog follows', () => {
    const result = plan(hop(), { in: 3 });
    expect(planned(result.repartitionTopics)).toEqual(['app-hop-repartition:3']);
    expect(planned(result.changelogs)).toEqual(['app-counts-changelog:3']);
    expect(planned(result.sinks)).toEqual(['out:3']);
    expect(result.repartitionTopics[0]?.config).toEqual({
      'cleanup.policy': 'delete',
      'segment.bytes': 52_428_800,
      'retention.ms': -1,
    });
    expect(result.changelogs[0]?.config).toEqual({ 'cleanup.policy': 'compact' });
  });

  it('a number given for a repartition topic wins', () => {
    const result = plan(hop(7), { in: 3 });
    expect(planned(result.repartitionTopics)).toEqual(['app-hop-repartition:7']);
    expect(planned(result.changelogs)).toEqual(['app-counts-changelog:7']);
  });

  it('counts flow through several hops', () => {
    const topology = new Topology()
      .addSource('source', 'in')
      .addRepartitionTopic('first')
      .addRepartitionTopic('second')
      .addSink('second-sink', 'second', 'source')
      .addSource('second-source', 'second')
      .addSink('first-sink', 'first', 'second-source')
      .addSource('first-source', 'first')
      .addProcessor('p', pass, 'first-source');
    expect(planned(plan(topology, { in: 4 }).repartitionTopics).sort()).toEqual([
      'app-first:4',
      'app-second:4',
    ]);
  });

  it('a missing source topic names the nearest and the call that creates it', () => {
    const topology = new Topology().addSource('a', 'orders').addProcessor('p', pass, 'a');
    const attempt = () => plan(topology, { order: 3, payments: 3 });
    expect(attempt).toThrow(StreamsError);
    expect(attempt).toThrow(
      /Missing source topic 'orders'.*Did you mean 'order'\?.*createTopics.*millrace topics create 'orders'/s,
    );
  });

  it('a pattern reads the topics whose whole name matches', () => {
    const topology = new Topology().addSource('a', /in-\d+/).addProcessor('p', pass, 'a');
    const [subtopology] = plan(topology, { 'in-1': 1, 'in-22': 3, 'in-3x': 9 }).subtopologies;
    expect(subtopology?.sources.map(({ topic }) => topic)).toEqual(['in-1', 'in-22']);
    expect(subtopology?.tasks).toBe(3);
  });
});

describe('co-partitioning', () => {
  /** left (repartitioned if asked) joined with right. */
  function join(options: {
    readonly repartition?: boolean;
    readonly partitions?: number;
  }): Topology {
    const topology = new Topology().addSource('right', 'right');
    if (options.repartition === true) {
      topology
        .addSource('raw', 'left')
        .addRepartitionTopic('left-repartition', options.partitions)
        .addSink('to-hop', 'left-repartition', 'raw')
        .addSource('left', 'left-repartition');
    } else topology.addSource('left', 'left');
    topology.addProcessor('join', pass, ['left', 'right']);
    return topology.addCopartitionGroup([
      options.repartition === true ? 'left-repartition' : 'left',
      'right',
    ]);
  }

  it('topics of the user with unequal counts are refused with names, counts and the ways out', () => {
    const attempt = () => plan(join({}), { left: 2, right: 3 });
    expect(attempt).toThrow(TopologyException);
    expect(attempt).toThrow(
      /Topics not co-partitioned: \[\{left=2, right=3\}\].*repartition.*globalTable/s,
    );
  });

  it('a repartition topic takes the count of the topic it is joined with', () => {
    expect(
      planned(plan(join({ repartition: true }), { left: 2, right: 3 }).repartitionTopics),
    ).toEqual(['app-left-repartition:3']);
  });

  it('a number given for the repartition topic must match', () => {
    const attempt = () => plan(join({ repartition: true, partitions: 4 }), { left: 2, right: 3 });
    expect(attempt).toThrow(
      /Number of partitions \[4\] of repartition topic \[left-repartition\] doesn't match number of partitions \[3\] of the source topic/,
    );
  });

  it('two repartition topics take the larger count', () => {
    const topology = new Topology();
    for (const side of ['left', 'right']) {
      topology
        .addSource(`raw-${side}`, side)
        .addRepartitionTopic(`${side}-hop`)
        .addSink(`sink-${side}`, `${side}-hop`, `raw-${side}`)
        .addSource(`${side}-source`, `${side}-hop`);
    }
    topology
      .addProcessor('join', pass, ['left-source', 'right-source'])
      .addCopartitionGroup(['left-hop', 'right-hop']);
    expect(planned(plan(topology, { left: 2, right: 5 }).repartitionTopics)).toEqual([
      'app-left-hop:5',
      'app-right-hop:5',
    ]);
  });
});
