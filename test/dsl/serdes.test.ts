/** Which serde is used where: given, inherited or default; and what is said when there is none. */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { StreamsError } from '../../src/errors.js';
import type { SinkDefinition, SourceDefinition } from '../../src/processor/node-definition.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import { Serdes } from '../../src/serde/serdes.js';

type Built = { build: StreamsBuilder['build'] };
const text = { key: Serdes.string(), value: Serdes.string() };

const definitions = (builder: Built) =>
  builder
    .build()
    .subtopologies()
    .flatMap((subtopology) => subtopology.nodes);
const sinks = (builder: Built) =>
  definitions(builder).filter((node): node is SinkDefinition => node.kind === 'sink');
const serdesOf = ({ keySerde, valueSerde }: SinkDefinition | SourceDefinition) => [
  keySerde.name,
  valueSerde.name,
];

const failure = (builder: Built): StreamsError => {
  try {
    builder.build();
  } catch (error) {
    expect(error).toBeInstanceOf(StreamsError);
    return error as StreamsError;
  }
  throw new Error('build() did not fail');
};

describe('inheritance', () => {
  test('operators that keep the value keep its serde', () => {
    const builder = new StreamsBuilder();
    const kept = builder
      .stream('in', text)
      .filter(() => true)
      .peek(() => {})
      .repartition();
    kept.to('out');
    expect(sinks(builder).map(serdesOf)).toEqual([
      ['string', 'string'],
      ['string', 'string'],
    ]);
  });

  test('a processor keeps the key serde where there is no default, and has no value serde', () => {
    const draw = (builder: StreamsBuilder) => {
      const copied = builder
        .stream('in', text)
        .process((context: ProcessorContext<string, number>) => ({
          process: (record) => context.forward({ ...record, value: 1 }),
        }));
      copied.to('out', { value: Serdes.long() });
      return builder;
    };
    expect(sinks(draw(new StreamsBuilder())).map(serdesOf)).toEqual([['string', 'long']]);
    const bytes = new StreamsBuilder({ key: Serdes.json<unknown>() });
    expect(sinks(draw(bytes)).map(serdesOf)).toEqual([['json', 'long']]);
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .process((context) => ({ process: (record) => context.forward(record) }))
      .to('out');
    expect(failure(builder).message).toMatch(/no value serde/);
  });

  test('a merge keeps a serde that both sides have', () => {
    const builder = new StreamsBuilder();
    builder.stream('a', text).merge(builder.stream('b', text)).to('out');
    expect(sinks(builder).map(serdesOf)).toEqual([['string', 'string']]);
  });

  test('a count is written as int64', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', text).groupByKey().count().toStream().to('out');
    expect(sinks(builder).map(serdesOf)).toEqual([['string', 'long']]);
  });

  test('what was given to the call wins over what was inherited', () => {
    const builder = new StreamsBuilder();
    builder.stream('in', text).to('out', { value: Serdes.json<unknown>() });
    expect(sinks(builder).map(serdesOf)).toEqual([['string', 'json']]);
  });

  test('a table hands its serdes to its stream', () => {
    const builder = new StreamsBuilder();
    builder
      .table('in', text)
      .filter(() => true)
      .toStream()
      .to('out');
    expect(sinks(builder).map(serdesOf)).toEqual([['string', 'string']]);
  });

  test('a source without serdes hands bytes on', () => {
    const builder = new StreamsBuilder();
    builder.stream('in').to('out');
    const [source] = definitions(builder);
    expect(source?.kind === 'source' && serdesOf(source)).toEqual(['bytes', 'bytes']);
    expect(sinks(builder).map(serdesOf)).toEqual([['bytes', 'bytes']]);
  });

  test('defaults are used where nothing is known', () => {
    const builder = new StreamsBuilder({ key: Serdes.string(), value: Serdes.json<unknown>() });
    builder
      .stream('in', { value: Serdes.string() })
      .map((key, value) => [value, key])
      .to('out');
    expect(sinks(builder).map(serdesOf)).toEqual([['string', 'json']]);
  });

  test('the serdes of a grouping are those of its repartition topic', () => {
    const builder = new StreamsBuilder();
    const grouped = builder
      .stream('in', { value: Serdes.string() })
      .groupBy((_key, word) => word.length, { key: Serdes.integer() });
    grouped.count({ as: 'counts' });
    expect(sinks(builder).map(serdesOf)).toEqual([['integer', 'string']]);
  });
});

describe('a missing serde fails at build()', () => {
  test('at a sink', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .mapValues((value) => value.length)
      .to('out');
    const error = failure(builder);
    expect(error.code).toBe('MISSING_SERDE');
    expect(error.where.node).toBe('KSTREAM-SINK-0000000002');
    expect(error.message).toMatch(
      /^Operator KSTREAM-SINK-0000000002 has no value serde for the topic out.*option `value` of to\(\)/,
    );
  });

  test('at a repartition topic, naming the call that needs it', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .groupBy((_key, value) => value.length)
      .count();
    const error = failure(builder);
    expect(error.code).toBe('MISSING_SERDE');
    expect(error.message).toMatch(
      /no key serde for the repartition topic .* that count\(\) needs.*option `key` of groupBy\(\)/,
    );
  });

  test('at the store of an aggregation', () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', text)
      .groupByKey()
      .aggregate(
        () => 0,
        (_key, _value, sum) => sum + 1,
        { as: 'sums' },
      );
    const error = failure(builder);
    expect(error.code).toBe('MISSING_SERDE');
    expect(error.message).toMatch(/no value serde for its store sums/);
  });

  test('not where no store is made', () => {
    const builder = new StreamsBuilder();
    const lengths = builder.table('in', text).mapValues((value) => value.length);
    lengths.toStream().to('out', { value: Serdes.integer() });
    expect(() => builder.build()).not.toThrow();
  });
});
