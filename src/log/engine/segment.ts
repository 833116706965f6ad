/**
 * One segment file of a partition, as the rest of the storage sees it: how far it is written, and the sparse
 * indexes over it. Kafka's names and bytes, so that Kafka's dump tool reads them:
 *
 *     <topic>-<partition>/<20 digits of the base offset>.log         record batches v2, offsets without gaps
 *                                                       .index       (int32 relative offset, int32 position)*
 *                                                       .timeindex   (int64 timestamp, int32 relative offset)*
 *
 * An index entry stands for the first batch that begins 4096 bytes or more after the former entry's. Indexes live in
 * memory and are written when the segment is full or a checkpoint is made; a missing or odd one is made anew.
 */
import { readInt64, writeInt64 } from '../../env/bytes.js';
import type { SegmentCheckpoint } from './journal-format.js';

const INDEX_INTERVAL_BYTES = 4096;
export const INDEX_ENTRY_BYTES = 8;
export const TIME_INDEX_ENTRY_BYTES = 12;
/** Kafka keeps offsets within a segment relative to its base, as int32. */
export const RELATIVE_OFFSET_MAX = 2_147_483_647;

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
  maxTimestamp = -1;
  /** Its files were removed. */
  removed = false;
  /** The file is there, or is made by a program under way. */
  created = false;
  /** False until the index of a file from before was read. */
  indexed = true;
  /** Every entry of the index was made from its batch, not read from a file without a checksum. */
  verified = true;
  #lastIndexedAt = 0;
  #offsets: number[] = [];
  #positions: number[] = [];
  #timestamps: number[] = [];

  constructor(directory: string, baseOffset: number) {
    this.directory = directory;
    this.baseOffset = baseOffset;
    this.endOffset = baseOffset;
    this.stem = `${directory}/${segmentName(baseOffset)}`;
  }

  get logPath(): string {
    return `${this.stem}.log`;
  }

  /** Takes note of a batch that stands at `bytes`. */
  add(firstOffset: number, lastOffset: number, maxTimestamp: number, length: number): void {
    if (this.bytes - this.#lastIndexedAt >= INDEX_INTERVAL_BYTES) {
      this.#lastIndexedAt = this.bytes;
      // The time index names a place from which on all later timestamps may be: those before it are at most this.
      this.#timestamps.push(this.maxTimestamp);
      this.#offsets.push(firstOffset - this.baseOffset);
      this.#positions.push(this.bytes);
    }
    this.bytes += length;
    this.endOffset = lastOffset + 1;
    if (maxTimestamp > this.maxTimestamp) this.maxTimestamp = maxTimestamp;
  }

  /** Base offset and position of an indexed batch at or below `offset`. */
  locate(offset: number): { readonly offset: number; readonly position: number } {
    const relative = offset - this.baseOffset;
    const at = lastAtMost(this.#offsets, relative);
    if (at < 0) return { offset: this.baseOffset, position: 0 };
    return { offset: this.baseOffset + this.#offsets[at]!, position: this.#positions[at]! };
  }

  /** An offset before which every timestamp is below `timestamp`. */
  locateTimestamp(timestamp: number): number {
    // Entries carry the greatest timestamp before them, so they grow.
    let low = 0;
    let high = this.#timestamps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestamps[middle]! < timestamp) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? this.baseOffset : this.baseOffset + this.#offsets[low - 1]!;
  }

  clearIndex(): void {
    this.#offsets = [];
    this.#positions = [];
    this.#timestamps = [];
    this.#lastIndexedAt = 0;
  }

  /** Starts anew, to be filled batch by batch. */
  reset(): void {
    this.clearIndex();
    this.bytes = 0;
    this.readableBytes = 0;
    this.endOffset = this.baseOffset;
    this.maxTimestamp = -1;
    this.indexed = true;
    this.verified = true;
  }

  /** Takes over an index file if it can be one of this segment; says whether it did. */
  loadIndex(index: Buffer, timeIndex: Buffer): boolean {
    const entries = index.length / INDEX_ENTRY_BYTES;
    if (!Number.isInteger(entries) || timeIndex.length < entries * TIME_INDEX_ENTRY_BYTES)
      return false;
    this.clearIndex();
    let offset = 0;
    let position = 0;
    let timestamp = -1;
    for (let i = 0; i < entries; i++) {
      const nextOffset = index.readInt32BE(i * INDEX_ENTRY_BYTES);
      const nextPosition = index.readInt32BE(i * INDEX_ENTRY_BYTES + 4);
      const nextTimestamp = readInt64(timeIndex, i * TIME_INDEX_ENTRY_BYTES);
      if (nextPosition >= this.bytes) break;
      if (nextOffset <= offset || nextPosition <= position || nextTimestamp < timestamp)
        return false;
      offset = nextOffset;
      position = nextPosition;
      timestamp = nextTimestamp;
      this.#offsets.push(offset);
      this.#positions.push(position);
      this.#timestamps.push(timestamp);
    }
    this.#lastIndexedAt = position;
    this.verified = false;
    return true;
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
    const buffer = Buffer.alloc(this.#offsets.length * TIME_INDEX_ENTRY_BYTES);
    for (let i = 0; i < this.#offsets.length; i++) {
      writeInt64(buffer, this.#timestamps[i]!, i * TIME_INDEX_ENTRY_BYTES);
      buffer.writeInt32BE(this.#offsets[i]! - 1, i * TIME_INDEX_ENTRY_BYTES + 8);
    }
    return buffer;
  }

  checkpoint(): SegmentCheckpoint {
    return {
      baseOffset: this.baseOffset,
      endOffset: this.endOffset,
      bytes: this.bytes,
      maxTimestamp: this.maxTimestamp,
    };
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
