/**
 * One partition of the durable log, in memory and on disk:
 *
 *     segment | segment | active segment  | tail: in groups under way | tail: in the open group
 *     --------- files, verified on read --|---- in memory until the thread wrote it to its segment
 *
 * The tail holds the batches exactly as they were appended; each is let go when its bytes are in the segment file.
 * It decides which batch goes into which file; it never writes one.
 */
import { assert } from '../../errors.js';
import type { BatchRange } from '../client.js';
import { batchLastOffset, batchMaxTimestamp } from '../batch-header.js';
import type { BatchPlace } from '../compression/record-codecs.js';
import { RecordCursor } from '../record-cursor.js';
import { BatchList, HeldBatch } from './batch-list.js';
import type { CheckpointEntry } from './journal-format.js';
import { Segment } from './segment.js';
import { SegmentReader, type SegmentHandles } from './segment-reader.js';
import { mustRoll, type RollRule } from './segment-roll.js';
import type { BatchEntry, PartitionStorage, SegmentInfo } from './storage.js';

const SCAN_BYTES = 1_048_576;

/** A batch that is not known to be in its segment file. */
class TailBatch extends HeldBatch {
  /** Set when it has its place. */
  segment: Segment | undefined;
  position = 0;
}

/** Batches side by side in a group that stand side by side in a segment too. */
export interface SegmentRun {
  readonly segment: Segment;
  readonly position: number;
  readonly bytes: number;
}

export interface PartitionPlace {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  readonly rule: RollRule;
}

export class JournalPartition implements PartitionStorage {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  /** Ascending; the last one is written to. Empty until the first batch. */
  segmentList: Segment[] = [];
  deleted = false;
  cleanedTo = 0;
  replaceableTo = 0;
  /** The directory is there, or will be made before anything that follows. */
  hasDirectory = false;
  /** Bytes of the open group, and where they stand in its body. */
  groupBytes = 0;
  groupBatches = 0;
  groupBodyAt = 0;
  groupBodyUsed = 0;
  /** Its number among the topics of the open group. */
  groupTopic = -1;
  readonly #reader: SegmentReader;
  /** Where it ended when journal files began that are not the oldest yet. */
  #checkpoints: { readonly file: number; readonly endOffset: number }[] = [];
  #startOffset = 0;
  #endOffset = 0;
  readonly #tail = new BatchList<TailBatch>();
  /** So many of the tail have their place in a segment. */
  #assigned = 0;
  /** So many of the tail belong to groups that were made. */
  #grouped = 0;
  /** So many of the tail are in their files, or in a program that writes them there. */
  #placed = 0;
  /** Each holds for batches from its offset on, up to the next one's. */
  readonly #rules: { readonly from: number; readonly rule: RollRule }[];

