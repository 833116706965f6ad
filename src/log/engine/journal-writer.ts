/**
 * Makes the file programs of the journal. One program per group, in this order, so that each step may rely on
 * those before it:
 *
 *     1 the group to the journal    2 datasync    3 mark: the group is acknowledged
 *     4 files of deleted topics and segments go, cleaned ones come    5 its batches to segments
 *     6 when the journal file is full: the next one, beginning with a snapshot
 *     7 a share of the last checkpoint: sync segments; when all are synced, the journal files before it go
 *
 * It decides what is written where, and writes nothing itself.
 */
import type { FileProgram } from '../../env/file-commands.js';
import { GroupEncoder } from './group-encoder.js';
import { encodeFileHeader, FILE_HEADER_BYTES, type StoredEntry } from './journal-format.js';
import { journalPath, NEW_SUFFIX } from './log-directory.js';
import type { JournalPartition } from './partition-storage.js';
import type { Segment } from './segment.js';
import { SegmentFiles, type UnsyncedSegments, type WrittenTo } from './segment-files.js';
import type { SegmentSwap } from './segment-replacement.js';

/** Zeros are written so far ahead of small groups: syncing them then changes no metadata, which halves its time. */
const AHEAD_BYTES_MAX = 1_048_576;
/** And at most this part of a journal file. */
const AHEAD_SHARE = 1 / 16;
/** A group of this size pays for its metadata itself. */
const LARGE_GROUP_BYTES = 262_144;
/** A checkpoint is done when so much of the next journal file is written. */
const CHECKPOINT_SHARE = 1 / 2;
/** Segments that are synced at once when nobody waits for a group. */
const IDLE_STEP = 32;

export interface JournalPosition {
  /** Of the journal file. */
  readonly number: number;
  /** Of the next group. */
  readonly sequence: number;
  /** Where the next group begins. */
  readonly end: number;
  /** The file is written with zeros up to here. */
  readonly allocated: number;
}

export interface JournalWriterOptions {
  readonly directory: string;
  readonly logId: Buffer;
  /** False: groups are acknowledged without a datasync. */
  readonly synced: boolean;
  /** A journal file of this size is followed by the next one. */
  readonly journalBytesMax: number;
  /** Segment files that stay open. */
  readonly openFilesMax: number;
  /** Bytes that wait in memory to be written to segment files that are not open. */
  readonly waitingBytesMax: number;
  readonly position: JournalPosition;
}

/** What happens on disk after the group, besides its batches. */
export interface GroupEffects {
  readonly deletedPartitions: readonly JournalPartition[];
  readonly deletedSegments: readonly Segment[];
  readonly swaps: readonly SegmentSwap[];
}

/** Segments to sync before the journal files up to `number` may go. */
interface Checkpoint extends UnsyncedSegments {
  readonly number: number;
  /** Segments at its beginning. */
  readonly size: number;
}

