/** Appending 15 KB batches durably: a producer of the bundled log beside encode, CRC and write by hand. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Serdes, openLog } from 'millrace';
import { append } from '../limits/append.js';
import { timed, type Comparison } from '../measure.js';

/** Records of one batch: 120 x 126 bytes are 15 KB. */
const BATCH = 120;
/** Batches on the way at one time, as a producer that lingers has. */
const IN_FLIGHT = 64;

export function logAppend(directory: string, records: number): Comparison[] {
  const key = Buffer.from('key-000000000000');
  const value = Buffer.alloc(100, 'x');
  let runs = 0;
  const ours = async () => {
    const path = join(directory, `append-${runs++}`);
    const log = await openLog(path);
    await log.admin().createTopics([{ topic: 'records', partitions: 1 }]);
    const producer = log.producer({ key: Serdes.bytes(), value: Serdes.bytes() });
    const batch = Array.from({ length: BATCH }, () => ({ key, value }));
    const ms = await timed(async () => {
      const waiting: Promise<unknown>[] = [];
      for (let sent = 0; sent < records; sent += BATCH) {
        waiting.push(producer.sendBatch('records', batch));
        if (waiting.length === IN_FLIGHT) await Promise.all(waiting.splice(0, IN_FLIGHT / 2));
      }
      await Promise.all(waiting);
    });
    await log.close();
    await rm(path, { recursive: true });
    return ms;
  };
  return [
    {
      name: 'log append, durable',
      unit: 'records/s',
      units: records,
      floor: 0.6,
      ours,
      limit: () => timed(() => append(join(directory, 'append-limit'), records, key, value)),
    },
  ];
}
