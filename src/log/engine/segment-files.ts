/**
 * The file thread's segment files: which are open there, what waits to be written to them, which were written since they
 * were last synced. It adds calls to programs and touches no file itself.
 *
 * Few files stay open. A partition whose file is open is written with each group; the others wait until there is a longer
 * run of them, and are written when too much waits or a checkpoint needs them. One that is closed stays marked as unsynced.
 */
import type { FileProgram } from '../../env/file-commands.js';
import { assert } from '../../errors.js';
import type { JournalPartition, SegmentRun } from './partition-storage.js';
import type { Segment } from './segment.js';
import { cleanedPath, type SegmentSwap } from './segment-replacement.js';
import { WaitingPartitions } from './waiting-partitions.js';

/** Ids below belong to journal files. */
const FIRST_FILE_ID = 16;
const SCRATCH_ID = 15;
/** A file that is opened for one call. */
const PASSING_ID = 14;
const EXTENSIONS = ['log', 'index', 'timeindex'] as const;

export interface UnsyncedSegment {
  readonly segment: Segment;
  readonly partition: JournalPartition;
}

/** What a checkpoint has to sync before the journal files of before may go. */
export interface UnsyncedSegments {
  readonly segments: UnsyncedSegment[];
  readonly directories: Set<string>;
}

/** Partitions that a program writes to, and up to which offset. */
export interface WrittenTo {
  readonly partitions: readonly JournalPartition[];
  readonly ends: readonly number[];
}

export class SegmentFiles {
  readonly #openMax: number;
  /** The least recently used first. */
  readonly #open = new Map<Segment, number>();
  readonly #waiting: WaitingPartitions;
  #written: { partitions: JournalPartition[]; ends: number[] } = { partitions: [], ends: [] };
  #unsynced = new Map<Segment, JournalPartition>();
  #directories = new Set<string>();
  #nextId = FIRST_FILE_ID;

  /** `openMax` files stay open, `waitingBytesMax` wait in memory to be written to others. */
  constructor(openMax: number, waitingBytesMax: number) {
    this.#openMax = openMax;
    this.#waiting = new WaitingPartitions(waitingBytesMax);
  }

