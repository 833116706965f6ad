/**
 * Reading segments from the beginning beside a sequential reader by hand: through the port (what it returns is verified;
 * the records are decoded as by hand), and through the typed consumer with an object per record.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openLog, type Log } from 'millrace';
import { Cursor } from '../limits/batch.js';
import { readSegments } from '../limits/read.js';
import { timed, type Comparison } from '../measure.js';
import { throughThePort } from './append.js';

const value = Buffer.alloc(100, 'x');

async function throughThePortAgain(log: Log, records: number): Promise<void> {
  const consumer = log.client.consumer();
  consumer.assign([{ topic: 'records', partition: 0 }]);
  consumer.seek({ topic: 'records', partition: 0 }, 0);
  const cursor = new Cursor();
  let read = 0;
  let sum = 0;
  while (read < records) {
    for (const { batches } of await consumer.poll(1000)) {
      for (const { bytes, start, end } of batches) {
        cursor.resetVerified(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
        while (cursor.next()) {
          read++;
          sum += cursor.timestamp + cursor.keyLength + cursor.valueLength;
        }
      }
    }
  }
  await consumer.close();
  if (!(sum > 0)) throw new Error('nothing was read');
}

async function throughTheConsumer(log: Log, records: number): Promise<void> {
  const consumer = log.consumer({ fromBeginning: true });
  await consumer.assign([{ topic: 'records', partition: 0 }]);
  let read = 0;
  for await (const record of consumer) {
    if (record.value !== null) read++;
    if (read === records) break;
  }
  await consumer.close();
}

export function logRead(directory: string, records: number): Comparison[] {
  const path = join(directory, 'read');
  let filled: Promise<void> | undefined;
  const fill = async () => {
    await rm(path, { recursive: true, force: true });
    const log = await openLog(path, { durability: 'os' });
    await log.admin().createTopics([{ topic: 'records', partitions: 1 }]);
    await throughThePort(log, records, { values: [value] });
    await log.close();
  };
  const on = (work: (log: Log, records: number) => Promise<void>) => async () => {
    await (filled ??= fill());
    const log = await openLog(path);
    const ms = await timed(() => work(log, records));
    await log.close();
    return ms;
  };
  const limit = async () => {
    await (filled ??= fill());
    return timed(() => {
      const { records: read } = readSegments(join(path, 'records-0'));
      if (read !== records) throw new Error(`${read} of ${records} records were read`);
    });
  };
  const row = { unit: 'records/s', units: records, limit };
  return [
    { ...row, name: 'log read', floor: 0.5, ours: on(throughThePortAgain) },
    { ...row, name: 'typed consumer', ours: on(throughTheConsumer) },
  ];
}
