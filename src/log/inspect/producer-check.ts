/**
 * Follows the producers of one partition over its batches: sequences without a gap, epochs that never go back, every
 * marker with a transaction to end, and in the end that the log knows of each aborted transaction (or its records
 * would be shown) and of no other. Where records were deleted or cleaned it only says what must hold all the same.
 */
import {
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  isControlBatch,
  isTransactionalBatch,
} from '../batch-header.js';
import type { PartitionSnapshot } from '../engine/storage.js';
import { CONTROL_TYPE_AT } from '../record-batch.js';
import type { FindingPlace, Findings } from './findings.js';

const SEQUENCE_MODULUS = 2_147_483_648;
const ABORT = 0;

interface SeenProducer {
  epoch: number;
  /** -1: not known. */
  lastSequence: number;
  /** First offset of the open transaction, -1: none. */
  openFrom: number;
}

interface AbortedRange {
  readonly producerId: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

export class ProducerCheck {
  readonly #findings: Findings;
  readonly #producers = new Map<number, SeenProducer>();
  readonly #aborted: AbortedRange[] = [];
  /** Batches before those that are there are gone, so a beginning may be missing. */
  #partial: boolean;

  constructor(findings: Findings, partial: boolean) {
    this.#findings = findings;
    this.#partial = partial;
  }

  /** Batches could not be read or were cleaned away: what follows may lack its beginning. */
  gap(): void {
    this.#partial = true;
    for (const producer of this.#producers.values()) producer.lastSequence = -1;
  }

  batch(bytes: Buffer, start: number, place: FindingPlace): void {
    const producerId = batchProducerId(bytes, start);
    if (producerId < 0) return;
    const epoch = batchProducerEpoch(bytes, start);
    const known = this.#producers.get(producerId);
    const producer = known ?? { epoch, lastSequence: -1, openFrom: -1 };
    if (known === undefined) this.#producers.set(producerId, producer);
    if (epoch < producer.epoch)
      this.#findings.add(
        'error',
        'producer',
        place,
        `a batch of producer id ${producerId} has epoch ${epoch} behind one of epoch ${producer.epoch}`,
      );
    if (isControlBatch(bytes, start)) this.#marker(producerId, producer, bytes, start, place);
    else this.#data(producerId, producer, known !== undefined, bytes, start, place);
    producer.epoch = epoch;
  }

  #data(
    producerId: number,
    producer: SeenProducer,
    known: boolean,
    bytes: Buffer,
    start: number,
    place: FindingPlace,
  ): void {
    const first = batchBaseSequence(bytes, start);
    const offset = batchBaseOffset(bytes, start);
    const sameEpoch = known && producer.epoch === batchProducerEpoch(bytes, start);
    const expected =
      sameEpoch && producer.lastSequence >= 0 ? (producer.lastSequence + 1) % SEQUENCE_MODULUS : 0;
    const anything = this.#partial && (!sameEpoch || producer.lastSequence < 0);
    // Who was forgotten after a long time begins at 0 again.
    if (first !== expected && first !== 0 && !anything)
      this.#findings.add(
        'warning',
        'producer',
        place,
        `a batch of producer id ${producerId} has sequence ${first} instead of ${expected}`,
      );
    producer.lastSequence = (first + batchLastOffset(bytes, start) - offset) % SEQUENCE_MODULUS;
    // What compaction left of a batch, its header, has nothing that a transaction could hide.
    const empty = batchRecordCount(bytes, start) === 0;
    if (isTransactionalBatch(bytes, start) && producer.openFrom < 0 && !empty)
      producer.openFrom = offset;
  }

  #marker(
    producerId: number,
    producer: SeenProducer,
    bytes: Buffer,
    start: number,
    place: FindingPlace,
  ): void {
    const offset = batchBaseOffset(bytes, start);
    if (producer.openFrom < 0 && !this.#partial)
      this.#findings.add(
        'warning',
        'transaction',
        place,
        `a marker of producer id ${producerId} ends no transaction`,
      );
    if (producer.openFrom >= 0 && bytes[start + CONTROL_TYPE_AT] === ABORT)
      this.#aborted.push({ producerId, firstOffset: producer.openFrom, lastOffset: offset });
    producer.openFrom = -1;
    producer.lastSequence = -1;
  }

  /** Compares with what the log remembers; only when that was written behind the last batch. */
  end(state: PartitionSnapshot, place: FindingPlace): void {
    const remembered = new Set(state.aborted.map(rangeText));
    for (const range of this.#aborted) {
      if (range.lastOffset < state.startOffset || remembered.has(rangeText(range))) continue;
      // A transaction whose first batches are gone began earlier than can be seen.
      const begunEarlier = state.aborted.some(
        ({ producerId, lastOffset }) =>
          producerId === range.producerId && lastOffset === range.lastOffset,
      );
      if (begunEarlier && this.#partial) continue;
      this.#findings.add(
        'error',
        'transaction',
        { ...place, offset: range.firstOffset },
        `the log does not know that the transaction of producer id ${range.producerId} at offsets ${range.firstOffset} to ${range.lastOffset} was aborted, and would show its records`,
      );
    }
    this.#open(state, place);
    if (this.#partial) return;
    const seen = new Set(this.#aborted.map(rangeText));
    for (const range of state.aborted) {
      if (seen.has(rangeText(range))) continue;
      this.#findings.add(
        'error',
        'transaction',
        { ...place, offset: range.firstOffset },
        `the log takes offsets ${range.firstOffset} to ${range.lastOffset} of producer id ${range.producerId} for aborted, but no marker says so`,
      );
    }
  }

  #open(state: PartitionSnapshot, place: FindingPlace): void {
    for (const { producerId, openTransactionFirstOffset } of state.producers) {
      const open = this.#producers.get(producerId)?.openFrom ?? -1;
      if (open === (openTransactionFirstOffset ?? -1) || this.#partial) continue;
      this.#findings.add(
        'error',
        'transaction',
        { ...place, offset: Math.max(open, openTransactionFirstOffset ?? -1) },
        `the open transaction of producer id ${producerId} begins at offset ${open} in the segments and at ${openTransactionFirstOffset ?? -1} in the journal`,
      );
    }
  }
}

const rangeText = ({ producerId, firstOffset, lastOffset }: AbortedRange): string =>
  `${producerId} ${firstOffset} ${lastOffset}`;
