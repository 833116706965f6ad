/**
 * Which codec compresses and decompresses records in this process: one that the user brought, else this library's own.
 * Every failure here names the codec and the place, and nothing decompresses to more than a limit.
 */
import { StreamsError } from '../../errors.js';
import type { Codec, CompressionType, CustomCodecs, TopicPartition } from '../client.js';
import { COMPRESSION_TYPES, compressionLevels, TooManyBytes } from './codec.js';
import { GzipCodec } from './gzip.js';
import { Lz4Codec } from './lz4.js';
import { SnappyCodec } from './snappy.js';
import { zstdParts, type ZstdParts } from './zstd.js';

/** Bytes that the records of one batch may be, decompressed: as long as no more come out, a small batch cannot fill the memory. */
export const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

/** Where a batch stands, as far as it is known. */
export interface BatchPlace extends Partial<TopicPartition> {
  readonly codecs?: CustomCodecs;
}

/** This library's codecs, made when first needed. What they keep is scratch memory between two synchronous calls. */
class OwnCodecs {
  readonly gzip: Codec = new GzipCodec();
  #snappy: Codec | undefined;
  #lz4: Codec | undefined;
  #zstd: ZstdParts | undefined;

  get snappy(): Codec {
    return (this.#snappy ??= new SnappyCodec());
  }

  get lz4(): Codec {
    return (this.#lz4 ??= new Lz4Codec());
  }

  get zstd(): ZstdParts {
    return (this.#zstd ??= zstdParts());
  }
}

const OWN = new OwnCodecs();

/**
 * Compresses records. `place` is for errors and holds the user's codecs. Throws `UNSUPPORTED_COMPRESSION`,
 * `RECORD_TOO_LARGE`, and `COMPRESSION_FAILED` when a user's codec throws.
 */
export function compressRecords(
  type: Exclude<CompressionType, 'none'>,
  level: number | undefined,
  records: Buffer,
  place: BatchPlace = {},
): Buffer {
  const compress = compressorOf(type, place);
  if (records.length > DECOMPRESSED_BYTES_MAX)
    throw tooLarge(place, -1, `${records.length} bytes of records, before compression,`);
  try {
    return bufferOf(compress(records, level));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StreamsError(
      'COMPRESSION_FAILED',
      `Records${place.topic === undefined ? '' : ` for ${place.topic}`} could not be compressed with ${type}: ${why}. Nothing was appended; look into the codec that the log was given.`,
      { ...where(place, -1), cause: error },
    );
  }
}

/** What a user's codec gave, whatever its types promised. */
function bufferOf(bytes: unknown): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  if (bytes instanceof Uint8Array)
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new TypeError('the codec gave no bytes');
}

/**
 * For what a caller asks a producer to do. Throws `INVALID_ARGUMENT` for what is no codec or not its level,
 * `UNSUPPORTED_COMPRESSION` for one that this process cannot write.
 */
export function requireCompression(
  type: CompressionType,
  level: number | undefined,
  place: BatchPlace = {},
): void {
  if (!COMPRESSION_TYPES.includes(type))
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `compression is ${JSON.stringify(type)}, expected one of ${COMPRESSION_TYPES.join(', ')}.`,
    );
  if (type !== 'none') compressorOf(type, place);
  if (level === undefined) return;
  const levels = compressionLevels(type);
  if (levels === undefined)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `compressionLevel is ${level}, but compression '${type}' has no levels.`,
    );
  const { min, max, otherwise } = levels;
  if (Number.isInteger(level) && ((level >= min && level <= max) || level === otherwise)) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `compressionLevel is ${level}; ${type} takes whole numbers from ${min} to ${max}.`,
  );
}

/** Decompresses the records of the batch at `offset`. Throws `UNSUPPORTED_COMPRESSION`, `CORRUPT_RECORD`, `RECORD_TOO_LARGE`. */
export function decompressRecords(
  codecId: number,
  records: Buffer,
  offset: number,
  place: BatchPlace = {},
  maxBytes = DECOMPRESSED_BYTES_MAX,
): Buffer {
  const type = COMPRESSION_TYPES[codecId];
  if (type === undefined || type === 'none')
    throw unsupported(`codec ${codecId}`, 'read', offset, place, 'Kafka has no such codec.');
  const decompress = decompressorOf(type, offset, place);
  let bytes: Buffer;
  try {
    bytes = bufferOf(decompress(records, maxBytes));
  } catch (error) {
    if (error instanceof TooManyBytes)
      throw tooLarge(place, offset, `more than ${maxBytes} bytes of records, decompressed,`);
    if (error instanceof StreamsError) throw error;
    throw new StreamsError(
      'CORRUPT_RECORD',
      `Damaged ${type} data in the batch at ${placeText(place, offset)}: ${error instanceof Error ? error.message : String(error)}.`,
      { ...where(place, offset), cause: error },
    );
  }
  if (bytes.length > maxBytes)
    throw tooLarge(place, offset, `${bytes.length} bytes of records, decompressed,`);
  return bytes;
}

function compressorOf(
  type: Exclude<CompressionType, 'none'>,
  place: BatchPlace,
): Codec['compress'] {
  const codec = place.codecs?.[type] ?? OWN[type];
  const { compress } = codec;
  if (compress !== undefined) return (bytes, level) => compress.call(codec, bytes, level);
  throw unsupported(
    type,
    'write',
    -1,
    place,
    "Node.js 22.15 and newer can. Or give the log a codec: openLog('./data', { codecs: { zstd: { compress, decompress } } }), for example over the package 'zstd-napi'.",
  );
}

function decompressorOf(
  type: Exclude<CompressionType, 'none'>,
  offset: number,
  place: BatchPlace,
): Codec['decompress'] {
  const codec = place.codecs?.[type] ?? OWN[type];
  const { decompress } = codec;
  if (decompress !== undefined) return (bytes, maxBytes) => decompress.call(codec, bytes, maxBytes);
  throw unsupported(
    type,
    'read',
    offset,
    place,
    "Node.js 22.15 and newer can. Or install the package 'fzstd': npm install fzstd.",
  );
}

function unsupported(
  type: string,
  verb: 'read' | 'write',
  offset: number,
  place: BatchPlace,
  remedy: string,
): StreamsError {
  const what =
    verb === 'read'
      ? `The batch at ${placeText(place, offset)} is compressed with ${type}, which this process cannot read.`
      : `Records${place.topic === undefined ? '' : ` for ${place.topic}`} cannot be compressed with ${type} in this process.`;
  return new StreamsError('UNSUPPORTED_COMPRESSION', `${what} ${remedy}`, where(place, offset));
}

function tooLarge(place: BatchPlace, offset: number, what: string): StreamsError {
  const at =
    offset < 0
      ? `A batch for ${place.topic ?? 'a topic'}`
      : `The batch at ${placeText(place, offset)}`;
  return new StreamsError(
    'RECORD_TOO_LARGE',
    `${at} has ${what} and ${DECOMPRESSED_BYTES_MAX} are the most. Send less in one batch.`,
    where(place, offset),
  );
}

function placeText({ topic, partition }: BatchPlace, offset: number): string {
  return topic === undefined
    ? `offset ${offset}`
    : `topic ${topic}, partition ${partition}, offset ${offset}`;
}

function where(
  { topic, partition }: BatchPlace,
  offset: number,
): {
  topic?: string;
  partition?: number;
  offset?: number;
} {
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition }),
    ...(offset < 0 ? {} : { offset }),
  };
}
