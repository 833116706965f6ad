/** `build({ optimization })`: which topics and stores go away, and that the results stay as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KStream } from '../../src/dsl/kstream.js';
import type { Optimization } from '../../src/dsl/optimize.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { Topology } from '../../src/processor/topology.js';
import { TopologyTestDriver } from '../../src/runtime/test-driver.js';
import { Serdes } from '../../src/serde/serdes.js';

const text = Serdes.string();
const seed = process.env['FC_SEED'] === undefined ? {} : { seed: Number(process.env['FC_SEED']) };
const strings = () => new StreamsBuilder({ key: text, value: text });
type Texts = KStream<string, string>;

/** Topics that the application makes for itself. */
const repartitionTopics = (topology: Topology): string[] =>
  topology
    .subtopologies()
    .flatMap(({ repartitionSinks }) => repartitionSinks.map(({ name }) => name));

function merged(draw: (stream: Texts, builder: StreamsBuilder<string, string>) => void): string[] {
  const builder = strings();
  draw(builder.stream('in'), builder);
  return repartitionTopics(builder.build({ optimization: 'merge.repartition.topics' }));
}

const first = (_key: string, value: string) => value[0] ?? '-';

describe('the option', () => {
  const accepted: Optimization[] = [
    'none',
    'all',
    'merge.repartition.topics',
    'merge.repartition.topics, reuse.ktable.source.topics',
    ['single.store.self.join', 'reuse.ktable.source.topics'],
    [],
  ];
  test.each(accepted)('takes %j', (optimization) => {
    const builder = strings();
    builder.stream('in').to('out');
    expect(() => builder.build({ optimization })).not.toThrow();
  });

  test.each(['ALL', 'all,merge.repartition.topics', 'merge', '', 5, {}, ['all']])(
    'refuses %j and names what there is',
    (optimization) => {
      expect(() => strings().build({ optimization: optimization as 'all' })).toThrow(
        /^build\(\): optimization '.*' is unknown\. Give 'none', 'all', or a list of 'reuse\.ktable\.source\.topics', 'merge/,
      );
    },
  );

  test('nothing is optimised unless it is asked for, and the builder is not changed by it', () => {
    const builder = strings();
    const keyed = builder.stream('in').selectKey(first);
    keyed.groupByKey().count();
    keyed.groupByKey().count();
    const drawn = builder.build().describe().toString();
    expect(repartitionTopics(builder.build())).toHaveLength(2);
    expect(repartitionTopics(builder.build({ optimization: 'all' }))).toHaveLength(1);
    expect(repartitionTopics(builder.build({ optimization: 'all' }))).toHaveLength(1);
    expect(builder.build().describe().toString()).toBe(drawn);
  });
});

describe('merge.repartition.topics', () => {
  test('one topic behind a key change, named after the first that needs it', () => {
    const topics = merged((stream, builder) => {
      const keyed = stream.selectKey(first);
      keyed
        .filter(() => true)
        .groupByKey({ name: 'counted' })
        .count();
      keyed.groupByKey({ name: 'reduced' }).reduce((a) => a);
      keyed.leftJoin(builder.table('t'), (a) => a).to('out');
      keyed.toTable().toStream().to('out2');
    });
    expect(topics).toEqual(['counted-repartition']);
  });

  test('two hops behind one filter', () => {
    const topics = merged((stream) => {
      const kept = stream.selectKey(first).filter(() => true);
      kept.groupByKey({ name: 'a' }).count();
      kept.groupByKey({ name: 'b' }).count();
    });
    expect(topics).toEqual(['a-repartition']);
  });

  test('a repartition() of the user stays, and what changes values keeps its hop behind it', () => {
    const topics = merged((stream) => {
      const keyed = stream.selectKey(first);
      keyed.repartition({ name: 'mine' }).groupByKey().count();
      keyed.groupByKey({ name: 'plain' }).count();
      keyed
        .mapValues((value) => value.length)
        .groupByKey({ name: 'lengths', value: Serdes.long() })
        .count();
    });
    expect(topics.toSorted()).toEqual([
      'lengths-repartition',
      'mine-repartition',
      'plain-repartition',
    ]);
  });

  test('nothing moves above a processor: it may change values and, with process, keys', () => {
    const values: number[] = [];
    const topics = merged((stream) => {
      const keyed = stream.selectKey(first);
      keyed
        .processValues<number>((context) => ({
          process: (record) => context.forward({ ...record, value: values.push(1) }),
        }))
        .groupByKey({ name: 'a', value: Serdes.long() })
        .count();
      keyed
        .process<string, string>((context) => ({ process: (record) => context.forward(record) }))
        .groupByKey({ name: 'b' })
        .count();
      keyed.groupByKey({ name: 'c' }).count();
    });
    expect(topics.toSorted()).toEqual(['a-repartition', 'b-repartition', 'c-repartition']);
  });

  test('behind a merge the hop covers both sides', () => {
    const topics = merged((stream, builder) => {
      const both = stream.selectKey(first).merge(builder.stream('other'));
      both.groupByKey({ name: 'a' }).count();
      both
        .filter(() => true)
        .groupByKey({ name: 'b' })
        .count();
    });
    expect(topics).toEqual(['a-repartition']);
  });

  test('merges of merges (Kafka 4.3 fails to build them, KAFKA-21357)', () => {
    const topics = merged((stream, builder) => {
      const inner = stream.selectKey(first).merge(builder.stream('b').selectKey(first));
      const outer = inner.merge(builder.stream('c').selectKey(first));
      outer.groupByKey({ name: 'a' }).count();
      outer.groupByKey({ name: 'b' }).count();
      inner.groupByKey({ name: 'i' }).count();
    });
    expect(topics.toSorted()).toEqual(['a-repartition', 'i-repartition']);
  });

  test('a co-partition group names the merged topic', () => {
    const builder = strings();
    const keyed = builder.stream('in').selectKey(first);
    keyed.groupByKey({ name: 'a' }).count();
    keyed.join(builder.table('t'), (a) => a, { name: 'b' }).to('out');
    const groups = builder
      .build({ optimization: 'all' })
      .subtopologies()
      .flatMap(({ copartitionGroups }) => copartitionGroups);
    expect(groups).toEqual([['a-repartition', 't']]);
  });
});

