/** Kafka's murmur2 and the partition it chooses: a key must land where Java's default partitioner puts it. */

const M = 0x5bd1e995;

/** murmur2 of `bytes[start, end)` as a signed 32-bit number (org.apache.kafka.common.utils.Utils.murmur2). */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = 0x9747b28c ^ length;
  let i = start;
  for (const last = start + (length & ~3); i < last; i += 4) {
    let k = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = length & 3;
  if (rest === 3) hash ^= bytes[i + 2]! << 16;
  if (rest >= 2) hash ^= bytes[i + 1]! << 8;
  if (rest >= 1) {
    hash ^= bytes[i]!;
    hash = Math.imul(hash, M);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  hash ^= hash >>> 15;
  return hash | 0;
}

/** The partition of a key. */
export function partitionForKey(
  bytes: Uint8Array,
  start: number,
  end: number,
  partitions: number,
): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions;
}
