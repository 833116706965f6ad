/** The part of the ports' suite about reading: positions, turns, policies, waiting polls. */
import { expect, it } from 'vitest';
import { recordsOf, send, values, type Bench } from './client-suite-records.js';

export function describeConsuming(bench: () => Bench): void {
  it('a poll tells where it read from, where it goes on, and the end', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    const consumer = bench().reader('a');
    consumer.seek({ topic: 'a', partition: 0 }, 1);
    const fetched = await bench().run(consumer.poll(0));
    expect(fetched).toMatchObject([
      { topic: 'a', partition: 0, firstOffset: 1, nextOffset: 3, endOffset: 3 },
    ]);
    expect(values(recordsOf(fetched))).toEqual(['1', '2']);
    expect(await consumer.position({ topic: 'a', partition: 0 })).toBe(3);
  });

  it('every partition is read once and in order, whatever its limit', async () => {
    const partitions = [0, 1, 2].map((partition) => ({ topic: 'a', partition }));
    await bench().topic('a', 3);
    const producer = await bench().producer({ batchBytes: 100 });
    for (let i = 0; i < 90; i++) send(producer, 'a', null, `${i}`, { partition: i % 3 });
    await bench().run(producer.flush());
    const records = await bench().drain(bench().reader(partitions, { maxPartitionBytes: 1 }));
    for (const { partition } of partitions) {
      const own = values(records.filter((record) => record.partition === partition));
      expect(own).toEqual(Array.from({ length: 30 }, (_, i) => `${i * 3 + partition}`));
    }
  });

  it('no partition is always the first', async () => {
    await bench().topic('a', 3);
    const producer = await bench().producer({ batchBytes: 100 });
    for (let i = 0; i < 90; i++) send(producer, 'a', null, `${i}`, { partition: i % 3 });
    await bench().run(producer.flush());
    const consumer = bench().reader(
      [0, 1, 2].map((partition) => ({ topic: 'a', partition })),
      { maxPartitionBytes: 1 },
    );
    const first: (number | undefined)[] = [];
    // oxlint-disable-next-line no-await-in-loop -- one poll after the other
    for (let i = 0; i < 9; i++) first.push((await bench().run(consumer.poll(0)))[0]?.partition);
    expect(first).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
  });

  it('what was read is handed out before the failure of another partition', async () => {
    await bench().topic('a', 2);
    await bench().produce('a', 'x');
    const consumer = bench().reader(
      [
        { topic: 'a', partition: 0 },
        { topic: 'a', partition: 1 },
      ],
      { offsetReset: 'none' },
    );
    consumer.seek({ topic: 'a', partition: 0 }, 0);
    expect(values(recordsOf(await bench().run(consumer.poll(0))))).toEqual(['x']);
    await expect(bench().run(consumer.poll(0))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      where: { partition: 1 },
    });
  });

  it('a paused partition waits where it was', async () => {
    await bench().topic('a', 2);
    const producer = await bench().producer();
    for (const partition of [0, 1]) send(producer, 'a', null, `p${partition}`, { partition });
    await bench().run(producer.flush());
    const consumer = bench().reader([
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 1 },
    ]);
    consumer.pause([{ topic: 'a', partition: 0 }]);
    expect(values(await bench().drain(consumer))).toEqual(['p1']);
    consumer.resume([{ topic: 'a', partition: 0 }]);
    expect(values(await bench().drain(consumer))).toEqual(['p0']);
  });

  it('without a position the policy decides: earliest, latest, none', async () => {
    await bench().topic('a');
    await bench().produce('a', 'old');
    const latest = bench().reader('a', { offsetReset: 'latest' });
    const none = bench().reader('a', { offsetReset: 'none' });
    expect(await bench().drain(latest)).toEqual([]);
    await expect(bench().run(none.poll(0))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      where: { topic: 'a', partition: 0 },
    });
    await bench().produce('a', 'new');
    expect(values(await bench().drain(latest))).toEqual(['new']);
    expect(await bench().read('a')).toEqual(['old', 'new']);
  });

  it('a position outside the log follows the policy too, and the error names the range', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    await bench().run(
      bench()
        .client.admin()
        .deleteRecords([{ topic: 'a', partition: 0, offset: 1 }]),
    );
    const none = bench().reader('a', { offsetReset: 'none' });
    none.seek({ topic: 'a', partition: 0 }, 0);
    await expect(bench().run(none.poll(0))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('1 to 3'),
    });
    const earliest = bench().reader('a');
    earliest.seek({ topic: 'a', partition: 0 }, 99);
    expect(values(await bench().drain(earliest))).toEqual(['1', '2']);
  });

  it('a poll brings no more than maxBytes over all partitions, and at least one batch', async () => {
    const partitions = [0, 1, 2, 3].map((partition) => ({ topic: 'a', partition }));
    await bench().topic('a', 4);
    const producer = await bench().producer({ batchBytes: 100 });
    const text = 'x'.repeat(900);
    for (let i = 0; i < 16; i++) send(producer, 'a', null, text, { partition: i % 4 });
    await bench().run(producer.flush());
    for (const [maxBytes, most] of [
      [1, 1],
      [2100, 2],
      [1e6, 16],
    ] as const) {
      const consumer = bench().reader(partitions, { maxBytes });
      const counts: number[] = [];
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- one poll after the other
        const records = recordsOf(await bench().run(consumer.poll(0)));
        if (records.length === 0) break;
        counts.push(records.length);
      }
      expect([Math.max(...counts), counts.reduce((a, b) => a + b)]).toEqual([most, 16]);
    }
    for (const maxBytes of [0, -1, Number.NaN])
      expect(() => bench().client.consumer({ maxBytes })).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
  });

  it('of many partitions those with records are found, whoever wrote last', async () => {
    const partitions = Array.from({ length: 300 }, (_, partition) => ({ topic: 'a', partition }));
    await bench().topic('a', 300);
    const consumer = bench().reader(partitions);
    expect(await bench().drain(consumer)).toEqual([]);
    const producer = await bench().producer();
    for (let round = 0; round < 5; round++) {
      const written = [7 * round, 299 - round, 150].sort((a, b) => a - b);
      for (const partition of written) send(producer, 'a', null, `${round}`, { partition });
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      await bench().run(producer.flush());
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      const records = await bench().drain(consumer);
      expect(records.map(({ partition }) => partition).sort((a, b) => a - b)).toEqual(written);
    }
  });

  it('what is below the log start is named when it is lost, by every policy', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2', '3');
    await bench().run(
      bench()
        .client.admin()
        .deleteRecords([{ topic: 'a', partition: 0, offset: 3 }]),
    );
    const at = async (offsetReset: 'earliest' | 'latest' | 'none') => {
      const consumer = bench().reader('a', { offsetReset });
      consumer.seek({ topic: 'a', partition: 0 }, 1);
      await bench().run(consumer.poll(0));
      return consumer.position({ topic: 'a', partition: 0 });
    };
    expect(await at('earliest')).toBe(4);
    expect(await at('latest')).toBe(4);
    await expect(at('none')).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringContaining('offsets 1 to 2 were deleted before they were read'),
      where: { topic: 'a', partition: 0, offset: 1 },
    });
  });

  it('unassigned partitions and unknown topics are refused', async () => {
    await bench().topic('a');
    const consumer = bench().client.consumer();
    expect(() => consumer.seek({ topic: 'a', partition: 0 }, 0)).toThrowError(
      expect.objectContaining({ code: 'INVALID_STATE' }),
    );
    expect(() => consumer.assign([{ topic: 'b', partition: 0 }])).toThrowError(
      expect.objectContaining({ code: 'UNKNOWN_TOPIC' }),
    );
    expect(() => consumer.assign([{ topic: 'a', partition: 1 }])).toThrowError(
      expect.objectContaining({ code: 'UNKNOWN_PARTITION' }),
    );
  });
}

