/**
 * Two streams joined, beside the same by hand: 100,000 keys, a record a millisecond, every second record meets another.
 * And the same with ever more records a key that are kept: what a record costs must not grow with them.
 */
import { JoinWindows, Serdes, memoryLog } from 'millrace';
import type { Log } from 'millrace';
import { asBatches, asTopic, generator, keyed, keyOf, START, type Entry } from '../data.js';
import { streamJoin as byHand } from '../limits/stream-join.js';
import { timed, type Comparison } from '../measure.js';
import { Bench, type Build } from './application.js';

const WITHIN_MS = 100_000;

const bytes = { key: Serdes.string(), value: Serdes.bytes() };
const both = (left: Uint8Array, right: Uint8Array) => Buffer.concat([left, right]);

async function twoTopics(log: Log, entries: readonly Entry[]) {
  const left = entries.filter((_, i) => i % 2 === 0);
  const right = entries.filter((_, i) => i % 2 === 1);
  await asTopic(log, 'left', left, 1);
  await asTopic(log, 'right', right, 1);
  const [leftBatches = []] = asBatches(left, 1);
  const [rightBatches = []] = asBatches(right, 1);
  return { left: leftBatches, right: rightBatches };
}

export async function streamStreamJoin(records: number): Promise<Comparison[]> {
  const log = memoryLog();
  const { left, right } = await twoTopics(log, keyed(records));
  const bench = new Bench(log);
  const build: Build = (builder, output) =>
    builder
      .stream('left', bytes)
      .join(builder.stream('right', bytes), both, {
        windows: JoinWindows.of({ within: WITHIN_MS, grace: 0 }),
      })
      .to(output, { value: Serdes.bytes() });
  return [
    {
      name: 'stream-stream join',
      unit: 'records/s',
      units: records,
      floor: 0.5,
      ours: () => bench.run(build),
      limit: () => timed(() => byHand(left, right, WITHIN_MS)),
    },
  ];
}

export interface RowsPerKey {
  readonly kind: 'inner' | 'left';
  /** Records that each side keeps of one key. */
  readonly rowsPerKey: number;
  readonly nanosecondsPerRecord: number;
}

/** 1x, 10x, 100x: the same records on fewer and fewer keys; a record meets one at most, the grace keeps all. */
export async function rowsPerKey(records: number): Promise<RowsPerKey[]> {
  const results: RowsPerKey[] = [];
  for (const kind of ['inner', 'left'] as const) {
    for (const rows of [10, 100, 1000]) {
      const log = memoryLog();
      await twoTopics(log, fewKeys(records, records / 2 / rows));
      const bench = new Bench(log);
      const windows = JoinWindows.of({ within: 1, grace: records });
      const build: Build = (builder, output) => {
        const left = builder.stream('left', bytes);
        const right = builder.stream('right', bytes);
        const joined =
          kind === 'inner'
            ? left.join(right, both, { windows })
            : left.leftJoin(right, (one, other) => other ?? one, { windows });
        joined.to(output, { value: Serdes.bytes() });
      };
      const times: number[] = [];
      for (let round = 0; round < 4; round++) times.push(await bench.run(build));
      const best = Math.min(...times);
      results.push({ kind, rowsPerKey: rows, nanosecondsPerRecord: (best / records) * 1e6 });
    }
  }
  return results;
}

function fewKeys(records: number, keys: number): Entry[] {
  const next = generator(7);
  const value = Buffer.alloc(20, 'a');
  return Array.from({ length: records }, (_, i) => ({
    key: keyOf(next() % keys),
    value,
    timestamp: START + i,
  }));
}