  /** The partition's batches of a group, which stand at `at` in the program's data, are written now or wait. */
  writeGroup(program: FileProgram, partition: JournalPartition, at: number): void {
    partition.grouped();
    const next = partition.nextSegment;
    if (next === undefined) return;
    const cheap = this.#open.has(next) || this.#open.size < this.#openMax;
    if (cheap && !this.#waiting.has(partition))
      return this.#write(program, partition, partition.placeGrouped(), at);
    this.#waiting.add(partition, partition.groupBatches, partition.groupBytes);
  }

  /** Writes what waits longest, as long as too much does. */
  relieve(program: FileProgram): void {
    for (let next = this.#waiting.overdue; next !== undefined; next = this.#waiting.overdue)
      this.#writeWaiting(program, next);
  }

  /** Since the last call. */
  takeWritten(): WrittenTo {
    const written = this.#written;
    this.#written = { partitions: [], ends: [] };
    return written;
  }

  /** Removes the segment's files. */
  remove(program: FileProgram, segment: Segment): void {
    this.#forget(program, segment);
    this.#directories.add(segment.directory);
    for (const extension of EXTENSIONS) program.remove(`${segment.stem}.${extension}`);
  }

  /** Gives the files of a cleaned segment their names and removes those that it takes the place of. */
  swap(program: FileProgram, { removed, added, cleanedStem, partition }: SegmentSwap): void {
    for (const segment of removed) this.#forget(program, segment);
    this.#directories.add(partition.directory);
    for (const extension of EXTENSIONS) {
      if (added !== undefined)
        program.rename(cleanedPath(cleanedStem, extension), `${added.stem}.${extension}`);
      for (const { stem } of removed)
        if (stem !== added?.stem) program.remove(`${stem}.${extension}`);
    }
  }

  removePartition(program: FileProgram, partition: JournalPartition): void {
    this.#waiting.delete(partition);
    for (const segment of partition.segmentList) this.#forget(program, segment);
    this.#directories.delete(partition.directory);
    program.removeDirectory(partition.directory);
  }

  /** Everything in the journal so far that is not synced in its segment; from now on the caller's to sync. */
  takeUnsynced(): UnsyncedSegments {
    for (const partition of this.#waiting) {
      for (const segment of partition.waitingSegments()) this.#unsynced.set(segment, partition);
    }
    const segments = Array.from(this.#unsynced, ([segment, partition]) => ({ segment, partition }));
    const directories = this.#directories;
    this.#unsynced = new Map();
    this.#directories = new Set();
    return { segments, directories };
  }

  /** Directories with changes since the last call. */
  takeDirectories(): Set<string> {
    const directories = this.#directories;
    this.#directories = new Set();
    return directories;
  }

  /** Writes what waits for the segments and their indexes, then syncs them. Indexes need no sync: a lost one is made anew. */
  sync(program: FileProgram, segments: readonly UnsyncedSegment[]): void {
    for (const { segment, partition } of segments) {
      if (this.#waiting.has(partition)) this.#writeWaiting(program, partition);
      if (!segment.indexChanged) continue;
      segment.indexChanged = false;
      writeWhole(program, `${segment.stem}.index`, segment.encodeIndex());
      writeWhole(program, `${segment.stem}.timeindex`, segment.encodeTimeIndex());
    }
    for (const { segment } of segments) this.#datasync(program, segment);
  }

  #datasync(program: FileProgram, segment: Segment): void {
    const known = this.#open.get(segment);
    if (known === undefined) program.open(PASSING_ID, segment.logPath);
    program.datasync(known ?? PASSING_ID);
    if (known === undefined) program.close(PASSING_ID);
    this.#unsynced.delete(segment);
  }

  #writeWaiting(program: FileProgram, partition: JournalPartition): void {
    this.#waiting.delete(partition);
    const batches = partition.waiting();
    let bytes = 0;
    for (const batch of batches) bytes += batch.length;
    const start = program.reserve(bytes);
    let at = start;
    for (const batch of batches) {
      program.data.set(batch, at);
      at += batch.length;
    }
    this.#write(program, partition, partition.placeGrouped(), start);
  }

  /** Writes the runs, whose bytes stand at `start` in the program's data. */
  #write(
    program: FileProgram,
    partition: JournalPartition,
    runs: readonly SegmentRun[],
    start: number,
  ): void {
    if (!partition.hasDirectory) {
      program.makeDirectory(partition.directory);
      partition.hasDirectory = true;
    }
    let at = start;
    for (const { segment, position, bytes } of runs) {
      program.write(this.#id(program, segment), position, at, bytes);
      this.#unsynced.set(segment, partition);
      at += bytes;
    }
    this.#written.partitions.push(partition);
    this.#written.ends.push(partition.placedEnd);
  }

  #id(program: FileProgram, segment: Segment): number {
    const known = this.#open.get(segment);
    if (known !== undefined) {
      this.#open.delete(segment);
      this.#open.set(segment, known);
      return known;
    }
    const id = this.#nextId++;
    if (this.#open.size >= this.#openMax) {
      const [oldest] = this.#open.keys();
      assert(oldest !== undefined, 'a full table has an oldest entry');
      this.#close(program, oldest);
    }
    if (segment.created) program.open(id, segment.logPath);
    else {
      program.create(id, segment.logPath);
      segment.created = true;
      this.#directories.add(segment.directory);
    }
    this.#open.set(segment, id);
    return id;
  }

  #forget(program: FileProgram, segment: Segment): void {
    segment.removed = true;
    this.#close(program, segment);
    this.#unsynced.delete(segment);
  }

  #close(program: FileProgram, segment: Segment): void {
    const id = this.#open.get(segment);
    if (id === undefined) return;
    program.close(id);
    this.#open.delete(segment);
  }
}

function writeWhole(program: FileProgram, path: string, bytes: Buffer): void {
  program.create(SCRATCH_ID, path);
  program.writeBytes(SCRATCH_ID, 0, bytes);
  program.close(SCRATCH_ID);
}
