/** Kafka's murmur2 for the hand-written limits. */
const M = 0x5bd1e995;

export function murmur2(b: Uint8Array, start: number, length: number): number {
  let h = 0x9747b28c ^ length;
  let i = start;
  for (const end = start + (length & ~3); i < end; i += 4) {
    let k = b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16) | (b[i + 3]! << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = length & 3;
  if (rest === 3) h ^= b[i + 2]! << 16;
  if (rest >= 2) h ^= b[i + 1]! << 8;
  if (rest >= 1) h = Math.imul(h ^ b[i]!, M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return (h ^ (h >>> 15)) | 0;
}

export const toPartition = (hash: number, partitions: number) => (hash & 0x7fffffff) % partitions;
