/**
 * Step 4 of recovery: segments become what the journal says. Each is cut where its checkpoint ended, the batches behind
 * it are written again, and what belongs to no partition goes. Everything that was changed is synced.
 */
import type { FileHandle, FileSystem } from '../../env/file-system.js';
import { CLEANED_SUFFIX, fileSize } from './log-directory.js';
import type { JournalPartition } from './partition-storage.js';
import type { RecoveredSwaps } from './recovered-swaps.js';
import { segmentName, type Segment } from './segment.js';
import type { BatchEntry } from './storage.js';
import type { TopicTable } from './topic-table.js';

/** The partition's batches behind its checkpoint. */
export type Rewrites = Map<JournalPartition, BatchEntry[]>;

export function rewriteSegments(
  files: FileSystem,
  directory: string,
  topics: TopicTable,
  rewrites: Rewrites,
  swaps: RecoveredSwaps,
): void {
  for (const stale of topics.deletedDirectories()) removePartitionDirectory(files, stale);
  for (const partition of topics.partitions()) {
    const batches = rewrites.get(partition) ?? [];
    if (partition.segmentList.length === 0 && !files.exists(partition.directory)) continue;
    const named = swaps.finish(partition);
    // What is as its checkpoint left it costs no device flush, however many partitions there are.
    if (batches.length === 0 && !endsBehindCheckpoint(files, partition)) {
      // What a former topic of this name had there may be removed in the page cache alone.
      const changed = removeStrangers(files, partition) || named || topics.replaced(partition);
      if (changed) files.syncDirectory(partition.directory);
      continue;
    }
    files.makeDirectory(partition.directory);
    partition.hasDirectory = true;
    removeStrangers(files, partition);
    const changed = rewritePartition(files, partition, batches);
    for (const handle of changed) {
      handle.datasync();
      handle.close();
    }
    files.syncDirectory(partition.directory);
    partition.written(partition.endOffset);
  }
  files.syncDirectory(directory);
}

function endsBehindCheckpoint(files: FileSystem, partition: JournalPartition): boolean {
  const active = partition.segmentList.at(-1);
  return active !== undefined && (fileSize(files, active.logPath) ?? 0) > active.bytes;
}

/** Cuts the segment of the checkpoint and writes every batch to its place. Returns what must be synced. */
function rewritePartition(
  files: FileSystem,
  partition: JournalPartition,
  batches: readonly BatchEntry[],
): FileHandle[] {
  const handles: FileHandle[] = [];
  let next = 0;
  const { segmentList } = partition;
  for (const [i, segment] of segmentList.entries()) {
    const position = segment.readableBytes;
    // Behind the last one of the checkpoint there may be what is not there any more.
    if (segment.bytes === position && segmentList[i + 1]?.created === true) continue;
    const handle = openSegment(files, segment);
    handles.push(handle);
    if (handle.size() > position) handle.truncate(position);
    for (let at = position; at < segment.bytes; next++) {
      const { bytes } = batches[next]!;
      handle.write(bytes, at);
      at += bytes.length;
    }
  }
  return handles;
}

function openSegment(files: FileSystem, segment: Segment): FileHandle {
  if (segment.created) return files.open(segment.logPath, 'write');
  segment.created = true;
  // A file of this name may be a former topic's, and so may its indexes.
  for (const extension of ['log', 'index', 'timeindex']) {
    if (files.exists(`${segment.stem}.${extension}`)) files.remove(`${segment.stem}.${extension}`);
  }
  return files.open(segment.logPath, 'create');
}

/** Removes what is not one of its segments: rests of deleted ones, or of a former topic of this name. Says whether there was any. */
function removeStrangers(files: FileSystem, partition: JournalPartition): boolean {
  const stems = new Set(partition.segmentList.map((segment) => segmentName(segment.baseOffset)));
  let removed = false;
  for (const name of files.list(partition.directory)) {
    const [stem, extension] = name.split('.');
    const ours = extension === 'log' || extension === 'index' || extension === 'timeindex';
    if (!name.endsWith(CLEANED_SUFFIX) && (!ours || stems.has(stem!))) continue;
    files.remove(`${partition.directory}/${name}`);
    removed = true;
  }
  return removed;
}

function removePartitionDirectory(files: FileSystem, directory: string): void {
  if (!files.exists(directory)) return;
  for (const name of files.list(directory)) files.remove(`${directory}/${name}`);
  files.removeDirectory(directory);
}
