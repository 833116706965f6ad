/** Kafka's gzip: gzip members, by Node's zlib, which stops at the limit by itself. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Codec } from '../client.js';
import { DamagedInput, TooManyBytes } from './codec.js';

export class GzipCodec implements Codec {
  compress(bytes: Buffer, level = -1): Buffer {
    return gzipSync(bytes, { level });
  }

  decompress(bytes: Buffer, maxBytes: number): Buffer {
    try {
      return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
    } catch (error) {
      if (isTooLarge(error)) throw new TooManyBytes();
      throw new DamagedInput(error instanceof Error ? error.message : String(error), {
        cause: error,
      });
    }
  }
}

/** Node's zlib gave up at `maxOutputLength`. */
export function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
