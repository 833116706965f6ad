/**
 * One segment file of a partition, as the rest of the storage sees it: how far it is written, and the sparse
 * indexes over it. Kafka's names and bytes, so that Kafka's dump tool reads them:
 *
 *     <topic>-<partition>/<20 digits of the base offset>.log         record batches v2; offsets without gaps until it is cleaned
 *                                                       .index       (int32 relative offset, int32 position)*
 *                                                       .timeindex   (int64 timestamp, int32 relative offset)*
 *
 * An index entry stands for the first batch that begins 4096 bytes or more behind the former one: its last offset and
 * its position. A time index entry is the greatest timestamp so far and the last offset of the batch that has it.
 * Indexes live in memory and are written when a checkpoint is made; a missing or odd one is made anew.
 */
import { readInt64, writeInt64 } from '../../env/bytes.js';
import type { SegmentCheckpoint } from './journal-format.js';

export const INDEX_INTERVAL_BYTES = 4096;
export const INDEX_ENTRY_BYTES = 8;
export const TIME_INDEX_ENTRY_BYTES = 12;

export class Segment {
  readonly directory: string;
  readonly baseOffset: number;
  /** Path without extension. */
  readonly stem: string;
  /** Bytes that are, or are going to be, in the file. */
  bytes = 0;
  /** Bytes that a reader finds in the file. */
  readableBytes = 0;
  /** Offset after the last batch. */
  endOffset: number;
  /** The greatest timestamp of its first batch, as Kafka reckons `segment.ms`; -1 when it is empty. */
  firstTimestamp = -1;
  maxTimestamp = -1;
  /** Last offset of the batch with the greatest timestamp. */
  maxTimestampOffset: number;
  /** Nothing will be written behind what it holds. */
  sealed = false;
  /** Batches and records may be missing between the others: offsets only ascend. */
  cleaned = false;
  /** Its files were removed. */
  removed = false;
  /** The index files lack what the index in memory has, or were never written. */
  indexChanged = true;
  /** The file is there, or is made by a program under way. */
  created = false;
  /** Its batches were walked, and one does not follow the other: index files cannot be believed either. */
  damaged = false;
  /** False until the index of a file from before was read. */
  indexed = true;
  /** Every entry of the index was made from its batch, not read from a file without a checksum. */
  verified = true;
  #lastIndexedAt = 0;
  /** Relative last offsets and positions of the indexed batches, and the greatest timestamp before each of them. */
  #offsets: number[] = [];
  #positions: number[] = [];
  #timestampsBefore: number[] = [];
  #times: number[] = [];
  #timeOffsets: number[] = [];

  constructor(directory: string, baseOffset: number) {
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.endOffset = baseOffset;
    this.maxTimestampOffset = baseOffset;
    this.stem = `${directory}/${segmentName(baseOffset)}`;
  }

  get logPath(): string {
    return `${this.stem}.log`;
  }

  /** Takes note of a batch that stands at `bytes`. */
  add(lastOffset: number, maxTimestamp: number, length: number): void {
    const before = this.maxTimestamp;
    if (this.bytes === 0) this.firstTimestamp = maxTimestamp;
    if (maxTimestamp > before) {
      this.maxTimestamp = maxTimestamp;
      this.maxTimestampOffset = lastOffset;
    }
    if (this.bytes - this.#lastIndexedAt >= INDEX_INTERVAL_BYTES) {
      this.#lastIndexedAt = this.bytes;
      this.indexChanged = true;
      this.#offsets.push(lastOffset - this.baseOffset);
      this.#positions.push(this.bytes);
      this.#timestampsBefore.push(before);
      this.#indexTime();
    }
    this.bytes += length;
    this.endOffset = lastOffset + 1;
  }

