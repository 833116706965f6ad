/** User functions that fail, change values in place or run outside of any record: what is left in stores and buffers. */
import { describe, expect, it } from 'vitest';
import {
  deadLetter,
  type FixedKeyProcessorContext,
  type KStream,
  type KTable,
  type ProcessorContext,
  SessionWindows,
  SlidingWindows,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
} from '../../src/index.js';
import type { Record } from '../../src/processor/record.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '../../src/testing.js';
import { text, type Answer, type Texts } from './each-way.js';

const plain: Answer = (value) => value;
// The compiler is told that it is no promise: operators wait for whatever is one.
const later: Answer = <T>(value: T) => Promise.resolve(value) as T;
const rejected: Answer = <T>(value: T) => Promise.reject(new Error(String(value))) as T;
const thrown: Answer = (value) => {
  throw new Error(String(value));
};

interface Run {
  draw(builder: Texts): void;
  readonly rows: readonly string[];
  readonly options?: TopologyTestDriverOptions;
  readonly topics?: readonly string[];
}

async function run({ draw, rows, options, topics = ['out'] }: Run): Promise<string[]> {
  const builder = new StreamsBuilder(text);
  draw(builder);
  await using driver = new TopologyTestDriver(builder.build(), {
    statestoreCacheMaxBytes: 0,
    ...options,
  });
  for (const row of rows) {
    const [topic = '', key = '', value = '', timestamp] = row.split(' ');
    await driver.createInputTopic(topic, text).pipe({ key, value, timestamp: Number(timestamp) });
  }
  return topics.flatMap((topic) =>
    driver
      .createOutputTopic(topic, text)
      .readRecords()
      .map(({ key, value, timestamp, headers }) => {
        const offset = headers.find((header) => header.key === '__streams.errors.offset');
        const from = offset === undefined ? '' : ` from offset ${String(offset.value)}`;
        return `${topic}: ${key}=${value}@${timestamp}${from}`;
      }),
  );
}

describe.each([
  ['plain', plain, thrown],
  ['async', later, rejected],
])('a function that fails half way, %s', (_name, answer, fail) => {
  const failing = (value: string): string => (value.includes('!') ? fail(value) : answer(value));

  it('in the buffer of a join with grace: it is the buffered record that failed, and the others go on', async () => {
    const out = await run({
      draw: (builder) => {
        const table = builder.table('table', { as: 'rows', versioned: '1h' });
        builder
          .stream('in')
          .join(table, (value, row) => failing(value + row), { grace: 10 })
          .to('out', text);
      },
      rows: [
        'table k x 0',
        'in k a 1',
        'in k b! 2',
        'in k c 3',
        'in k d 4',
        'in k e 30', // all of them are due
      ],
      options: { errors: { process: deadLetter('dead') } },
      topics: ['out', 'dead'],
    });
    expect(out).toEqual([
      'out: k=ax@1',
      'out: k=cx@3',
      'out: k=dx@4',
      'dead: null=null@0 from offset 1',
    ]);
  });

  it('in the aggregator of a session: the sessions that it was to take in are still there', async () => {
    const out = await run({
      draw: (builder) =>
        builder
          .stream('in')
          .groupByKey()
          .windowedBy(SessionWindows.of({ gap: 10, grace: 100 }))
          .aggregate(
            () => answer(''),
            (_key, value, all) => failing(all + value),
            (_key, one, two) => answer(one + two),
            { value: Serdes.string() },
          )
          .toStream({ keySelector: ({ key, window }) => `${key}[${window.start},${window.end}]` })
          .to('out', text),
      rows: ['in k a 0', 'in k ! 5', 'in k b 8'],
      options: { errors: { process: 'continue' } },
    });
    expect(out).toEqual(['out: k[0,0]=a@0', 'out: k[0,0]=null@0', 'out: k[0,8]=ab@8']);
  });
});

