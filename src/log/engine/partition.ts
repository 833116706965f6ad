/**
 * One partition: its batches (in the storage) and what readers may see of them.
 *
 *     start ............ last stable offset ........... high watermark .......... log end
 *       |  everybody sees this  |  read_uncommitted sees this  |  appended, not durable yet  |
 *
 * The high watermark is the durable end. The last stable offset is where the first undecided transaction began;
 * a transaction is decided when its marker is durable. Both only grow. A reader of its own producer's open
 * transaction may go to the log end (`readableTo`), because those records are committed or lost together with
 * whatever is made of them.
 */
import { assert, StreamsError } from '../../errors.js';
import {
  TRANSACTIONAL,
  CONTROL,
  batchAttributes,
  batchBaseSequence,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
} from '../batch-header.js';
import type { BatchRange } from '../client.js';
import { CONTROL_TYPE_AT } from '../record-batch.js';
import { AbortedIndex } from './aborted-index.js';
import type { DurableTarget } from './durability.js';
import { ProducerState } from './producer-state.js';
import type { BatchEntry, PartitionSnapshot, PartitionStorage } from './storage.js';

/** Producer id and epoch: names one transaction. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly epoch: number;
}

/** Somebody who reads this partition and may be waiting for it. */
export interface PartitionReader {
  /** More of the partition can be read than before, or it was deleted. */
  available(): void;
}

/** A transaction that is open, or whose marker is not durable yet. */
interface UnstableTransaction extends ProducerIdentity {
  readonly firstOffset: number;
  /** -1: open. */
  markerOffset: number;
}

export class Partition implements DurableTarget {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
  inOpenGroup = false;
  deleted = false;
  readonly aborted = new AbortedIndex();
  #storage: PartitionStorage | undefined;
  #endOffset = 0;
  #startOffset = 0;
  #highWatermark = 0;
  /** The first offset that is not decided; Infinity when all are. */
  #firstUndecided = Number.POSITIVE_INFINITY;
  /** End of the last batch that is in no transaction. */
  #plainEnd = 0;
  readonly #producers = new Map<number, ProducerState>();
  /** Ordered by first offset. */
  #unstable: UnstableTransaction[] = [];
  readonly #readers = new Set<PartitionReader>();

  constructor(topicId: string, topic: string, partition: number) {
    this.topicId = topicId;
    this.topic = topic;
    this.partition = partition;
  }

