/**
 * The topics of the durable log and their partitions, by topic id. A topic that is deleted and made anew under the
 * same name is another topic in the same directories; the table knows which directories had a former owner.
 */
import { assert } from '../../errors.js';
import type { CheckpointEntry } from './journal-format.js';
import { partitionDirectory } from './log-directory.js';
import { JournalPartition } from './partition-storage.js';
import type { SegmentHandles } from './segment-reader.js';
import type { JournalEntry } from './storage.js';

const SEGMENT_BYTES = 'segment.bytes';
/** Kafka's default for `segment.bytes`. */
const SEGMENT_BYTES_DEFAULT = 1_073_741_824;
/** Positions in an index are int32. */
const SEGMENT_BYTES_MAX = 2_147_483_647;

export class TopicTable {
  readonly #directory: string;
  readonly #handles: SegmentHandles;
  readonly #topics = new Map<string, readonly JournalPartition[]>();
  /** Directories of topics that were deleted since the table was made. */
  readonly #former = new Set<string>();

  constructor(directory: string, handles: SegmentHandles) {
    this.#directory = directory;
    this.#handles = handles;
  }

  /** Does nothing when the topic is known. */
  create(entry: JournalEntry & { readonly type: 'topic-created' }): void {
    if (this.#topics.has(entry.topicId)) return;
    const { topicId, topic } = entry;
    const segmentBytes = segmentBytesOf(entry.config);
    const partitions = Array.from({ length: entry.partitions }, (_, partition) => {
      const directory = partitionDirectory(this.#directory, topic, partition);
      return new JournalPartition(
        { topicId, topic, partition, directory, segmentBytes },
        this.#handles,
      );
    });
    this.#topics.set(topicId, partitions);
  }

  /** The partitions that are gone; their read handles are closed. */
  delete(topicId: string): readonly JournalPartition[] {
    const partitions = this.#topics.get(topicId) ?? [];
    this.#topics.delete(topicId);
    for (const partition of partitions) {
      partition.deleted = true;
      this.#former.add(partition.directory);
      for (const segment of partition.segments) this.#handles.close(segment.logPath);
    }
    return partitions;
  }

  find(topicId: string, partition: number): JournalPartition | undefined {
    return this.#topics.get(topicId)?.[partition];
  }

  get(topicId: string, partition: number): JournalPartition {
    const found = this.find(topicId, partition);
    assert(found !== undefined, `partition ${partition} of topic id ${topicId} is in the storage`);
    return found;
  }

  *partitions(): Iterable<JournalPartition> {
    for (const partitions of this.#topics.values()) yield* partitions;
  }

  checkpoints(): CheckpointEntry[] {
    return Array.from(this.partitions(), (partition) => partition.checkpoint());
  }

  /** A topic of the same name was deleted: files in its directory may be the former topic's. */
  replaced(partition: JournalPartition): boolean {
    return this.#former.has(partition.directory);
  }

  /** Directories whose topics are gone. */
  deletedDirectories(): string[] {
    const used = new Set(Array.from(this.partitions(), (partition) => partition.directory));
    return [...this.#former].filter((directory) => !used.has(directory));
  }
}

function segmentBytesOf(config: Readonly<{ [name: string]: string }>): number {
  const configured = Number(config[SEGMENT_BYTES] ?? SEGMENT_BYTES_DEFAULT);
  return configured > 0 ? Math.min(configured, SEGMENT_BYTES_MAX) : SEGMENT_BYTES_DEFAULT;
}
