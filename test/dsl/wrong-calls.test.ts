/** What plain JavaScript can hand to the calls of the DSL, of `Topology` and of `Stores`: refused at the call. */
import { describe, expect, test } from 'vitest';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import { SessionWindows, TimeWindows } from '../../src/dsl/windows.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';

const text = { key: Serdes.string(), value: Serdes.string() };
/** Past the compiler, which would have said so. */
const wrong = (argument: unknown): never => argument as never;
const source = () => new StreamsBuilder(text).stream('in');
const table = () => new StreamsBuilder(text).table('in');
const grouped = () => source().groupByKey();
const nothing = wrong(undefined);

type Calls = [call: () => unknown, message: string][];

function refuses(calls: Calls): void {
  for (const [call, message] of calls) {
    test(message, () => {
      expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
      expect(call).toThrow(message);
    });
  }
}

describe('a function that is none', () => {
  refuses([
    [() => source().filter(nothing), 'filter(): the predicate is undefined. Give a function.'],
    [() => source().filterNot(nothing), 'filterNot(): the predicate is'],
    [() => source().map(nothing), 'map(): the mapper is'],
    [() => source().mapValues(wrong('x')), 'mapValues(): the mapper is "x"'],
    [() => source().flatMap(nothing), 'flatMap(): the mapper is'],
    [() => source().flatMapValues(nothing), 'flatMapValues(): the mapper is'],
    [() => source().selectKey(nothing), 'selectKey(): the selector is'],
    [() => source().groupBy(nothing), 'groupBy(): the selector is'],
    [() => source().peek(nothing), 'peek(): the action is'],
    [() => source().foreach(nothing), 'foreach(): the action is'],
    [() => source().process(nothing), 'expected a supplier'],
    [() => source().split({ a: nothing }), 'split(): the predicate of branch a is undefined'],
    [() => source().split({ a: wrong(false), b: true }), 'split(): the predicate of branch a is'],
    [() => source().split().branch(nothing), 'branch(): the predicate is'],
    [() => grouped().aggregate(wrong(0), (_k, v) => v), 'aggregate(): the initializer is 0.'],
    [() => grouped().aggregate(() => '', nothing), 'aggregate(): the aggregator is undefined.'],
    [() => grouped().reduce(nothing), 'reduce(): the reducer is'],
    [() => table().filter(nothing), 'filter(): the predicate is'],
    [() => table().mapValues(nothing), 'mapValues(): the mapper is'],
    [
      () => joined((stream, other) => stream.join(other, nothing)),
      'join(): the joiner is undefined.',
    ],
    [() => joined((stream, other) => stream.leftJoin(other, nothing)), 'leftJoin(): the joiner is'],
    [
      () => new StreamsBuilder().addGlobalStore(store(), 't', nothing),
      'addGlobalStore(): the supplier is',
    ],
  ]);
});

describe('a topic that is none', () => {
  refuses([
    [
      () => new StreamsBuilder().stream(nothing),
      'stream(): the topics must be a name, a list of names or a pattern of names, but are undefined.',
    ],
    [() => new StreamsBuilder().stream(wrong([1])), 'stream(): the topics must be'],
    [
      () => new StreamsBuilder().table(wrong(['a'])),
      'table(): the topic must be a name, but is a list.',
    ],
    [() => new StreamsBuilder().globalTable(nothing), 'globalTable(): the topic must be'],
    [
      () => source().to(nothing),
      'to(): the topic must be a name, or a function that chooses it, but is undefined.',
    ],
    [() => source().merge(nothing), 'merge(): the other side is not a KStream.'],
    [
      () => new Topology().addSource('s', 't').addSink('k', nothing, 's'),
      "addSink('k'): the topic must be a name",
    ],
  ]);
});

describe('a store that is none', () => {
  refuses([
    [() => new Topology().addStateStore(nothing), 'addStateStore(): the store must be a builder'],
    [
      () => new StreamsBuilder().addGlobalStore(wrong('s'), 't', () => ({ process() {} })),
      "addGlobalStore(): the store must be a builder, as Stores makes them, but is 's'.",
    ],
    [() => new Topology().addSource('s', nothing), "addSource('s'): the topics must be"],
  ]);
});

