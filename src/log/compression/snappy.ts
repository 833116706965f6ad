/**
 * Kafka's snappy: Snappy blocks in the framing of Java's `snappy-java`, as its client writes them. Blocks without
 * framing, which other clients wrote, are read too.
 *
 *     0x82 'SNAPPY' 0x00 | version int32 = 1 | compatible version int32 = 1 | (block length int32 BE | block)*
 */
import type { Codec } from '../client.js';
import { allocate } from '../../env/bytes.js';
import { DamagedInput, TooManyBytes } from './codec.js';
import {
  compressSnappyBlock,
  decompressSnappyBlock,
  snappyBlockBytesMax,
  snappyBlockLength,
  snappyTable,
} from './snappy-block.js';

const MAGIC = Buffer.from('82534e4150505900', 'hex');
const HEADER_BYTES = 16;
/** As Java's client cuts them. */
const BLOCK_BYTES = 32_768;

export class SnappyCodec implements Codec {
  readonly #table = snappyTable();

  compress(bytes: Buffer): Buffer {
    const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
    const target = allocate(HEADER_BYTES + blocks * (4 + snappyBlockBytesMax(BLOCK_BYTES)));
    MAGIC.copy(target);
    target.writeInt32BE(1, 8);
    target.writeInt32BE(1, 12);
    let at = HEADER_BYTES;
    for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
      const end = Math.min(start + BLOCK_BYTES, bytes.length);
      const stop = compressSnappyBlock(bytes, start, end, target, at + 4, this.#table);
      target.writeInt32BE(stop - at - 4, at);
      at = stop;
    }
    return target.subarray(0, at);
  }

  decompress(bytes: Buffer, maxBytes: number): Buffer {
    const blocks = isFramed(bytes, 0) ? framedBlocks(bytes) : [{ start: 0, end: bytes.length }];
    let length = 0;
    for (const { start, end } of blocks) length += snappyBlockLength(bytes, start, end);
    if (length > maxBytes) throw new TooManyBytes();
    const target = allocate(length);
    let at = 0;
    for (const { start, end } of blocks) {
      const blockLength = snappyBlockLength(bytes, start, end);
      decompressSnappyBlock(bytes, start, end, target, at, blockLength);
      at += blockLength;
    }
    return target;
  }
}

function isFramed(bytes: Buffer, at: number): boolean {
  return bytes.length - at >= HEADER_BYTES && MAGIC.equals(bytes.subarray(at, at + MAGIC.length));
}

function framedBlocks(bytes: Buffer): { readonly start: number; readonly end: number }[] {
  const blocks: { readonly start: number; readonly end: number }[] = [];
  for (let at = 0; at < bytes.length;) {
    // Streams may stand one behind the other.
    if (isFramed(bytes, at)) {
      at += HEADER_BYTES;
      continue;
    }
    const start = at + 4;
    const end = start > bytes.length ? Number.NaN : start + bytes.readInt32BE(at);
    if (!(end >= start && end <= bytes.length)) throw new DamagedInput('Snappy data is cut off');
    blocks.push({ start, end });
    at = end;
  }
  return blocks;
}