describe('reuse.ktable.source.topics', () => {
  const sourceTopics = (topology: Topology) =>
    Object.fromEntries(
      topology
        .subtopologies()
        .flatMap(({ stores }) => stores)
        .map(({ builder, sourceTopic }) => [builder.name, sourceTopic]),
    );

  test('only the store of a topic that is a table as it is', () => {
    const builder = strings();
    builder.table('t', { as: 'table' });
    builder.table('u').filter(() => true, { as: 'filtered' });
    builder.stream('s').toTable({ as: 'to-table' });
    builder.stream('s').groupByKey().count({ as: 'counted' });
    const optimised = builder.build({ optimization: 'reuse.ktable.source.topics' });
    expect(sourceTopics(optimised)).toEqual({
      table: 't',
      filtered: undefined,
      'to-table': undefined,
      counted: undefined,
    });
    expect(new Set(Object.values(sourceTopics(builder.build())))).toEqual(new Set([undefined]));
  });
});

/** One step of a random stream: it keeps the types. */
type Step = 'selectKey' | 'filter' | 'mapValues' | 'peek' | 'merge' | 'repartition';

interface Program {
  readonly steps: readonly Step[];
  /** After how many steps something is counted, reduced or joined. */
  readonly ends: readonly { readonly after: number; readonly kind: 'count' | 'reduce' | 'join' }[];
  readonly values: readonly string[];
}

const programs = fc.record({
  steps: fc.array(
    fc.constantFrom<Step>('selectKey', 'filter', 'mapValues', 'peek', 'merge', 'repartition'),
    { minLength: 1, maxLength: 6 },
  ),
  ends: fc.array(
    fc.record({
      after: fc.nat(6),
      kind: fc.constantFrom<'count' | 'reduce' | 'join'>('count', 'reduce', 'join'),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  values: fc.array(
    fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'c') }),
    {
      maxLength: 10,
    },
  ),
});

function topologyOf({ steps, ends }: Program, optimization: Optimization): Topology {
  const builder = strings();
  const table = builder.table('table');
  const streams: Texts[] = [builder.stream('in')];
  for (const [at, step] of steps.entries()) streams.push(stepped(streams, at, step));
  for (const [at, { after, kind }] of ends.entries()) {
    const stream = streams[Math.min(after, steps.length)]!;
    const out = `${kind === 'join' ? 'join' : 'last'}-${at}`;
    if (kind === 'count') stream.groupByKey().count().toStream().mapValues(String).to(out);
    else if (kind === 'reduce')
      stream
        .groupByKey()
        .reduce((a, b) => [...(a + b)].toSorted().join(''))
        .toStream()
        .to(out);
    else
      stream.leftJoin(table, (value, other) => `${value}/${other}`, { name: `join-${at}` }).to(out);
  }
  return builder.build({ optimization });
}

function stepped(streams: readonly Texts[], at: number, step: Step): Texts {
  const stream = streams.at(-1)!;
  switch (step) {
    case 'selectKey':
      return stream.selectKey((key, value) => (at % 2 === 0 ? first(key, value) : key + value));
    case 'filter':
      return stream.filter((_key, value) => !value.startsWith('b'));
    case 'mapValues':
      return stream.mapValues((value) => `${value}.`);
    case 'peek':
      return stream.peek(() => undefined);
    case 'merge':
      return stream.merge(streams[Math.floor(at / 2)]!);
    case 'repartition':
      return stream.repartition();
  }
}

/**
 * What joins give, and the last that aggregations give per key and input: branches of a stream that meet again have
 * no order that an optimisation would have to keep.
 */
async function outputs(topology: Topology, values: readonly string[]): Promise<string[]> {
  const driver = new TopologyTestDriver(topology, { startAt: 0 });
  await driver.createInputTopic('table', { key: text, value: text }).pipe({ key: 'a', value: 'A' });
  const input = driver.createInputTopic('in', { key: text, value: text });
  const joined: string[] = [];
  const last = new Map<string, string>();
  for (const [timestamp, value] of values.entries()) {
    await input.pipe({ key: 'k', value, timestamp });
    for (const record of driver.readProduced()) {
      const place = `${timestamp} ${record.topic} ${String(record.key)}`;
      if (record.topic.startsWith('join')) joined.push(`${place}=${String(record.value)}`);
      else if (record.topic.startsWith('last')) last.set(place, String(record.value));
    }
  }
  await driver.close();
  return [...joined, ...[...last].map(([place, value]) => `${place}=${value}`)].toSorted();
}

test('optimised or not, the output is the same', async () => {
  await fc.assert(
    fc.asyncProperty(programs, async (program) => {
      const plain = await outputs(topologyOf(program, 'none'), program.values);
      expect(await outputs(topologyOf(program, 'all'), program.values)).toEqual(plain);
    }),
    { numRuns: 150, ...seed },
  );
}, 60_000);
