/**
 * A digest that stands for a key where keys are too many to be kept: 16 bytes of SHA-256, so that two keys never
 * share one, not even keys that somebody chose to collide.
 */
import { hash } from 'node:crypto';

export const DIGEST_BYTES = 16;

/** Writes the digest of `key[start, end)` to `target` at `at`. */
export function writeDigest(
  key: Uint8Array,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): void {
  hash('sha256', key.subarray(start, end), 'buffer').copy(target, at, 0, DIGEST_BYTES);
}
