/**
 * 16 bytes that stand for a key where keys are too many to be kept, different for different keys:
 *
 *     up to 15 bytes     the key itself, padded with zeros | its length
 *     more               15 bytes of SHA-256 | 255
 *
 * A short key can collide with none at all, a long one not even with one that somebody chose to collide.
 */
import { hash } from 'node:crypto';

export const DIGEST_BYTES = 16;
/** The last byte tells how the others were made. */
const CONTENT_BYTES = DIGEST_BYTES - 1;
const HASHED = 255;

/** Writes the digest of `key[start, end)` to `target` at `at`. */
export function writeDigest(
  key: Uint8Array,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  const length = end - start;
  if (length > CONTENT_BYTES) {
    hash('sha256', key.subarray(start, end), 'buffer').copy(target, at, 0, CONTENT_BYTES);
    target[at + CONTENT_BYTES] = HASHED;
    return;
  }
  for (let i = 0; i < length; i++) target[at + i] = key[start + i]!;
  for (let i = length; i < CONTENT_BYTES; i++) target[at + i] = 0;
  target[at + CONTENT_BYTES] = length;
}
