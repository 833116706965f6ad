/**
 * What a record costs when its key has ten, a hundred and a thousand rows: sliding windows and sessions that grace keeps
 * all, and sessions that only grow, with the record cache, which keeps removals back. The cost must not grow with the rows.
 */
import { Serdes, SessionWindows, SlidingWindows, memoryLog } from 'millrace';
import { asTopic, keyOf, START, type Entry } from '../data.js';
import { Bench, type Build } from './application.js';

export interface KeyGrowth {
  readonly name: string;
  /** Records per second with ten, a hundred and a thousand rows a key. */
  readonly rates: readonly number[];
  /** How much slower the last is than the first, and what that may be. */
  readonly slowdown: number;
  readonly bound: number;
}

const ROWS = [10, 100, 1000];
/** Searching among more rows takes longer, and so do the caches of the processor; a square would be a hundred times. */
const BOUND = 3;
/** Between two records of a key; windows hold few of them however many rows there are. */
const STEP_MS = 1000;
const WAY_MS = STEP_MS * 3;

const grace = '365d';
const bytes = { key: Serdes.string(), value: Serdes.bytes() };

const sliding: Build = (builder, output) =>
  builder
    .stream('records', bytes)
    .groupByKey()
    .windowedBy(SlidingWindows.of({ difference: WAY_MS, grace }))
    .count()
    .toStream()
    .to(output);

const sessions =
  (gap: number): Build =>
  (builder, output) =>
    builder
      .stream('records', bytes)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap, grace }))
      .count()
      .toStream()
      .to(output);

const uncached = { statestoreCacheMaxBytes: 0 };

export async function keyGrowth(records: number): Promise<KeyGrowth[]> {
  const cases = [
    { name: 'sliding count', build: sliding, options: uncached },
    { name: 'sessions, one a record', build: sessions(STEP_MS / 2), options: uncached },
    { name: 'sessions that grow', build: sessions(STEP_MS), options: uncached },
    { name: 'sessions that grow, cached', build: sessions(STEP_MS), options: {} },
  ];
  const results: KeyGrowth[] = [];
  for (const late of [false, true]) {
    for (const { name, build, options } of cases) {
      const rates: number[] = [];
      for (const rows of ROWS) {
        const log = memoryLog();
        await asTopic(log, 'records', entriesOf(records, rows, late), 1);
        const bench = new Bench(log);
        await bench.run(build, options);
        const rounds = [await bench.run(build, options), await bench.run(build, options)];
        rates.push((records / Math.min(...rounds)) * 1000);
        await log.close();
      }
      const slowdown = rates[0]! / rates.at(-1)!; // one for each of ROWS
      results.push({ name: late ? `${name}, latest first` : name, rates, slowdown, bound: BOUND });
    }
  }
  return results;
}

/** `rows` records for each key, one a step; `late`: the latest come first. */
function entriesOf(records: number, rows: number, late: boolean): Entry[] {
  const value = Buffer.alloc(8, 'a');
  const keys = records / rows;
  return Array.from({ length: records }, (_, i): Entry => {
    const step = Math.floor(i / keys);
    return {
      key: keyOf(i % keys),
      value,
      timestamp: START + (late ? rows - step : step) * STEP_MS,
    };
  });
}
