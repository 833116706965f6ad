/**
 * Reads every record of a batch whose CRC is right and compares it with the batch's header: how many there are, that
 * their offsets ascend within the batch, that the greatest timestamp is the one in the header. A compressed batch is
 * decompressed first; one whose codec is not here is not looked into.
 */
import { StreamsError } from '../../errors.js';
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestamp,
  batchRecordCount,
  isControlBatch,
} from '../batch-header.js';
import { RecordCursor } from '../record-cursor.js';

export class RecordCheck {
  readonly #cursor = new RecordCursor();
  /** Records of the batch that was checked last. */
  records = 0;
  /** The last batch could not be looked into: its codec is not here. Names it. */
  unreadable: string | undefined;

  /** What is wrong with the records of the batch at `start`, or undefined. `dense`: no offset may be missing. */
  check(bytes: Buffer, start: number, dense: boolean): string | undefined {
    this.records = batchRecordCount(bytes, start);
    this.unreadable = undefined;
    try {
      return this.#check(bytes, start, dense);
    } catch (error) {
      if (!(error instanceof StreamsError)) throw error;
      if (error.code !== 'UNSUPPORTED_COMPRESSION') return error.message;
      this.unreadable = error.message;
      return undefined;
    }
  }

  #check(bytes: Buffer, start: number, dense: boolean): string | undefined {
    const cursor = this.#cursor;
    const base = batchBaseOffset(bytes, start);
    const last = batchLastOffset(bytes, start);
    const max = batchMaxTimestamp(bytes, start);
    cursor.reset(bytes, start);
    let expected = base;
    let greatest = -1;
    for (let found = 0; cursor.next(); found++) {
      if (cursor.offset < expected || cursor.offset > last || (dense && cursor.offset !== expected))
        return `record ${found} of the batch has offset ${cursor.offset}; ${expected} to ${last} can be`;
      expected = cursor.offset + 1;
      if (cursor.timestamp > greatest) greatest = cursor.timestamp;
      cursor.headers();
    }
    if (dense && expected !== last + 1)
      return `its records end with offset ${expected - 1}, but its header says ${last}`;
    if (this.records > 0 && greatest !== max && !isControlBatch(bytes, start))
      return `the greatest timestamp of its records is ${greatest}, but its header says ${max}`;
    return undefined;
  }
}
