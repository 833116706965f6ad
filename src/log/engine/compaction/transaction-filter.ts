/**
 * Which batches of a range are aborted and which markers have outlived their transaction's batches, told while the
 * batches go by in their order. Kafka's rule: a marker may go when none of its transaction's batches is left, so
 * that nobody ever reads a batch whose end is gone.
 */
import {
  batchLastOffset,
  batchProducerId,
  batchRecordCount,
  isTransactionalBatch,
} from '../../batch-header.js';
import { RecordCursor } from '../../record-cursor.js';
import type { AbortedTransaction } from '../aborted-index.js';

/** The low byte of a marker's type in its key, and the type of a commit. */
const TYPE_AT = 3;
const COMMIT = 1;

export class TransactionFilter {
  /** By first offset; those that the batches have not reached begin at `#next`. */
  readonly #aborted: readonly AbortedTransaction[];
  #next = 0;
  /** Producers in an aborted transaction. */
  readonly #openAborted = new Map<number, OpenAborted>();
  /** Producers in another transaction of which a batch went by. */
  readonly #openCommitted = new Set<number>();
  readonly #cursor = new RecordCursor();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#aborted = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** A batch of records; says whether it was aborted. */
  isAborted(bytes: Buffer, at: number): boolean {
    this.#reach(batchLastOffset(bytes, at));
    if (!isTransactionalBatch(bytes, at)) return false;
    const producerId = batchProducerId(bytes, at);
    const aborted = this.#openAborted.get(producerId);
    if (aborted !== undefined) {
      aborted.seen = true;
      return true;
    }
    this.#openCommitted.add(producerId);
    return false;
  }

  /** A marker; says whether no batch of its transaction is left. */
  hasOutlived(bytes: Buffer, at: number): boolean {
    this.#reach(batchLastOffset(bytes, at));
    // Kept for its producer alone, without its record.
    if (batchRecordCount(bytes, at) === 0) return true;
    const producerId = batchProducerId(bytes, at);
    if (this.#isCommit(bytes, at)) return !this.#openCommitted.delete(producerId);
    const seen = this.#openAborted.get(producerId)?.seen ?? false;
    this.#openAborted.delete(producerId);
    return !seen;
  }

  #isCommit(bytes: Buffer, at: number): boolean {
    const cursor = this.#cursor;
    cursor.reset(bytes, at);
    return cursor.next() && cursor.buffer[cursor.keyStart + TYPE_AT] === COMMIT;
  }

  #reach(offset: number): void {
    for (; this.#next < this.#aborted.length; this.#next++) {
      const { producerId, firstOffset, lastOffset } = this.#aborted[this.#next]!;
      if (firstOffset > offset) break;
      this.#openAborted.set(producerId, { lastOffset, seen: false });
    }
    // A marker that was cleaned away ends its transaction all the same: after a crash the log may still list it.
    for (const [producerId, { lastOffset }] of this.#openAborted)
      if (lastOffset < offset) this.#openAborted.delete(producerId);
  }
}

interface OpenAborted {
  /** Where its marker stands or stood. */
  readonly lastOffset: number;
  /** One of its batches went by. */
  seen: boolean;
}