describe('an option that is none', () => {
  refuses([
    [
      () => new StreamsBuilder().stream('in', wrong({ keySerde: Serdes.string() })),
      "stream(): there is no option 'keySerde'.",
    ],
    [() => new StreamsBuilder().stream('in', wrong(Serdes.string())), 'stream(): '],
    [() => new StreamsBuilder().stream('in', wrong(null)), 'stream(): the options are null.'],
    [() => new StreamsBuilder().table('in', wrong({ nmae: 'x' })), "Did you mean 'name'?"],
    [
      () => new StreamsBuilder().globalTable('in', wrong({ a: 1 })),
      "globalTable(): there is no option 'a'",
    ],
    [
      () => new StreamsBuilder(wrong({ keys: 1 })),
      "new StreamsBuilder(): there is no option 'keys'",
    ],
    [
      () => new StreamsBuilder().build(wrong({ optimisation: 'all' })),
      "Did you mean 'optimization'?",
    ],
    [
      () => new StreamsBuilder().addStateStore(nothing),
      'addStateStore(): the store must be a builder, as Stores makes them, but is undefined.',
    ],
    [
      () => source().to('out', wrong({ valueSerde: text.value })),
      "to(): there is no option 'valueSerde'",
    ],
    [() => source().mapValues((v) => v, wrong('n')), 'mapValues(): the options are "n".'],
    [() => source().repartition(wrong({ partition: 3 })), "Did you mean 'partitions'?"],
    [() => source().groupByKey(wrong({ as: 'x' })), "groupByKey(): there is no option 'as'"],
    [
      () => source().toTable(wrong({ versioned: '1 h' })),
      'versioned: "1 h" is not a duration. Give whole milliseconds',
    ],
    [() => grouped().count(wrong('counts')), 'count(): the options are "counts".'],
    [
      () => grouped().count(wrong({ nmae: 'x' })),
      "count(): there is no option 'nmae'. Did you mean",
    ],
    [
      () => grouped().count(wrong({ store: 'disk' })),
      "count(): the option store must be 'persistent' or 'memory', but is 'disk'.",
    ],
    [() => grouped().count(wrong({ caching: 'no' })), 'the option caching must be true or false'],
    [
      () => grouped().reduce((a) => a, wrong({ as: 1 })),
      'the option as must be a string, but is 1.',
    ],
    [() => table().toStream(wrong({ selector: 1 })), "toStream(): there is no option 'selector'"],
    [
      () => joined((stream, other) => stream.join(other, (v) => v, { grace: 1 })),
      'KTable must be versioned to use a grace period in a stream table join. Give it a history',
    ],
    [
      () => source().process(() => ({ process() {} }), wrong({ stores: store() })),
      'process(): the option stores must be a list of store builders and names of stores, but is an object.',
    ],
    [
      () => new Topology().addSource('s', 't', wrong({ offsetReset: 'first' })),
      "addSource('s'): the option offsetReset must be 'earliest' or 'latest', but is 'first'.",
    ],
    [
      () => new Topology().addSource('s', 't').addSink('k', 't', 's', wrong({ valueSerde: 1 })),
      "addSink('k'): there is no option 'valueSerde'",
    ],
    [
      () =>
        new Topology()
          .addSource('s', 't')
          .addProcessor('p', () => ({ process() {} }), 's', wrong({ store: 'a' })),
      "addProcessor('p'): there is no option 'store'. Did you mean 'stores'?",
    ],
    [
      () => Stores.keyValue(wrong({ ...text, name: 's', loging: false })),
      "Did you mean 'logging'?",
    ],
    [
      () => Stores.keyValue(wrong({ ...text, name: 's', store: 'rocks' })),
      'the option store must be',
    ],
    [() => Stores.keyValue(wrong({ name: 's' })), 'Stores.keyValue(): key is missing.'],
    [() => Stores.keyValue(wrong(text)), 'Stores.keyValue(): name is missing.'],
    [() => Stores.timestampedKeyValue(nothing), 'Stores.timestampedKeyValue(): name is missing.'],
  ]);
});