export class JournalWriter {
  readonly #options: JournalWriterOptions;
  readonly #segments: SegmentFiles;
  readonly #checkpoints: Checkpoint[] = [];
  #number: number;
  #sequence: number;
  #end: number;
  #allocated: number;
  /** Where the file's snapshot ends: one larger than a file's size would be written again with every group. */
  #snapshotEnd: number;
  #open = false;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
    this.#segments = new SegmentFiles(options.openFilesMax, options.waitingBytesMax);
    this.#number = options.position.number;
    this.#sequence = options.position.sequence;
    this.#end = options.position.end;
    this.#allocated = options.position.allocated;
    this.#snapshotEnd = options.position.end;
  }

  /** The file is so full that the next group should be followed by a new one. */
  get full(): boolean {
    return this.#end >= Math.max(this.#options.journalBytesMax, 2 * this.#snapshotEnd);
  }

  /** The newest journal file. */
  get number(): number {
    return this.#number;
  }

  /** The oldest journal file, when all that was submitted is done. */
  get oldestNumber(): number {
    return this.#checkpoints[0]?.number ?? this.#number;
  }

  /** Segments wait to be synced although no group may come. */
  get hasCheckpointWork(): boolean {
    return this.#checkpoints.length > 0;
  }

  /** Steps 1 to 5. */
  writeGroup(program: FileProgram, group: GroupEncoder, effects: GroupEffects): void {
    if (!this.#open) program.open(this.#fileId, journalPath(this.#options.directory, this.#number));
    this.#open = true;
    const length = group.bytes;
    const at = program.reserve(length);
    group.encode(program.data, at, this.#sequence++, this.#number);
    program.write(this.#fileId, this.#end, at, length);
    this.#end += length;
    if (this.#end > this.#allocated) {
      this.#allocated = this.#end;
      if (length < LARGE_GROUP_BYTES) this.#writeAhead(program);
    }
    if (this.#options.synced) program.datasync(this.#fileId);
    program.mark();
    const { deletedPartitions, deletedSegments, swaps } = effects;
    const deletes = deletedPartitions.length + deletedSegments.length + swaps.length > 0;
    // Files go only after the entry that says so is durable, also when acknowledging does not wait for that.
    if (deletes && !this.#options.synced) program.datasync(this.#fileId);
    for (const swap of swaps) this.#segments.swap(program, swap);
    // Before the batches: a topic made anew under a deleted name writes to the same directories.
    for (const partition of deletedPartitions) this.#segments.removePartition(program, partition);
    for (const segment of deletedSegments) {
      if (!segment.removed) this.#segments.remove(program, segment);
    }
    this.#writeSegments(program, group, at + group.headBytes);
  }

  /** Step 6: everything written so far is described by `snapshot`, and lies in segments that a checkpoint will sync. */
  beginFile(program: FileProgram, snapshot: readonly StoredEntry[]): void {
    const former = { number: this.#number, end: this.#end };
    this.#createFile(program, snapshot, former.end);
    const unsynced = this.#segments.takeUnsynced();
    // The last ones go first, because a list is cheap to shorten at its end.
    unsynced.segments.reverse();
    const size = unsynced.segments.length;
    this.#checkpoints.push({ ...unsynced, size, number: former.number });
  }

  /** Step 7, in proportion to the `bytes` that the journal has just grown by: then it is done in time. */
  advanceCheckpoint(program: FileProgram, bytes: number): void {
    const checkpoint = this.#checkpoints[0];
    if (checkpoint === undefined) return;
    const share = bytes / (this.#options.journalBytesMax * CHECKPOINT_SHARE);
    this.#advance(program, checkpoint, Math.ceil(checkpoint.size * share));
  }

  /** Step 7, when nobody waits for a group. */
  advanceIdly(program: FileProgram): void {
    const checkpoint = this.#checkpoints[0];
    if (checkpoint !== undefined) this.#advance(program, checkpoint, IDLE_STEP);
  }

  /** What was put into a program since the last call. */
  takeWritten(): WrittenTo {
    return this.#segments.takeWritten();
  }

  #advance(program: FileProgram, checkpoint: Checkpoint, step: number): void {
    const { segments, directories } = checkpoint;
    const from = Math.max(0, segments.length - step);
    const part = segments.splice(from).filter(({ segment }) => !segment.removed);
    this.#segments.sync(program, part);
    // Behind all files: a file system that has a journal of its own has written it with them, and these cost nothing.
    for (const { segment } of part) {
      if (directories.delete(segment.directory)) program.syncDirectory(segment.directory);
    }
    if (segments.length > 0) return;
    this.#checkpoints.shift();
    for (const directory of this.#segments.takeDirectories()) directories.add(directory);
    for (const directory of directories) program.syncDirectory(directory);
    // With the entries of directories that were made since the new journal file was.
    program.syncDirectory(this.#options.directory);
    program.remove(journalPath(this.#options.directory, checkpoint.number));
    program.syncDirectory(this.#options.directory);
  }

  /** A clean end: segments synced, one journal file with nothing but `snapshot`. */
  finish(program: FileProgram, snapshot: readonly StoredEntry[]): void {
    while (this.#checkpoints.length > 0)
      this.#advance(program, this.#checkpoints[0]!, Number.POSITIVE_INFINITY);
    const last = this.#number;
    const { segments, directories } = this.#segments.takeUnsynced();
    this.#segments.sync(program, segments);
    for (const directory of this.#segments.takeDirectories()) directories.add(directory);
    for (const directory of directories) program.syncDirectory(directory);
    this.#createFile(program, snapshot, 0);
    program.remove(journalPath(this.#options.directory, last));
    program.syncDirectory(this.#options.directory);
    program.mark();
  }

  #createFile(program: FileProgram, snapshot: readonly StoredEntry[], formerEnd: number): void {
    const { directory, logId, synced } = this.#options;
    if (this.#open) {
      // A file that others follow must be whole, also when its groups were not synced one by one.
      if (!synced) program.datasync(this.#fileId);
      program.close(this.#fileId);
    }
    this.#number++;
    const path = journalPath(directory, this.#number);
    const bytes = encodeJournalStart(
      { number: this.#number, logId, synced, sequence: this.#sequence++, formerEnd },
      snapshot,
    );
    program.create(this.#fileId, path + NEW_SUFFIX);
    program.writeBytes(this.#fileId, 0, bytes);
    this.#open = true;
    this.#end = bytes.length;
    this.#snapshotEnd = bytes.length;
    this.#allocated = bytes.length;
    this.#writeAhead(program);
    program.datasync(this.#fileId);
    program.rename(path + NEW_SUFFIX, path);
    program.syncDirectory(directory);
  }

  get #fileId(): number {
    return this.#number % 8;
  }

  #writeAhead(program: FileProgram): void {
    const bytes = Math.min(
      AHEAD_BYTES_MAX,
      Math.floor(this.#options.journalBytesMax * AHEAD_SHARE),
    );
    program.zero(this.#fileId, this.#end, bytes);
    this.#allocated = this.#end + bytes;
  }

  #writeSegments(program: FileProgram, group: GroupEncoder, bodyAt: number): void {
    for (const partition of group.partitions) {
      if (partition.deleted) continue;
      this.#segments.writeGroup(program, partition, bodyAt + partition.groupBodyAt);
    }
    this.#segments.relieve(program);
  }
}

/** The bytes of a journal file with one group. */
export function encodeJournalStart(
  file: {
    readonly number: number;
    readonly logId: Buffer;
    readonly synced: boolean;
    readonly sequence: number;
    readonly formerEnd: number;
  },
  snapshot: readonly StoredEntry[],
): Buffer {
  const group = new GroupEncoder();
  for (const entry of snapshot) group.add(entry, undefined);
  const bytes = Buffer.alloc(FILE_HEADER_BYTES + group.bytes);
  encodeFileHeader({
    number: file.number,
    logId: file.logId,
    firstSequence: file.sequence,
    formerEnd: file.formerEnd,
    unsynced: !file.synced,
  }).copy(bytes);
  group.encode(bytes, FILE_HEADER_BYTES, file.sequence, file.number);
  return bytes;
}
