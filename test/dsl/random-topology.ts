/**
 * Random topologies of texts: a list of steps, each of which makes a stream of texts from one, over every family of
 * operators. All user functions go through an `Answer`, which decides what they return: a value, a promise of it, or
 * an error. Tables that are looked up have stores: values that are looked up through a table without one cannot wait.
 */
import fc from 'fast-check';
import type { KStream } from '../../src/dsl/kstream.js';
import type { KTable } from '../../src/dsl/ktable.js';
import { JoinWindows } from '../../src/dsl/join-windows.js';
import { Suppressed } from '../../src/dsl/suppressed.js';
import { SessionWindows, SlidingWindows, TimeWindows } from '../../src/dsl/windows.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Windowed } from '../../src/serde/windowed.js';

export const text = { key: Serdes.string(), value: Serdes.string() };

export type Texts = KStream<string, string>;
/** What a user function that came to `result` returns; `about` tells its calls apart. */
export type Answer = <T>(result: T, about: string) => T | Promise<T>;
/** `id` is another one for every step of a topology. */
type Step = (stream: Texts, answer: Answer, id: number) => Texts;

const kept = { value: Serdes.string() };
const tail = (value: string): string => value.slice(-4);

/** Updates of a table as a stream; a deleted row as an empty text. */
const updates = (table: KTable<string, string>): Texts =>
  table.toStream().mapValues((value) => value ?? '');
const windowUpdates = (table: KTable<Windowed<string>, string>): Texts =>
  table
    .toStream()
    .map(({ key, window }, value) => [key, `${value ?? '-'}@${window.start}/${window.end}`]);

const concat = (answer: Answer) => (_key: string, value: string, sum: string) =>
  answer(tail(sum + value), value);
const empty = (answer: Answer) => () => answer('', 'init');
const tableOf = (stream: Texts) => stream.toTable({ ...text });