describe('windows, groups and tables that are none', () => {
  const windowed = () => grouped().windowedBy(TimeWindows.of({ size: 1, grace: 0 }));
  const sessions = () => grouped().windowedBy(SessionWindows.of({ gap: 1, grace: 0 }));
  const other = () => new StreamsBuilder(text).stream('other');
  const near = { windows: JoinWindows.of({ within: 1, grace: 0 }) };
  refuses([
    [() => TimeWindows.of(wrong('1m')), 'TimeWindows.of(): the options are "1m".'],
    [() => TimeWindows.of(wrong({ length: 1 })), "TimeWindows.of(): there is no option 'length'"],
    [() => TimeWindows.of(wrong({ size: -1, grace: 0 })), 'size'],
    [() => SessionWindows.of(wrong({ gap: '5 minutes', grace: 0 })), 'is not a duration'],
    [() => JoinWindows.of(wrong({ withn: 1, grace: 0 })), "Did you mean 'within'?"],
    [() => grouped().windowedBy(nothing), 'windowedBy()'],
    [() => grouped().windowedBy(wrong({ size: 1 })), 'windowedBy()'],
    [() => windowed().emitStrategy(wrong('final')), 'emitStrategy()'],
    [() => windowed().count(wrong({ retain: 1 })), "count(): there is no option 'retain'"],
    [() => windowed().count(wrong({ retention: '1 h' })), 'is not a duration'],
    [() => windowed().aggregate(() => '', nothing), 'aggregate(): the aggregator is undefined.'],
    [
      () =>
        sessions().aggregate(
          () => '',
          (_k, v) => v,
          nothing,
        ),
      'aggregate(): the ',
    ],
    [() => grouped().cogroup(nothing), 'cogroup(): the aggregator is undefined.'],
    [
      () =>
        grouped()
          .cogroup((_k, v) => v)
          .cogroup(nothing, () => ''),
      'cogroup(): the other side',
    ],
    [
      () =>
        grouped()
          .cogroup((_k, v) => v)
          .aggregate(nothing),
      'aggregate(): the initializer is',
    ],
    [
      () =>
        grouped()
          .cogroup((_k, v) => v)
          .windowedBy(nothing),
      'windowedBy()',
    ],
    [() => table().suppress(nothing), 'suppress(): give Suppressed.untilWindowCloses()'],
    [() => Suppressed.untilTimeLimit(wrong('soon')), 'is not a duration'],
    [() => Suppressed.untilTimeLimit(1, wrong({ maxRecord: 1 })), "Did you mean 'maxRecords'?"],
    [() => table().transformValues(nothing), 'expected a supplier, a function that makes'],
    [() => table().groupBy(nothing), 'groupBy(): the '],
    [
      () =>
        table()
          .groupBy((k, v) => [k, v])
          .reduce((a) => a, nothing),
      'reduce(): the subtractor is',
    ],
    [() => Reflect.apply(source().join, source(), [nothing, () => '', near]), 'join'],
    [() => source().join(other(), (v) => v, near), 'belongs to another StreamsBuilder'],
    [
      () => {
        const stream = source();
        stream.join(stream, (v) => v, wrong({ windows: TimeWindows.of({ size: 1, grace: 0 }) }));
      },
      'JoinWindows',
    ],
    [
      () => {
        const stream = source();
        stream.join(stream, (v) => v, wrong({ ...near, within: 1 }));
      },
      "join(): there is no option 'within'",
    ],
    [
      () => {
        const rows = table();
        rows.join(rows, (v) => v, wrong({ foreignKey: 'id' }));
      },
      'foreignKey',
    ],
    [
      () => {
        const rows = table();
        rows.join(rows, nothing);
      },
      'join(): the joiner is undefined.',
    ],
    [() => table().outerJoin(nothing, (v) => v), 'outerJoin'],
  ]);
});

describe('a serde that is none', () => {
  const none = wrong(Serdes.string);
  refuses([
    [
      () => new StreamsBuilder().stream('in', { value: none }),
      'stream(): `value` is a function, not a serde. It is a function: call it, as in Serdes.string().',
    ],
    [() => new StreamsBuilder({ key: none }), 'new StreamsBuilder(): `key` is a function'],
    [() => source().to('out', { value: none }), 'to(): `value` is a function, not a serde.'],
    [() => grouped().count({ value: none }), 'count(): `value` is a function'],
    [() => Stores.keyValue({ ...text, name: 's', value: none }), 'Stores.keyValue(): `value` is'],
    [
      () => new Topology().addSource('s', 't', { key: none }),
      "addSource('s'): `key` is a function",
    ],
  ]);

  test('a sink takes what only writes', () => {
    const { serialize } = Serdes.string();
    expect(() => source().to('out', { value: { serialize } })).not.toThrow();
  });
});

test('a branch may be called like an option', () => {
  const { name, key, rest } = source().split({ name: () => true, key: () => false, rest: true });
  expect([name, key, rest]).not.toContain(undefined);
});

const store = () => Stores.keyValue({ ...text, name: 's' });

function joined(
  draw: (stream: ReturnType<typeof source>, other: ReturnType<typeof table>) => unknown,
): unknown {
  const builder = new StreamsBuilder(text);
  return draw(builder.stream('left'), builder.table('right'));
}
