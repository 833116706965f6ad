/**
 * Snappy blocks: their length, then literals and copies from at most 64 KiB back. Decoding never writes behind the
 * length that a block begins with and never reads outside of it, whatever the bytes say.
 *
 *     length varint | elements; the low two bits of an element's first byte:
 *     0 literal: count - 1 in the high six bits; 60 to 63: in the 1 to 4 bytes behind
 *     1 copy: length - 4 in 3 bits, offset in 3 bits and a byte     2, 3 copy: length - 1 in six bits, offset in 2 or 4 bytes
 */
import { DamagedInput } from './codec.js';
import { copyWithin } from './lz4-block.js';

const HASH_BITS = 13;
const MATCH_BYTES_MIN = 4;
const OFFSET_MAX = 65_535;
const COPY_BYTES_MAX = 64;
const LOOP_BYTES_MAX = 24;
const SKIP_BITS = 5;
/** A copy of three bytes stands for 64; rounded up. */
const EXPANSION_MAX = 32;

/** Most bytes that a block of `bytes` can take. */
export const snappyBlockBytesMax = (bytes: number): number => 32 + bytes + Math.ceil(bytes / 6);

/** What a compressor looks matches up in: belongs to one caller at a time. */
export const snappyTable = (): Int32Array => new Int32Array(1 << HASH_BITS);

/** Compresses `source[start, end)` to `target` at `at`, which has room for the worst; returns where it ends. */
export function compressSnappyBlock(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
  table: Int32Array,
): number {
  table.fill(-1);
  for (let length = end - start; ; length >>>= 7) {
    target[at++] = length < 0x80 ? length : (length & 0x7f) | 0x80;
    if (length < 0x80) break;
  }
  const lastStart = end - MATCH_BYTES_MIN;
  let anchor = start;
  let position = start;
  let steps = 1 << SKIP_BITS;
  while (position <= lastStart) {
    const value = word(source, position);
    const slot = Math.imul(value, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const match = table[slot]!;
    table[slot] = position;
    if (match < 0 || position - match > OFFSET_MAX || word(source, match) !== value) {
      position += steps++ >>> SKIP_BITS;
      continue;
    }
    const offset = position - match;
    let stop = position + MATCH_BYTES_MIN;
    while (stop < end && source[stop] === source[stop - offset]) stop++;
    if (position > anchor) at = writeLiteral(source, anchor, position, target, at);
    at = writeCopies(target, at, offset, stop - position);
    position = anchor = stop;
    steps = 1 << SKIP_BITS;
    const behind = stop - 1;
    if (behind <= lastStart)
      table[Math.imul(word(source, behind), 0x1e35a7bd) >>> (32 - HASH_BITS)] = behind;
  }
  return anchor < end ? writeLiteral(source, anchor, end, target, at) : at;
}

function writeLiteral(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  at: number,
): number {
  const length = to - from;
  const rest = length - 1;
  if (rest < 60) target[at++] = rest << 2;
  else {
    const bytes = rest < 0x100 ? 1 : rest < 0x10000 ? 2 : rest < 0x1000000 ? 3 : 4;
    target[at++] = (59 + bytes) << 2;
    for (let i = 0; i < bytes; i++) target[at++] = (rest >>> (8 * i)) & 0xff;
  }
  if (length <= LOOP_BYTES_MAX) {
    for (let i = from; i < to; i++) target[at++] = source[i]!;
    return at;
  }
  return at + source.copy(target, at, from, to);
}

function writeCopies(target: Buffer, at: number, offset: number, length: number): number {
  while (length > 0) {
    // A rest of less than four bytes would need a copy that is longer than its match.
    const bytes =
      length <= COPY_BYTES_MAX ? length : length < COPY_BYTES_MAX + 4 ? 60 : COPY_BYTES_MAX;
    if (bytes >= 4 && bytes < 12 && offset < 2048) {
      target[at++] = 1 | ((bytes - 4) << 2) | ((offset >>> 8) << 5);
      target[at++] = offset & 0xff;
    } else {
      target[at++] = 2 | ((bytes - 1) << 2);
      target[at++] = offset & 0xff;
      target[at++] = offset >>> 8;
    }
    length -= bytes;
  }
  return at;
}

/** Decompressed length of the block in `source[start, end)`. Throws `DamagedInput` for one that the block cannot have. */
export function snappyBlockLength(source: Buffer, start: number, end: number): number {
  let length = 0;
  let at = start;
  for (let scale = 1; ; scale *= 0x80) {
    if (at >= end || at - start === 5) throw new DamagedInput('a Snappy block without its length');
    const byte = source[at++]!;
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length > (end - at) * EXPANSION_MAX)
    throw new DamagedInput(`a Snappy block of ${end - start} bytes claims to hold ${length}`);
  return length;
}

/** Decompresses `source[start, end)` to `target[at, at + length)`. Throws `DamagedInput`. */
export function decompressSnappyBlock(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
  length: number,
): void {
  const floor = at;
  const limit = at + length;
  let from = start;
  while (source[from]! >= 0x80) from++;
  from++;
  while (from < end) {
    const tag = source[from++]!;
    const kind = tag & 3;
    if (kind === 0) {
      let count = tag >>> 2;
      if (count >= 60) {
        const bytes = count - 59;
        if (bytes > end - from) throw new DamagedInput('a Snappy block ends within a length');
        count = source.readUIntLE(from, bytes);
        from += bytes;
      }
      count++;
      if (count > end - from) throw new DamagedInput('more Snappy literals than the block has');
      if (count > limit - at) throw new DamagedInput('a Snappy block is longer than it says');
      if (count <= LOOP_BYTES_MAX) for (let i = 0; i < count; i++) target[at++] = source[from++]!;
      else {
        at += source.copy(target, at, from, from + count);
        from += count;
      }
      continue;
    }
    const offsetBytes = kind === 3 ? 4 : kind;
    if (offsetBytes > end - from) throw new DamagedInput('a Snappy block ends within an offset');
    let count = (tag >>> 2) + 1;
    let offset: number;
    if (kind === 1) {
      count = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | source[from]!;
    } else if (kind === 2) offset = source[from]! | (source[from + 1]! << 8);
    else offset = source.readUInt32LE(from);
    from += offsetBytes;
    if (offset === 0 || at - offset < floor)
      throw new DamagedInput('a Snappy copy reaches before its beginning');
    if (count > limit - at) throw new DamagedInput('a Snappy block is longer than it says');
    at = copyWithin(target, at, offset, count);
  }
  if (at !== limit) throw new DamagedInput('a Snappy block is shorter than it says');
}

function word(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
