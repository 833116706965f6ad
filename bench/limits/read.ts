/** Reading by hand: the segments of a partition in order, 1 MB at a time, every CRC checked and every record decoded. */
import { closeSync, openSync, readSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Cursor } from './batch.js';

const READ_BYTES = 2 ** 20;

/** Returns the number of records, and a sum that depends on every one of them. */
export function readSegments(directory: string): { records: number; sum: number } {
  const cursor = new Cursor();
  let records = 0;
  let sum = 0;
  for (const name of readdirSync(directory).toSorted()) {
    if (!name.endsWith('.log')) continue;
    const file = openSync(join(directory, name), 'r');
    let position = 0;
    for (;;) {
      const bytes = Buffer.allocUnsafe(READ_BYTES);
      const read = readSync(file, bytes, 0, READ_BYTES, position);
      let at = 0;
      while (at + 12 <= read) {
        const end = at + 12 + bytes.readInt32BE(at + 8);
        if (end > read) break;
        cursor.reset(bytes.subarray(at, end));
        while (cursor.next()) {
          records++;
          sum += cursor.timestamp + cursor.keyLength + cursor.valueLength;
        }
        at = end;
      }
      if (at === 0) break;
      position += at;
    }
    closeSync(file);
  }
  return { records, sum };
}
