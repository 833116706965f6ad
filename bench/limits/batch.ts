/**
 * Record batch v2 by hand: a writer and a cursor without an object per record. The limits read and write through
 * these, CRC checked both ways; nothing of the library is used, so that the ratio compares with a stranger.
 */
import { crc32c } from './crc32c.js';

export const HEADER_BYTES = 61;
const zigzag = (v: number) => (v << 1) ^ (v >> 31);
const varintBytes = (z: number) =>
  z < 0 ? 5 : z < 128 ? 1 : z < 16384 ? 2 : z < 2097152 ? 3 : z < 268435456 ? 4 : 5;

function writeVarint(b: Buffer, position: number, value: number): number {
  let p = position;
  let z = value;
  while ((z & ~127) !== 0) {
    b[p++] = (z & 127) | 128;
    z >>>= 7;
  }
  b[p++] = z;
  return p;
}

function copy(to: Buffer, p: number, from: Buffer, start: number, length: number): void {
  if (length > 40) from.copy(to, p, start, start + length);
  else for (let i = 0; i < length; i++) to[p + i] = from[start + i]!;
}

export class BatchWriter {
  readonly limit: number;
  buffer: Buffer;
  position = HEADER_BYTES;
  records = 0;
  #first = 0;
  #max = 0;

  constructor(limit = 16384) {
    this.limit = limit;
    this.buffer = Buffer.allocUnsafeSlow(limit + 4096);
  }

  get full(): boolean {
    return this.position >= this.limit;
  }

  /** A negative length is null. */
  append(
    timestamp: number,
    key: Buffer,
    keyStart: number,
    keyLength: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
  ): void {
    if (this.records === 0) {
      this.#first = timestamp;
      this.#max = timestamp;
    } else if (timestamp > this.#max) this.#max = timestamp;
    const zt = zigzag(timestamp - this.#first);
    const zo = zigzag(this.records);
    const zk = zigzag(keyLength);
    const zv = zigzag(valueLength);
    const keyBytes = keyLength > 0 ? keyLength : 0;
    const valueBytes = valueLength > 0 ? valueLength : 0;
    const body =
      2 +
      varintBytes(zt) +
      varintBytes(zo) +
      varintBytes(zk) +
      keyBytes +
      varintBytes(zv) +
      valueBytes;
    if (this.position + body + 5 > this.buffer.length) this.#grow(body + 5);
    const b = this.buffer;
    let p = writeVarint(b, this.position, zigzag(body));
    b[p++] = 0;
    p = writeVarint(b, p, zt);
    p = writeVarint(b, p, zo);
    p = writeVarint(b, p, zk);
    copy(b, p, key, keyStart, keyBytes);
    p = writeVarint(b, p + keyBytes, zv);
    copy(b, p, value, valueStart, valueBytes);
    p += valueBytes;
    b[p++] = 0;
    this.position = p;
    this.records++;
  }

  /** The finished batch; the writer starts anew on another buffer. */
  finish(baseOffset: number): Buffer {
    const b = this.buffer;
    const end = this.position;
    b.writeInt32BE(Math.floor(baseOffset / 2 ** 32), 0);
    b.writeUInt32BE(baseOffset >>> 0, 4);
    b.writeInt32BE(end - 12, 8);
    b.writeInt32BE(0, 12);
    b[16] = 2;
    b.writeInt16BE(0, 21);
    b.writeInt32BE(this.records - 1, 23);
    b.writeInt32BE(Math.floor(this.#first / 2 ** 32), 27);
    b.writeUInt32BE((this.#first % 2 ** 32) >>> 0, 31);
    b.writeInt32BE(Math.floor(this.#max / 2 ** 32), 35);
    b.writeUInt32BE((this.#max % 2 ** 32) >>> 0, 39);
    b.fill(255, 43, 57);
    b.writeInt32BE(this.records, 57);
    b.writeUInt32BE(crc32c(b, 21, end), 17);
    this.buffer = Buffer.allocUnsafeSlow(this.limit + 4096);
    this.position = HEADER_BYTES;
    this.records = 0;
    return b.subarray(0, end);
  }

  #grow(bytes: number): void {
    const size = Math.max(this.buffer.length * 2, this.position + bytes);
    const larger = Buffer.allocUnsafeSlow(size);
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }
}

/** Lazy cursor: fields are byte ranges into the batch. */
export class Cursor {
  buffer: Buffer = Buffer.alloc(0);
  timestamp = 0;
  keyStart = 0;
  keyLength = 0;
  valueStart = 0;
  valueLength = 0;
  #position = 0;
  #left = 0;
  #first = 0;

  reset(batch: Buffer): void {
    if (crc32c(batch, 21, 12 + batch.readInt32BE(8)) !== batch.readUInt32BE(17))
      throw new Error('crc');
    this.resetVerified(batch);
  }

  /** For a batch whose CRC was checked already. */
  resetVerified(batch: Buffer): void {
    this.buffer = batch;
    this.#position = HEADER_BYTES;
    this.#left = batch.readInt32BE(57);
    this.#first = batch.readInt32BE(27) * 2 ** 32 + batch.readUInt32BE(31);
  }

  #varint(): number {
    const b = this.buffer;
    let x = b[this.#position++]!;
    if (x < 128) return (x >>> 1) ^ -(x & 1);
    let r = x & 127;
    let shift = 7;
    do {
      x = b[this.#position++]!;
      r |= (x & 127) << shift;
      shift += 7;
    } while (x > 127);
    return (r >>> 1) ^ -(r & 1);
  }

  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    const length = this.#varint();
    const end = this.#position + length;
    this.#position++;
    this.timestamp = this.#first + this.#varint();
    this.#varint(); // the offset; no limit needs it
    this.keyLength = this.#varint();
    this.keyStart = this.#position;
    if (this.keyLength > 0) this.#position += this.keyLength;
    this.valueLength = this.#varint();
    this.valueStart = this.#position;
    this.#position = end;
    return true;
  }
}
