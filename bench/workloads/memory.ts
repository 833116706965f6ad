/**
 * Memory while millions of records flow through a count over 1,000 keys on the log on disk: heap and buffers after a
 * full collection, every tenth of the way. Flat means: the second half adds nothing that grows with the records.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KafkaStreams, Serdes, StreamsBuilder, openLog } from 'millrace';

export interface MemoryResult {
  readonly records: number;
  /** MB in use (heap, buffers) at each tenth. */
  readonly usedMb: readonly number[];
  readonly rssMb: readonly number[];
  /** Bytes that each record of the second half left behind. */
  readonly bytesPerRecord: number;
}

const CHUNK = 10_000;

export async function memory(directory: string, records: number): Promise<MemoryResult> {
  const path = join(directory, 'memory');
  await rm(path, { recursive: true, force: true });
  const log = await openLog(path, { durability: 'os' });
  await log.admin().createTopics([{ topic: 'records', partitions: 2 }]);
  const builder = new StreamsBuilder();
  let counted = 0;
  builder
    .stream('records', { key: Serdes.string(), value: Serdes.string() })
    .peek(() => {
      counted++;
    })
    .groupByKey()
    .count({ as: 'counts' })
    .toStream()
    .to('counted');
  const app = new KafkaStreams(builder.build(), { applicationId: 'memory', log });
  await app.start();
  const producer = log.producer({ key: Serdes.string(), value: Serdes.string() });
  const batch = Array.from({ length: CHUNK }, (_, i) => ({
    key: `key-${i % 1000}`,
    value: 'value',
  }));
  const usedMb: number[] = [];
  const rssMb: number[] = [];
  for (let sent = 0; sent < records; sent += CHUNK) {
    await producer.sendBatch('records', batch);
    while (counted < sent - 10 * CHUNK) await new Promise(setImmediate);
    if ((sent + CHUNK) % Math.floor(records / 10) < CHUNK) {
      globalThis.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      usedMb.push(Math.round((heapUsed + external) / 1e5) / 10);
      rssMb.push(Math.round(rss / 1e6));
    }
  }
  while (counted < records) await new Promise(setImmediate);
  await app.close();
  await log.close();
  await rm(path, { recursive: true });
  const half = Math.floor(usedMb.length / 2);
  const growth = ((usedMb.at(-1) ?? 0) - (usedMb[half] ?? 0)) * 1e6;
  return { records, usedMb, rssMb, bytesPerRecord: growth / (records / 2) };
}
