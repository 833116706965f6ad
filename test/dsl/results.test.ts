/** What functions of the DSL return and may not: undefined where a key or a row is made, and what is no pair. */
import { describe, expect, test } from 'vitest';
import type { KStream } from '../../src/dsl/kstream.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';

const text = { key: Serdes.string(), value: Serdes.string() };
type Texts = KStream<string, string>;
type Draw = (stream: Texts, builder: StreamsBuilder<string, string>) => void;

/** What JavaScript lets through and the compiler would not. */
const wrong = (result: unknown): never => result as never;

/** The message of what the task failed of, at the record `k` -> `v`. */
async function failure(draw: Draw, records = 1): Promise<string> {
  const builder = new StreamsBuilder(text);
  draw(builder.stream('in'), builder);
  await using driver = new TopologyTestDriver(builder.build());
  const input = driver.createInputTopic('in', text);
  try {
    for (let i = 0; i < records; i++) await input.pipe({ key: 'k', value: 'v', timestamp: 0 });
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    return cause instanceof Error ? cause.message : String(error);
  }
  return 'nothing';
}

const forgot = () => wrong(undefined);
const forgotLater = () => wrong(Promise.resolve(undefined));
const SINK = 'The value for topic out is undefined. Did a function forget to return? null deletes.';

describe('undefined is refused where it would be a tombstone or no key', () => {
  const cases: [name: string, draw: Draw, message: string, records?: number][] = [
    ['mapValues', (s) => s.mapValues<string>(forgot).to('out', text), SINK],
    ['async mapValues', (s) => s.mapValues<string>(forgotLater).to('out', text), SINK],
    ['map, value', (s) => s.map<string, string>((k) => [k, forgot()]).to('out', text), SINK],
    ['flatMapValues', (s) => s.flatMapValues<string>(() => [forgot()]).to('out', text), SINK],
    ['a join', (s, b) => s.leftJoin(b.table('t'), () => forgot()).to('out', text), SINK],
    [
      'a repartition topic',
      (s) =>
        s
          .mapValues<string>(forgot)
          .repartition({ name: 'r', ...text })
          .to('out'),
      'The value for topic app-r-repartition is undefined. Did a function forget to return? null deletes.',
    ],
    [
      'map, key',
      (s) => s.map<string, string>((_k, v) => [forgot(), v]).to('out', text),
      'The new key is undefined',
    ],
    ['selectKey', (s) => s.selectKey(forgot).to('out', text), 'The new key is undefined'],
    [
      'selectKey, async',
      (s) => s.selectKey(forgotLater).to('out', text),
      'The new key is undefined',
    ],
    ['groupBy', (s) => void s.groupBy<string>(forgot, text).count(), 'The new key is undefined'],
    [
      'the initializer',
      (s) => void s.groupByKey().aggregate(forgot, (_k, v) => v, text),
      "The initializer's result is undefined",
    ],
    [
      'the aggregator',
      (s) => void s.groupByKey().aggregate(() => '', forgot, text),
      "The aggregator's result is undefined",
    ],
    [
      'the reducer',
      (s) => void s.groupByKey().reduce(forgot),
      "The reducer's result is undefined",
      2,
    ],
    [
      'what is counted',
      (s) => void s.mapValues<string>(forgot).groupByKey(text).count(),
      'The value to aggregate is undefined',
    ],
    [
      'what is reduced',
      (s) =>
        void s
          .mapValues<string>(forgot)
          .groupByKey(text)
          .reduce((a) => a),
      'The value to reduce is undefined',
    ],
    [
      'mapValues of a table',
      (s) => void s.toTable().mapValues<string>(forgot, { as: 'mapped', ...text }),
      "The mapper's result is undefined",
    ],
    [
      'a stored table',
      (s) => void s.mapValues<string>(forgot).toTable({ as: 'table', ...text }),
      'The value for store table is undefined. Did a function forget to return? null deletes.',
    ],
    [
      'a table without store',
      (s) => s.mapValues<string>(forgot).toTable(text).toStream().to('out', text),
      'The new value is undefined',
    ],
    [
      'the key of a global table',
      (s, b) => s.join(b.globalTable('g'), (v) => v, { keySelector: forgot }).to('out', text),
      'The key to look up is undefined',
    ],
  ];
  test.each(cases)('%s', async (_name, draw, message, records) => {
    expect(await failure(draw, records)).toContain(message);
  });

  test('not in the middle of a stream: there it is what the types say', async () => {
    const message = await failure((stream) =>
      stream
        .mapValues((value): string | undefined => (value === 'w' ? value : undefined))
        .filter((_key, value): value is string => value !== undefined)
        .to('out', text),
    );
    expect(message).toBe('nothing');
  });
});

describe('what is no pair is named', () => {
  const KAFKA = 'The provided KeyValueMapper returned';
  const cases: [name: string, draw: Draw, message: string][] = [
    [
      'null',
      (s) => s.map<string, string>(() => wrong(null)).to('out', text),
      `${KAFKA} null which is not allowed.`,
    ],
    [
      'an object',
      (s) => s.map<string, string>((key, value) => wrong({ key, value })).to('out', text),
      `${KAFKA} an object { key, value } which is not allowed. Return a pair [key, value].`,
    ],
    [
      'a key alone',
      (s) => s.map<string, string>((key) => wrong([key])).to('out', text),
      `${KAFKA} an array of length 1`,
    ],
    [
      'flatMap of null',
      (s) => s.flatMap<string, string>(() => wrong(null)).to('out', text),
      `${KAFKA} null which`,
    ],
    [
      'one pair from flatMap',
      (s) => s.flatMap<string, string>((key, value) => wrong([key, value])).to('out', text),
      `${KAFKA} a list with a string in it which is not allowed. Return a list of pairs, [[key, value]].`,
    ],
    [
      'a number from flatMapValues',
      (s) => s.flatMapValues<string>(() => wrong(1)).to('out', text),
      'The provided ValueMapper returned a number which is not allowed.',
    ],
  ];
  test.each(cases)('%s', async (_name, draw, message) => {
    expect(await failure(draw)).toContain(message);
  });
});
