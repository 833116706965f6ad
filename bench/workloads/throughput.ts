/**
 * Records per second through whole topologies on the memory log, exactly-once as by default, beside the same work by
 * hand: pipe, five-stage chain, word count without and with cache, stream-table join.
 */
import { Serdes, memoryLog } from 'millrace';
import { asBatches, asTopic, KEYS, keyed, keyOf, START, text, type Entry } from '../data.js';
import * as limits from '../limits/stateless.js';
import { runWordCount } from '../limits/word-count.js';
import { timed, type Comparison } from '../measure.js';
import { Bench, type Build } from './application.js';

const strings = { key: Serdes.string(), value: Serdes.string() };

export async function stateless(records: number): Promise<Comparison[]> {
  const entries = keyed(records);
  const [batches = []] = asBatches(entries, 1);
  const log = memoryLog();
  await asTopic(log, 'records', entries, 1);
  const bench = new Bench(log);
  const pipe: Build = (builder, output) => builder.stream('records').to(output);
  const chain: Build = (builder, output) =>
    builder
      .stream('records', strings)
      .filter((_key, value) => value.length > 0)
      .mapValues((value) => value.slice(1))
      .filter((key) => key !== '')
      .mapValues((value) => `${value}z`)
      .filter((_key, value) => value.length > 10)
      .to(output, { value: Serdes.string() });
  return [
    {
      name: 'pipe',
      unit: 'records/s',
      units: records,
      floor: 0.4,
      ours: () => bench.run(pipe),
      limit: () => timed(() => limits.pipe(batches)),
    },
    {
      name: 'chain',
      unit: 'records/s',
      units: records,
      floor: 0.4,
      ours: () => bench.run(chain),
      limit: () => timed(() => limits.chain(batches)),
    },
  ];
}

export async function wordCount(repeat: number): Promise<Comparison[]> {
  const partitions = 4;
  const entries = text(repeat);
  const batches = asBatches(entries, partitions);
  const log = memoryLog();
  await asTopic(log, 'lines', entries, partitions);
  const bench = new Bench(log);
  const count: Build = (builder, output) =>
    builder
      .stream('lines', { value: Serdes.string() })
      .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
      .groupBy((_key, word) => word, strings)
      .count({ as: 'counts' })
      .toStream()
      .to(output);
  const limit = (cached: boolean) => () =>
    timed(() => runWordCount(batches, { cached, commitEveryLines: 50_000 }));
  const units = runWordCount(batches, { cached: true, commitEveryLines: 50_000 }).words;
  return [
    {
      name: 'word count, cache off',
      unit: 'words/s',
      units,
      floor: 0.3,
      ours: () => bench.run(count, { statestoreCacheMaxBytes: 0 }),
      limit: limit(false),
    },
    {
      name: 'word count, cache on',
      unit: 'words/s',
      units,
      ours: () => bench.run(count),
      limit: limit(true),
    },
  ];
}

export async function streamTableJoin(records: number): Promise<Comparison[]> {
  const right = Buffer.alloc(100, 'b');
  const entries = keyed(records);
  const [batches = []] = asBatches(entries, 1);
  const byHand = new Map<string, Buffer>();
  const table: Entry[] = [];
  for (let i = 0; i < KEYS; i++) {
    const key = keyOf(i);
    byHand.set(key.toString('latin1'), Buffer.alloc(100, 'b')); // a value of its own, as the store has
    table.push({ key, value: right, timestamp: START - 1 });
  }
  const log = memoryLog();
  await asTopic(log, 'table', table, 1);
  await asTopic(log, 'records', entries, 1);
  const bench = new Bench(log);
  const bytes = { key: Serdes.string(), value: Serdes.bytes() };
  /** The clock runs from the first joined record: the table is loaded by then, as it is on the other side. */
  const ours = async () => {
    let joined = 0;
    let startedAt = 0;
    await bench.run((builder, output) =>
      builder
        .stream('records', bytes)
        .join(builder.table('table', bytes), (left, other) => {
          if (joined++ === 0) startedAt = performance.now();
          return Buffer.concat([left, other]);
        })
        .to(output, { value: Serdes.bytes() }),
    );
    const ms = performance.now() - startedAt;
    if (joined !== records) throw new Error(`${joined} of ${records} records met the table`);
    return ms;
  };
  return [
    {
      name: 'stream-table join',
      unit: 'records/s',
      units: records,
      floor: 0.45,
      ours,
      limit: () => timed(() => limits.streamTableJoin(batches, byHand)),
    },
  ];
}
