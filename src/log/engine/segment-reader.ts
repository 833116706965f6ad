/**
 * Reads batches of one partition back from its segment files. Every byte that comes from a file is verified before
 * it is handed out: CRC, magic, and that offsets follow each other without a gap from an anchor that is known. What
 * fails is `LOG_CORRUPT` with file and offset; nothing is skipped. An index that leads astray is made anew first.
 */
import { allocate } from '../../env/bytes.js';
import type { FileHandle, FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';
import {
  BATCH_HEADER_BYTES,
  batchBaseOffset,
  batchBytes,
  batchLastOffset,
  batchMaxTimestamp,
  batchRecordCount,
  verifyBatch,
} from '../batch-header.js';
import type { BatchRange } from '../client.js';
import type { Segment } from './segment.js';

const READ_BYTES_MIN = 65_536;

/** Read handles of all partitions; the least recently used is closed when there are too many. */
export class SegmentHandles {
  readonly #files: FileSystem;
  readonly #handlesMax: number;
  readonly #open = new Map<string, FileHandle>();
  /** Files that stay open under a name they do not have yet. */
  readonly #pinned = new Map<string, FileHandle>();

  constructor(files: FileSystem, handlesMax = 256) {
    this.#files = files;
    this.#handlesMax = handlesMax;
  }

  /** Reads of `path` go to the file `actual` until it has that name. */
  pin(path: string, actual: string): void {
    const handle = this.#files.open(actual, 'read');
    this.close(path);
    this.#pinned.set(path, handle);
  }

  unpin(path: string): void {
    this.#pinned.get(path)?.close();
    this.#pinned.delete(path);
  }

  get(path: string): FileHandle {
    const pinned = this.#pinned.get(path);
    if (pinned !== undefined) return pinned;
    const known = this.#open.get(path);
    if (known !== undefined) {
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    if (this.#open.size >= this.#handlesMax) {
      const [oldest] = this.#open.keys();
      this.close(oldest!);
    }
    const handle = this.#files.open(path, 'read');
    this.#open.set(path, handle);
    return handle;
  }

  /** The whole file, or undefined when there is none. */
  readFile(path: string): Buffer | undefined {
    if (!this.#files.exists(path)) return undefined;
    const handle = this.#files.open(path, 'read');
    try {
      const bytes = allocate(handle.size());
      return bytes.subarray(0, handle.read(bytes, 0));
    } finally {
      handle.close();
    }
  }

  close(path: string): void {
    this.#open.get(path)?.close();
    this.#open.delete(path);
    this.unpin(path);
  }

  closeAll(): void {
    for (const handle of this.#open.values()) handle.close();
    for (const handle of this.#pinned.values()) handle.close();
    this.#open.clear();
    this.#pinned.clear();
  }
}

/** The bytes at a place are not what the log wrote there. */
class Damage {
  readonly position: number;
  readonly what: string;
  constructor(position: number, what: string) {
    this.position = position;
    this.what = what;
  }
}

export class SegmentReader {
  readonly #handles: SegmentHandles;
  readonly #topic: string;
  readonly #partition: number;

  constructor(handles: SegmentHandles, topic: string, partition: number) {
    this.#handles = handles;
    this.#topic = topic;
    this.#partition = partition;
  }

  /** Whole batches of the segment from the one that contains `fromOffset`; at least one if there is one below `endOffset`. */
  read(segment: Segment, fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    this.loadIndex(segment);
    let found = this.#read(segment, fromOffset, endOffset, maxBytes);
    if (found instanceof Damage) {
      // Perhaps only the index is wrong: from the segment's beginning there is nothing to be misled by.
      this.rebuildIndex(segment);
      found = this.#read(segment, fromOffset, endOffset, maxBytes);
    }
    if (found instanceof Damage) throw this.#corrupt(segment, found, fromOffset);
    return found;
  }

  loadIndex(segment: Segment): void {
    if (segment.indexed) return;
    if (segment.damaged) {
      this.rebuildIndex(segment);
      return;
    }
    const index = this.#handles.readFile(`${segment.stem}.index`);
    const timeIndex = this.#handles.readFile(`${segment.stem}.timeindex`);
    if (index === undefined || timeIndex === undefined || !segment.loadIndex(index, timeIndex))
      this.rebuildIndex(segment);
    segment.indexed = true;
  }

  /** Loads the index so that it can go on with what is appended; false when the segment cannot be read. */
  canGoOn(segment: Segment): boolean {
    try {
      this.loadIndex(segment);
      return true;
    } catch (error) {
      if (error instanceof StreamsError) return false;
      throw error;
    }
  }

  /** A wrong time index would be believed, because no batch contradicts it: it is made from the batches once. */
  verifyIndex(segment: Segment): void {
    if (!segment.indexed || !segment.verified) this.rebuildIndex(segment);
  }

  /** Reads the header of every batch. Throws `LOG_CORRUPT` when they do not follow each other. */
  rebuildIndex(segment: Segment): void {
    const { readableBytes, bytes, endOffset, maxTimestamp, maxTimestampOffset } = segment;
    const handle = this.#handles.get(segment.logPath);
    const header = allocate(BATCH_HEADER_BYTES);
    segment.reset();
    // Until the end is reached it is half an index, and a damaged segment must not be taken for one to go on with.
    segment.indexed = false;
    segment.damaged = true;
    try {
      while (segment.bytes < readableBytes) {
        const position = segment.bytes;
        const length =
          handle.read(header, position) < BATCH_HEADER_BYTES ? 0 : batchBytes(header, 0);
        if (length < BATCH_HEADER_BYTES || position + length > readableBytes || header[16] !== 2)
          throw this.#corrupt(
            segment,
            new Damage(position, 'no batch begins there'),
            segment.endOffset,
          );
        const first = batchBaseOffset(header, 0);
        const last = batchLastOffset(header, 0);
        if (!follows(segment, first, segment.endOffset) || last < first)
          throw this.#corrupt(
            segment,
            new Damage(position, `a batch with offsets ${first} to ${last} stands there`),
            segment.endOffset,
          );
        // As it was indexed when it was cleaned: a batch without records has no timestamp to look for.
        const timestamp = batchRecordCount(header, 0) === 0 ? -1 : batchMaxTimestamp(header, 0);
        segment.add(last, timestamp, length);
      }
      segment.indexed = true;
      segment.damaged = false;
    } finally {
      // What is appended but not readable yet is not in the file; its index entries are only missed.
      segment.bytes = bytes;
      segment.readableBytes = readableBytes;
      segment.endOffset = endOffset;
      if (maxTimestamp > segment.maxTimestamp) {
        segment.maxTimestamp = maxTimestamp;
        segment.maxTimestampOffset = maxTimestampOffset;
      }
    }
  }

  #read(
    segment: Segment,
    fromOffset: number,
    endOffset: number,
    maxBytes: number,
  ): BatchRange[] | Damage {
    const start = segment.locate(fromOffset);
    const limit = segment.readableBytes;
    let window = Math.max(READ_BYTES_MIN, maxBytes);
    let position = start.position;
    // -1: the batch there is known by its last offset.
    let expected = start.lastOffset < 0 ? segment.baseOffset : -1;
    for (;;) {
      const bytes = this.#bytes(segment, position, Math.min(limit - position, window));
      if (bytes instanceof Damage) return bytes;
      const batches: BatchRange[] = [];
      let taken = 0;
      let at = 0;
      while (at + BATCH_HEADER_BYTES <= bytes.length) {
        const end = at + batchBytes(bytes, at);
        if (end < at + BATCH_HEADER_BYTES || position + end > limit)
          return new Damage(position + at, `a batch of ${end - at} bytes cannot be there`);
        const first = batchBaseOffset(bytes, at);
        const last = batchLastOffset(bytes, at);
        if (expected < 0 && last === start.lastOffset) expected = first;
        if (expected < 0 || !follows(segment, first, expected) || last < first)
          return new Damage(position + at, `a batch with offsets ${first} to ${last} stands there`);
        if (first >= endOffset) return batches;
        if (last >= fromOffset) {
          if (taken + end - at > maxBytes && batches.length > 0) return batches;
          if (end > bytes.length) break;
          const damage = verified(bytes, at, end, position);
          if (damage !== undefined) return damage;
          taken += end - at;
          batches.push({ bytes, start: at, end });
        }
        expected = last + 1;
        at = end;
      }
      // The window ended inside a batch, or every batch in it lies below `fromOffset`.
      if (batches.length > 0 || position + at >= limit) return batches;
      if (bytes.length < BATCH_HEADER_BYTES)
        return new Damage(position, 'the rest of the file is too short for a batch');
      if (at + BATCH_HEADER_BYTES <= bytes.length) window = Math.max(window, batchBytes(bytes, at));
      position += at;
    }
  }

  #bytes(segment: Segment, position: number, length: number): Buffer | Damage {
    const bytes = allocate(length);
    const read = this.#handles.get(segment.logPath).read(bytes, position);
    return read === length
      ? bytes
      : new Damage(
          position + read,
          `the file ends there; it should go on to byte ${segment.readableBytes}`,
        );
  }

  #corrupt(segment: Segment, damage: Damage, offset: number): StreamsError {
    return new StreamsError(
      'LOG_CORRUPT',
      `Damage in ${segment.logPath} at byte ${damage.position}, reading offset ${offset} of ${this.#topic}-${this.#partition}: ${damage.what}. ` +
        'Nothing was skipped and nothing was changed. Restore the file from a copy, or delete the records up to behind the damage.',
      { topic: this.#topic, partition: this.#partition, file: segment.logPath, offset },
    );
  }
}

/** Whether a batch may begin at `first` where one is expected at `expected`. */
function follows(segment: Segment, first: number, expected: number): boolean {
  return segment.cleaned ? first >= expected : first === expected;
}

function verified(bytes: Buffer, start: number, end: number, position: number): Damage | undefined {
  try {
    verifyBatch(bytes, start, end);
    return undefined;
  } catch (error) {
    return new Damage(position + start, error instanceof Error ? error.message : String(error));
  }
}