  constructor(place: PartitionPlace, handles: SegmentHandles) {
    this.topicId = place.topicId;
    this.topic = place.topic;
    this.partition = place.partition;
    this.directory = place.directory;
    this.#rules = [{ from: 0, rule: place.rule }];
    this.#reader = new SegmentReader(handles, place.topic, place.partition);
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  /** Loads or makes the segment's index; false when the segment cannot be read. */
  canIndex(segment: Segment): boolean {
    return this.#reader.canGoOn(segment);
  }

  /** Recovery: what a checkpoint says is in the files. */
  restore(checkpoint: CheckpointEntry): void {
    this.#startOffset = checkpoint.startOffset;
    this.#endOffset = checkpoint.endOffset;
    this.hasDirectory = checkpoint.segments.length > 0;
    this.cleanedTo = checkpoint.cleanedTo;
    this.segmentList = checkpoint.segments.map((saved, i) => {
      assert(
        i === 0 || checkpoint.segments[i - 1]!.endOffset <= saved.baseOffset,
        'segments follow each other',
      );
      return Segment.restored(this.directory, saved);
    });
  }

  checkpoint(): CheckpointEntry {
    this.#assign();
    return {
      type: 'checkpoint',
      topicId: this.topicId,
      partition: this.partition,
      startOffset: this.#startOffset,
      endOffset: this.#endOffset,
      cleanedTo: this.cleanedTo,
      segments: this.segmentList.map((segment) => segment.checkpoint()),
    };
  }

  append(entry: BatchEntry): void {
    assert(
      entry.baseOffset >= this.#endOffset,
      `a batch at ${entry.baseOffset} lies below the end ${this.#endOffset} of ${this.topic}-${this.partition}`,
    );
    this.#tail.push(new TailBatch(entry));
    this.#endOffset = entry.lastOffset + 1;
  }

  /** Takes force with the next batch. */
  configure(rule: RollRule): void {
    if (this.#rules.at(-1)!.from === this.#endOffset) this.#rules.pop();
    this.#rules.push({ from: this.#endOffset, rule });
  }

  segments(): readonly SegmentInfo[] {
    this.#assign();
    return this.segmentList.filter(
      (segment) => segment.endOffset > this.#startOffset || !segment.sealed,
    );
  }

  roll(): void {
    this.#assign();
    const active = this.segmentList.at(-1);
    if (active !== undefined) active.sealed = true;
  }

  /** Journal file `file` begins here: recovery from it writes no batch of before. */
  checkpointed(file: number): void {
    if (this.#checkpoints.at(-1)?.endOffset === this.#endOffset) return;
    this.#checkpoints.push({ file, endOffset: this.#endOffset });
  }

  /** No journal file before `oldest` is left. */
  journalBegins(oldest: number): void {
    while (this.#checkpoints.length > 0 && this.#checkpoints[0]!.file <= oldest)
      this.replaceableTo = this.#checkpoints.shift()!.endOffset;
  }

  /** Whether the segments are side by side in the log and whole in their files. */
  holds(segments: readonly Segment[]): boolean {
    const at = this.segmentList.indexOf(segments[0]!);
    return (
      !this.deleted &&
      at >= 0 &&
      segments.every((segment, i) => this.segmentList[at + i] === segment && readable(segment))
    );
  }

  /** Puts `added`, or nothing, in the place of the segments with these base offsets; returns those. */
  replaceSegments(
    baseOffsets: readonly number[],
    added: Segment | undefined,
    cleanedTo: number,
  ): Segment[] {
    this.cleanedTo = cleanedTo;
    const at = this.segmentList.findIndex((segment) => segment.baseOffset === baseOffsets[0]);
    if (at < 0) return [];
    const removed = this.segmentList.splice(
      at,
      baseOffsets.length,
      ...(added === undefined ? [] : [added]),
    );
    assert(
      removed.every((segment, i) => segment.baseOffset === baseOffsets[i]),
      `the segments that are replaced in ${this.topic}-${this.partition} follow each other`,
    );
    return removed;
  }

  /** A group with all of its batches is made. */
  grouped(): void {
    this.#assign();
    this.#grouped = this.#tail.length;
  }

  /** The segment that the next batch to be written belongs to. */
  get nextSegment(): Segment | undefined {
    return this.#placed < this.#grouped ? this.#tail.at(this.#placed)!.segment : undefined;
  }

  /** Those that wait for batches of groups that were made. */
  waitingSegments(): Set<Segment> {
    const segments = new Set<Segment>();
    for (let i = this.#placed; i < this.#grouped; i++) segments.add(this.#tail.at(i)!.segment!);
    return segments;
  }

  /** Bytes of the tail that are in no program. */
  get unplacedBytes(): number {
    let bytes = this.#tail.bytes;
    for (let i = 0; i < this.#placed; i++) bytes -= this.#tail.at(i)!.end;
    return bytes;
  }

  /** The batches that wait for their segments, in their order. */
  waiting(): Buffer[] {
    const batches: Buffer[] = [];
    for (let i = this.#placed; i < this.#grouped; i++) batches.push(this.#tail.at(i)!.bytes);
    return batches;
  }

  /** Where batches up to here are in their files, or in a program. */
  get placedEnd(): number {
    return this.#placed === 0 ? 0 : this.#tail.at(this.#placed - 1)!.lastOffset + 1;
  }

  /** All batches belong to groups, and go to their files. */
  place(): SegmentRun[] {
    this.grouped();
    return this.placeGrouped();
  }

  /** What the batches that wait become in the files; the runs are in their order. */
  placeGrouped(): SegmentRun[] {
    const runs: SegmentRun[] = [];
    let segment: Segment | undefined;
    let position = 0;
    let end = 0;
    for (; this.#placed < this.#grouped; this.#placed++) {
      const batch = this.#tail.at(this.#placed)!;
      if (batch.segment !== segment) {
        if (segment !== undefined) runs.push({ segment, position, bytes: end - position });
        segment = batch.segment!;
        position = batch.position;
      }
      end = batch.position + batch.end;
    }
    if (segment !== undefined) runs.push({ segment, position, bytes: end - position });
    return runs;
  }

  /** Batches up to `endOffset` are in their files now. Returns the bytes that were let go. */
  written(endOffset: number): number {
    let bytes = 0;
    let count = 0;
    for (; count < this.#placed; count++) {
      const batch = this.#tail.at(count)!;
      if (batch.lastOffset >= endOffset) break;
      batch.segment!.readableBytes += batch.end;
      bytes += batch.end;
    }
    this.#tail.drop(count);
    this.#placed -= count;
    this.#grouped -= count;
    this.#assigned -= count;
    return bytes;
  }

  raiseStart(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#startOffset = offset;
    if (this.#endOffset < offset) this.#endOffset = offset;
  }

  /** Takes the segments out that no reader can ask for any more. One that may be written to stays. */
  dropSegmentsBelowStart(): Segment[] {
    let count = 0;
    for (const segment of this.segmentList) {
      if (!this.#isBelowStart(segment) || !readable(segment)) break;
      count++;
    }
    return this.segmentList.splice(0, count);
  }

  get hasSegmentsBelowStart(): boolean {
    const first = this.segmentList[0];
    return first !== undefined && this.#isBelowStart(first);
  }

  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    if (this.deleted) return [];
    const tailAt = this.#tail.at(0)?.baseOffset ?? this.#endOffset;
    if (fromOffset < tailAt) {
      for (let i = this.#find(fromOffset); i < this.segmentList.length; i++) {
        const segment = this.segmentList[i]!;
        if (segment.baseOffset >= endOffset) return [];
        if (segment.readableBytes === 0) break;
        const batches = this.#reader.read(
          segment,
          fromOffset,
          Math.min(endOffset, tailAt),
          maxBytes,
        );
        if (batches.length > 0) return batches;
      }
    }
    return this.#tail.read(fromOffset, endOffset, maxBytes);
  }

  findTimestamp(
    timestamp: number,
    endOffset: number,
    place?: BatchPlace,
  ): { readonly offset: number; readonly timestamp: number } | undefined {
    let offset = this.#startOffset;
    for (const segment of this.segmentList) {
      // The greatest timestamp counts what is in the tail too, so a segment is never passed over wrongly.
      if (segment.maxTimestamp < timestamp && segment.readableBytes === segment.bytes) {
        offset = Math.max(offset, segment.endOffset);
        continue;
      }
      this.#reader.verifyIndex(segment);
      offset = Math.max(offset, segment.locateTimestamp(timestamp));
      break;
    }
    const cursor = new RecordCursor();
    while (offset < endOffset) {
      const batches = this.read(offset, endOffset, SCAN_BYTES);
      if (batches.length === 0) return undefined;
      for (const batch of batches) {
        // A compressed batch is not opened for nothing.
        if (batchMaxTimestamp(batch.bytes, batch.start) >= timestamp)
          cursor.reset(batch.bytes, batch.start, place);
        while (cursor.next()) {
          if (cursor.offset < this.#startOffset || cursor.timestamp < timestamp) continue;
          return cursor.offset < endOffset
            ? { offset: cursor.offset, timestamp: cursor.timestamp }
            : undefined;
        }
        offset = batchLastOffset(batch.bytes, batch.start) + 1;
      }
    }
    return undefined;
  }

  #isBelowStart({ sealed, endOffset }: Segment): boolean {
    return sealed && endOffset <= this.#startOffset;
  }

  /** Gives every batch of the tail that has none its place in a segment. */
  #assign(): void {
    for (; this.#assigned < this.#tail.length; this.#assigned++) {
      const batch = this.#tail.at(this.#assigned)!;
      batch.segment = this.#segmentFor(batch);
      batch.position = batch.segment.bytes;
      batch.segment.add(batch.lastOffset, batch.maxTimestamp, batch.end);
    }
  }

  #segmentFor(batch: TailBatch): Segment {
    const active = this.segmentList.at(-1);
    if (
      active !== undefined &&
      !mustRoll(this.#ruleAt(batch.baseOffset), active, batch) &&
      // What is damaged is not written to; its records are refused when they are read.
      this.#reader.canGoOn(active)
    ) {
      return active;
    }
    if (active !== undefined) active.sealed = true;
    const segment = new Segment(this.directory, batch.baseOffset);
    this.segmentList.push(segment);
    return segment;
  }

  #ruleAt(offset: number): RollRule {
    while (this.#rules.length > 1 && this.#rules[1]!.from <= offset) this.#rules.shift();
    return this.#rules[0]!.rule;
  }

  /** The segment that contains `offset`, or the first one behind it. */
  #find(offset: number): number {
    let low = 0;
    let high = this.segmentList.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.segmentList[middle]!.endOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const readable = (segment: Segment): boolean => segment.readableBytes === segment.bytes;
