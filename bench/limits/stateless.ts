/**
 * Pipe, five-stage chain and stream-table join by hand: encoded batches in, encoded batches out, all in memory,
 * CRC both ways. Keys become strings where a program with string serdes would make strings.
 */
import { BatchWriter, Cursor } from './batch.js';
import { readLatin1, readUtf8, writeLatin1, writeUtf8 } from './fast-buffer.js';

/** Holds the finished batch for a moment, so that nothing is optimised away. */
class Output {
  readonly writer = new BatchWriter();
  readonly scratch = Buffer.alloc(4096);
  records = 0;
  bytes = 0;

  append(ts: number, k: Buffer, ko: number, kl: number, v: Buffer, vo: number, vl: number): void {
    this.writer.append(ts, k, ko, kl, v, vo, vl);
    this.records++;
    if (this.writer.full) this.bytes += this.writer.finish(this.bytes).length;
  }
}

export function pipe(input: readonly Buffer[]): number {
  const cursor = new Cursor();
  const output = new Output();
  for (const batch of input) {
    cursor.reset(batch);
    while (cursor.next()) {
      const { timestamp, keyStart, keyLength, valueStart, valueLength } = cursor;
      output.append(timestamp, batch, keyStart, keyLength, batch, valueStart, valueLength);
    }
  }
  return output.records;
}

interface Plain {
  readonly key: string;
  readonly value: string;
  readonly ts: number;
}

export function chain(input: readonly Buffer[]): number {
  const cursor = new Cursor();
  const output = new Output();
  const { scratch } = output;
  const sink = (x: Plain) => {
    const keyLength = writeLatin1(scratch, x.key, 0);
    const valueLength = writeUtf8(scratch, x.value, 64);
    output.append(x.ts, scratch, 0, keyLength, scratch, 64, valueLength);
  };
  const longEnough = (x: Plain) => {
    if (x.value.length > 10) sink(x);
  };
  const append = (x: Plain) => longEnough({ key: x.key, value: x.value + 'z', ts: x.ts });
  const hasKey = (x: Plain) => {
    if (x.key !== '') append(x);
  };
  const tail = (x: Plain) => hasKey({ key: x.key, value: x.value.slice(1), ts: x.ts });
  const notEmpty = (x: Plain) => {
    if (x.value.length > 0) tail(x);
  };
  for (const batch of input) {
    cursor.reset(batch);
    while (cursor.next()) {
      const { keyStart, keyLength, valueStart, valueLength } = cursor;
      const key = readLatin1(batch, keyStart, keyStart + keyLength);
      const value = readUtf8(batch, valueStart, valueStart + valueLength);
      notEmpty({ key, value, ts: cursor.timestamp });
    }
  }
  return output.records;
}

export function streamTableJoin(
  input: readonly Buffer[],
  table: ReadonlyMap<string, Buffer>,
): number {
  const cursor = new Cursor();
  const output = new Output();
  const { scratch } = output;
  for (const batch of input) {
    cursor.reset(batch);
    while (cursor.next()) {
      const { timestamp, keyStart, keyLength, valueStart, valueLength } = cursor;
      const right = table.get(readLatin1(batch, keyStart, keyStart + keyLength));
      if (right === undefined) continue;
      batch.copy(scratch, 0, valueStart, valueStart + valueLength);
      right.copy(scratch, valueLength);
      const length = valueLength + right.length;
      output.append(timestamp, batch, keyStart, keyLength, scratch, 0, length);
    }
  }
  return output.records;
}