export function describeWaiting(bench: () => Bench): void {
  it('a waiting poll returns as soon as something is durable', async () => {
    await bench().topic('a');
    const consumer = bench().reader('a');
    const poll = consumer.poll(60_000);
    await bench().produce('a', 'x');
    expect(values(recordsOf(await bench().run(poll)))).toEqual(['x']);
  });

  it('a poll that finds nothing returns nothing after its time', async () => {
    await bench().topic('a');
    expect(await bench().run(bench().reader('a').poll(50))).toEqual([]);
  });

  it('wakeup ends a waiting poll, also when it comes just before', async () => {
    await bench().topic('a');
    const consumer = bench().reader('a');
    const poll = consumer.poll(Number.POSITIVE_INFINITY);
    consumer.wakeup();
    expect(await bench().run(poll)).toEqual([]);
    consumer.wakeup();
    expect(await bench().run(consumer.poll(Number.POSITIVE_INFINITY))).toEqual([]);
  });

  it('a seek is seen by a poll that is waiting', async () => {
    await bench().topic('a');
    await bench().produce('a', 'x');
    const consumer = bench().reader('a', { offsetReset: 'latest' });
    expect(await bench().drain(consumer)).toEqual([]);
    const poll = consumer.poll(Number.POSITIVE_INFINITY);
    consumer.seek({ topic: 'a', partition: 0 }, 0);
    expect(values(recordsOf(await bench().run(poll)))).toEqual(['x']);
  });
}
