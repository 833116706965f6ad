/**
 * Kafka's lz4: LZ4 frames, written as Java's client writes them (version 1, independent blocks of 64 KiB, no
 * checksums but the header's), read in every form but with dictionaries.
 *
 *     magic 0x184D2204 LE | FLG | BD | (content size int64) | header checksum | blocks | 0 int32 | (content checksum)
 *     block: size uint32 LE, bit 31 set: stored as it is | bytes | (checksum)
 */
import type { Codec } from '../client.js';
import { allocate } from '../../env/bytes.js';
import { DamagedInput, TooManyBytes } from './codec.js';
import { compressLz4Block, decompressLz4Block, lz4BlockBytesMax, lz4Table } from './lz4-block.js';
import { xxhash32 } from './xxhash32.js';

const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
const STORED = 0x8000_0000;
/** Version 1, independent blocks. */
const FLG = 0x60;
/** Blocks of 64 KiB. */
const BD = 0x40;
const BLOCK_BYTES = 65_536;
const FRAME_BYTES = 4 + 3 + 4;
/** Bytes that one byte of a block can stand for, at most. */
const EXPANSION_MAX = 255;

export class Lz4Codec implements Codec {
  readonly #table = lz4Table();

  compress(bytes: Buffer): Buffer {
    const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
    const target = allocate(FRAME_BYTES + blocks * (4 + lz4BlockBytesMax(BLOCK_BYTES)));
    target.writeUInt32LE(MAGIC, 0);
    target[4] = FLG;
    target[5] = BD;
    target[6] = (xxhash32(target, 4, 6) >>> 8) & 0xff;
    let at = 7;
    for (let start = 0; start < bytes.length; start += BLOCK_BYTES)
      at = this.#block(bytes, start, Math.min(start + BLOCK_BYTES, bytes.length), target, at);
    target.writeUInt32LE(0, at);
    return target.subarray(0, at + 4);
  }

  decompress(bytes: Buffer, maxBytes: number): Buffer {
    return new FrameReader(bytes, maxBytes).read();
  }

  #block(bytes: Buffer, start: number, end: number, target: Buffer, at: number): number {
    const stop = compressLz4Block(bytes, start, end, target, at + 4, this.#table);
    const size = stop - at - 4;
    if (size < end - start) {
      target.writeUInt32LE(size, at);
      return stop;
    }
    target.writeUInt32LE((STORED | (end - start)) >>> 0, at);
    return at + 4 + bytes.copy(target, at + 4, start, end);
  }
}

/** Reads frames one behind the other into one growing buffer. */
class FrameReader {
  readonly #bytes: Buffer;
  readonly #maxBytes: number;
  #from = 0;
  #target: Buffer;
  #at = 0;

  constructor(bytes: Buffer, maxBytes: number) {
    this.#bytes = bytes;
    this.#maxBytes = maxBytes;
    this.#target = allocate(Math.min(bytes.length * 4, maxBytes));
  }

  read(): Buffer {
    do {
      const magic = this.#uint32();
      if (magic === MAGIC) this.#frame();
      else if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) this.#skip(this.#uint32());
      else throw new DamagedInput('no LZ4 frame begins here');
    } while (this.#from < this.#bytes.length);
    return this.#target.subarray(0, this.#at);
  }

  #frame(): void {
    const header = this.#from;
    const flags = this.#byte();
    const blockBytesMax = blockBytesOf(this.#byte());
    if (flags >>> 6 !== 1) throw new DamagedInput(`LZ4 frame version ${flags >>> 6}`);
    if ((flags & 1) !== 0) throw new DamagedInput('an LZ4 frame with a dictionary');
    const independent = (flags & 0x20) !== 0;
    const blockChecksums = (flags & 0x10) !== 0;
    const contentBytes = (flags & 0x08) === 0 ? -1 : this.#uint32() + this.#uint32() * 2 ** 32;
    const checksum = (xxhash32(this.#bytes, header, this.#from) >>> 8) & 0xff;
    if (this.#byte() !== checksum) throw new DamagedInput('a wrong LZ4 header checksum');
    if (contentBytes > this.#maxBytes - this.#at) throw new TooManyBytes();
    const start = this.#at;
    for (let size = this.#uint32(); size !== 0; size = this.#uint32()) {
      const floor = independent ? this.#at : start;
      const from = this.#from;
      if (size >= STORED) this.#stored(size - STORED, blockBytesMax);
      else this.#compressed(size, blockBytesMax, floor);
      if (blockChecksums && xxhash32(this.#bytes, from, this.#from) !== this.#uint32())
        throw new DamagedInput('a wrong LZ4 block checksum');
    }
    if ((flags & 0x04) !== 0 && xxhash32(this.#target, start, this.#at) !== this.#uint32())
      throw new DamagedInput('a wrong LZ4 content checksum');
    if (contentBytes >= 0 && this.#at - start !== contentBytes)
      throw new DamagedInput('an LZ4 frame of another length than it says');
  }

  #stored(size: number, blockBytesMax: number): void {
    const from = this.#from;
    this.#skip(size);
    if (size > blockBytesMax) throw new DamagedInput('an LZ4 block larger than its frame allows');
    this.#room(size);
    if (size > this.#target.length - this.#at) throw new TooManyBytes();
    this.#at += this.#bytes.copy(this.#target, this.#at, from, from + size);
  }

  #compressed(size: number, blockBytesMax: number, floor: number): void {
    const from = this.#from;
    this.#skip(size);
    this.#room(Math.min(blockBytesMax, size * EXPANSION_MAX));
    const limit = Math.min(this.#target.length, this.#at + blockBytesMax);
    const end = decompressLz4Block(
      this.#bytes,
      from,
      this.#from,
      this.#target,
      this.#at,
      limit,
      floor,
    );
    if (end < 0 && limit - this.#at === blockBytesMax)
      throw new DamagedInput('an LZ4 block larger than its frame allows');
    if (end < 0) throw new TooManyBytes();
    this.#at = end;
  }

  /** Makes room for so many bytes more, as far as the limit allows. */
  #room(bytes: number): void {
    const needed = Math.min(this.#at + bytes, this.#maxBytes);
    if (needed <= this.#target.length) return;
    const grown = allocate(Math.min(Math.max(needed, this.#target.length * 2), this.#maxBytes));
    this.#target.copy(grown, 0, 0, this.#at);
    this.#target = grown;
  }

  #skip(bytes: number): void {
    if (bytes > this.#bytes.length - this.#from) throw new DamagedInput('an LZ4 frame is cut off');
    this.#from += bytes;
  }

  #byte(): number {
    this.#skip(1);
    return this.#bytes[this.#from - 1]!;
  }

  #uint32(): number {
    this.#skip(4);
    return this.#bytes.readUInt32LE(this.#from - 4);
  }
}

/** 64 KiB, 256 KiB, 1 MiB or 4 MiB. */
function blockBytesOf(descriptor: number): number {
  const size = (descriptor >>> 4) & 7;
  if (size < 4) throw new DamagedInput(`LZ4 block size ${size}`);
  return 1 << (8 + 2 * size);
}