  /** Position and last offset (-1: none is known) of a batch that ends at or before `offset`, or of the first one. */
  locate(offset: number): { readonly lastOffset: number; readonly position: number } {
    const at = lastAtMost(this.#offsets, offset - this.baseOffset);
    if (at < 0) return { lastOffset: -1, position: 0 };
    return { lastOffset: this.baseOffset + this.#offsets[at]!, position: this.#positions[at]! };
  }

  /** An offset before which every timestamp is below `timestamp`; only when the index is verified. */
  locateTimestamp(timestamp: number): number {
    let low = 0;
    let high = this.#timestampsBefore.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestampsBefore[middle]! < timestamp) low = middle + 1;
      else high = middle;
    }
    // All before the indexed batch `low - 1` is older; behind the one before it is a batch's beginning.
    return low < 2 ? this.baseOffset : this.baseOffset + this.#offsets[low - 2]! + 1;
  }

  clearIndex(): void {
    this.#offsets = [];
    this.#positions = [];
    this.#timestampsBefore = [];
    this.#times = [];
    this.#timeOffsets = [];
    this.#lastIndexedAt = 0;
  }

  /** Starts anew, to be filled batch by batch. */
  reset(): void {
    this.clearIndex();
    this.bytes = 0;
    this.readableBytes = 0;
    this.endOffset = this.baseOffset;
    this.maxTimestamp = -1;
    this.maxTimestampOffset = this.baseOffset;
    this.indexed = true;
    this.verified = true;
  }

  /** Takes over index files if they can be those of this segment; says whether it did. */
  loadIndex(index: Buffer, timeIndex: Buffer): boolean {
    this.clearIndex();
    this.verified = false;
    return this.#loadOffsets(index) && this.#loadTimes(timeIndex);
  }

  encodeIndex(): Buffer {
    const buffer = Buffer.alloc(this.#offsets.length * INDEX_ENTRY_BYTES);
    for (let i = 0; i < this.#offsets.length; i++) {
      buffer.writeInt32BE(this.#offsets[i]!, i * INDEX_ENTRY_BYTES);
      buffer.writeInt32BE(this.#positions[i]!, i * INDEX_ENTRY_BYTES + 4);
    }
    return buffer;
  }

  encodeTimeIndex(): Buffer {
    const buffer = Buffer.alloc(this.#times.length * TIME_INDEX_ENTRY_BYTES);
    for (let i = 0; i < this.#times.length; i++) {
      writeInt64(buffer, this.#times[i]!, i * TIME_INDEX_ENTRY_BYTES);
      buffer.writeInt32BE(this.#timeOffsets[i]!, i * TIME_INDEX_ENTRY_BYTES + 8);
    }
    return buffer;
  }

  /** A segment whose file was written before. */
  static restored(directory: string, saved: SegmentCheckpoint): Segment {
    const segment = new Segment(directory, saved.baseOffset);
    segment.bytes = saved.bytes;
    segment.readableBytes = saved.bytes;
    segment.sealed = saved.sealed;
    segment.cleaned = saved.cleaned;
    segment.firstTimestamp = saved.firstTimestamp;
    segment.maxTimestamp = saved.maxTimestamp;
    segment.maxTimestampOffset = saved.maxTimestampOffset;
    segment.endOffset = saved.endOffset;
    segment.indexed = false;
    segment.created = true;
    return segment;
  }

  checkpoint(): SegmentCheckpoint {
    return {
      baseOffset: this.baseOffset,
      endOffset: this.endOffset,
      bytes: this.bytes,
      sealed: this.sealed,
      cleaned: this.cleaned,
      firstTimestamp: this.firstTimestamp,
      maxTimestamp: this.maxTimestamp,
      maxTimestampOffset: this.maxTimestampOffset,
    };
  }

  #indexTime(): void {
    const last = this.#times.at(-1);
    if (last !== undefined && last >= this.maxTimestamp) return;
    this.#times.push(this.maxTimestamp);
    this.#timeOffsets.push(this.maxTimestampOffset - this.baseOffset);
  }

  #loadOffsets(index: Buffer): boolean {
    let position = 0;
    let offset = -1;
    for (let at = 0; at + INDEX_ENTRY_BYTES <= index.length; at += INDEX_ENTRY_BYTES) {
      const nextOffset = index.readInt32BE(at);
      const nextPosition = index.readInt32BE(at + 4);
      if (nextPosition >= this.bytes) break;
      if (nextOffset <= offset || nextPosition <= position) return false;
      this.#offsets.push((offset = nextOffset));
      this.#positions.push((position = nextPosition));
    }
    this.#lastIndexedAt = position;
    return index.length % INDEX_ENTRY_BYTES === 0;
  }

  #loadTimes(timeIndex: Buffer): boolean {
    let time = -1;
    let offset = -1;
    for (
      let at = 0;
      at + TIME_INDEX_ENTRY_BYTES <= timeIndex.length;
      at += TIME_INDEX_ENTRY_BYTES
    ) {
      const nextTime = readInt64(timeIndex, at);
      const nextOffset = timeIndex.readInt32BE(at + 8);
      if (nextOffset >= this.endOffset - this.baseOffset) break;
      if (nextOffset <= offset || nextTime <= time) return false;
      this.#times.push((time = nextTime));
      this.#timeOffsets.push((offset = nextOffset));
    }
    return timeIndex.length % TIME_INDEX_ENTRY_BYTES === 0;
  }
}

/** Kafka's file name for a base offset. */
export function segmentName(baseOffset: number): string {
  return String(baseOffset).padStart(20, '0');
}

/** Index of the last value <= `limit` in an ascending list, or -1. */
function lastAtMost(values: readonly number[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
