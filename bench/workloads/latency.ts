/**
 * End to end: 1,000 records a second into word count with its repartition hop, exactly-once, on the durable log, all in
 * this process. Latency is the time of arrival at a read_committed consumer minus the time a record was due to be sent
 * (not the time it was sent: a stall counts for everything that waits behind it). The floor is relative to the disk.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { KafkaStreams, Serdes, StreamsBuilder, openLog, type Log } from 'millrace';
import { fdatasyncs } from '../limits/append.js';
import { median, quantile } from '../measure.js';

export interface LatencyResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly fdatasyncP50Ms: number;
  readonly floorMs: number;
}

const topology = () => {
  const builder = new StreamsBuilder();
  builder
    .stream('lines', { value: Serdes.string() })
    .flatMapValues((line) => line.split(' '))
    .groupBy((_key, word) => word, { key: Serdes.string(), value: Serdes.string() })
    .count({ as: 'counts' })
    .toStream()
    .to('counted');
  return builder.build();
};

/** Sends record i when it is due; returns the due times. */
async function send(log: Log, records: number, perSecond: number): Promise<Float64Array> {
  const due = new Float64Array(records);
  const producer = log.producer({ value: Serdes.string() });
  const start = performance.now() + 5;
  const failures: unknown[] = [];
  for (let i = 0; i < records;) {
    const now = performance.now();
    for (; i < records; i++) {
      const at = start + (i * 1000) / perSecond;
      if (at > now) break;
      due[i] = at;
      producer
        .send({ topic: 'lines', value: `w${i}` })
        .catch((error: unknown) => failures.push(error));
    }
    await setTimeout(1);
  }
  await producer.close();
  if (failures.length > 0) throw failures[0];
  return due;
}

async function receive(log: Log, records: number): Promise<Float64Array> {
  const arrived = new Float64Array(records);
  const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, key: Serdes.string() });
  await consumer.subscribe(['counted']);
  let received = 0;
  for await (const { key } of consumer) {
    arrived[Number(key?.slice(1))] = performance.now();
    if (++received === records) break;
  }
  await consumer.close();
  return arrived;
}

export async function latency(directory: string, seconds: number): Promise<LatencyResult> {
  const perSecond = 1000;
  const records = perSecond * seconds;
  const path = join(directory, 'latency');
  await rm(path, { recursive: true, force: true });
  const disk = fdatasyncs(directory, 200, 4096);
  const log = await openLog(path);
  await log.admin().createTopics([
    { topic: 'lines', partitions: 4 },
    { topic: 'counted', partitions: 4 },
  ]);
  const app = new KafkaStreams(topology(), { applicationId: 'latency', log });
  await app.start();
  const [arrived, due] = await Promise.all([receive(log, records), send(log, records, perSecond)]);
  await app.close();
  await log.close();
  disk.push(...fdatasyncs(directory, 200, 4096));
  await rm(path, { recursive: true });
  const warm = Math.floor(records / 4); // the first quarter warms the compiler up
  const ms = [...arrived.subarray(warm)].map((at, i) => at - due[warm + i]!);
  const fdatasyncP50Ms = median(disk);
  return {
    perSecond,
    p50Ms: median(ms),
    p99Ms: quantile(ms, 0.99),
    maxMs: Math.max(...ms),
    fdatasyncP50Ms,
    floorMs: 5 + 2 * fdatasyncP50Ms,
  };
}
