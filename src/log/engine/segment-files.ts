/**
 * The file thread's segment files: which are open there, which were written since they were last synced. It adds
 * calls to programs and touches no file itself. Few files stay open; one that is closed stays marked as unsynced.
 */
import type { FileProgram } from '../../env/file-commands.js';
import { assert } from '../../errors.js';
import type { JournalPartition, SegmentRun } from './partition-storage.js';
import type { Segment } from './segment.js';
import { cleanedPath, type SegmentSwap } from './segment-replacement.js';

/** Ids below belong to journal files. */
const FIRST_FILE_ID = 16;
const SCRATCH_ID = 15;
const EXTENSIONS = ['log', 'index', 'timeindex'] as const;

/** What a checkpoint has to sync before the journal files of before may go. */
export interface UnsyncedSegments {
  readonly segments: Segment[];
  readonly directories: string[];
}

export class SegmentFiles {
  readonly #open = new Map<Segment, number>();
  #unsynced = new Set<Segment>();
  #directories = new Set<string>();
  #nextId = FIRST_FILE_ID;
  readonly #openMax: number;

  constructor(openMax: number) {
    this.#openMax = openMax;
  }

  /** Writes the run, whose bytes stand at `at` in the program's data. */
  write(program: FileProgram, partition: JournalPartition, run: SegmentRun, at: number): void {
    if (!partition.hasDirectory) {
      program.makeDirectory(partition.directory);
      partition.hasDirectory = true;
    }
    const id = this.#id(program, run.segment);
    program.write(id, run.position, at, run.bytes);
    this.#unsynced.add(run.segment);
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
    for (const segment of partition.segmentList) this.#forget(program, segment);
    this.#directories.delete(partition.directory);
    program.removeDirectory(partition.directory);
  }

  /** Everything written so far and not synced yet; from now on the caller's to sync. */
  takeUnsynced(): UnsyncedSegments {
    const taken = { segments: [...this.#unsynced], directories: [...this.#directories] };
    this.#unsynced = new Set();
    this.#directories = new Set();
    return taken;
  }

  /** Syncs a segment and writes its indexes, which need no sync: a lost one is made anew. */
  sync(program: FileProgram, segment: Segment): void {
    program.datasync(this.#id(program, segment));
    writeWhole(program, `${segment.stem}.index`, segment.encodeIndex());
    writeWhole(program, `${segment.stem}.timeindex`, segment.encodeTimeIndex());
  }

  #id(program: FileProgram, segment: Segment): number {
    const known = this.#open.get(segment);
    if (known !== undefined) return known;
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