  /** Known from the moment the storage has the topic. */
  attach(storage: PartitionStorage): void {
    this.#storage = storage;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  get lastStableOffset(): number {
    return Math.min(this.#highWatermark, this.#firstUndecided);
  }

  /** How far a reader of this producer's open transaction may go. */
  readableTo(identity: ProducerIdentity): number {
    if (this.#plainEnd > this.#highWatermark) return this.lastStableOffset;
    for (const transaction of this.#unstable) {
      // An earlier epoch of the same id is this producer's own transaction that is just being ended.
      if (transaction.producerId !== identity.producerId || transaction.epoch > identity.epoch)
        return this.lastStableOffset;
    }
    return this.#endOffset;
  }

  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[] {
    return this.storage.read(fromOffset, endOffset, maxBytes);
  }

  get storage(): PartitionStorage {
    assert(
      this.#storage !== undefined,
      `${this.topic}-${this.partition} is attached to its storage before it is used`,
    );
    return this.#storage;
  }

  addReader(reader: PartitionReader): void {
    this.#readers.add(reader);
  }

  removeReader(reader: PartitionReader): void {
    this.#readers.delete(reader);
  }

  /** Base offset of a batch that is already in the log, or -1. Throws `PRODUCER_FENCED`, `OUT_OF_ORDER_SEQUENCE`. */
  checkSequence(bytes: Buffer): number {
    const producerId = batchProducerId(bytes, 0);
    const known = this.#producers.get(producerId);
    if (known === undefined) return -1;
    return known.check(
      batchProducerEpoch(bytes, 0),
      batchBaseSequence(bytes, 0),
      batchRecordCount(bytes, 0),
      this.topic,
      this.partition,
    );
  }

  /** The batch is in the storage now. Also how recovery rebuilds the state. */
  appended(entry: BatchEntry): void {
    const bytes = entry.bytes;
    const attributes = batchAttributes(bytes, 0);
    const producerId = batchProducerId(bytes, 0);
    const epoch = batchProducerEpoch(bytes, 0);
    assert(entry.baseOffset >= this.#endOffset, `offsets of ${this.topic}-${this.partition} grow`);
    this.#endOffset = entry.lastOffset + 1;
    if ((attributes & CONTROL) !== 0) {
      this.#marked(producerId, epoch, bytes[CONTROL_TYPE_AT] === 1, entry);
      return;
    }
    if (producerId >= 0) {
      let state = this.#producers.get(producerId);
      if (state === undefined)
        this.#producers.set(producerId, (state = new ProducerState(producerId, epoch)));
      state.appended(
        epoch,
        batchBaseSequence(bytes, 0),
        entry.lastOffset - entry.baseOffset + 1,
        entry.baseOffset,
        entry.maxTimestamp,
      );
    }
    if ((attributes & TRANSACTIONAL) === 0) {
      this.#plainEnd = this.#endOffset;
      return;
    }
    if (!this.hasOpenTransaction(producerId)) {
      this.#unstable.push({ producerId, epoch, firstOffset: entry.baseOffset, markerOffset: -1 });
      this.#decided();
    }
    // Only a reader of this open transaction can see it before it is durable.
    for (const reader of this.#readers) reader.available();
  }

  hasOpenTransaction(producerId: number): boolean {
    return this.#unstable.some(
      (transaction) => transaction.producerId === producerId && transaction.markerOffset < 0,
    );
  }

  /** Every transaction that has no marker. */
  openTransactions(): ProducerIdentity[] {
    return this.#unstable.filter((transaction) => transaction.markerOffset < 0);
  }

  durableTo(endOffset: number): void {
    if (endOffset <= this.#highWatermark) return;
    this.#highWatermark = endOffset;
    if (this.#unstable.length > 0) {
      this.#unstable = this.#unstable.filter(
        (transaction) => transaction.markerOffset < 0 || transaction.markerOffset >= endOffset,
      );
      this.#decided();
    }
    for (const reader of this.#readers) reader.available();
  }

  raiseStart(offset: number): void {
    if (offset <= this.#startOffset) return;
    this.#startOffset = offset;
    this.#endOffset = Math.max(this.#endOffset, offset);
    this.aborted.dropBelow(offset);
  }

  delete(): void {
    this.deleted = true;
    for (const reader of this.#readers) reader.available();
    this.#readers.clear();
  }

  /** A plain producer that was closed writes no more; its sequences need not be kept. */
  forgetProducer(producerId: number): void {
    if (!this.hasOpenTransaction(producerId)) this.#producers.delete(producerId);
  }

  /** Forgets producers that are in no transaction and wrote nothing since `seenSince`. */
  forgetProducers(seenSince: number, now: number): void {
    for (const state of this.#producers.values()) {
      // The time of a record may lie ahead; the producer must not be remembered until then.
      if (state.lastTimestamp > now) state.lastTimestamp = now;
      else if (state.lastTimestamp < seenSince) this.forgetProducer(state.producerId);
    }
  }

  /** Producers that are in no transaction and wrote nothing since `seenSince` are left out, or the list would only grow. */
  snapshot(seenSince: number): PartitionSnapshot {
    return {
      startOffset: this.#startOffset,
      endOffset: this.#endOffset,
      producers: this.#knownProducers(seenSince),
      aborted: this.aborted.all(),
    };
  }

  #knownProducers(seenSince: number): PartitionSnapshot['producers'] {
    const known: PartitionSnapshot['producers'][number][] = [];
    for (const {
      producerId,
      epoch,
      lastSequence,
      lastOffset,
      lastTimestamp,
    } of this.#producers.values()) {
      const open = this.#unstable.find(
        (transaction) => transaction.producerId === producerId && transaction.markerOffset < 0,
      );
      if (open === undefined && lastTimestamp < seenSince) continue;
      const openTransactionFirstOffset = open?.firstOffset ?? null;
      known.push({
        producerId,
        epoch,
        lastSequence,
        lastOffset,
        lastTimestamp,
        openTransactionFirstOffset,
      });
    }
    return known;
  }

  /** Recovery: replaces everything known so far. */
  restore(snapshot: PartitionSnapshot): void {
    this.#startOffset = snapshot.startOffset;
    this.#endOffset = snapshot.endOffset;
    this.#producers.clear();
    this.#unstable = [];
    this.aborted.clear();
    for (const saved of snapshot.producers) {
      const state = new ProducerState(saved.producerId, saved.epoch, saved.lastSequence);
      state.lastOffset = saved.lastOffset;
      state.lastTimestamp = saved.lastTimestamp;
      this.#producers.set(saved.producerId, state);
      if (saved.openTransactionFirstOffset === null) continue;
      this.#unstable.push({
        producerId: saved.producerId,
        epoch: saved.epoch,
        firstOffset: saved.openTransactionFirstOffset,
        markerOffset: -1,
      });
    }
    this.#unstable.sort((a, b) => a.firstOffset - b.firstOffset);
    for (const transaction of [...snapshot.aborted].sort((a, b) => a.lastOffset - b.lastOffset))
      this.aborted.add(transaction);
    this.#decided();
  }

  /** Recovery is done: what was replayed is durable. */
  recovered(): void {
    this.raiseStart(this.storage.startOffset);
    assert(
      this.storage.endOffset === this.#endOffset,
      `the storage of ${this.topic}-${this.partition} ends at ${this.storage.endOffset}, its entries at ${this.#endOffset}`,
    );
    this.durableTo(this.#endOffset);
  }

  #marked(producerId: number, epoch: number, committed: boolean, marker: BatchEntry): void {
    const { baseOffset: offset } = marker;
    const transaction = this.#unstable.find(
      (open) => open.producerId === producerId && open.markerOffset < 0,
    );
    if (transaction !== undefined && transaction.epoch !== epoch) {
      throw new StreamsError(
        'PRODUCER_FENCED',
        `A marker of producer id ${producerId}, epoch ${epoch}, does not belong to the open transaction of epoch ${transaction.epoch} in ${this.topic}-${this.partition}.`,
        { topic: this.topic, partition: this.partition, offset },
      );
    }
    let state = this.#producers.get(producerId);
    if (state === undefined)
      this.#producers.set(producerId, (state = new ProducerState(producerId, epoch)));
    state.ended(epoch, marker.maxTimestamp);
    if (transaction === undefined) return;
    transaction.markerOffset = offset;
    if (!committed)
      this.aborted.add({ producerId, firstOffset: transaction.firstOffset, lastOffset: offset });
  }

  #decided(): void {
    this.#firstUndecided = this.#unstable[0]?.firstOffset ?? Number.POSITIVE_INFINITY;
  }
}