it('a full buffer that may not emit stops the application whatever the error policy says', async () => {
  const windows = TimeWindows.of({ size: 10, grace: 0 });
  const running = run({
    draw: (builder) =>
      builder
        .stream('in')
        .groupByKey()
        .windowedBy(windows)
        .count()
        .suppress(Suppressed.untilWindowCloses({ maxRecords: 1 }))
        .toStream({ keySelector: ({ key }) => key })
        .mapValues(String)
        .to('out', text),
    rows: ['in k a 1', 'in l b 2'],
    options: { errors: { process: 'continue' } },
  });
  await expect(running).rejects.toMatchObject({ cause: { code: 'BUFFER_FULL' } });
});

interface Count {
  n: number;
}

const start = (): Count => ({ n: 0 });
const inPlace = (_key: unknown, _value: unknown, count: Count): Count => {
  count.n++;
  return count;
};
const counts = { value: Serdes.json<Count>() };

describe('an aggregator that changes the initial value in place', () => {
  const total = <K>(table: KTable<K, Count>): KStream<string, string | null> =>
    table
      .groupBy((_key, { n }) => ['all', String(n)] as [string, string], text)
      .reduce(
        (sum, n) => String(Number(sum) + Number(n)),
        (sum, n) => String(Number(sum) - Number(n)),
        text,
      )
      .toStream();
  const rows = ['in k a 0', 'in k b 1', 'in l c 2', 'in l d 3'];
  const expected = ['out: all=1@0', 'out: all=2@1', 'out: all=3@2', 'out: all=4@3'];

  it('does not change the old value that downstream is told, without windows', async () => {
    const out = await run({
      draw: (builder) =>
        total(builder.stream('in').groupByKey().aggregate(start, inPlace, counts)).to('out', text),
      rows,
    });
    expect(out).toEqual(expected);
  });

  it('nor in time windows', async () => {
    const windows = TimeWindows.of({ size: 10, grace: 0 });
    const out = await run({
      draw: (builder) => {
        const grouped = builder.stream('in').groupByKey().windowedBy(windows);
        total(grouped.aggregate(start, inPlace, counts)).to('out', text);
      },
      rows,
    });
    expect(out).toEqual(expected);
  });

  it('nor in sliding windows', async () => {
    const windows = SlidingWindows.of({ difference: 1, grace: 0 });
    const out = await run({
      draw: (builder) => {
        const grouped = builder.stream('in').groupByKey().windowedBy(windows);
        total(grouped.aggregate(start, inPlace, counts)).to('out', text);
      },
      rows: ['in k a 10', 'in k b 20', 'in l c 30'], // one window each
    });
    expect(out).toEqual(['out: all=1@10', 'out: all=2@20', 'out: all=3@30']);
  });
});

describe('what comes from a punctuator', () => {
  it('may be joined by foreign key: the answer finds the partition of the row', async () => {
    const ticking = (context: FixedKeyProcessorContext<string, string>) => {
      let last: Record<string, string> | undefined;
      context.schedule(10, 'streamTime', () => {
        if (last !== undefined) context.forward(last.withValue('h'));
      });
      return {
        process(record: Record<string, string>): void {
          last = record;
        },
      };
    };
    const out = await run({
      draw: (builder) =>
        builder
          .stream('in')
          .processValues(ticking)
          .toTable(text)
          .join(builder.table('names'), (row, name) => `${row}:${name}`, {
            foreignKey: (row) => row,
          })
          .toStream()
          .to('out', text),
      rows: ['names h hanna 0', 'in k x 1', 'in k y 50'],
      options: { partitions: 3 },
    });
    expect(out).toContain('out: k=h:hanna@50');
  });

  it.each([Infinity, 2 ** 60, 1.5, -1])('cannot have the timestamp %d', async (timestamp) => {
    const forwarding = (context: ProcessorContext<string, string>) => ({
      process: () => context.forward({ key: 'k', value: 'v', timestamp }),
    });
    const running = run({
      draw: (builder) =>
        builder
          .stream('in')
          .process(forwarding)
          .groupByKey(text)
          .windowedBy(TimeWindows.of({ size: 10, grace: 0 }))
          .count()
          .toStream({ keySelector: ({ key }) => key })
          .mapValues(String)
          .to('out', text),
      rows: ['in k a 0'],
    });
    await expect(running).rejects.toThrow(/Malformed Record: timestamp/);
  });
});
