/** The part of the ports' suite about offsets by time: aborted, open and compressed batches, the log's own time, deleted records. */
import { expect, it } from 'vitest';
import type { Isolation, OffsetSpec } from '../../src/log/client.js';
import { send, type Bench } from './client-suite-records.js';

export function describeTimes(bench: () => Bench): void {
  const at = async (spec: OffsetSpec, isolation: Isolation = 'read_uncommitted') =>
    (await bench().client.admin().listOffsets('a', spec, { isolation }))[0]?.offset;

  it('the youngest record is found, the first one of several, and none in an empty partition', async () => {
    await bench().topic('a');
    expect(await at('max-timestamp')).toBe(-1);
    const producer = await bench().producer({ batchBytes: 100 });
    for (const timestamp of [5, 90, 7, 90, 8]) send(producer, 'a', null, 'x', { timestamp });
    await bench().run(producer.flush());
    expect(await at('max-timestamp')).toBe(1);
  });

  it('of an open transaction nothing is found by those who cannot read it', async () => {
    await bench().topic('a');
    const plain = await bench().producer();
    send(plain, 'a', null, 'x', { timestamp: 100 });
    await bench().run(plain.flush());
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'open', { timestamp: 5000 });
    await bench().run(producer.flush());
    send(plain, 'a', null, 'behind it', { timestamp: 1 });
    await bench().run(plain.flush());
    expect([await at(100, 'read_committed'), await at(200, 'read_committed')]).toEqual([0, -1]);
    expect(await at('max-timestamp', 'read_committed')).toBe(0);
    expect(await at(200)).toBe(1);
    await bench().run(producer.commit());
    expect(await at(200, 'read_committed')).toBe(1);
  });

  it('records of an aborted transaction have their offsets by time, as in Kafka', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'aborted', { timestamp: 50 });
    await bench().run(producer.flush());
    await bench().run(producer.abort());
    producer.begin();
    send(producer, 'a', null, 'good', { timestamp: 60 });
    await bench().run(producer.commit());
    expect(await at(40, 'read_committed')).toBe(0);
  });

  it.each(['none', 'gzip'] as const)(
    'records are found within a batch (%s)',
    async (compression) => {
      await bench().topic('a');
      const producer = await bench().producer({ compression });
      for (let i = 0; i < 100; i++) send(producer, 'a', null, 'x', { timestamp: 10 * i });
      await bench().run(producer.flush());
      expect([await at(0), await at(495), await at(990), await at(991)]).toEqual([0, 50, 99, -1]);
      expect(await at('max-timestamp')).toBe(99);
    },
  );

  it('with LogAppendTime it is the time of the log that counts', async () => {
    await bench().topic('a', 1, { 'message.timestamp.type': 'LogAppendTime' });
    const producer = await bench().producer();
    send(producer, 'a', null, 'x', { timestamp: 5 });
    await bench().run(producer.flush());
    await bench().harness.advance(1000);
    send(producer, 'a', null, 'y', { timestamp: 1 });
    await bench().run(producer.flush());
    expect([await at(6), await at('max-timestamp')]).toEqual([0, 1]);
  });

  it('deleted records are not found', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    for (const timestamp of [10, 20, 30, 5]) send(producer, 'a', null, 'x', { timestamp });
    await bench().run(producer.flush());
    const admin = bench().client.admin();
    await bench().run(admin.deleteRecords([{ topic: 'a', partition: 0, offset: 2 }]));
    expect([await at(0), await at(15), await at('max-timestamp')]).toEqual([2, 2, 2]);
    await bench().run(admin.deleteRecords([{ topic: 'a', partition: 0, offset: 3 }]));
    expect([await at(0), await at(15), await at('max-timestamp')]).toEqual([3, -1, 3]);
  });
}
