/** The broker's batch-shaped door: what an endpoint for Kafka's protocol will hand in, right and wrong. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { verifyBatch } from '../../../src/log/batch-header.js';
import { memoryEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { nearestName } from '../../../src/nearest-name.js';
import {
  buildControlBatch,
  RecordBatchBuilder,
  type BatchProducer,
} from '../../../src/log/record-batch.js';
import { Bench, send } from '../client-suite-records.js';

let env: SimulatedEnv;
let engine: LogEngine;
let bench: Bench;

beforeEach(async () => {
  env = new SimulatedEnv();
  engine = memoryEngine({ env });
  bench = new Bench({
    client: engine,
    run: (promise) => env.run(promise),
    advance: async (ms) => env.advance(ms),
    close: () => engine.close(),
  });
  await bench.topic('a');
});

function batch(count: number, producer: Partial<BatchProducer> = {}): Buffer {
  const builder = new RecordBatchBuilder(256);
  for (let i = 0; i < count; i++) builder.append(1000 + i, null, 0, 0, Buffer.from('v'), 0, 1);
  return builder.seal({
    producerId: -1,
    epoch: -1,
    sequence: -1,
    transactional: false,
    ...producer,
  });
}

const append = (bytes: Buffer): number =>
  engine.broker.appendBatch(engine.broker.topics.get('a'), 0, bytes);
const code = (expected: string) =>
  expect.objectContaining({ code: expected, where: expect.objectContaining({ topic: 'a' }) });

describe('sequences', () => {
  it('a batch sent again gets the offset it has, the last five are known', () => {
    const producer = { producerId: 7, epoch: 0 };
    for (let i = 0; i < 6; i++)
      expect(append(batch(2, { ...producer, sequence: i * 2 }))).toBe(i * 2);
    expect(append(batch(2, { ...producer, sequence: 10 }))).toBe(10);
    expect(append(batch(2, { ...producer, sequence: 2 }))).toBe(2);
    expect(() => append(batch(2, { ...producer, sequence: 0 }))).toThrowError(
      code('OUT_OF_ORDER_SEQUENCE'),
    );
    expect(append(batch(1, { ...producer, sequence: 12 }))).toBe(12);
  });

  it('a gap is refused, an older epoch is fenced, a newer one begins at 0', () => {
    append(batch(2, { producerId: 7, epoch: 1, sequence: 0 }));
    expect(() => append(batch(1, { producerId: 7, epoch: 1, sequence: 3 }))).toThrowError(
      code('OUT_OF_ORDER_SEQUENCE'),
    );
    expect(() => append(batch(1, { producerId: 7, epoch: 0, sequence: 0 }))).toThrowError(
      code('PRODUCER_FENCED'),
    );
    expect(() => append(batch(1, { producerId: 7, epoch: 2, sequence: 2 }))).toThrowError(
      code('OUT_OF_ORDER_SEQUENCE'),
    );
    expect(append(batch(1, { producerId: 7, epoch: 2, sequence: 0 }))).toBe(2);
  });

  it('sequences wrap after 2^31-1', () => {
    append(batch(2, { producerId: 7, epoch: 0, sequence: 2 ** 31 - 2 }));
    expect(append(batch(1, { producerId: 7, epoch: 0, sequence: 0 }))).toBe(2);
  });

  it('batches of nobody need none', () => {
    expect([append(batch(2)), append(batch(1))]).toEqual([0, 2]);
  });
});

describe('transactional batches', () => {
  it('need an open transaction of exactly this id and epoch', async () => {
    const producer = engine.producer({ transactionalId: 'app' });
    await env.run(producer.init());
    const { producerId, epoch } = producer.identity;
    const mine = { producerId, epoch, sequence: 0, transactional: true };
    expect(() => append(batch(1, mine))).toThrowError(
      expect.objectContaining({ code: 'INVALID_TRANSACTION_STATE' }),
    );
    producer.begin();
    expect(() => append(batch(1, { ...mine, epoch: epoch + 1 }))).toThrowError(
      code('PRODUCER_FENCED'),
    );
    expect(() => append(batch(1, { ...mine, producerId: 99 }))).toThrowError(
      code('PRODUCER_FENCED'),
    );
    expect(append(batch(1, mine))).toBe(0);
    expect(() => append(batch(1, { producerId, epoch, sequence: 1 }))).toThrowError(
      code('INVALID_TRANSACTION_STATE'),
    );
    await env.run(producer.commit());
    producer.begin();
    // The epoch of the ended transaction is gone for good.
    expect(() => append(batch(1, { ...mine, sequence: 1 }))).toThrowError(code('PRODUCER_FENCED'));
  });

  it('markers are not taken from outside, nor batches over the limit', async () => {
    expect(() => append(buildControlBatch('commit', 7, 0, 1))).toThrowError(
      code('INVALID_ARGUMENT'),
    );
    await bench.topic('small', 1, { 'max.message.bytes': 100 });
    expect(() =>
      engine.broker.appendBatch(engine.broker.topics.get('small'), 0, batch(50)),
    ).toThrowError(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }));
  });
});

describe('log append time', () => {
  it("replaces the producer's timestamps and keeps the batch valid", async () => {
    await bench.topic('stamped', 1, { 'message.timestamp.type': 'LogAppendTime' });
    const producer = await bench.producer();
    send(producer, 'stamped', null, 'x', { timestamp: 5 });
    await bench.run(producer.flush());
    const consumer = bench.reader('stamped');
    const fetched = await bench.run(consumer.poll(0));
    const range = fetched[0]?.batches[0];
    expect(range && verifyBatch(range.bytes, range.start, range.end)).toBe(range?.end);
    consumer.seek({ topic: 'stamped', partition: 0 }, 0);
    expect((await bench.drain(consumer))[0]?.timestamp).toBe(env.clock.now());
  });
});

describe('the nearest name', () => {
  it.each([
    ['ordres', 'orders'],
    ['order', 'orders'],
    ['payment', undefined],
  ])('of %s is %s', (name, nearest) => {
    expect(nearestName(name, ['orders', 'customers'])).toBe(nearest);
  });
});
