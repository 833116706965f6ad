/**
 * Kafka's zstd: Zstandard frames, by Node's zlib where it has them (22.15 and newer), read with the package `fzstd`
 * elsewhere. Neither can be trusted with the borders: zlib takes a frame that is cut off for an empty one and stops
 * after the first, and `fzstd` makes room for whatever a frame claims to hold. So the frames are walked here first.
 *
 *     magic 0xFD2FB528 LE | descriptor | (window) | (dictionary id) | (content size) | blocks | (checksum 4 bytes)
 *     block: uint24 LE, bit 0 last, bits 1-2 type (stored, run of one byte, compressed), size above | bytes
 */
import * as zlib from 'node:zlib';
import type { Codec } from '../client.js';
import { asBuffer, copyOf } from '../../env/bytes.js';
import { optionalModule } from '../../env/optional-module.js';
import { DamagedInput, TooManyBytes } from './codec.js';
import { isTooLarge } from './gzip.js';

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_BYTES_MAX = 131_072;
/** The window that zstd takes by default, and Kafka with it. */
const WINDOW_BYTES_MAX = 2 ** 27;
const NO_BYTES = Buffer.alloc(0);

/** The part of Node's zlib that Node 20 does not have. */
interface ZstdOfNode {
  zstdCompressSync(bytes: Buffer, options: { readonly params: object }): Buffer;
  zstdDecompressSync(bytes: Buffer, options: { readonly maxOutputLength: number }): Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}

/** The part of the package `fzstd` that is used. */
interface Fzstd {
  decompress(bytes: Uint8Array): Uint8Array;
}

/** What reads and what writes: `undefined` where nothing does. */
export interface ZstdParts {
  readonly compress: Codec['compress'] | undefined;
  readonly decompress: Codec['decompress'] | undefined;
}

/** What this process has for zstd. */
export function zstdParts(): ZstdParts {
  if ('zstdCompressSync' in zlib) {
    // The types of Node 20 do not know these functions; that they are there was just seen.
    const node = zlib as unknown as ZstdOfNode;
    return {
      compress: (bytes, level = 3) => {
        const params = { [node.constants.ZSTD_c_compressionLevel]: level };
        return node.zstdCompressSync(bytes, { params });
      },
      decompress: (bytes, maxBytes) =>
        readFrames(bytes, maxBytes, (frame, bound) =>
          node.zstdDecompressSync(frame, { maxOutputLength: bound }),
        ),
    };
  }
  const fzstd = optionalModule('fzstd') as Fzstd | undefined;
  if (fzstd === undefined) return { compress: undefined, decompress: undefined };
  const decompress: Codec['decompress'] = (bytes, maxBytes) =>
    readFrames(bytes, maxBytes, (frame, _bound, bytesMax) =>
      asBuffer(fzstd.decompress(withWindow(frame, bytesMax))),
    );
  return { compress: undefined, decompress };
}

/** One frame, whole by what its blocks say. */
interface Frame {
  readonly end: number;
  /** -1: not told. */
  readonly contentBytes: number;
  /** More than this its blocks cannot hold. */
  readonly bytesMax: number;
}

function readFrames(
  bytes: Buffer,
  maxBytes: number,
  read: (frame: Buffer, bound: number, bytesMax: number) => Buffer,
): Buffer {
  const parts: Buffer[] = [];
  let left = maxBytes;
  for (let at = 0; at < bytes.length;) {
    const { end, contentBytes, bytesMax } = frameAt(bytes, at);
    if (contentBytes > left) throw new TooManyBytes();
    if (contentBytes !== 0 && bytesMax > 0) {
      const part = readFrame(bytes.subarray(at, end), Math.min(left, bytesMax), bytesMax, read);
      if (contentBytes >= 0 && part.length !== contentBytes)
        throw new DamagedInput('a zstd frame of another length than it says');
      parts.push(part);
      left -= part.length;
    }
    at = end;
  }
  const [first] = parts;
  return parts.length === 1 && first !== undefined
    ? first
    : parts.length === 0
      ? NO_BYTES
      : Buffer.concat(parts);
}

