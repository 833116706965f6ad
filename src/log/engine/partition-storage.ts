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
import { RecordCursor } from '../record-cursor.js';
import { BatchList, HeldBatch } from './batch-list.js';
import type { CheckpointEntry } from './journal-format.js';
import { RELATIVE_OFFSET_MAX, Segment } from './segment.js';
import { SegmentReader, type SegmentHandles } from './segment-reader.js';
import type { BatchEntry, PartitionStorage } from './storage.js';

const SCAN_BYTES = 1_048_576;

/** A batch that is not known to be in its segment file. */
class TailBatch extends HeldBatch {
  /** Set when its group is made. */
  segment: Segment | undefined;
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
  readonly segmentBytes: number;
}

export class JournalPartition implements PartitionStorage {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
  /** Ascending; the last one is written to. Empty until the first batch. */
  segments: Segment[] = [];
  deleted = false;
  /** The directory is there, or will be made before anything that follows. */
  hasDirectory = false;
  /** Bytes of the open group, and where they stand in its body. */
  groupBytes = 0;
  groupBodyAt = 0;
  groupBodyUsed = 0;
  /** Its number among the topics of the open group. */
  groupTopic = -1;
  readonly #segmentBytes: number;
  readonly #reader: SegmentReader;
  #startOffset = 0;
  #endOffset = 0;
  readonly #tail = new BatchList<TailBatch>();
  /** So many of the tail have their place in a segment. */
  #placed = 0;

  constructor(place: PartitionPlace, handles: SegmentHandles) {
    this.topicId = place.topicId;
    this.topic = place.topic;
    this.partition = place.partition;
    this.directory = place.directory;
    this.#segmentBytes = place.segmentBytes;
    this.#reader = new SegmentReader(handles, place.topic, place.partition);
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  /** Recovery: what a checkpoint says is in the files. */
  restore(checkpoint: CheckpointEntry): void {
    this.#startOffset = checkpoint.startOffset;
    this.#endOffset = checkpoint.endOffset;
    this.hasDirectory = checkpoint.segments.length > 0;
    this.segments = checkpoint.segments.map((saved, i) => {
      const segment = new Segment(this.directory, saved.baseOffset);
      segment.bytes = saved.bytes;
      segment.readableBytes = saved.bytes;
      segment.maxTimestamp = saved.maxTimestamp;
      segment.maxTimestampOffset = saved.maxTimestampOffset;
      segment.endOffset = saved.endOffset;
      segment.indexed = false;
      segment.created = true;
      assert(
        i === 0 || checkpoint.segments[i - 1]!.endOffset <= saved.baseOffset,
        'segments follow each other',
      );
      return segment;
    });
  }

  checkpoint(): CheckpointEntry {
    return {
      type: 'checkpoint',
      topicId: this.topicId,
      partition: this.partition,
      startOffset: this.#startOffset,
      endOffset: this.#endOffset,
      segments: this.segments.map((segment) => segment.checkpoint()),
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

  /** Gives every batch of the tail that has none its place in a segment; the runs are in their order. */
  place(): SegmentRun[] {
    const runs: SegmentRun[] = [];
    let segment: Segment | undefined;
    let position = 0;
    for (; this.#placed < this.#tail.length; this.#placed++) {
      const batch = this.#tail.at(this.#placed)!;
      const target = this.#segmentFor(batch.baseOffset, batch.lastOffset, batch.end);
      if (target !== segment) {
        if (segment !== undefined)
          runs.push({ segment, position, bytes: segment.bytes - position });
        segment = target;
        position = target.bytes;
      }
      batch.segment = target;
      target.add(batch.lastOffset, batch.maxTimestamp, batch.end);
    }
    if (segment !== undefined) runs.push({ segment, position, bytes: segment.bytes - position });
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
    return bytes;
  }

  raiseStart(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#startOffset = offset;
    if (this.#endOffset < offset) this.#endOffset = offset;
  }

  /** Takes the segments out that no reader can ask for any more. The last one stays: it is written to. */
  dropSegmentsBelowStart(): Segment[] {
    let count = 0;
    while (
      count + 1 < this.segments.length &&
      this.segments[count]!.endOffset <= this.#startOffset &&
      readable(this.segments[count]!)
    )
      count++;
    return this.segments.splice(0, count);
  }

  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    if (this.deleted) return [];
    const tailAt = this.#tail.at(0)?.baseOffset ?? this.#endOffset;
    if (fromOffset < tailAt) {
      for (let i = this.#find(fromOffset); i < this.segments.length; i++) {
        const segment = this.segments[i]!;
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
  ): { readonly offset: number; readonly timestamp: number } | undefined {
    let offset = this.#startOffset;
    for (const segment of this.segments) {
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
        cursor.reset(batch.bytes, batch.start);
        while (cursor.next()) {
          if (cursor.offset < this.#startOffset || cursor.timestamp < timestamp) continue;
          return cursor.offset < endOffset
            ? { offset: cursor.offset, timestamp: cursor.timestamp }
            : undefined;
        }
        offset = cursor.offset + 1;
      }
    }
    return undefined;
  }

  #segmentFor(baseOffset: number, lastOffset: number, length: number): Segment {
    const active = this.segments.at(-1);
    // A gap begins a new segment: within one, offsets without a gap prove that no batch is missing or misplaced.
    if (
      active !== undefined &&
      active.endOffset === baseOffset &&
      active.bytes + length <= this.#segmentBytes &&
      lastOffset - active.baseOffset <= RELATIVE_OFFSET_MAX &&
      // What is damaged is not written to; its records are refused when they are read.
      this.#reader.canGoOn(active)
    ) {
      return active;
    }
    const segment = new Segment(this.directory, baseOffset);
    this.segments.push(segment);
    return segment;
  }

  /** The segment that contains `offset`, or the first one behind it. */
  #find(offset: number): number {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.segments[middle]!.endOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const readable = (segment: Segment): boolean => segment.readableBytes === segment.bytes;
