/**
 * One partition in the hands of a consumer: its position, and one fetch from it. A fetch leaves out control
 * batches and, under read_committed, batches of aborted transactions; the position moves past them.
 */
import { StreamsError } from '../../errors.js';
import {
  CONTROL,
  TRANSACTIONAL,
  batchAttributes,
  batchBaseOffset,
  batchLastOffset,
  batchProducerId,
} from '../batch-header.js';
import type { BatchRange, FetchedRecords, Isolation } from '../client.js';
import type { Partition, PartitionReader, ProducerIdentity } from './partition.js';

/** No position yet: it is resolved from committed offset and reset policy at the first use. */
export const UNRESOLVED = -1;

export type OffsetReset = 'earliest' | 'latest' | 'none';

/** Who fetches: it keeps a list of the partitions that may have something. */
export interface ReadyList {
  ready(assigned: AssignedPartition): void;
}

export class AssignedPartition implements PartitionReader {
  readonly partition: Partition;
  position = UNRESOLVED;
  paused = false;
  /** It stands in the owner's list. */
  listed = false;
  readonly #owner: ReadyList;
  readonly #committedOnly: boolean;
  /** Whose open transaction may be read here too. */
  readonly #readThrough: { readonly identity: ProducerIdentity } | undefined;

  constructor(
    owner: ReadyList,
    partition: Partition,
    isolation: Isolation,
    readThrough: { readonly identity: ProducerIdentity } | undefined,
  ) {
    this.#owner = owner;
    this.partition = partition;
    this.#committedOnly = isolation === 'read_committed';
    this.#readThrough = readThrough;
  }

  /** The partition has more, or was deleted. */
  available(): void {
    this.#owner.ready(this);
  }

  /** How far it may be read now. */
  get end(): number {
    if (this.#readThrough !== undefined)
      return this.partition.readableTo(this.#readThrough.identity);
    return this.#committedOnly ? this.partition.lastStableOffset : this.partition.highWatermark;
  }

  /** Nothing can be read at this position: it was deleted, or never existed. */
  get outOfRange(): boolean {
    return this.position < this.partition.startOffset || this.position > this.partition.endOffset;
  }

  /** Throws `OFFSET_OUT_OF_RANGE` when the policy is `none`. Returns what was lost, in words, if something was. */
  reset(policy: OffsetReset): string | undefined {
    const { topic, partition, startOffset, endOffset } = this.partition;
    const { position } = this;
    const lost = position === UNRESOLVED ? undefined : this.#lost();
    if (policy === 'none') {
      throw new StreamsError(
        'OFFSET_OUT_OF_RANGE',
        `${topic}-${partition}: ${lost ?? 'there is no committed offset'}; offsets ${startOffset} to ${endOffset} are there. Seek to one of them, or set offsetReset to 'earliest' or 'latest'.`,
        { topic, partition, offset: position },
      );
    }
    this.position = policy === 'earliest' ? startOffset : Math.max(this.end, startOffset);
    return lost === undefined
      ? undefined
      : `${topic}-${partition}: ${lost}; goes on at offset ${this.position} (offsetReset '${policy}').`;
  }

  #lost(): string {
    const { startOffset } = this.partition;
    if (this.position > startOffset) return `offset ${this.position} is not in the log`;
    const last = startOffset - 1;
    const range = this.position === last ? `offset ${last}` : `offsets ${this.position} to ${last}`;
    return `${range} were deleted before they were read`;
  }

  /** Reads from the position up to `end`, which lies above it, and moves the position. */
  fetch(end: number, maxBytes: number): FetchedRecords {
    const { partition } = this;
    const firstOffset = this.position;
    const ranges = partition.read(firstOffset, end, maxBytes);
    const last = ranges[ranges.length - 1];
    const nextOffset = last === undefined ? end : batchLastOffset(last.bytes, last.start) + 1;
    this.position = nextOffset;
    return {
      topic: partition.topic,
      partition: partition.partition,
      batches: this.#visible(ranges),
      firstOffset,
      nextOffset,
      endOffset: end,
    };
  }

  #visible(ranges: BatchRange[]): BatchRange[] {
    for (let i = 0; i < ranges.length; i++) {
      if (this.#hidden(ranges[i]!)) return ranges.filter((range) => !this.#hidden(range));
    }
    return ranges;
  }

  #hidden({ bytes, start }: BatchRange): boolean {
    const attributes = batchAttributes(bytes, start);
    if ((attributes & CONTROL) !== 0) return true;
    if ((attributes & TRANSACTIONAL) === 0 || !this.#committedOnly) return false;
    return this.partition.aborted.contains(
      batchProducerId(bytes, start),
      batchBaseOffset(bytes, start),
    );
  }
}
