/**
 * Replaces segments of a durable partition by one with what is left of their batches, so that it can crash anywhere:
 *
 *     1 <base>.<token>.log.cleaned is written and synced, its indexes beside it, the directory synced   old segments
 *     2 the journal says so (`segments-replaced`): from here on recovery rolls forward                  either
 *     3 the file gets the name <base>.log, files of the other segments go                               new segment
 *
 * Readers change over between 1 and 2, in one turn; until 3 is done they hold the file open, so that neither its name
 * nor the old bytes under the new name can mislead them. The token is never used twice, so that recovery cannot take
 * the beginning of a later cleaning for the end of this one.
 */
import type { FileProgram } from '../../env/file-commands.js';
import type { FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';
import {
  batchBytes,
  batchLastOffset,
  batchMaxTimestamp,
  batchRecordCount,
} from '../batch-header.js';
import type { BatchRange } from '../client.js';
import type { CleanerThread } from './cleaner-thread.js';
import type { SegmentsReplacedEntry } from './journal-format.js';
import { CLEANED_SUFFIX } from './log-directory.js';
import type { JournalPartition } from './partition-storage.js';
import { replacementEnded } from './replacement-ended.js';
import { Segment, segmentName } from './segment.js';
import type { SegmentReplacement } from './storage.js';

/** So much is written at once. */
const WRITE_BYTES = 262_144;
/** Ids of files in the cleaner's thread. */
const LOG_FILE = 1;
const INDEX_FILE = 2;
const EXTENSIONS = ['log', 'index', 'timeindex'] as const;

export type ReplacementDone = (error: StreamsError | undefined) => void;

/** What step 3 does, and who waits for it. */
export interface SegmentSwap {
  readonly partition: JournalPartition;
  readonly removed: readonly Segment[];
  readonly added: Segment | undefined;
  /** Paths of the written files without extension and suffix. */
  readonly cleanedStem: string;
  readonly done: ReplacementDone;
}

/** The storage, as a replacement sees it. */
export interface ReplacementHost {
  readonly files: FileSystem;
  readonly thread: CleanerThread;
  /** Steps 2 and 3. */
  swap(swap: SegmentSwap, entry: SegmentsReplacedEntry): void;
  /** It is over before step 2; its files are gone. */
  over(replacement: JournalReplacement): void;
}

export const cleanedPath = (stem: string, extension: string): string =>
  `${stem}.${extension}${CLEANED_SUFFIX}`;

export class JournalReplacement implements SegmentReplacement {
  readonly partition: JournalPartition;
  readonly #host: ReplacementHost;
  readonly #sources: readonly Segment[];
  readonly #segment: Segment;
  readonly #stem: string;
  #pendingBytes = 0;
  #created = false;
  #ended = false;
  /** The files are complete. */
  #written = false;
  #finishing: { readonly cleanedTo: number; readonly done: ReplacementDone } | undefined;

  constructor(
    host: ReplacementHost,
    partition: JournalPartition,
    sources: readonly Segment[],
    token: string,
  ) {
    this.#host = host;
    this.partition = partition;
    this.#sources = sources;
    const { baseOffset } = sources[0]!;
    this.#segment = new Segment(partition.directory, baseOffset);
    this.#segment.cleaned = true;
    this.#segment.sealed = true;
    this.#segment.created = true;
    this.#stem = `${partition.directory}/${segmentName(baseOffset)}.${token}`;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  append({ bytes, start }: BatchRange): void {
    if (this.#ended) return;
    const segment = this.#segment;
    const length = batchBytes(bytes, start);
    const { program } = this.#host.thread;
    if (!this.#created) program.create(LOG_FILE, cleanedPath(this.#stem, 'log'));
    this.#created = true;
    program.writeBytes(LOG_FILE, segment.bytes, bytes.subarray(start, start + length));
    const empty = batchRecordCount(bytes, start) === 0;
    const timestamp = empty ? -1 : batchMaxTimestamp(bytes, start);
    segment.add(batchLastOffset(bytes, start), timestamp, length);
    this.#pendingBytes += length;
    this.#write();
  }

  finish(cleanedTo: number, done: ReplacementDone): void {
    if (this.#ended) return done(replacementEnded());
    this.#finishing = { cleanedTo, done };
    if (!this.#host.thread.busy) this.#complete();
  }

  abandon(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#host.thread.busy) this.#remove();
  }

  #write(): void {
    if (this.#pendingBytes < WRITE_BYTES || this.#host.thread.busy) return;
    const bytes = this.#pendingBytes;
    this.#run(() => {
      this.#pendingBytes -= bytes;
      if (this.#finishing === undefined) this.#write();
      else this.#complete();
    });
  }

  #complete(): void {
    if (this.#segment.bytes === 0 || this.#written) return this.#swap();
    const { program } = this.#host.thread;
    program.datasync(LOG_FILE);
    program.close(LOG_FILE);
    this.#writeIndex(program, 'index', this.#segment.encodeIndex());
    this.#writeIndex(program, 'timeindex', this.#segment.encodeTimeIndex());
    program.syncDirectory(this.partition.directory);
    this.#written = true;
    this.#run(() => this.#swap());
  }

  #writeIndex(program: FileProgram, extension: string, bytes: Buffer): void {
    program.create(INDEX_FILE, cleanedPath(this.#stem, extension));
    program.writeBytes(INDEX_FILE, 0, bytes);
    program.close(INDEX_FILE);
  }

  #swap(): void {
    const { partition } = this;
    const { cleanedTo, done } = this.#finishing!;
    if (!partition.holds(this.#sources)) return this.abandon();
    const empty = this.#segment.bytes === 0;
    this.#segment.readableBytes = this.#segment.bytes;
    this.#ended = true;
    this.#host.swap(
      {
        partition,
        removed: this.#sources,
        added: empty ? undefined : this.#segment,
        cleanedStem: this.#stem,
        done,
      },
      {
        type: 'segments-replaced',
        topicId: partition.topicId,
        partition: partition.partition,
        removed: this.#sources.map((segment) => segment.baseOffset),
        added: empty ? null : this.#segment.checkpoint(),
        file: empty ? '' : this.#stem.slice(partition.directory.length + 1),
        cleanedTo,
      },
    );
  }

  /** Runs what the thread's program was filled with, then `next`, unless it failed or was abandoned meanwhile. */
  #run(next: () => void): void {
    this.#host.thread.run((error) => {
      if (error !== undefined) this.#failed(error);
      else if (this.#ended) this.#remove();
      else next();
    });
  }

  #failed(error: StreamsError): void {
    this.#ended = true;
    removeCleaned(this.#host.files, this.#stem);
    this.#over(error);
  }

  #remove(): void {
    if (!this.#created) return this.#over(replacementEnded());
    this.#created = false;
    const { program } = this.#host.thread;
    if (!this.#written) program.close(LOG_FILE);
    for (const extension of EXTENSIONS) program.remove(cleanedPath(this.#stem, extension));
    this.#host.thread.run(() => this.#over(replacementEnded()));
  }

  #over(error: StreamsError): void {
    this.#pendingBytes = 0;
    this.#host.over(this);
    this.#finishing?.done(error);
  }
}

/** Removes what was written; what cannot be removed now goes when the log is opened. */
export function removeCleaned(files: FileSystem, stem: string): void {
  try {
    for (const extension of EXTENSIONS) {
      const path = cleanedPath(stem, extension);
      if (files.exists(path)) files.remove(path);
    }
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error;
  }
}
