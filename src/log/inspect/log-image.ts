/**
 * What the journal says about a log, read as recovery reads it and without changing anything: topics, partitions with
 * the segments that should be there, producer and group state.
 */
import type { FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';
import { readJournals, type JournalChain } from '../engine/journal-files.js';
import type { StoredEntry } from '../engine/journal-format.js';
import { buildPartitions } from '../engine/journal-recovery.js';
import { journalNumbers, readFormat } from '../engine/log-directory.js';
import type { JournalPartition } from '../engine/partition-storage.js';
import type { Rewrites } from '../engine/recovered-segments.js';
import { RecoveredSwaps } from '../engine/recovered-swaps.js';
import { SegmentHandles } from '../engine/segment-reader.js';
import type { PartitionSnapshot } from '../engine/storage.js';
import { TopicTable } from '../engine/topic-table.js';

export interface LogImage {
  readonly chain: JournalChain;
  readonly topics: TopicTable;
  /** Batches behind the last checkpoint: their segments may be in any state. */
  readonly rewrites: Rewrites;
  /** Where cleaned segments are that have not their names yet. */
  readonly swaps: RecoveredSwaps;
  /** In their order. */
  readonly entries: readonly StoredEntry[];
  readonly cleanShutdown: boolean;
}

/** Keeps writers out; returns what lets them in again. Throws `LOG_LOCKED`, and `INVALID_ARGUMENT` when there is no log. */
export function guarded(files: FileSystem, directory: string, call: string): () => void {
  if (typeof directory !== 'string' || directory === '')
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${call} needs the path of a log's directory, for example './data'.`,
    );
  if (!files.exists(directory))
    throw new StreamsError('INVALID_ARGUMENT', `There is no directory ${directory}.`, {
      file: directory,
    });
  if (journalNumbers(files, directory).length === 0 && readFormat(files, directory) === undefined)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${directory} is no log: it has neither a millrace.json nor a journal. Give the directory that openLog was given.`,
      { file: directory },
    );
  const guard = files.guard(directory);
  return () => guard.release();
}

/** Throws `LOG_CORRUPT`, `LOG_FORMAT_NEWER`. */
export function readImage(
  files: FileSystem,
  directory: string,
  logId: Buffer | undefined,
): LogImage {
  const chain = readJournals(files, directory, logId);
  const handles = new SegmentHandles(files);
  const topics = new TopicTable(directory, handles);
  const rewrites: Rewrites = new Map();
  const swaps = new RecoveredSwaps(files);
  try {
    const entries = buildPartitions(chain.files, topics, rewrites, swaps);
    const newest = chain.files.at(-1);
    return {
      chain,
      topics,
      rewrites,
      swaps,
      entries,
      cleanShutdown:
        newest !== undefined &&
        newest.groups.length === 1 &&
        newest.tornBytes === 0 &&
        newest.groups[0]!.entries.some((entry) => entry.type === 'closed'),
    };
  } finally {
    handles.closeAll();
  }
}

/** The last snapshot of each partition that is still there. */
export function partitionStates(image: LogImage): Map<JournalPartition, PartitionSnapshot> {
  const states = new Map<JournalPartition, PartitionSnapshot>();
  for (const entry of image.entries) {
    if (entry.type !== 'partition-state') continue;
    const partition = image.topics.find(entry.topicId, entry.partition);
    if (partition !== undefined) states.set(partition, entry.state);
  }
  return states;
}
