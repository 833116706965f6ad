/**
 * LZ4 blocks: sequences of literals and of copies from at most 64 KiB back. Decoding never writes behind its limit
 * and never reads outside of its block, whatever the bytes say.
 *
 *     token: literal count (4 bits) | match length - 4 (4 bits); 15: bytes follow, each adds up to 255
 *     literals | offset uint16 LE | more match length      the last sequence ends after its literals
 */
import { DamagedInput } from './codec.js';

const HASH_BITS = 14;
const OFFSET_MAX = 65_535;
const MATCH_BYTES_MIN = 4;
/** A block ends in literals: so many bytes are not matched, and no match begins within so many. */
const LAST_LITERALS = 5;
const MATCH_START_MIN = 12;
/** Shorter runs are faster copied byte by byte than by a call. */
const LOOP_BYTES_MAX = 24;
/** After so many misses, as a power of two, the search takes larger steps. */
const SKIP_BITS = 6;

/** Most bytes that a block of `bytes` can take. */
export const lz4BlockBytesMax = (bytes: number): number => bytes + Math.ceil(bytes / 255) + 16;

/** What a compressor looks matches up in: belongs to one caller at a time. */
export const lz4Table = (): Int32Array => new Int32Array(1 << HASH_BITS);

/** Compresses `source[start, end)` to `target` at `at`, which has room for the worst; returns where it ends. */
export function compressLz4Block(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
  table: Int32Array,
): number {
  table.fill(-1);
  const lastStart = end - MATCH_START_MIN;
  const matchEnd = end - LAST_LITERALS;
  let anchor = start;
  let position = start;
  let steps = 1 << SKIP_BITS;
  while (position <= lastStart) {
    const value = word(source, position);
    const slot = Math.imul(value, 0x9e3779b1) >>> (32 - HASH_BITS);
    let match = table[slot]!;
    table[slot] = position;
    if (match < 0 || position - match > OFFSET_MAX || word(source, match) !== value) {
      position += steps++ >>> SKIP_BITS;
      continue;
    }
    while (position > anchor && match > start && source[position - 1] === source[match - 1]) {
      position--;
      match--;
    }
    const offset = position - match;
    let stop = position + MATCH_BYTES_MIN;
    while (stop < matchEnd && source[stop] === source[stop - offset]) stop++;
    at = writeSequence(source, anchor, position, target, at, stop - position - MATCH_BYTES_MIN);
    // The token's match part was written; the offset stands between it and the longer length.
    at = writeMatch(target, at, offset, stop - position - MATCH_BYTES_MIN);
    position = anchor = stop;
    steps = 1 << SKIP_BITS;
    const behind = stop - 2;
    if (behind <= lastStart)
      table[Math.imul(word(source, behind), 0x9e3779b1) >>> (32 - HASH_BITS)] = behind;
  }
  return writeSequence(source, anchor, end, target, at, 0);
}

/** Token and literals. */
function writeSequence(
  source: Buffer,
  from: number,
  to: number,
  target: Buffer,
  at: number,
  matchBytes: number,
): number {
  const literals = to - from;
  target[at++] = (Math.min(literals, 15) << 4) | Math.min(matchBytes, 15);
  if (literals >= 15) at = writeLength(target, at, literals - 15);
  if (literals <= LOOP_BYTES_MAX) for (let i = from; i < to; i++) target[at++] = source[i]!;
  else {
    source.copy(target, at, from, to);
    at += literals;
  }
  return at;
}

function writeMatch(target: Buffer, at: number, offset: number, matchBytes: number): number {
  target[at++] = offset & 0xff;
  target[at++] = offset >>> 8;
  return matchBytes >= 15 ? writeLength(target, at, matchBytes - 15) : at;
}

function writeLength(target: Buffer, at: number, rest: number): number {
  for (; rest >= 255; rest -= 255) target[at++] = 255;
  target[at++] = rest;
  return at;
}

/**
 * Decompresses `source[start, end)` into `target[at, limit)`; matches reach back to `floor`. Returns where the output
 * ends, or -1 when it does not fit. Throws `DamagedInput`.
 */
export function decompressLz4Block(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
  limit: number,
  floor: number,
): number {
  let from = start;
  for (;;) {
    if (from >= end) throw new DamagedInput('an LZ4 block ends before its last literals');
    const token = source[from++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more: number;
      do {
        if (from >= end) throw new DamagedInput('an LZ4 block ends within a length');
        more = source[from++]!;
        literals += more;
      } while (more === 255);
    }
    if (literals > end - from) throw new DamagedInput('more LZ4 literals than the block has');
    if (literals > limit - at) return -1;
    if (literals <= LOOP_BYTES_MAX)
      for (let i = 0; i < literals; i++) target[at++] = source[from++]!;
    else {
      source.copy(target, at, from, from + literals);
      at += literals;
      from += literals;
    }
    if (from === end) return at;
    if (end - from < 2) throw new DamagedInput('an LZ4 block ends within an offset');
    const offset = source[from]! | (source[from + 1]! << 8);
    from += 2;
    if (offset === 0 || at - offset < floor)
      throw new DamagedInput('an LZ4 match reaches before its beginning');
    let length = (token & 15) + MATCH_BYTES_MIN;
    if ((token & 15) === 15) {
      let more: number;
      do {
        if (from >= end) throw new DamagedInput('an LZ4 block ends within a length');
        more = source[from++]!;
        length += more;
      } while (more === 255);
    }
    if (length > limit - at) return -1;
    at = copyWithin(target, at, offset, length);
  }
}

/** Repeats what stands `offset` bytes back; source and target may overlap. Returns where it ends. */
export function copyWithin(target: Buffer, at: number, offset: number, length: number): number {
  const end = at + length;
  if (length > LOOP_BYTES_MAX && offset >= length) target.copyWithin(at, at - offset, end - offset);
  else if (length > 4 * LOOP_BYTES_MAX && offset === 1) target.fill(target[at - 1]!, at, end);
  else for (let i = at; i < end; i++) target[i] = target[i - offset]!;
  return end;
}

function word(bytes: Buffer, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
