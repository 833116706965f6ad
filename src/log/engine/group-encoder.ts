/**
 * Turns a list of entries into one journal group: first the size of everything, then the bytes, copied once into
 * memory that the file thread can read. See `journal-format.ts` for the layout.
 */
import { assert } from '../../errors.js';
import {
  BATCH_ENTRY_BYTES,
  finishGroup,
  GROUP_HEADER_BYTES,
  writeBatchEntry,
  writeStateEntry,
  writeTopic,
  type StoredEntry,
} from './journal-format.js';
import type { JournalPartition } from './partition-storage.js';

const STATE_ENTRY_OVERHEAD_BYTES = 5;
/** A group is read back into one buffer, and its places are int32. */
const GROUP_BYTES_MAX = 2 ** 31 - 1;
/** Topics are numbered with int16. */
const TOPIC_MAX = 32_767;

export class GroupEncoder {
  headBytes = GROUP_HEADER_BYTES;
  bodyBytes = 0;
  /** The partitions with batches in the group, in order of their first one. */
  readonly partitions: JournalPartition[] = [];
  readonly #entries: StoredEntry[] = [];
  /** Beside each entry: its partition if it is a batch, else its JSON. */
  readonly #contents: (JournalPartition | string)[] = [];
  readonly #jsonBytes: number[] = [];
  /** Topic id -> its number in the group. */
  readonly #topics = new Map<string, number>();

  /** Entries so far. */
  get count(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.headBytes + this.bodyBytes;
  }

  /** `partition` is where a batch belongs. */
  add(entry: StoredEntry, partition: JournalPartition | undefined): void {
    this.#entries.push(entry);
    if (entry.type === 'batch') {
      assert(partition !== undefined, 'a batch belongs to a partition');
      this.#contents.push(partition);
      this.#jsonBytes.push(0);
      this.headBytes += BATCH_ENTRY_BYTES;
      this.bodyBytes += entry.bytes.length;
      if (partition.groupBytes === 0) this.#join(partition);
      partition.groupBytes += entry.bytes.length;
      partition.groupBatches++;
      return;
    }
    const json = JSON.stringify(entry);
    const bytes = Buffer.byteLength(json);
    this.#contents.push(json);
    this.#jsonBytes.push(bytes);
    this.headBytes += STATE_ENTRY_OVERHEAD_BYTES + bytes;
  }

  /** Writes the group to `buffer` at `at`, where `bytes` are free. */
  encode(buffer: Buffer, at: number, sequence: number, file: number): void {
    assert(this.bytes <= GROUP_BYTES_MAX, 'a group fits into one buffer');
    let place = 0;
    for (const partition of this.partitions) {
      partition.groupBodyAt = place;
      partition.groupBodyUsed = 0;
      place += partition.groupBytes;
    }
    let next = at + GROUP_HEADER_BYTES;
    for (const topicId of this.#topics.keys()) next = writeTopic(buffer, next, topicId);
    const bodyAt = at + this.headBytes;
    for (let i = 0; i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      const content = this.#contents[i]!;
      if (entry.type !== 'batch' || typeof content === 'string') {
        next = writeStateEntry(buffer, next, content as string, this.#jsonBytes[i]!); // what is not a batch has JSON
        continue;
      }
      const batchAt = content.groupBodyAt + content.groupBodyUsed;
      next = writeBatchEntry(buffer, next, content.groupTopic, entry, batchAt);
      buffer.set(entry.bytes, bodyAt + batchAt);
      content.groupBodyUsed += entry.bytes.length;
    }
    assert(next === bodyAt, 'a group has the size that was reckoned');
    finishGroup(buffer, at, {
      sequence,
      file,
      headBytes: this.headBytes,
      bodyBytes: this.bodyBytes,
      entries: this.#entries.length,
      topics: this.#topics.size,
    });
  }

  clear(): void {
    for (const partition of this.partitions) {
      partition.groupBytes = 0;
      partition.groupBatches = 0;
    }
    this.headBytes = GROUP_HEADER_BYTES;
    this.bodyBytes = 0;
    this.partitions.length = 0;
    this.#entries.length = 0;
    this.#contents.length = 0;
    this.#jsonBytes.length = 0;
    this.#topics.clear();
  }

  #join(partition: JournalPartition): void {
    this.partitions.push(partition);
    let topic = this.#topics.get(partition.topicId);
    if (topic === undefined) {
      topic = this.#topics.size;
      this.#topics.set(partition.topicId, topic);
      assert(topic <= TOPIC_MAX, 'a group has room for the number of its topics');
      this.headBytes += 2 + Buffer.byteLength(partition.topicId);
    }
    partition.groupTopic = topic;
  }
}
