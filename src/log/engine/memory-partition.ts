/**
 * One partition of the memory log: every batch that is not deleted, in one list, and beside it where a durable log
 * would cut that list into segments, so that retention and compaction do the same to both.
 */
import { assert } from '../../errors.js';
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestamp,
  batchRecordCount,
} from '../batch-header.js';
import type { BatchRange } from '../client.js';
import type { BatchPlace } from '../compression/record-codecs.js';
import { RecordCursor } from '../record-cursor.js';
import { BatchList, HeldBatch, type BatchContent } from './batch-list.js';
import { mustRoll, type RollRule } from './segment-roll.js';
import type { BatchEntry, PartitionStorage, SegmentInfo } from './storage.js';

/** What all partitions of a memory log hold together. */
export interface HeldMemory {
  bytes: number;
}

class MemorySegment implements SegmentInfo {
  readonly baseOffset: number;
  readonly firstTimestamp: number;
  endOffset: number;
  bytes = 0;
  maxTimestamp = -1;
  sealed = false;

  constructor(baseOffset: number, firstTimestamp: number) {
    this.baseOffset = baseOffset;
    this.endOffset = baseOffset;
    this.firstTimestamp = firstTimestamp;
  }

  add(batch: BatchContent): void {
    this.endOffset = batch.lastOffset + 1;
    this.bytes += batch.bytes.length;
    if (batch.maxTimestamp > this.maxTimestamp) this.maxTimestamp = batch.maxTimestamp;
  }
}

export class MemoryPartition implements PartitionStorage {
  rule: RollRule;
  cleanedTo = 0;
  #startOffset = 0;
  #endOffset = 0;
  readonly #batches = new BatchList<HeldBatch>();
  #segments: MemorySegment[] = [];
  readonly #memory: HeldMemory;

  constructor(rule: RollRule, memory: HeldMemory) {
    this.rule = rule;
    this.#memory = memory;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  /** There are no files that recovery writes. */
  get replaceableTo(): number {
    return this.#endOffset;
  }

  append(entry: BatchEntry): void {
    assert(
      entry.baseOffset >= this.#endOffset,
      `batch at ${entry.baseOffset} lies below the log end ${this.#endOffset}`,
    );
    this.#batches.push(new HeldBatch(entry));
    this.#memory.bytes += entry.bytes.length;
    this.#endOffset = entry.lastOffset + 1;
    let active = this.#segments.at(-1);
    if (active === undefined || mustRoll(this.rule, active, entry)) {
      if (active !== undefined) active.sealed = true;
      this.#segments.push((active = new MemorySegment(entry.baseOffset, entry.maxTimestamp)));
    }
    active.add(entry);
  }

  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    return this.#batches.read(fromOffset, endOffset, maxBytes);
  }

  findTimestamp(
    timestamp: number,
    endOffset: number,
    place?: BatchPlace,
  ): { readonly offset: number; readonly timestamp: number } | undefined {
    const cursor = new RecordCursor();
    for (let i = this.#batches.find(this.#startOffset); i < this.#batches.length; i++) {
      const batch = this.#batches.at(i)!;
      if (batch.baseOffset >= endOffset) return undefined;
      if (batch.maxTimestamp < timestamp) continue;
      cursor.reset(batch.bytes, 0, place);
      while (cursor.next()) {
        if (cursor.offset >= endOffset) return undefined;
        if (cursor.offset < this.#startOffset || cursor.timestamp < timestamp) continue;
        return { offset: cursor.offset, timestamp: cursor.timestamp };
      }
    }
    return undefined;
  }

  segments(): readonly SegmentInfo[] {
    return this.#segments.filter(
      (segment) => segment.endOffset > this.#startOffset || !segment.sealed,
    );
  }

  roll(): void {
    const active = this.#segments.at(-1);
    if (active !== undefined) active.sealed = true;
  }

  raiseStart(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#startOffset = offset;
    if (this.#endOffset < offset) this.#endOffset = offset;
    this.#drop(this.#batches.find(offset));
    this.#segments = this.#segments.filter(
      (segment) => segment.endOffset > offset || !segment.sealed,
    );
  }

  /** Its topic is deleted. */
  release(): void {
    this.#drop(this.#batches.length);
  }

  #drop(count: number): void {
    const before = this.#batches.bytes;
    this.#batches.drop(count);
    this.#memory.bytes -= before - this.#batches.bytes;
  }

  /** Puts the batches in the place of the segments; false when one of those is not there any more. */
  replace(segments: readonly SegmentInfo[], ranges: readonly BatchRange[]): boolean {
    const at = this.#segments.indexOf(segments[0] as MemorySegment); // as `segments` gave it out
    if (at < 0 || segments.some((segment, i) => this.#segments[at + i] !== segment)) return false;
    const held = ranges.map(heldBatch);
    const from = this.#batches.find(segments[0]!.baseOffset);
    const before = this.#batches.bytes;
    this.#batches.replace(from, this.#batches.find(segments.at(-1)!.endOffset), held);
    this.#memory.bytes += this.#batches.bytes - before;
    this.#segments.splice(at, segments.length, ...cleanedSegment(segments[0]!.baseOffset, held));
    return true;
  }
}

function cleanedSegment(baseOffset: number, batches: readonly HeldBatch[]): MemorySegment[] {
  const first = batches[0];
  if (first === undefined) return [];
  const segment = new MemorySegment(baseOffset, first.maxTimestamp);
  for (const batch of batches) segment.add(batch);
  segment.sealed = true;
  return [segment];
}

/** The batch in memory of its own, unless it was held before. */
function heldBatch(range: BatchRange): HeldBatch {
  if (range instanceof HeldBatch) return range;
  const { bytes, start, end } = range;
  return new HeldBatch({
    bytes: bytes.subarray(start, end),
    baseOffset: batchBaseOffset(bytes, start),
    lastOffset: batchLastOffset(bytes, start),
    // A batch without records has no timestamp that a reader could look for.
    maxTimestamp: batchRecordCount(bytes, start) === 0 ? -1 : batchMaxTimestamp(bytes, start),
  });
}
