/** Kafka's list offsets with the maximum timestamp (KIP-734): where the youngest record is. */
import type { BatchPlace } from '../compression/record-codecs.js';
import type { PartitionStorage } from './storage.js';

/** Offset of the first record with the largest timestamp below `endOffset`; -1 when there is none. */
export function offsetOfMaxTimestamp(
  storage: PartitionStorage,
  endOffset: number,
  place: BatchPlace,
): number {
  let above = -1;
  for (const { maxTimestamp } of storage.segments()) above = Math.max(above, maxTimestamp);
  if (above < 0) return -1;
  const youngest = storage.findTimestamp(above, endOffset, place);
  if (youngest !== undefined) return youngest.offset;
  // The youngest one lies at or above the end: the time is halved until only one is left.
  let best = storage.findTimestamp(0, endOffset, place);
  while (best !== undefined && above - best.timestamp > 1) {
    const middle = best.timestamp + Math.ceil((above - best.timestamp) / 2);
    const found = storage.findTimestamp(middle, endOffset, place);
    if (found === undefined) above = middle;
    else best = found;
  }
  return best === undefined ? -1 : best.offset;
}