function readFrame(
  frame: Buffer,
  bound: number,
  bytesMax: number,
  read: (frame: Buffer, bound: number, bytesMax: number) => Buffer,
): Buffer {
  if (bound === 0) throw new TooManyBytes();
  let part: Buffer;
  try {
    part = read(frame, bound, bytesMax);
  } catch (error) {
    if (isTooLarge(error) && bound < bytesMax) throw new TooManyBytes();
    throw new DamagedInput(error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
  if (part.length > bound)
    throw bound < bytesMax ? new TooManyBytes() : new DamagedInput('zstd blocks that are too long');
  return part;
}

/** Walks the blocks of the frame at `start`. Throws `DamagedInput` unless all of it is there. */
function frameAt(bytes: Buffer, start: number): Frame {
  const magic = uint(bytes, start, 4);
  if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
    const end = start + 8 + uint(bytes, start + 4, 4);
    if (end > bytes.length) throw cutOff();
    return { end, contentBytes: 0, bytesMax: 0 };
  }
  if (magic !== MAGIC) throw new DamagedInput('no zstd frame begins here');
  const descriptor = uint(bytes, start + 4, 1);
  const singleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0) throw new DamagedInput('a reserved bit of a zstd frame is set');
  let at = start + 5;
  if (!singleSegment) checkWindow(uint(bytes, at++, 1));
  at += [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = descriptor >>> 6 === 0 ? (singleSegment ? 1 : 0) : 1 << (descriptor >>> 6);
  const contentBytes =
    sizeBytes === 0 ? -1 : uint(bytes, at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  at += sizeBytes;
  let bytesMax = 0;
  for (let last = false; !last;) {
    const block = uint(bytes, at, 3);
    const size = block >>> 3;
    const type = (block >>> 1) & 3;
    if (type === 3) throw new DamagedInput('a zstd block of a reserved type');
    if (size > BLOCK_BYTES_MAX) throw new DamagedInput('a zstd block that is too large');
    bytesMax += type === 2 ? BLOCK_BYTES_MAX : size;
    at += 3 + (type === 1 ? 1 : size);
    last = (block & 1) !== 0;
  }
  if ((descriptor & 0x04) !== 0) at += 4;
  if (at > bytes.length) throw cutOff();
  if (contentBytes > bytesMax)
    throw new DamagedInput(`a zstd frame of ${at - start} bytes claims to hold ${contentBytes}`);
  return { end: at, contentBytes, bytesMax };
}

function checkWindow(descriptor: number): void {
  const base = 2 ** (10 + (descriptor >>> 3));
  const windowBytes = base + (base / 8) * (descriptor & 7);
  if (windowBytes > WINDOW_BYTES_MAX)
    throw new DamagedInput(`a zstd frame with a window of ${windowBytes} bytes`);
}

/**
 * The frame with the smallest window that holds all of it: `fzstd` makes and moves a window of the size it is told,
 * megabytes for the frames that Java streams, whatever they hold.
 */
function withWindow(frame: Buffer, bytesMax: number): Buffer {
  if (frame[0] !== (MAGIC & 0xff) || (frame[4]! & 0x20) !== 0) return frame;
  let exponent = 0;
  while (2 ** (10 + exponent) < bytesMax) exponent++;
  if (frame[5]! >>> 3 <= exponent) return frame;
  const changed = copyOf(frame);
  changed[5] = exponent << 3;
  return changed;
}

function uint(bytes: Buffer, at: number, length: number): number {
  if (at + length > bytes.length) throw cutOff();
  if (length <= 6) return bytes.readUIntLE(at, length);
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

const cutOff = (): DamagedInput => new DamagedInput('a zstd frame is cut off');
