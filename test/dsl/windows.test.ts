/** Windowed aggregations, suppress and cogroup: each program in each way. Times are milliseconds. */
import { describe, expect, test } from 'vitest';
import { Suppressed } from '../../src/dsl/suppressed.js';
import {
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  UnlimitedWindows,
} from '../../src/dsl/windows.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Windowed } from '../../src/serde/windowed.js';
import type { KTable } from '../../src/dsl/ktable.js';
import { cached, lastOf, output, shown, text, WAYS, type Program } from './each-way.js';

interface Case extends Program {
  readonly name: string;
  readonly expected: readonly string[];
  readonly dropped?: number;
}

const lists = Serdes.json<string[]>();
const tens = TimeWindows.of({ size: 10, grace: 5 });
const visits = SessionWindows.of({ gap: 5, grace: 0 });

/** To `out`, as `key[start,end]`, whatever the values are. */
function write<V>(table: KTable<Windowed<string>, V>): void {
  table
    .toStream({ keySelector: shown })
    .mapValues((value) =>
      value === null ? null : Array.isArray(value) ? value.join('') : String(value),
    )
    .to('out', text);
}

const CASES: readonly Case[] = [
  {
    name: 'tumbling windows',
    draw: (builder, answer) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(tens)
          .reduce((one, two) => answer(one + two)),
      ),
    rows: [
      'in k a 1',
      'in k b 9',
      'in k c 10',
      'in k d 5',
      'in - x 6',
      'in k - 11',
      'in k e 15',
      'in k f 9',
      'in k g 10',
    ],
    // A null value is aggregated like any other, as in Kafka. 9 comes when stream time is 15: its window has closed.
    expected: [
      'k[0,10]=a@1',
      'k[0,10]=ab@9',
      'k[10,20]=c@10',
      'k[0,10]=abd@9',
      'k[10,20]=cnull@11',
      'k[10,20]=cnulle@15',
      'k[10,20]=cnulleg@15',
    ],
    dropped: 2,
  },
  {
    name: 'hopping windows',
    draw: (builder, answer) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(TimeWindows.of({ size: 10, advance: 5, grace: 0 }))
          .aggregate(
            () => answer<string[]>([]),
            (_key, value, list) => (list.push(value), answer(list)),
            { value: lists },
          ),
      ),
    rows: ['in k a 7', 'in k b 12', 'in k c 9', 'in k d 4'],
    // c: [0,10] has closed, [5,15] has not; d: everything it belongs to has.
    expected: ['k[0,10]=a@7', 'k[5,15]=a@7', 'k[5,15]=ab@12', 'k[10,20]=b@12', 'k[5,15]=abc@12'],
    dropped: 2,
  },
  {
    name: 'an aggregate that is changed in place, behind it what looks at old values',
    draw: (builder, answer) => {
      const table = builder
        .stream('in')
        .groupByKey()
        .windowedBy(tens)
        .aggregate(
          () => answer<string[]>([]),
          (_key, value, list) => (list.push(value), answer(list)),
          { value: lists },
        );
      write(table.filter((_key, list) => answer(list.length === 2)));
    },
    rows: ['in k a 1', 'in k b 2', 'in k c 3', 'in k d 4'],
    // Only the row that passed before is deleted.
    expected: ['k[0,10]=ab@2', 'k[0,10]=null@3'],
  },
  {
    name: 'results when windows close',
    draw: (builder) =>
      write(
        builder.stream('in').groupByKey().windowedBy(tens).emitStrategy('onWindowClose').count(),
      ),
    rows: ['in k a 1', 'in j b 8', 'in k c 12', 'in k d 9', 'in k e 15', 'in k f 3', 'in k g 40'],
    expected: ['j[0,10]=1@8', 'k[0,10]=2@9', 'k[10,20]=2@15'],
    dropped: 1,
  },
  {
    name: 'sliding windows',
    draw: (builder, answer) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(SlidingWindows.of({ difference: 10, grace: 20 }))
          .reduce((one, two) => answer(one + two)),
      ),
    rows: ['in k a 20', 'in k b 25', 'in k - 26', 'in k c 22'],
    expected: [
      'k[10,20]=a@20',
      'k[21,31]=b@25',
      'k[15,25]=ab@25',
      'k[21,31]=bc@25',
      'k[15,25]=abc@25',
      'k[12,22]=ac@22',
      'k[23,33]=b@25',
    ],
    dropped: 1,
  },
  {
    name: 'one window without end',
    draw: (builder, answer) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(UnlimitedWindows.of({ startOn: 10 }))
          .reduce((one, two) => answer(one + two)),
      ),
    rows: ['in k a 12', 'in k b 9', 'in k c 900', 'in k d 10'],
    expected: [
      `k[10,${Number.MAX_SAFE_INTEGER}]=a@12`,
      `k[10,${Number.MAX_SAFE_INTEGER}]=ac@900`,
      `k[10,${Number.MAX_SAFE_INTEGER}]=acd@900`,
    ],
  },
  {
    name: 'sessions',
    draw: (builder, answer) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(SessionWindows.of({ gap: 5, grace: 10 }))
          .aggregate(
            () => answer<string[]>([]),
            (_key, value, list) => (list.push(value), answer(list)),
            (_key, one, two) => (one.push(...two), answer(one)),
            { value: lists },
          ),
      ),
    rows: [
      'in k a 10',
      'in k b 15', // at most the gap: the same session
      'in k c 25',
      'in k d 20', // brings both together
      'in - x 21',
      'in k e 50',
      'in k f 24', // its session would have ended too long ago
    ],
    expected: [
      'k[10,10]=a@10',
      'k[10,10]=null@10',
      'k[10,15]=ab@15',
      'k[25,25]=c@25',
      'k[10,15]=null@15',
      'k[25,25]=null@25',
      'k[10,25]=abcd@25',
      'k[50,50]=e@50',
    ],
    dropped: 2,
  },
  {
    name: 'sessions when they close',
    draw: (builder, answer) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(visits)
          .emitStrategy('onWindowClose')
          .reduce((one, two) => answer(one + two)),
      ),
    rows: ['in k a 1', 'in k b 4', 'in j c 5', 'in k d 10', 'in k e 20'],
    // A session that ends at 4 closes after 4 + gap + grace.
    expected: ['k[1,4]=ab@4', 'j[5,5]=c@5', 'k[10,10]=d@10'],
  },
  {
    name: 'suppress until windows close',
    draw: (builder) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(tens)
          .count()
          .mapValues((count) => count * 10, { value: Serdes.long() })
          .suppress(Suppressed.untilWindowCloses()),
      ),
    rows: ['in k a 1', 'in j b 2', 'in k c 9', 'in k d 14', 'in k e 15', 'in k f 16', 'in k g 30'],
    // Windows that close together come in the order of their keys.
    expected: ['j[0,10]=10@2', 'k[0,10]=20@9', 'k[10,20]=30@16'],
  },
  {
    name: 'suppress until sessions close',
    draw: (builder) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(visits)
          .count()
          .suppress(Suppressed.untilWindowCloses()),
      ),
    // A session that grew is deleted before it was ever sent: nothing is said of it.
    rows: ['in k a 1', 'in k b 4', 'in k c 20', 'in k d 30'],
    expected: ['k[1,4]=2@4', 'k[20,20]=1@20'],
  },
  {
    name: 'suppress for a time, and no more than two at once',
    draw: (builder) =>
      builder
        .table('in')
        .suppress(Suppressed.untilTimeLimit(10, { maxRecords: 2 }))
        .toStream()
        .to('out', text),
    rows: [
      'in a 1 0',
      'in a 2 5', // replaces, and keeps its turn
      'in b 1 6',
      'in c 1 7', // the third: the oldest comes out
      'in b - 8',
      'in d 1 16',
      'in d 2 17',
    ],
    expected: ['a=2@5', 'b=null@8', 'c=1@7'],
  },
  {
    name: 'cogroup',
    draw: (builder, answer) =>
      builder
        .stream('one')
        .groupByKey()
        .cogroup((_key, value, all: string) => answer(`${all}1${value}`))
        .cogroup(builder.stream('two').groupByKey(), (_key, value, all) =>
          answer(value === 'stop' ? null : `${all}2${value}`),
        )
        .aggregate(() => answer('0'), { as: 'all', value: Serdes.string() })
        .toStream()
        .to('out', text),
    rows: [
      'one k a 1',
      'two k b 5',
      'one k c 3',
      'two - d 4',
      'one k - 4',
      'two k stop 6',
      'one k e 2',
    ],
    expected: ['k=01a@1', 'k=01a2b@5', 'k=01a2b1c@5', 'k=null@6', 'k=01e@2'],
    dropped: 2,
  },
  {
    name: 'cogroup in windows',
    draw: (builder, answer) =>
      write(
        builder
          .stream('one')
          .groupByKey()
          .cogroup((_key, value, all: string) => answer(`${all}1${value}`))
          .cogroup(builder.stream('two').groupByKey(), (_key, value, all) =>
            answer(`${all}2${value}`),
          )
          .windowedBy(tens)
          .aggregate(() => answer(''), { value: Serdes.string() }),
      ),
    rows: ['one k a 1', 'two k b 5', 'two k c 12', 'one k d 3'],
    expected: ['k[0,10]=1a@1', 'k[0,10]=1a2b@5', 'k[10,20]=2c@12', 'k[0,10]=1a2b1d@5'],
  },
  {
    name: 'cogroup in sessions',
    draw: (builder, answer) =>
      write(
        builder
          .stream('one')
          .groupByKey()
          .cogroup((_key, value, all: string) => answer(`${all}1${value}`))
          .cogroup(builder.stream('two').groupByKey(), (_key, value, all) =>
            answer(`${all}2${value}`),
          )
          .windowedBy(visits)
          .aggregate(
            () => answer(''),
            (_key, one, two) => answer(one + two),
            { value: Serdes.string() },
          ),
      ),
    rows: ['one k a 1', 'two k b 5', 'two k c 20'],
    expected: ['k[1,1]=1a@1', 'k[1,1]=null@1', 'k[1,5]=1a2b@5', 'k[20,20]=2c@20'],
  },
];

describe.each(CASES)('$name', ({ expected, dropped = 0, ...program }) => {
  test('gives what Kafka gives', async () => {
    expect(await output(program)).toEqual({ records: expected, dropped });
  });

  test.each(WAYS)('%s it gives the same', async (_name, way) => {
    expect((await output(program, way)).records).toEqual(expected);
  });

  test('with record caches the last row of each key is the same', async () => {
    expect(lastOf(await cached(program))).toEqual(lastOf({ records: [...expected], dropped }));
  });
});

test('a full buffer that may not emit stops the application', async () => {
  const failing = output({
    draw: (builder) =>
      write(
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(tens)
          .count()
          .suppress(Suppressed.untilWindowCloses({ maxRecords: 1 }), { name: 'hold' }),
      ),
    rows: ['in a x 1', 'in b x 2'],
  });
  await expect(failing).rejects.toMatchObject({
    where: { node: 'hold' },
    cause: { code: 'BUFFER_FULL' },
  });
});
