/** Names and numbers of nodes, stores and internal topics: Java's, because stores on disk are named after them. */
import { describe, expect, test } from 'vitest';
import { KStream } from '../../src/dsl/kstream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { TopologyException } from '../../src/errors.js';
import { Serdes } from '../../src/serde/serdes.js';

const strings = () => new StreamsBuilder({ key: Serdes.string(), value: Serdes.string() });
const nodes = (builder: { build: StreamsBuilder['build'] }) =>
  builder
    .build()
    .subtopologies()
    .flatMap((subtopology) => subtopology.nodes.map((node) => node.name));
const stores = (builder: { build: StreamsBuilder['build'] }) =>
  builder
    .build()
    .subtopologies()
    .flatMap((subtopology) => subtopology.stores.map((store) => store.builder.name));

describe('numbers', () => {
  test('a given name uses up the number that it replaces', () => {
    const builder = strings();
    builder
      .stream('in')
      .filter(() => true, { name: 'mine' })
      .peek(() => {});
    expect(nodes(builder)).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'mine',
      'KSTREAM-PEEK-0000000002',
    ]);
  });

  test('process with a name uses up none', () => {
    const builder = strings();
    builder
      .stream('in')
      .process(() => ({ process() {} }), { name: 'mine' })
      .foreach(() => {});
    expect(nodes(builder)).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'mine',
      'KSTREAM-FOREACH-0000000001',
    ]);
  });

  test('an unnamed count uses up one more than an unnamed aggregate', () => {
    const builder = strings();
    const grouped = builder.stream('in').groupByKey();
    grouped.count();
    grouped.aggregate(
      () => '',
      (_key, value, sum) => sum + value,
    );
    expect(stores(builder)).toEqual([
      'KSTREAM-AGGREGATE-STATE-STORE-0000000002',
      'KSTREAM-AGGREGATE-STATE-STORE-0000000004',
    ]);
  });

  test('a table operator without a named store uses up a store name only when store options are given', () => {
    const builder = strings();
    const table = builder.table('t');
    table.filter(() => true).toStream();
    table.filter(() => true, { caching: false }).toStream();
    expect(nodes(builder).slice(1)).toEqual([
      'KTABLE-SOURCE-0000000002',
      'KTABLE-FILTER-0000000003',
      'KTABLE-TOSTREAM-0000000004',
      'KTABLE-FILTER-0000000006',
      'KTABLE-TOSTREAM-0000000007',
    ]);
  });
});

describe('names', () => {
  test.each([
    ['', "Name is illegal, it can't be empty"],
    ['.', 'Name cannot be "." or ".."'],
    ['..', 'Name cannot be "." or ".."'],
    [
      'a b',
      `Name "a b" is illegal, it contains a character other than ASCII alphanumerics, '.', '_' and '-'`,
    ],
    [
      'x'.repeat(250),
      `Name is illegal, it can't be longer than 249 characters, name: ${'x'.repeat(250)}`,
    ],
  ])('%j is refused at the call', (name, message) => {
    const build = () =>
      strings()
        .stream('in')
        .filter(() => true, { name });
    expect(build).toThrow(TopologyException);
    expect(build).toThrow(`Invalid topology: ${message}`);
  });

  test('`as` names the store, `name` the node', () => {
    const builder = strings();
    const counts = builder.stream('in').groupByKey().count({ as: 'counts', name: 'counter' });
    expect(counts.queryableStoreName).toBe('counts');
    expect(nodes(builder)).toContain('counter');
    expect(stores(builder)).toEqual(['counts']);
  });

  test('a repartition topic is named after the grouping, else after the store', () => {
    const builder = strings();
    const stream = builder.stream('in');
    stream.groupBy((_key, value) => value, { name: 'words' }).count();
    stream.groupBy((_key, value) => value).count({ as: 'counts' });
    const topics = builder
      .build()
      .subtopologies()
      .flatMap((subtopology) => subtopology.repartitionSinks.map((topic) => topic.name));
    expect(topics).toEqual(['words-repartition', 'counts-repartition']);
  });

  test('branches are named after the split', () => {
    const builder = strings();
    const branches = builder
      .stream('in')
      .split({ name: 'by-' })
      .branch((_key, value) => value === 'a', { name: 'a' })
      .branch((_key, value) => value === 'b')
      .defaultBranch();
    expect([...branches.keys()]).toEqual(['by-a', 'by-2', 'by-0']);
    expect([...branches.values()].every((branch) => branch instanceof KStream)).toBe(true);
  });

  test('branch names that JavaScript would reorder are refused', () => {
    const build = () =>
      strings()
        .stream('in')
        .split({ '1': () => true });
    expect(build).toThrow(/looks like an array index/);
  });

  test('a branch after the one for the rest is refused', () => {
    const build = () =>
      strings()
        .stream('in')
        .split({ rest: true, late: () => true });
    expect(build).toThrow(/Put it last/);
  });
});

describe('calls that can never work', () => {
  test('streams and tables of two builders do not meet', () => {
    const other = strings();
    const stream = strings().stream('in');
    const options = { keySelector: (key: string) => key };
    const message = /belongs to another StreamsBuilder/;
    expect(() => stream.merge(other.stream('x'))).toThrow(message);
    expect(() => stream.join(other.table('y'), (value) => value)).toThrow(message);
    expect(() => stream.join(other.globalTable('z'), (value) => value, options)).toThrow(message);
  });

  test('a repartition topic has at least one partition', () => {
    expect(() => strings().stream('in').repartition({ partitions: 0 })).toThrow(/greater than 0/);
  });
});
