/**
 * What a codec is, and how it says that bytes are not its own. A codec knows one of Kafka's framings and nothing of
 * batches, topics and offsets: `record-codecs.ts` puts the place into its errors.
 */
import type { CompressionType } from '../client.js';

/** Ids of the codecs in a batch's attributes are positions in this list. */
export const COMPRESSION_TYPES: readonly CompressionType[] = [
  'none',
  'gzip',
  'snappy',
  'lz4',
  'zstd',
];

/** Input that no compressor wrote: cut off, or lengths that cannot be. */
export class DamagedInput extends Error {
  override readonly name = 'DamagedInput';
}

/** The input is more bytes, decompressed, than may be. */
export class TooManyBytes extends Error {
  override readonly name = 'TooManyBytes';
}

/** The levels that Kafka takes for a codec; undefined: it has none. */
export function compressionLevels(
  type: CompressionType,
): { readonly min: number; readonly max: number; readonly otherwise: number } | undefined {
  switch (type) {
    case 'gzip':
      return { min: 1, max: 9, otherwise: -1 };
    case 'lz4':
      return { min: 1, max: 17, otherwise: 9 };
    case 'zstd':
      return { min: -131_072, max: 22, otherwise: 3 };
    default:
      return undefined;
  }
}
