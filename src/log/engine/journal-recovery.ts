/**
 * Brings a directory back to what was acknowledged. In this order, so that it can crash anywhere and begin again:
 *
 *     1 read and verify all journal files          nothing is changed if they, or the lengths of segments, are wrong
 *     2 build every partition from the oldest file's checkpoints and the batches behind them
 *     3 replay all entries into the host
 *     4 cut segments to their checkpoint, write the batches again, sync files and directories
 *     5 begin a new journal file with the host's snapshot; the old ones go
 *
 * Nothing that was written after a checkpoint is taken as already there: after a failed sync the page cache lies.
 */
import type { FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';
import {
  journalDamage,
  readJournals,
  type JournalChain,
  type JournalFile,
} from './journal-files.js';
import type { StoredEntry } from './journal-format.js';
import { encodeJournalStart, type JournalPosition } from './journal-writer.js';
import {
  fileSize,
  JOURNAL_NAME,
  journalPath,
  readFormat,
  removeUnfinished,
  writeFormat,
  writeNew,
} from './log-directory.js';
import { restoreIndexes } from './recovered-indexes.js';
import { rewriteSegments, type Rewrites } from './recovered-segments.js';
import { RecoveredSwaps } from './recovered-swaps.js';
import { segmentName, type Segment } from './segment.js';
import type { SegmentHandles } from './segment-reader.js';
import type { BatchEntry, JournalEntry, RecoveryReport, StorageHost } from './storage.js';
import { TopicTable } from './topic-table.js';

export interface RecoveryOptions {
  readonly files: FileSystem;
  readonly directory: string;
  readonly handles: SegmentHandles;
  readonly host: StorageHost;
  readonly synced: boolean;
  /** Used when the directory is not a log yet. */
  readonly newLogId: string;
}

export interface Recovered {
  readonly logId: Buffer;
  readonly topics: TopicTable;
  readonly position: JournalPosition;
  readonly report: RecoveryReport;
}

const PARTITION_NAME = /^.+-\d+$/;
const SEGMENT_NAME = /^\d{20}\.log$/;

export function recover(options: RecoveryOptions): Recovered {
  const { files, directory } = options;
  const logId = readFormat(files, directory);
  const chain = readJournals(files, directory, logId);
  if (logId === undefined) return createLog(options, chain);
  const newest = chain.files.at(-1);
  if (newest === undefined) {
    throw new StreamsError(
      'LOG_CORRUPT',
      `${directory} has a millrace.json but no journal. Files are missing: restore the directory from a copy.`,
      { file: directory },
    );
  }
  const topics = new TopicTable(directory, options.handles);
  const rewrites: Rewrites = new Map();
  const swaps = new RecoveredSwaps(files);
  const entries = buildPartitions(chain.files, topics, rewrites, swaps);
  checkSegments(files, topics, swaps, newest);
  for (const partition of rewrites.keys()) partition.place();
  topics.rollsByTime = true;
  if (!newest.header.unsynced) checkNothingBehind(files, topics, swaps, newest);
  for (const entry of entries) if (isHostEntry(entry)) options.host.replay(entry);
  if (!newest.header.unsynced) writeLastGroupAgain(files, newest);
  removeUnfinished(files, directory);
  rewriteSegments(files, directory, topics, rewrites, swaps);
  topics.recovered();
  const position = beginJournal(
    options,
    logId,
    topics,
    newest.header.number + 1,
    newest.header.firstSequence + newest.groups.length,
  );
  for (const number of chain.numbers) files.remove(journalPath(directory, number));
  files.syncDirectory(directory);
  const report = reportOf(chain.files, newest);
  for (const partition of topics.partitions()) {
    partition.checkpointed(position.number);
    partition.journalBegins(position.number);
    restoreIndexes(files, partition, !report.cleanShutdown);
  }
  return { logId, topics, position, report };
}

/**
 * The process may have died, or its sync failed, when the last group was only in the page cache. Segments get its
 * batches below, so it must be durable first: after a power cut nothing would explain them. Every group before it was.
 */
function writeLastGroupAgain(files: FileSystem, { path, groups }: JournalFile): void {
  const { start, end } = groups.at(-1)!;
  const handle = files.open(path, 'write');
  try {
    const bytes = Buffer.allocUnsafeSlow(end - start);
    handle.read(bytes, start);
    // Not only synced: after a failed sync its pages count as clean.
    handle.write(bytes, start);
    handle.datasync();
  } finally {
    handle.close();
  }
}

/** The format file comes last: without it there is no log, and what stands here is an attempt that did not end. */
function createLog(options: RecoveryOptions, chain: JournalChain): Recovered {
  const { files, directory } = options;
  // An attempt left at most the first journal file with its first group, and no segments.
  const found =
    chain.numbers.length > 1 ||
    chain.files.some((file) => file.header.number > 1 || file.groups.length > 1)
      ? 'journal files'
      : segmentsIn(files, directory);
  if (found !== undefined) {
    throw new StreamsError(
      'LOG_CORRUPT',
      `${directory} has ${found} but no millrace.json, so it is no empty directory for a new log. Nothing was changed: restore the directory from a copy, or choose another one.`,
      { file: `${directory}/millrace.json` },
    );
  }
  removeUnfinished(files, directory);
  for (const number of chain.numbers) files.remove(journalPath(directory, number));
  const logId = Buffer.from(options.newLogId.replaceAll('-', ''), 'hex');
  const topics = new TopicTable(directory, options.handles);
  const position = beginJournal(options, logId, topics, 1, 0);
  writeFormat(files, directory, options.newLogId);
  return {
    logId,
    topics,
    position,
    report: { tornBytes: 0, replayedEntries: 0, replayedBytes: 0, cleanShutdown: true },
  };
}

/** The directory of a partition, if there is any: a new topic of its name would overwrite the segments in it. */
function segmentsIn(files: FileSystem, directory: string): string | undefined {
  for (const name of files.list(directory)) {
    if (!PARTITION_NAME.test(name) || JOURNAL_NAME.test(name)) continue;
    try {
      if (files.list(`${directory}/${name}`).some((file) => SEGMENT_NAME.test(file)))
        return `segments in ${name}`;
    } catch (error) {
      // A plain file of such a name is none of ours.
      if (!(error instanceof StreamsError)) throw error;
    }
  }
  return undefined;
}

function beginJournal(
  options: RecoveryOptions,
  logId: Buffer,
  topics: TopicTable,
  number: number,
  sequence: number,
): JournalPosition {
  const { files, directory, host, synced } = options;
  const snapshot: StoredEntry[] = [...host.snapshot(), ...topics.checkpoints()];
  const bytes = encodeJournalStart({ number, logId, synced, sequence, formerEnd: 0 }, snapshot);
  writeNew(files, journalPath(directory, number), bytes);
  files.syncDirectory(directory);
  return { number, sequence: sequence + 1, end: bytes.length, allocated: bytes.length };
}

/** All entries in their order; those of a later file's snapshot say nothing new. */
export function buildPartitions(
  journals: readonly JournalFile[],
  topics: TopicTable,
  rewrites: Rewrites,
  swaps: RecoveredSwaps,
): StoredEntry[] {
  const entries: StoredEntry[] = [];
  // Its batches stand in segments that were cut by size alone.
  if (journals.at(-1)?.version === 1) topics.rollsByTime = false;
  for (const [i, journal] of journals.entries()) {
    for (const group of i === 0 ? journal.groups : journal.groups.slice(1)) {
      for (const entry of group.entries) entries.push(entry);
    }
  }
  for (const entry of entries) {
    if (entry.type === 'checkpoint') topics.find(entry.topicId, entry.partition)?.restore(entry);
    else if (entry.type === 'batch') {
      const partition = topics.find(entry.topicId, entry.partition);
      if (partition === undefined) continue;
      partition.append(entry);
      const batches = rewrites.get(partition);
      if (batches === undefined) rewrites.set(partition, [entry]);
      else batches.push(entry);
    } else if (entry.type === 'segments-replaced') {
      const partition = topics.find(entry.topicId, entry.partition);
      if (partition !== undefined) swaps.replay(entry, partition);
    } else if (entry.type !== 'closed') applyState(entry, topics);
  }
  for (const partition of rewrites.keys()) if (partition.deleted) rewrites.delete(partition);
  return entries;
}

function isHostEntry(entry: StoredEntry): entry is JournalEntry {
  return (
    entry.type !== 'checkpoint' && entry.type !== 'segments-replaced' && entry.type !== 'closed'
  );
}

function applyState(entry: Exclude<JournalEntry, BatchEntry>, topics: TopicTable): void {
  if (entry.type === 'topic-created') topics.create(entry);
  else if (entry.type === 'topic-deleted') topics.delete(entry.topicId);
  else if (entry.type === 'topic-config') topics.configure(entry.topicId, entry.config);
  else if (entry.type === 'topic-partitions') topics.grow(entry.topicId, entry.partitions);
  else if (entry.type === 'log-start')
    topics.find(entry.topicId, entry.partition)?.raiseStart(entry.offset);
}

/** What a checkpoint promises is there, unless nobody can ask for it any more. */
function checkSegments(
  files: FileSystem,
  topics: TopicTable,
  swaps: RecoveredSwaps,
  newest: JournalFile,
): void {
  for (const partition of topics.partitions()) {
    const kept: Segment[] = [];
    for (const [i, segment] of partition.segmentList.entries()) {
      const path = swaps.pathOf(segment);
      const size = fileSize(files, path);
      const last = i === partition.segmentList.length - 1;
      // It was deleted. The removal may be undone by a crash, and then its last bytes were never synced.
      if (segment.endOffset <= partition.startOffset && (size ?? 0) < segment.bytes) continue;
      if (size === undefined || size < segment.bytes || (size > segment.bytes && !last)) {
        throw new StreamsError(
          'LOG_CORRUPT',
          `${path} ${size === undefined ? 'is missing' : `has ${size} bytes`}, but ${segment.bytes} were synced (${newest.path}). Nothing was changed. Restore the file from a copy.`,
          {
            file: path,
            offset: segment.baseOffset,
            topic: partition.topic,
            partition: partition.partition,
          },
        );
      }
      kept.push(segment);
    }
    partition.segmentList = kept;
  }
}

/** Bytes in a segment that no group of the journal explains were acknowledged: their group is damaged, not torn. */
function checkNothingBehind(
  files: FileSystem,
  topics: TopicTable,
  swaps: RecoveredSwaps,
  newest: JournalFile,
): void {
  for (const partition of topics.partitions()) {
    if (topics.replaced(partition) || !files.exists(partition.directory)) continue;
    const expected = new Map(
      partition.segmentList.map((segment) => [
        `${segmentName(segment.baseOffset)}.log`,
        // What stands there may still be what a cleaned segment takes the place of.
        swaps.pathOf(segment) === segment.logPath ? segment.bytes : Number.POSITIVE_INFINITY,
      ]),
    );
    for (const name of files.list(partition.directory)) {
      if (!name.endsWith('.log')) continue;
      const size = fileSize(files, `${partition.directory}/${name}`) ?? 0;
      const known = expected.get(name);
      // A segment below the log start may still be there although it was deleted.
      if (known === undefined && Number(name.slice(0, -4)) < partition.endOffset) continue;
      if (size > (known ?? 0)) {
        throw journalDamage(
          newest.path,
          newest.end,
          `${partition.directory}/${name} holds ${size} bytes, which no undamaged group explains: the group here was acknowledged`,
        );
      }
    }
  }
}

function reportOf(journals: readonly JournalFile[], newest: JournalFile): RecoveryReport {
  let replayedEntries = 0;
  let replayedBytes = 0;
  for (const [i, journal] of journals.entries()) {
    const groups = i === 0 ? journal.groups : journal.groups.slice(1);
    for (const group of groups) {
      replayedEntries += group.entries.length;
      replayedBytes += group.end - group.start;
    }
  }
  const closed =
    newest.groups.length === 1 &&
    newest.groups[0]!.entries.some((entry) => entry.type === 'closed');
  return {
    tornBytes: newest.tornBytes,
    replayedEntries,
    replayedBytes,
    cleanShutdown: closed && newest.tornBytes === 0,
  };
}
