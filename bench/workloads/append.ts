/**
 * Appending 15 KB batches durably beside encode, CRC and write by hand: through the port of the bundled log, as the
 * runtime and every producer use it, plain and gzipped, and through the typed producer with its objects, serdes and
 * promises.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Serdes, openLog, type Log } from 'millrace';
import { text } from '../data.js';
import { append, gzipped } from '../limits/append.js';
import { timed, type Comparison } from '../measure.js';

/** Records of one batch: 120 x 126 bytes are 15 KB. */
const BATCH = 120;
const BATCH_BYTES = 15 * 1024;
/** Batches of the typed producer on the way at one time. */
const IN_FLIGHT = 64;
/** Bytes of the port's producer on the way at one time; the hand-written side has no bound at all. */
const PENDING_BYTES = 16 * 2 ** 20;
const GZIP_SHARE = 1 / 6;

const key = Buffer.from('key-000000000000');
const value = Buffer.alloc(100, 'x');

export interface PortOptions {
  readonly values: readonly Buffer[];
  readonly compression?: 'gzip';
}

/** Through the port, to one partition. */
export async function throughThePort(log: Log, records: number, options: PortOptions) {
  const { values, ...more } = options;
  const producer = log.client.producer({ batchBytes: BATCH_BYTES, ...more });
  await producer.init();
  const writer = producer.topic('records');
  for (let i = 0; i < records; i++) {
    const next = values[i % values.length]!;
    writer.append(0, 1.7e12 + i, key, 0, key.length, next, 0, next.length, []);
    if (i % BATCH !== 0) continue;
    while (producer.pendingBytes > PENDING_BYTES) await setImmediate();
  }
  await producer.flush();
}

async function throughTheProducer(log: Log, records: number): Promise<void> {
  const producer = log.producer({ key: Serdes.bytes(), value: Serdes.bytes() });
  const batch = Array.from({ length: BATCH }, () => ({ key, value }));
  const waiting: Promise<unknown>[] = [];
  for (let sent = 0; sent < records; sent += BATCH) {
    waiting.push(producer.sendBatch('records', batch));
    if (waiting.length === IN_FLIGHT) await Promise.all(waiting.splice(0, IN_FLIGHT / 2));
  }
  await Promise.all(waiting);
}

export function logAppend(directory: string, records: number): Comparison[] {
  let runs = 0;
  const on = (work: (log: Log) => Promise<void>) => async () => {
    const path = join(directory, `append-${runs++}`);
    const log = await openLog(path);
    await log.admin().createTopics([{ topic: 'records', partitions: 1 }]);
    const ms = await timed(() => work(log));
    await log.close();
    await rm(path, { recursive: true });
    return ms;
  };
  const place = join(directory, 'append-limit');
  const limit = () => timed(() => append(place, records, { key, values: [value] }));
  const unit = 'records/s';
  const lines = text(1).map((entry) => entry.value);
  const gzipRecords = Math.floor(records * GZIP_SHARE);
  return [
    {
      name: 'log append, durable',
      unit,
      units: records,
      floor: 0.6,
      ours: on((log) => throughThePort(log, records, { values: [value] })),
      limit,
    },
    {
      name: 'typed producer, durable',
      unit,
      units: records,
      ours: on((log) => throughTheProducer(log, records)),
      limit,
    },
    {
      name: 'log append, gzip',
      unit,
      units: gzipRecords,
      floor: 0.6,
      ours: on((log) => throughThePort(log, gzipRecords, { values: lines, compression: 'gzip' })),
      limit: () => timed(() => append(place, gzipRecords, { key, values: lines, pack: gzipped })),
    },
  ];
}
