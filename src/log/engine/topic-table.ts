/**
 * The topics of the durable log and their partitions, by topic id. A topic that is deleted and made anew under the
 * same name is another topic in the same directories; the table knows which directories had a former owner.
 */
import { assert } from '../../errors.js';
import type { CheckpointEntry } from './journal-format.js';
import { partitionDirectory } from './log-directory.js';
import { JournalPartition } from './partition-storage.js';
import type { SegmentHandles } from './segment-reader.js';
import { rollRule, type RollRule } from './segment-roll.js';
import type { JournalEntry } from './storage.js';

interface StoredTopic {
  readonly topicId: string;
  readonly topic: string;
  config: Readonly<{ [name: string]: string }>;
  readonly partitions: JournalPartition[];
}

export class TopicTable {
  readonly #directory: string;
  readonly #handles: SegmentHandles;
  readonly #topics = new Map<string, StoredTopic>();
  /** Directories of topics that were deleted; undefined when recovery is over, because nobody asks any more. */
  #former: Set<string> | undefined = new Set();
  #rollsByTime = true;

  constructor(directory: string, handles: SegmentHandles) {
    this.#directory = directory;
    this.#handles = handles;
  }

  /** Does nothing when the topic is known. */
  create(entry: JournalEntry & { readonly type: 'topic-created' }): void {
    if (this.#topics.has(entry.topicId)) return;
    const { topicId, topic, config } = entry;
    this.#topics.set(topicId, { topicId, topic, config, partitions: [] });
    this.grow(topicId, entry.partitions);
  }

  /** The topic has at least so many partitions from here on. */
  grow(topicId: string, count: number): void {
    const stored = this.#topics.get(topicId);
    if (stored === undefined) return;
    const { topic, config, partitions } = stored;
    for (let partition = partitions.length; partition < count; partition++) {
      const directory = partitionDirectory(this.#directory, topic, partition);
      const rule = this.#rule(topic, partition, config);
      partitions.push(
        new JournalPartition({ topicId, topic, partition, directory, rule }, this.#handles),
      );
    }
  }

  /** Takes force with the next batch of each partition. */
  configure(topicId: string, config: Readonly<{ [name: string]: string }>): void {
    const stored = this.#topics.get(topicId);
    if (stored === undefined) return;
    stored.config = config;
    for (const partition of stored.partitions)
      partition.configure(this.#rule(stored.topic, partition.partition, config));
  }

  /** Batches that come are placed as the first version of the journal placed them, or by the rules of now. */
  set rollsByTime(rolls: boolean) {
    this.#rollsByTime = rolls;
    for (const { topicId, config } of this.#topics.values()) this.configure(topicId, config);
  }

  /** The partitions that are gone; their read handles are closed. */
  delete(topicId: string): readonly JournalPartition[] {
    const partitions = this.#topics.get(topicId)?.partitions ?? [];
    this.#topics.delete(topicId);
    for (const partition of partitions) {
      partition.deleted = true;
      this.#former?.add(partition.directory);
      for (const segment of partition.segmentList) this.#handles.close(segment.logPath);
    }
    return partitions;
  }

  find(topicId: string, partition: number): JournalPartition | undefined {
    return this.#topics.get(topicId)?.partitions[partition];
  }

  get(topicId: string, partition: number): JournalPartition {
    const found = this.find(topicId, partition);
    assert(found !== undefined, `partition ${partition} of topic id ${topicId} is in the storage`);
    return found;
  }

  *partitions(): Iterable<JournalPartition> {
    for (const { partitions } of this.#topics.values()) yield* partitions;
  }

  checkpoints(): CheckpointEntry[] {
    return Array.from(this.partitions(), (partition) => partition.checkpoint());
  }

  /** A topic of the same name was deleted: files in its directory may be the former topic's. */
  replaced(partition: JournalPartition): boolean {
    return this.#former?.has(partition.directory) === true;
  }

  /** Directories whose topics are gone. */
  deletedDirectories(): string[] {
    const used = new Set(Array.from(this.partitions(), (partition) => partition.directory));
    return [...(this.#former ?? [])].filter((directory) => !used.has(directory));
  }

  /** Directories are as the table says: what was deleted before is forgotten. */
  recovered(): void {
    this.#former = undefined;
  }

  #rule(topic: string, partition: number, config: Readonly<{ [name: string]: string }>): RollRule {
    const rule = rollRule(topic, partition, config);
    return this.#rollsByTime ? rule : { ...rule, ms: Number.POSITIVE_INFINITY };
  }
}
