/**
 * One program, run in each way in which it must give the same output: with plain functions and with async ones, on the
 * one task of the driver and on the whole application, left alone, restarted or crashed in the middle.
 */
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { Windowed } from '../../src/serde/windowed.js';
import { TopologyTestDriver } from '../../src/testing.js';

export const text = { key: Serdes.string(), value: Serdes.string() };
export type Texts = StreamsBuilder<string, string>;

/** `topic key value timestamp`; a lone `-` is null. */
export type Row = string;

/** What user functions of a program return: the value, or a promise of it. */
export type Answer = <T>(value: T) => T;

export interface Program {
  /** Draws a topology whose keys and values are texts by default, and that writes to `out`. */
  draw(builder: Texts, answer: Answer): void;
  readonly rows: readonly Row[];
}

export interface Output {
  /** `key=value@timestamp`, in order. */
  readonly records: string[];
  readonly dropped: number;
}

interface Way {
  readonly answer: Answer;
  readonly cache: number;
  readonly partitions?: number;
  readonly inTheMiddle?: 'restart' | 'crash';
}

const plain: Answer = (value) => value;
// The compiler is told that it is no promise: operators wait for whatever is one.
const later: Answer = <T>(value: T) => Promise.resolve(value) as T;

const PLAIN: Way = { answer: plain, cache: 0 };

export const WAYS: readonly (readonly [name: string, way: Way])[] = [
  ['with async functions', { answer: later, cache: 0 }],
  ['on the whole application', { answer: plain, cache: 0, partitions: 1 }],
  ['restarted in the middle', { answer: plain, cache: 0, partitions: 1, inTheMiddle: 'restart' }],
  ['crashed in the middle', { answer: later, cache: 0, partitions: 1, inTheMiddle: 'crash' }],
];

export async function output({ draw, rows }: Program, way: Way = PLAIN): Promise<Output> {
  const builder = new StreamsBuilder(text);
  draw(builder, way.answer);
  const { cache, partitions, inTheMiddle } = way;
  await using driver = new TopologyTestDriver(builder.build(), {
    statestoreCacheMaxBytes: cache,
    ...(partitions === undefined ? {} : { partitions }),
  });
  const records: string[] = [];
  const out = driver.createOutputTopic('out', text);
  const middle = Math.ceil(rows.length / 2);
  for (const [index, row] of rows.entries()) {
    if (index === middle && inTheMiddle !== undefined) await driver[inTheMiddle]();
    const [topic = '', key, value, timestamp] = row.split(' ');
    await driver.createInputTopic(topic, text).pipe({
      key: key === '-' ? null : key!,
      value: value === '-' ? null : value!,
      timestamp: Number(timestamp),
    });
    for (const record of out.readRecords())
      records.push(`${record.key}=${record.value}@${record.timestamp}`);
  }
  return { records, dropped: driver.droppedRecords };
}

/** The output of the program with record caches: of every key the last update of a commit. */
export const cached = (program: Program): Promise<Output> =>
  output(program, { answer: plain, cache: 10 * 1024 * 1024 });

/** `key[start,end]`: a windowed key as a text. */
export const shown = ({ key, window }: Windowed<string>): string =>
  `${key}[${window.start},${window.end}]`;

/** What is left of every key, deleted keys left out. */
export function lastOf({ records }: Output): Map<string, string> {
  const last = new Map<string, string>();
  for (const record of records) {
    const [key = '', value = ''] = record.split('@')[0]!.split('=');
    if (value === 'null') last.delete(key);
    else last.set(key, value);
  }
  return last;
}
