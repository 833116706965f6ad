/** Where the caller of a consumer is in each partition, and which of that is committed. */
import type { PartitionOffsetAndMetadata, TopicPartition } from './client.js';

interface Progress extends TopicPartition {
  offset: number;
  committed: boolean;
}

export class ConsumerProgress {
  readonly #byKey = new Map<string, Progress>();

  /** The offset of the next record to hand out; undefined before the first record and the first seek. */
  offset(at: TopicPartition): number | undefined {
    return this.#byKey.get(keyOf(at))?.offset;
  }

  moveTo(at: TopicPartition, offset: number): void {
    const key = keyOf(at);
    const progress = this.#byKey.get(key);
    if (progress === undefined) {
      const { topic, partition } = at;
      this.#byKey.set(key, { topic, partition, offset, committed: false });
    } else if (progress.offset !== offset) {
      progress.offset = offset;
      progress.committed = false;
    }
  }

  partitions(): readonly TopicPartition[] {
    return [...this.#byKey.values()];
  }

  /** What is not committed yet. */
  open(): PartitionOffsetAndMetadata[] {
    const open = [...this.#byKey.values()].filter((progress) => !progress.committed);
    return open.map(({ topic, partition, offset }) => ({ topic, partition, offset, metadata: '' }));
  }

  committed(offsets: readonly PartitionOffsetAndMetadata[]): void {
    for (const at of offsets) {
      const progress = this.#byKey.get(keyOf(at));
      if (progress !== undefined && progress.offset === at.offset) progress.committed = true;
    }
  }

  forgetTopic(topic: string): void {
    for (const [key, progress] of this.#byKey)
      if (progress.topic === topic) this.#byKey.delete(key);
  }

  forget(partition: TopicPartition): void {
    this.#byKey.delete(keyOf(partition));
  }
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
