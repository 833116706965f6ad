/**
 * Indexes are written beside their segments without a sync, because they can be made anew: a power cut may take them.
 * Recovery puts them back, so that Kafka's tools find every segment with its indexes again. A segment that cannot be
 * read is left to its readers, who will be told.
 */
import type { FileSystem } from '../../env/file-system.js';
import { readWhole } from './log-directory.js';
import type { JournalPartition } from './partition-storage.js';
import { INDEX_INTERVAL_BYTES, type Segment } from './segment.js';

/** `thorough`: look into the files too; otherwise those that are there are taken for whole. */
export function restoreIndexes(
  files: FileSystem,
  partition: JournalPartition,
  thorough: boolean,
): void {
  for (const segment of partition.segmentList) {
    const there = files.exists(indexPath(segment)) && files.exists(timeIndexPath(segment));
    if (there && (!thorough || isWhole(files, segment))) continue;
    // What is there must not be taken for an index again.
    for (const path of [indexPath(segment), timeIndexPath(segment)])
      if (files.exists(path)) files.remove(path);
    if (!partition.canIndex(segment)) continue;
    write(files, indexPath(segment), segment.encodeIndex());
    write(files, timeIndexPath(segment), segment.encodeTimeIndex());
  }
}

const indexPath = ({ stem }: Segment): string => `${stem}.index`;
const timeIndexPath = ({ stem }: Segment): string => `${stem}.timeindex`;

/** The files are what the segment's index would be written as. What was only read for this is forgotten. */
function isWhole(files: FileSystem, segment: Segment): boolean {
  const index = readWhole(files, indexPath(segment));
  const timeIndex = readWhole(files, timeIndexPath(segment));
  const known = segment.indexed;
  // An empty file passes for an index, and every read would begin at the segment's first byte.
  if (!known && index.length === 0 && segment.bytes > INDEX_INTERVAL_BYTES) return false;
  if (!known && index.length > 0 && timeIndex.length === 0 && segment.maxTimestamp >= 0)
    return false;
  const whole =
    (known || segment.loadIndex(index, timeIndex)) &&
    segment.encodeIndex().equals(index) &&
    segment.encodeTimeIndex().equals(timeIndex);
  if (!known) segment.clearIndex();
  return whole;
}

function write(files: FileSystem, path: string, bytes: Buffer): void {
  const handle = files.open(path, 'create');
  try {
    handle.write(bytes, 0);
  } finally {
    handle.close();
  }
}