export const STEPS: { readonly [name: string]: Step } = {
  filter: (s, answer) => s.filter((_k, v) => answer(v.length % 3 > 0, v)),
  mapValues: (s, answer) => s.mapValues((v) => answer(`${v}m`, v)),
  flatMapValues: (s, answer) => s.flatMapValues((v) => answer([`${v}1`, `${v}2`], v)),
  map: (s, answer) => s.map((k, v) => answer([v.slice(0, 1), tail(k + v)] as const, v)),
  flatMap: (s, answer) =>
    s.flatMap((k, v) => answer([[k, `${v}a`] as const, [v.slice(0, 1), v] as const], v)),
  selectKey: (s, answer) => s.selectKey((k, v) => answer(v.slice(0, 1) + k.slice(0, 1), v)),
  peek: (s, answer) => s.peek((_k, v) => answer(undefined, v)),
  repartition: (s) => s.repartition(text),
  split: (s, answer) => {
    const { odd, rest } = s.split({ odd: (_k, v) => answer(v.length % 2 > 0, v), rest: true });
    return odd.mapValues((v) => answer(`${v}o`, v)).merge(rest);
  },
  twice: (s, answer) => s.mapValues((v) => answer(`${v}a`, v)).merge(s.mapValues((v) => `${v}b`)),
  process: (s, answer) =>
    s.process((context) => ({
      process(record) {
        const value = answer(`${record.value}p`, record.value);
        if (typeof value === 'string') return context.forward(record.withValue(value));
        return value.then((later) => context.forward(record.withValue(later)));
      },
    })),

  reduce: (s, answer) =>
    updates(s.groupByKey(text).reduce((sum, v) => answer(tail(sum + v), v), text)),
  aggregate: (s, answer) =>
    updates(s.groupByKey(text).aggregate(empty(answer), concat(answer), kept)),
  // Two topics that go to one store need names.
  cogroup: (s, answer, id) =>
    updates(
      s
        .groupByKey({ ...text, name: `one-${id}` })
        .cogroup(concat(answer))
        .cogroup(
          s.mapValues((v) => `${v}c`).groupByKey({ ...text, name: `two-${id}` }),
          concat(answer),
        )
        .aggregate(empty(answer), kept),
    ),
  tumbling: (s, answer) =>
    windowUpdates(
      s
        .groupByKey(text)
        .windowedBy(TimeWindows.of({ size: 5, grace: 2 }))
        .aggregate(empty(answer), concat(answer), kept),
    ),
  hopping: (s, answer) =>
    windowUpdates(
      s
        .groupByKey(text)
        .windowedBy(TimeWindows.of({ size: 6, advance: 3, grace: 2 }))
        .reduce((sum, v) => answer(tail(sum + v), v), text),
    ),
  finalTumbling: (s, answer) =>
    windowUpdates(
      s
        .groupByKey(text)
        .windowedBy(TimeWindows.of({ size: 4, grace: 1 }))
        .emitStrategy('onWindowClose')
        .aggregate(empty(answer), concat(answer), kept),
    ),
  sliding: (s, answer) =>
    windowUpdates(
      s
        .groupByKey(text)
        .windowedBy(SlidingWindows.of({ difference: 4, grace: 2 }))
        .aggregate(empty(answer), concat(answer), kept),
    ),
  sessions: (s, answer) =>
    windowUpdates(
      s
        .groupByKey(text)
        .windowedBy(SessionWindows.of({ gap: 3, grace: 2 }))
        .aggregate(
          empty(answer),
          concat(answer),
          (_k, one, two) => answer(tail(`${one}|${two}`), two),
          kept,
        ),
    ),
  suppressed: (s, answer) =>
    windowUpdates(
      s
        .groupByKey(text)
        .windowedBy(TimeWindows.of({ size: 4, grace: 1 }))
        .reduce((sum, v) => answer(tail(sum + v), v), text)
        .suppress(Suppressed.untilWindowCloses()),
    ),

  tables: (s, answer) =>
    updates(
      tableOf(s)
        .filter((_k, v) => answer(v.length % 2 > 0, v), text)
        .mapValues((v) => answer(`${v}t`, v), text),
    ),
  tableGroups: (s, answer) =>
    updates(
      tableOf(s)
        .groupBy((k, v) => answer([v.slice(0, 1), tail(k + v)] as const, v), text)
        .aggregate(
          empty(answer),
          (_k, v, sum) => answer(tail(`${sum}+${v}`), v),
          (_k, v, sum) => answer(tail(`${sum}-${v}`), v),
          kept,
        ),
    ),
  tableJoin: (s, answer) => {
    const right = s.mapValues((v) => answer(`${v}r`, v)).toTable(text);
    return updates(
      tableOf(s).outerJoin(right, (one, two) => answer(tail(`${one}/${two}`), `${one}`), text),
    );
  },
  foreignKeys: (s, answer) => {
    const right = s.selectKey((_k, v) => v.slice(0, 1)).toTable(text);
    return updates(
      tableOf(s).leftJoin(right, (one, two) => answer(tail(`${one}>${two}`), one), {
        ...text,
        foreignKey: (v) => answer(v.slice(0, 1), v),
      }),
    );
  },
  streamTable: (s, answer) =>
    s.leftJoin(tableOf(s), (one, two) => answer(`${one}${two?.length}`, one)),
  streamStream: (s, answer) =>
    s.outerJoin(
      s.filter((_k, v) => v.length % 2 > 0).mapValues((v) => answer(`${v}s`, v)),
      (one, two) => answer(tail(`${one}&${two}`), `${one}`),
      { windows: JoinWindows.of({ within: 3, grace: 1 }), ...text, otherValue: text.value },
    ),
};

/** Steps that go through one topic at a time: with several tasks there is one order. */
export const CHAIN: readonly string[] = Object.keys(STEPS).filter(
  (name) => !['cogroup', 'tableJoin', 'foreignKeys', 'streamTable', 'streamStream'].includes(name),
);

export interface Drawn {
  readonly name: string;
  /** Functions answer in an own way for one in so many calls. */
  readonly every: number;
}

export interface Input {
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
}

export const steps = (names: readonly string[]): fc.Arbitrary<Drawn[]> =>
  fc.array(fc.record({ name: fc.constantFrom(...names), every: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 4,
  });

export const inputs: fc.Arbitrary<Input[]> = fc.array(
  fc.record({
    key: fc.constantFrom('x', 'y'),
    value: fc.constantFrom('a', 'bb', 'ccc', 'dddd'),
    timestamp: fc.nat(25),
  }),
  { minLength: 1, maxLength: 8 },
);

/** The sum of the character codes: which calls are meant must not depend on when they are made. */
export const codeSum = (about: string): number =>
  [...about].reduce((sum, character) => sum + character.charCodeAt(0), 0);
