/**
 * What becomes of one batch when its partition is cleaned, by Kafka's rules:
 *
 *     the last record of its key with a value, or above the map      kept
 *     a tombstone, the last of its key                               kept until the batch's delete horizon
 *     an older record of its key, one without key, an aborted one    removed
 *     a marker                                                       kept until its transaction has no batch left,
 *                                                                    and from then until its own delete horizon
 *     a batch without records                                        removed, or kept as a header: see below
 *
 * The last batch of every producer stays, so that its sequence and epoch can be read from the log, and so does the
 * last one of the range. What stays keeps its offsets; a batch that loses nothing keeps its bytes.
 */
import {
  batchAttributes,
  batchBaseTimestamp,
  batchLastOffset,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  CONTROL,
  DELETE_HORIZON,
} from '../../batch-header.js';
import { StreamsError } from '../../../errors.js';
import type { BatchRange } from '../../client.js';
import type { BatchPlace } from '../../compression/record-codecs.js';
import { RecordCursor } from '../../record-cursor.js';
import type { OffsetMap } from './offset-map.js';
import { batchOf, emptyBatch } from './rewritten-batch.js';
import type { TransactionFilter } from './transaction-filter.js';

/** What a partition remembers of a producer that still writes. */
export interface LastOfProducer {
  /** Of its last record; -1: none is known. */
  readonly lastOffset: number;
  readonly epoch: number;
}

export interface BatchFilterParts {
  readonly map: Pick<OffsetMap, 'get' | 'latestOffset'>;
  readonly transactions: TransactionFilter;
  readonly producers: ReadonlyMap<number, LastOfProducer>;
  /** The last batch of the range ends here. */
  readonly rangeEnd: number;
  readonly now: number;
  /** Kafka's delete.retention.ms. */
  readonly deleteRetentionMs: number;
  readonly place: BatchPlace;
}

/** After so many records whoever runs the filter may do something else. */
const RECORDS_AT_ONCE = 256;

export class BatchFilter {
  /** Offsets of the markers of aborted transactions that are gone, their batches with them. */
  readonly removedMarkers = new Set<number>();
  readonly #parts: BatchFilterParts;
  readonly #cursor = new RecordCursor();
  /** For each record of the batch at hand, whether it stays; how many do, and whether a tombstone is among them. */
  readonly #kept: boolean[] = [];
  #count = 0;
  #tombstones = false;
  /** A batch stays whose keys are not known: without their tombstones its records would be values again. */
  #opaque = false;

  constructor(parts: BatchFilterParts) {
    this.#parts = parts;
  }

  /**
   * The batch itself when it stays as it is, another one in its place, or undefined when it goes. One whose codec this
   * process lacks stays. Batches come in their order, one after the other. Throws `CORRUPT_RECORD`.
   */
  *filter(batch: BatchRange): Generator<'work', BatchRange | undefined> {
    try {
      return yield* this.#filter(batch);
    } catch (error) {
      if (!(error instanceof StreamsError) || error.code !== 'UNSUPPORTED_COMPRESSION') throw error;
      this.#opaque = true;
      return batch;
    }
  }

  *#filter(batch: BatchRange): Generator<'work', BatchRange | undefined> {
    const { bytes, start } = batch;
    const { now, deleteRetentionMs, transactions, place } = this.#parts;
    const attributes = batchAttributes(bytes, start);
    const control = (attributes & CONTROL) !== 0;
    const horizon = (attributes & DELETE_HORIZON) === 0 ? -1 : batchBaseTimestamp(bytes, start);
    const expired = horizon >= 0 && horizon <= now && !this.#opaque;
    const discard = control
      ? transactions.hasOutlived(bytes, start)
      : transactions.isAborted(bytes, start);
    const count = batchRecordCount(bytes, start);
    this.#count = 0;
    this.#tombstones = false;
    if (!discard || (control && !expired)) {
      if (control) this.#keepAll(count);
      else yield* this.#keepLatest(batch, !expired);
    }
    if (this.#count === 0) {
      if (control) this.removedMarkers.add(batchLastOffset(bytes, start));
      if (!this.#staysEmpty(bytes, start, control)) return undefined;
      return count === 0 ? batch : emptyBatch(batch);
    }
    const setsHorizon = horizon < 0 && (this.#tombstones || (control && discard));
    if (this.#count === count && !setsHorizon) return batch;
    const newHorizon = setsHorizon ? now + deleteRetentionMs : horizon;
    return batchOf(batch, this.#kept, newHorizon, this.#cursor, place);
  }

  #keepAll(count: number): void {
    for (let i = 0; i < count; i++) this.#kept[i] = true;
    this.#count = count;
  }

  *#keepLatest({ bytes, start }: BatchRange, tombstonesStay: boolean): Generator<'work', void> {
    const { map, place } = this.#parts;
    const cursor = this.#cursor;
    cursor.reset(bytes, start, place);
    for (let i = 0; cursor.next(); i++) {
      if (i % RECORDS_AT_ONCE === RECORDS_AT_ONCE - 1) yield 'work';
      const stays =
        cursor.offset > map.latestOffset ||
        (cursor.keyEnd >= 0 &&
          (cursor.valueEnd >= 0 || tombstonesStay) &&
          cursor.offset >= map.get(cursor.buffer, cursor.keyStart, cursor.keyEnd));
      this.#kept[i] = stays;
      if (!stays) continue;
      this.#count++;
      if (cursor.valueEnd < 0) this.#tombstones = true;
    }
  }

  #staysEmpty(bytes: Buffer, start: number, control: boolean): boolean {
    const lastOffset = batchLastOffset(bytes, start);
    if (lastOffset + 1 === this.#parts.rangeEnd) return true;
    const last = this.#parts.producers.get(batchProducerId(bytes, start));
    if (last === undefined) return false;
    return last.lastOffset >= 0
      ? last.lastOffset === lastOffset
      : control && last.epoch === batchProducerEpoch(bytes, start);
  }
}
