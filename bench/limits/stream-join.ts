/**
 * Inner join of two streams by hand: encoded batches in, taken by time; each side keeps its records by key for as long as
 * a partner may come, and logs them in Kafka's key layout; every pair is written. All in memory.
 */
import { BatchWriter, Cursor } from './batch.js';
import { putInt64, readLatin1 } from './fast-buffer.js';

const TIME_BYTES = 8;
const SUFFIX_BYTES = 12;
const VALUE_AT = 256;

class Topic {
  readonly writer = new BatchWriter();
  records = 0;
  bytes = 0;

  append(ts: number, k: Buffer, ks: number, kl: number, v: Buffer, vs: number, vl: number): void {
    this.writer.append(ts, k, ks, kl, v, vs, vl);
    this.records++;
    if (this.writer.full) this.bytes += this.writer.finish(this.bytes).length;
  }
}

interface Kept {
  readonly timestamp: number;
  readonly value: Buffer;
}

/** Records arrive in order: those of a key that are too old stand in front. */
class Rows {
  first = 0;
  readonly kept: Kept[] = [];

  forget(before: number): void {
    const { kept } = this;
    while (this.first < kept.length && kept[this.first]!.timestamp < before) this.first++;
    if (this.first * 2 > kept.length) {
      kept.splice(0, this.first);
      this.first = 0;
    }
  }
}

class Side {
  readonly cursor = new Cursor();
  readonly rows = new Map<string, Rows>();
  readonly changelog = new Topic();
  #batches: readonly Buffer[];
  #next = 0;
  #sequence = 0;

  constructor(batches: readonly Buffer[]) {
    this.#batches = batches;
  }

  /** False at the end. */
  advance(): boolean {
    while (!this.cursor.next()) {
      const batch = this.#batches[this.#next++];
      if (batch === undefined) return false;
      this.cursor.reset(batch);
    }
    return true;
  }

  keep(key: string, oldest: number, scratch: Buffer): void {
    const { buffer, timestamp, keyStart, keyLength, valueStart, valueLength } = this.cursor;
    let rows = this.rows.get(key);
    if (rows === undefined) this.rows.set(key, (rows = new Rows()));
    else rows.forget(oldest);
    const value = Buffer.allocUnsafe(valueLength);
    buffer.copy(value, 0, valueStart, valueStart + valueLength);
    rows.kept.push({ timestamp, value });
    buffer.copy(scratch, 0, keyStart, keyStart + keyLength);
    putInt64(scratch, keyLength, timestamp);
    scratch.writeUInt32BE(++this.#sequence, keyLength + TIME_BYTES);
    this.changelog.append(
      timestamp,
      scratch,
      0,
      keyLength + SUFFIX_BYTES,
      buffer,
      valueStart,
      valueLength,
    );
  }
}

/** Returns how many pairs there were. */
export function streamJoin(
  left: readonly Buffer[],
  right: readonly Buffer[],
  withinMs: number,
): number {
  const one = new Side(left);
  const two = new Side(right);
  const output = new Topic();
  const scratch = Buffer.alloc(4096);
  let leftThere = one.advance();
  let rightThere = two.advance();
  while (leftThere || rightThere) {
    const isLeft = leftThere && (!rightThere || one.cursor.timestamp <= two.cursor.timestamp);
    const side = isLeft ? one : two;
    const { buffer, timestamp, keyStart, keyLength, valueStart, valueLength } = side.cursor;
    const key = readLatin1(buffer, keyStart, keyStart + keyLength);
    const others = (isLeft ? two : one).rows.get(key);
    if (others !== undefined) {
      const { kept } = others;
      for (let i = others.first; i < kept.length; i++) {
        const match = kept[i]!;
        if (match.timestamp < timestamp - withinMs) continue;
        if (match.timestamp > timestamp + withinMs) break;
        const leftBytes = isLeft ? valueLength : match.value.length;
        buffer.copy(
          scratch,
          isLeft ? VALUE_AT : VALUE_AT + leftBytes,
          valueStart,
          valueStart + valueLength,
        );
        match.value.copy(scratch, isLeft ? VALUE_AT + leftBytes : VALUE_AT);
        const later = Math.max(timestamp, match.timestamp);
        const length = valueLength + match.value.length;
        output.append(later, buffer, keyStart, keyLength, scratch, VALUE_AT, length);
      }
    }
    side.keep(key, timestamp - 2 * withinMs, scratch);
    if (isLeft) leftThere = one.advance();
    else rightThere = two.advance();
  }
  return output.records;
}
