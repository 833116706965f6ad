/**
 * Windowed counts and sessions by hand: encoded batches in; a changelog and an output record per update, in Kafka's key
 * layouts, all in memory. Old windows are forgotten when newer ones come.
 */
import { BatchWriter, Cursor } from './batch.js';
import { putInt64, readLatin1 } from './fast-buffer.js';

const TIME_BYTES = 8;
const SEQUENCE_BYTES = 4;
/** Where the value stands, behind the longest key. */
const VALUE_AT = 256;

class Topic {
  readonly writer = new BatchWriter();
  records = 0;
  bytes = 0;

  append(ts: number, from: Buffer, keyLength: number): void {
    this.#append(ts, from, keyLength, TIME_BYTES);
  }

  /** A null value. */
  tombstone(ts: number, from: Buffer, keyLength: number): void {
    this.#append(ts, from, keyLength, -1);
  }

  #append(ts: number, from: Buffer, keyLength: number, valueLength: number): void {
    this.writer.append(ts, from, 0, keyLength, from, VALUE_AT, valueLength);
    this.records++;
    if (this.writer.full) this.bytes += this.writer.finish(this.bytes).length;
  }
}

/** A count in every window that holds the record: windows of `sizeMs`, `advanceMs` apart. */
export function windowedCount(input: readonly Buffer[], sizeMs: number, advanceMs: number): number {
  const cursor = new Cursor();
  const changelog = new Topic();
  const output = new Topic();
  const scratch = Buffer.alloc(512);
  const windows = new Map<number, Map<string, number>>();
  for (const batch of input) {
    cursor.reset(batch);
    while (cursor.next()) {
      const { timestamp, keyStart, keyLength } = cursor;
      const key = readLatin1(batch, keyStart, keyStart + keyLength);
      batch.copy(scratch, 0, keyStart, keyStart + keyLength);
      const first = Math.floor((timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs;
      for (let start = first; start <= timestamp; start += advanceMs) {
        let counts = windows.get(start);
        if (counts === undefined) {
          windows.set(start, (counts = new Map()));
          for (const old of windows.keys()) if (old < start - 3 * sizeMs) windows.delete(old);
        }
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        putInt64(scratch, keyLength, start);
        scratch.writeUInt32BE(0, keyLength + TIME_BYTES);
        putInt64(scratch, VALUE_AT, count);
        changelog.append(timestamp, scratch, keyLength + TIME_BYTES + SEQUENCE_BYTES);
        output.append(timestamp, scratch, keyLength + TIME_BYTES);
      }
    }
  }
  return output.records + changelog.records;
}

interface Session {
  readonly start: number;
  end: number;
  count: number;
}

/** Records arrive in order: a session only grows at its end. In both topics it is deleted before it is there anew, as in Kafka. */
export function sessionCount(input: readonly Buffer[], gapMs: number): number {
  const cursor = new Cursor();
  const changelog = new Topic();
  const output = new Topic();
  const scratch = Buffer.alloc(512);
  const sessions = new Map<string, Session>();
  for (const batch of input) {
    cursor.reset(batch);
    while (cursor.next()) {
      const { timestamp, keyStart, keyLength } = cursor;
      const key = readLatin1(batch, keyStart, keyStart + keyLength);
      let session = sessions.get(key);
      const length = keyLength + 2 * TIME_BYTES;
      batch.copy(scratch, 0, keyStart, keyStart + keyLength);
      if (session !== undefined && timestamp - session.end <= gapMs) {
        if (session.start !== timestamp) {
          putInt64(scratch, keyLength, session.end);
          putInt64(scratch, keyLength + TIME_BYTES, session.start);
          changelog.tombstone(timestamp, scratch, length);
          output.tombstone(session.end, scratch, length);
        }
        session.end = timestamp;
        session.count++;
      } else sessions.set(key, (session = { start: timestamp, end: timestamp, count: 1 }));
      putInt64(scratch, keyLength, session.end);
      putInt64(scratch, keyLength + TIME_BYTES, session.start);
      putInt64(scratch, VALUE_AT, session.count);
      changelog.append(timestamp, scratch, length);
      output.append(timestamp, scratch, length);
    }
  }
  return output.records + changelog.records;
}
