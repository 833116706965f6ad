/**
 * Counts by window and by session, every update sent and logged, beside the same by hand: 100,000 keys, 20 records in a
 * millisecond of event time.
 */
import { Serdes, SessionWindows, TimeWindows, memoryLog } from 'millrace';
import { asBatches, asTopic, keyed, START, type Entry } from '../data.js';
import { sessionCount, windowedCount } from '../limits/windows.js';
import { timed, type Comparison } from '../measure.js';
import { Bench, type Build } from './application.js';

const SIZE_MS = 10_000;
const HOP_MS = 5_000;
const GAP_MS = 5_000;
const RECORDS_PER_MS = 20;

export async function windows(records: number): Promise<Comparison[]> {
  const value = Buffer.alloc(8, 'a');
  const entries = keyed(records).map(({ key }, i): Entry => ({
    key,
    value,
    timestamp: START + Math.floor(i / RECORDS_PER_MS),
  }));
  const [batches = []] = asBatches(entries, 1);
  const log = memoryLog();
  await asTopic(log, 'records', entries, 1);
  const bench = new Bench(log);
  const bytes = { key: Serdes.string(), value: Serdes.bytes() };
  const counted =
    (advance: number): Build =>
    (builder, output) =>
      builder
        .stream('records', bytes)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: SIZE_MS, advance, grace: 0 }))
        .count()
        .toStream()
        .to(output);
  const sessions: Build = (builder, output) =>
    builder
      .stream('records', bytes)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: GAP_MS, grace: 0 }))
      .count()
      .toStream()
      .to(output);
  const uncached = { statestoreCacheMaxBytes: 0 };
  const row = (name: string, build: Build, limit: () => unknown): Comparison => ({
    name,
    unit: 'records/s',
    units: records,
    floor: 0.35,
    ours: () => bench.run(build, uncached),
    limit: () => timed(limit),
  });
  return [
    row('tumbling count', counted(SIZE_MS), () => windowedCount(batches, SIZE_MS, SIZE_MS)),
    row('hopping count', counted(HOP_MS), () => windowedCount(batches, SIZE_MS, HOP_MS)),
    row('session count', sessions, () => sessionCount(batches, GAP_MS)),
  ];
}
