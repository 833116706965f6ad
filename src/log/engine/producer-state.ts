/**
 * What a partition remembers of one producer id: its epoch, its last sequences and where its open transaction
 * began. The rules are Kafka's: an older epoch is fenced, sequences grow by one per record and wrap after
 * 2^31-1, the last five batches are recognised when they are sent again.
 *
 * After a marker the epoch is one higher than that of the transaction it ended: every transaction has an epoch
 * of its own, so a late batch of the ended one is refused.
 */
import { StreamsError } from '../../errors.js';

const REMEMBERED_BATCHES = 5;
const SEQUENCE_MODULUS = 2_147_483_648;

interface SequencedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

export class ProducerState {
  readonly producerId: number;
  epoch: number;
  /** -1: the next batch of this epoch begins at 0. */
  lastSequence: number;
  lastOffset = -1;
  lastTimestamp = -1;
  #recent: SequencedBatch[] = [];

  constructor(producerId: number, epoch: number, lastSequence = -1) {
    this.producerId = producerId;
    this.epoch = epoch;
    this.lastSequence = lastSequence;
  }

  /**
   * The base offset of the same batch when it is already in the log, -1 when it is new. Throws `PRODUCER_FENCED`
   * and `OUT_OF_ORDER_SEQUENCE`.
   */
  check(
    epoch: number,
    firstSequence: number,
    count: number,
    topic: string,
    partition: number,
  ): number {
    if (epoch < this.epoch) {
      throw new StreamsError(
        'PRODUCER_FENCED',
        `Producer id ${this.producerId} wrote to ${topic}-${partition} with epoch ${epoch}, but epoch ${this.epoch} is in use: a newer producer took over, or this transaction was ended. Open a new producer.`,
        { topic, partition },
      );
    }
    if (epoch === this.epoch) {
      const lastSequence = (firstSequence + count - 1) % SEQUENCE_MODULUS;
      for (const batch of this.#recent) {
        if (batch.firstSequence === firstSequence && batch.lastSequence === lastSequence)
          return batch.baseOffset;
      }
    }
    const expected =
      epoch > this.epoch || this.lastSequence < 0 ? 0 : (this.lastSequence + 1) % SEQUENCE_MODULUS;
    if (firstSequence !== expected) {
      throw new StreamsError(
        'OUT_OF_ORDER_SEQUENCE',
        `Producer id ${this.producerId}, epoch ${epoch}, wrote to ${topic}-${partition} with sequence ${firstSequence}, expected ${expected}: a batch before it is missing. Abort and send again with a new producer.`,
        { topic, partition },
      );
    }
    return -1;
  }

  appended(
    epoch: number,
    firstSequence: number,
    count: number,
    baseOffset: number,
    timestamp: number,
  ): void {
    const lastSequence = (firstSequence + count - 1) % SEQUENCE_MODULUS;
    if (epoch !== this.epoch) this.#recent = [];
    else if (this.#recent.length === REMEMBERED_BATCHES) this.#recent.shift();
    this.#recent.push({ firstSequence, lastSequence, baseOffset });
    this.epoch = epoch;
    this.lastSequence = lastSequence;
    this.lastOffset = baseOffset + count - 1;
    this.lastTimestamp = timestamp;
  }

  /** A marker ended the transaction of `epoch`. */
  ended(epoch: number, timestamp: number): void {
    this.lastTimestamp = Math.max(this.lastTimestamp, timestamp);
    this.epoch = Math.max(this.epoch, epoch + 1);
    this.lastSequence = -1;
    this.#recent = [];
  }
}
