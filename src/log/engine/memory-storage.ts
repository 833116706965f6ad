/**
 * The storage of the memory log: batches stay in memory, a sync is done at once, nothing survives the process.
 * It keeps bytes and answers reads; what a reader may see is decided by the engine above, as for every storage.
 */
import { assert, StreamsError } from '../../errors.js';
import type { BatchRange } from '../client.js';
import { MemoryPartition, type HeldMemory } from './memory-partition.js';
import { replacementEnded } from './replacement-ended.js';
import { rollRule } from './segment-roll.js';
import type {
  JournalEntry,
  LogStorage,
  RecoveryReport,
  SegmentInfo,
  SegmentReplacement,
  StorageHost,
} from './storage.js';

interface MemoryTopic {
  readonly topic: string;
  config: Readonly<{ [name: string]: string }>;
  readonly partitions: MemoryPartition[];
}

export class MemoryStorage implements LogStorage {
  readonly pendingBytes = 0;
  readonly replacing = false;
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #bytesMax: number;
  readonly #held: HeldMemory = { bytes: 0 };
  #opened = false;
  #closed = false;

  constructor(bytesMax = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
  }

  get freeBytes(): number {
    return this.#bytesMax - this.#held.bytes;
  }

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
        this.#topics.set(entry.topicId, {
          topic: entry.topic,
          config: entry.config,
          partitions: [],
        });
        this.#grow(entry.topicId, entry.partitions);
        break;
      case 'topic-config':
        this.#configure(entry.topicId, entry.config);
        break;
      case 'topic-partitions':
        this.#grow(entry.topicId, entry.partitions);
        break;
      case 'topic-deleted':
        for (const partition of this.#topics.get(entry.topicId)?.partitions ?? [])
          partition.release();
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

  replace(
    topicId: string,
    partition: number,
    segments: readonly SegmentInfo[],
  ): SegmentReplacement {
    const replaced = this.partition(topicId, partition);
    const gone = () =>
      this.#closed || this.#topics.get(topicId)?.partitions[partition] !== replaced;
    return new MemoryReplacement(replaced, segments, gone);
  }

  checkpoint(): void {}

  partition(topicId: string, partition: number): MemoryPartition {
    const found = this.#topics.get(topicId)?.partitions[partition];
    assert(
      found !== undefined,
      `partition ${partition} of topic id ${topicId} is not in the storage`,
    );
    return found;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #grow(topicId: string, count: number): void {
    const { topic, config, partitions } = this.#topic(topicId);
    for (let partition = partitions.length; partition < count; partition++)
      partitions.push(new MemoryPartition(rollRule(topic, partition, config), this.#held));
  }

  #configure(topicId: string, config: Readonly<{ [name: string]: string }>): void {
    const topic = this.#topic(topicId);
    topic.config = config;
    for (const [i, partition] of topic.partitions.entries())
      partition.rule = rollRule(topic.topic, i, config);
  }

  #topic(topicId: string): MemoryTopic {
    const found = this.#topics.get(topicId);
    assert(found !== undefined, `topic id ${topicId} is in the storage`);
    return found;
  }
}

class MemoryReplacement implements SegmentReplacement {
  readonly pendingBytes = 0;
  readonly #partition: MemoryPartition;
  readonly #segments: readonly SegmentInfo[];
  readonly #gone: () => boolean;
  #batches: BatchRange[] = [];

  constructor(partition: MemoryPartition, segments: readonly SegmentInfo[], gone: () => boolean) {
    this.#partition = partition;
    this.#segments = segments;
    this.#gone = gone;
  }

  get ended(): boolean {
    return this.#gone();
  }

  append(batch: BatchRange): void {
    this.#batches.push(batch);
  }

  finish(cleanedTo: number, done: (error: StreamsError | undefined) => void): void {
    if (this.#gone() || !this.#partition.replace(this.#segments, this.#batches))
      return done(replacementEnded());
    this.#partition.cleanedTo = cleanedTo;
    done(undefined);
  }

  abandon(): void {
    this.#batches = [];
  }
}
