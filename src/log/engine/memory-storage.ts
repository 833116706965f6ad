/**
 * The storage of the memory log: batches stay in memory, a sync is done at once, nothing survives the process.
 * It keeps bytes and answers reads; what a reader may see is decided by the engine above, as for every storage.
 */
import { assert, StreamsError } from '../../errors.js';
import type { BatchRange } from '../client.js';
import { RecordCursor } from '../record-cursor.js';
import type {
  BatchEntry,
  JournalEntry,
  LogStorage,
  PartitionStorage,
  RecoveryReport,
  StorageHost,
} from './storage.js';

export class MemoryStorage implements LogStorage {
  readonly pendingBytes = 0;
  readonly #topics = new Map<string, MemoryPartition[]>();
  #opened = false;
  #closed = false;

  open(_host: StorageHost): RecoveryReport {
    assert(!this.#opened, 'a storage is opened once');
    this.#opened = true;
    return { tornBytes: 0, replayedEntries: 0, replayedBytes: 0, cleanShutdown: true };
  }

  append(entry: JournalEntry): void {
    if (this.#closed)
      throw new StreamsError('LOG_CLOSED', 'The log is closed; open it again to write.');
    switch (entry.type) {
      case 'batch':
        this.partition(entry.topicId, entry.partition).append(entry);
        break;
      case 'topic-created':
        this.#topics.set(
          entry.topicId,
          Array.from({ length: entry.partitions }, () => new MemoryPartition()),
        );
        break;
      case 'topic-deleted':
        this.#topics.delete(entry.topicId);
        break;
      case 'log-start':
        this.partition(entry.topicId, entry.partition).raiseStart(entry.offset);
        break;
      default:
      // Producer and group state lives in the engine; a storage that forgets everything has nothing to add.
    }
  }

  sync(done: (error: StreamsError | undefined) => void): void {
    done(undefined);
  }

  partition(topicId: string, partition: number): MemoryPartition {
    const found = this.#topics.get(topicId)?.[partition];
    assert(
      found !== undefined,
      `partition ${partition} of topic id ${topicId} is not in the storage`,
    );
    return found;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

/** Batches of one partition in offset order; `#head` is the first that is still needed. */
export class MemoryPartition implements PartitionStorage {
  #startOffset = 0;
  #endOffset = 0;
  #batches: MemoryBatch[] = [];
  #head = 0;

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  append(entry: BatchEntry): void {
    assert(
      entry.baseOffset >= this.#endOffset,
      `batch at ${entry.baseOffset} lies below the log end ${this.#endOffset}`,
    );
    this.#batches.push(new MemoryBatch(entry));
    this.#endOffset = entry.lastOffset + 1;
  }

  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    const ranges: BatchRange[] = [];
    let bytes = 0;
    for (let i = this.#find(fromOffset); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      if (batch.baseOffset >= endOffset) break;
      bytes += batch.end;
      if (bytes > maxBytes && ranges.length > 0) break;
      ranges.push(batch);
    }
    return ranges;
  }

  findTimestamp(
    timestamp: number,
    endOffset: number,
  ): { readonly offset: number; readonly timestamp: number } | undefined {
    const cursor = new RecordCursor();
    for (let i = this.#find(this.#startOffset); i < this.#batches.length; i++) {
      const batch = this.#batches[i]!;
      if (batch.baseOffset >= endOffset) return undefined;
      if (batch.maxTimestamp < timestamp) continue;
      cursor.reset(batch.bytes, 0);
      while (cursor.next()) {
        if (cursor.offset >= endOffset) return undefined;
        if (cursor.offset < this.#startOffset || cursor.timestamp < timestamp) continue;
        return { offset: cursor.offset, timestamp: cursor.timestamp };
      }
    }
    return undefined;
  }

  raiseStart(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#startOffset = offset;
    if (this.#endOffset < offset) this.#endOffset = offset;
    while (this.#head < this.#batches.length && this.#batches[this.#head]!.lastOffset < offset)
      this.#head++;
    // The list is cut only when half of it is dead, so that the work stays in proportion to the batches deleted.
    if (this.#head * 2 >= this.#batches.length) {
      this.#batches = this.#batches.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Index of the first batch whose last offset is at or above `offset`. */
  #find(offset: number): number {
    let low = this.#head;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

class MemoryBatch implements BatchRange {
  readonly bytes: Buffer;
  readonly start = 0;
  readonly end: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;

  constructor(entry: BatchEntry) {
    this.bytes = entry.bytes;
    this.end = entry.bytes.length;
    this.baseOffset = entry.baseOffset;
    this.lastOffset = entry.lastOffset;
    this.maxTimestamp = entry.maxTimestamp;
  }
}
