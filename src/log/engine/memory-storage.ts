/**
 * The storage of the memory log: batches stay in memory, a sync is done at once, nothing survives the process.
 * It keeps bytes and answers reads; what a reader may see is decided by the engine above, as for every storage.
 */
import { assert, StreamsError } from '../../errors.js';
import type { BatchRange } from '../client.js';
import { RecordCursor } from '../record-cursor.js';
import { BatchList, HeldBatch } from './batch-list.js';
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

/** One partition: every batch that is not deleted. */
export class MemoryPartition implements PartitionStorage {
  #startOffset = 0;
  #endOffset = 0;
  readonly #batches = new BatchList<HeldBatch>();

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
    this.#batches.push(new HeldBatch(entry));
    this.#endOffset = entry.lastOffset + 1;
  }

  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    return this.#batches.read(fromOffset, endOffset, maxBytes);
  }

  findTimestamp(
    timestamp: number,
    endOffset: number,
  ): { readonly offset: number; readonly timestamp: number } | undefined {
    const cursor = new RecordCursor();
    for (let i = this.#batches.find(this.#startOffset); i < this.#batches.length; i++) {
      const batch = this.#batches.at(i)!;
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
    this.#batches.drop(this.#batches.find(offset));
  }
}
