/**
 * The replacement that is under way in a durable log, from its first batch until its files have their names, and what
 * of it goes into the next journal group. One at a time; the cleaner asks for the next one when it is told.
 */
import type { Random } from '../../env/env.js';
import type { FileSystem } from '../../env/file-system.js';
import type { FileThread, FileThreadListener } from '../../env/file-thread.js';
import { assert, type StreamsError } from '../../errors.js';
import { CleanerThread } from './cleaner-thread.js';
import type { SegmentsReplacedEntry } from './journal-format.js';
import type { JournalPartition } from './partition-storage.js';
import type { SegmentHandles } from './segment-reader.js';
import {
  cleanedPath,
  JournalReplacement,
  removeCleaned,
  type ReplacementHost,
  type SegmentSwap,
} from './segment-replacement.js';
import type { SegmentInfo } from './storage.js';

export interface ReplacementsParts {
  readonly files: FileSystem;
  readonly random: Random;
  readonly handles: SegmentHandles;
  thread(listener: FileThreadListener): FileThread;
  /** The entry belongs to the open group. Throws when nothing can be written any more. */
  append(entry: SegmentsReplacedEntry): void;
  /** The open group is wanted soon. */
  sync(): void;
  /** Nothing is written into any partition's directory now. */
  free(): void;
}

export class Replacements implements ReplacementHost {
  readonly files: FileSystem;
  readonly thread: CleanerThread;
  readonly #parts: ReplacementsParts;
  #writing: JournalReplacement | undefined;
  /** For the group that is open. */
  #swaps: SegmentSwap[] = [];
  /** Not in place yet. */
  readonly #waiting = new Set<SegmentSwap>();
  #over: (() => void) | undefined;

  constructor(parts: ReplacementsParts) {
    this.#parts = parts;
    this.files = parts.files;
    this.thread = new CleanerThread((listener) => parts.thread(listener));
  }

  /** From its first batch until its files have their names, or are gone. */
  get busy(): boolean {
    return this.#writing !== undefined || this.#waiting.size > 0;
  }

  begin(partition: JournalPartition, segments: readonly SegmentInfo[]): JournalReplacement {
    assert(!this.busy, 'segments are replaced one run at a time');
    const sources = partition.segmentList.filter((segment) => segments.includes(segment));
    assert(
      sources.length === segments.length &&
        sources.every(({ sealed, endOffset }) => sealed && endOffset <= partition.replaceableTo),
      `sealed segments of ${partition.topic}-${partition.partition} are replaced`,
    );
    const token = this.#parts.random.uuid().slice(0, 8);
    this.#writing = new JournalReplacement(this, partition, sources, token);
    return this.#writing;
  }

  /** Files are written in a partition that is deleted: its directory cannot go now. */
  writesTo(deleted: readonly JournalPartition[]): boolean {
    const writing = this.#writing;
    if (writing === undefined || !deleted.includes(writing.partition)) return false;
    writing.abandon();
    return this.#writing !== undefined;
  }

  swap(swap: SegmentSwap, entry: SegmentsReplacedEntry): void {
    this.#writing = undefined;
    const { partition, removed, added, cleanedStem } = swap;
    const { handles } = this.#parts;
    try {
      if (added !== undefined) handles.pin(added.logPath, cleanedPath(cleanedStem, 'log'));
      this.#parts.append(entry);
    } catch (error) {
      if (added !== undefined) handles.unpin(added.logPath);
      removeCleaned(this.files, cleanedStem);
      swap.done(error as StreamsError); // opening a file and appending to the group fail with nothing else
      this.#overNow();
      return;
    }
    partition.replaceSegments(entry.removed, added, entry.cleanedTo);
    for (const segment of removed)
      if (segment.logPath !== added?.logPath) handles.close(segment.logPath);
    this.#swaps.push(swap);
    this.#waiting.add(swap);
    this.#parts.sync();
  }

  over(replacement: JournalReplacement): void {
    assert(this.#writing === replacement, 'the replacement under way is over');
    this.#overNow();
  }

  /** Those whose entries are in the group that is made now. */
  take(): SegmentSwap[] {
    const swaps = this.#swaps;
    this.#swaps = [];
    return swaps;
  }

  /** Their files have their names. */
  done(swaps: readonly SegmentSwap[]): void {
    for (const swap of swaps) {
      this.#waiting.delete(swap);
      if (swap.added !== undefined) this.#parts.handles.unpin(swap.added.logPath);
      swap.done(undefined);
    }
  }

  /** Nothing more is written. Readers keep what they have. */
  failed(error: StreamsError): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const swap of waiting) swap.done(error);
  }

  /** Ends what is being written. */
  async close(): Promise<void> {
    if (this.#writing !== undefined) {
      const over = new Promise<void>((resolve) => {
        this.#over = resolve;
      });
      this.#writing.abandon();
      if (this.#writing !== undefined) await over;
    }
    await this.thread.close();
  }

  #overNow(): void {
    this.#writing = undefined;
    this.#over?.();
    this.#parts.free();
  }
}
