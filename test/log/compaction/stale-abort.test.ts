/** An aborted transaction whose marker was cleaned away: the next transaction of its producer is another one. */
import { expect, it } from 'vitest';
import { assignOffset } from '../../../src/log/batch-header.js';
import { TransactionFilter } from '../../../src/log/engine/compaction/transaction-filter.js';
import { buildControlBatch, RecordBatchBuilder } from '../../../src/log/record-batch.js';

const PRODUCER = 7;

function data(offset: number): Buffer {
  const builder = new RecordBatchBuilder();
  const value = Buffer.from('value');
  builder.append(0, value, 0, value.length, value, 0, value.length);
  const batch = builder.seal({
    producerId: PRODUCER,
    epoch: 0,
    sequence: 0,
    transactional: true,
  });
  assignOffset(batch, 0, offset, 0);
  return batch;
}

function marker(type: 'commit' | 'abort', offset: number): Buffer {
  const batch = buildControlBatch(type, PRODUCER, 0, 0);
  assignOffset(batch, 0, offset, 0);
  return batch;
}

it('records committed behind a cleaned abort marker are not taken for aborted', () => {
  // The journal of before the cleaning still lists the transaction, as after a crash.
  const filter = new TransactionFilter([{ producerId: PRODUCER, firstOffset: 3, lastOffset: 5 }]);
  expect(filter.isAborted(data(9), 0)).toBe(false);
  expect(filter.hasOutlived(marker('commit', 10), 0)).toBe(false);
});

it('records of an aborted transaction go, and its marker after them', () => {
  const filter = new TransactionFilter([{ producerId: PRODUCER, firstOffset: 3, lastOffset: 5 }]);
  expect(filter.isAborted(data(3), 0)).toBe(true);
  expect(filter.hasOutlived(marker('abort', 5), 0)).toBe(false);
  expect(filter.isAborted(data(6), 0)).toBe(false);
});
