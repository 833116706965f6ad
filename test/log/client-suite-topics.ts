/** The contract of the log's ports about topics in use: configs, partitions added, topics made anew, records deleted. */
import { expect, it } from 'vitest';
import type { ConfigEntry } from '../../src/log/client.js';
import { send, values, type Bench } from './client-suite-records.js';

const JAVA_LONG_MAX = '9223372036854775807';

export function describeConfigs(bench: () => Bench): void {
  const configs = async (topic: string): Promise<Map<string, ConfigEntry>> => {
    const [entries] = await bench().client.admin().describeConfigs([topic]);
    return new Map(entries?.map((entry) => [entry.name, entry]));
  };

  it('every config is described with value, source, type and meaning, sorted by name', async () => {
    await bench().topic('a', 1, { 'retention.ms': 1000 });
    const found = await configs('a');
    expect(found.get('retention.ms')).toMatchObject({
      value: '1000',
      source: 'DYNAMIC_TOPIC_CONFIG',
      type: 'LONG',
    });
    expect(found.get('cleanup.policy')).toMatchObject({
      value: 'delete',
      source: 'DEFAULT_CONFIG',
      type: 'LIST',
    });
    expect(found.get('max.compaction.lag.ms')?.value).toBe(JAVA_LONG_MAX);
    expect([...found.keys()]).toEqual([...found.keys()].sort());
    for (const { documentation } of found.values()) expect(documentation).toMatch(/\.$/);
    await expect(bench().client.admin().describeConfigs(['b'])).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC',
    });
  });

  it('what is not named stays, what is unset is the default again', async () => {
    await bench().topic('a', 1, { 'retention.ms': 1000, 'segment.ms': 500 });
    const admin = bench().client.admin();
    await bench().run(
      admin.alterConfigs([
        { topic: 'a', set: { 'flush.ms': JAVA_LONG_MAX }, unset: ['retention.ms'] },
      ]),
    );
    expect((await admin.describeTopics(['a']))[0]?.config).toEqual({
      'segment.ms': '500',
      'flush.ms': JAVA_LONG_MAX,
    });
    expect((await configs('a')).get('retention.ms')).toMatchObject({
      value: '604800000',
      source: 'DEFAULT_CONFIG',
    });
  });

  it.each([
    [{ set: { 'retention.ms': -2 } }, /retention.ms is '-2'/],
    [{ set: { 'retention.mss': 1 } }, /Did you mean 'retention.ms'/],
    [{ unset: ['retention.mss'] }, /Did you mean 'retention.ms'/],
    [{ set: { 'segment.ms': 1 }, unset: ['segment.ms'] }, /both set and unset/],
    [{ set: { 'max.compaction.lag.ms': 999 } }, /min.compaction.lag.ms \(1000\) is above/],
    [{ set: { 'cleanup.policy': 'delete,delete' } }, /each once/],
    [{ set: { 'cleanup.policy': '' } }, /delete, compact/],
    [{ set: { 'compression.gzip.level': 0 } }, /from 1 to 9, or -1/],
    [{ set: { 'compression.type': 'lzo' } }, /producer, uncompressed, gzip, snappy, lz4, zstd/],
    [{ set: { 'segment.bytes': 1000 } }, /from 1048576/],
  ])('the change %j is refused, and all others with it', async (change, message) => {
    await bench().topic('a', 1, { 'min.compaction.lag.ms': 1000 });
    await bench().topic('b');
    const admin = bench().client.admin();
    await expect(
      bench().run(
        admin.alterConfigs([
          { topic: 'b', set: { 'retention.ms': 7 } },
          { topic: 'a', ...change },
        ]),
      ),
    ).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringMatching(message),
    });
    expect((await admin.describeTopics(['b']))[0]?.config).toEqual({});
  });

  it('a change is in force at once for producers that are open', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    const admin = bench().client.admin();
    send(producer, 'a', 'k', 'x'.repeat(1000));
    await bench().run(producer.flush());
    await bench().run(
      admin.alterConfigs([
        {
          topic: 'a',
          set: { 'max.message.bytes': 500, 'message.timestamp.type': 'LogAppendTime' },
        },
      ]),
    );
    expect(() => send(producer, 'a', 'k', 'x'.repeat(1000))).toThrowError(
      expect.objectContaining({ code: 'RECORD_TOO_LARGE' }),
    );
    for (let i = 0; i < 20; i++) send(producer, 'a', 'k', 'x'.repeat(100), { timestamp: 5 });
    await bench().run(producer.flush());
    const records = await bench().drain(bench().reader('a'));
    expect(records.length).toBe(21);
    expect(records[1]!.timestamp).toBeGreaterThan(1000);
    expect(records[0]!.timestamp).toBe(1000);
  });

  it('timestamps out of the bounds of the topic are refused, none is taken', async () => {
    await bench().topic('a', 1, { 'message.timestamp.type': 'LogAppendTime' });
    await bench().produce('a', 'now');
    const [record] = await bench().drain(bench().reader('a'));
    const now = record!.timestamp;
    await bench().topic('b', 1, {
      'message.timestamp.before.max.ms': 1_000_000,
      'message.timestamp.after.max.ms': 2_000_000,
    });
    const producer = await bench().producer();
    for (const timestamp of [now - 1_100_000, now + 2_100_000]) {
      send(producer, 'b', null, 'in', { timestamp: now });
      send(producer, 'b', null, 'out', { timestamp });
      await expect(bench().run(producer.flush())).rejects.toMatchObject({
        code: 'INVALID_TIMESTAMP',
        where: { topic: 'b', partition: 0 },
      });
    }
    for (const timestamp of [now - 900_000, now + 1_900_000, -1])
      send(producer, 'b', null, `${timestamp - now}`, { timestamp });
    await bench().run(producer.flush());
    expect((await bench().read('b')).length).toBe(3);
  });

  it('by default a timestamp may be an hour ahead, with LogAppendTime any', async () => {
    await bench().topic('a');
    await bench().topic('b', 1, { 'message.timestamp.type': 'LogAppendTime' });
    const producer = await bench().producer();
    send(producer, 'b', null, 'x', { timestamp: 2 ** 50 });
    await bench().run(producer.flush());
    send(producer, 'a', null, 'x', { timestamp: 2 ** 50 });
    await expect(bench().run(producer.flush())).rejects.toMatchObject({
      code: 'INVALID_TIMESTAMP',
      message: expect.stringContaining('message.timestamp.after.max.ms is 3600000'),
    });
  });

  it('a compacted topic refuses records without a key, with their batch', async () => {
    await bench().topic('a', 1, { 'cleanup.policy': 'compact,delete' });
    const producer = await bench().producer();
    let failure: unknown;
    send(producer, 'a', 'k', 'v', { acknowledged: (error) => (failure = error) });
    send(producer, 'a', null, 'v');
    await expect(bench().run(producer.flush())).rejects.toMatchObject({
      code: 'INVALID_RECORD',
      message: expect.stringContaining('Record 1 of a batch for a-0 has no key'),
    });
    expect(failure).toMatchObject({ code: 'INVALID_RECORD' });
    send(producer, 'a', '', 'empty');
    await bench().run(producer.flush());
    expect(await bench().read('a')).toEqual(['empty']);
    await bench().run(
      bench()
        .client.admin()
        .alterConfigs([{ topic: 'a', unset: ['cleanup.policy'] }]),
    );
    send(producer, 'a', null, 'keyless');
    await bench().run(producer.flush());
    expect(await bench().read('a')).toEqual(['empty', 'keyless']);
  });
}

export function describePartitions(bench: () => Bench): void {
  it('new partitions are there for open producers and readers, and empty', async () => {
    await bench().topic('a', 2);
    const admin = bench().client.admin();
    const producer = await bench().producer();
    const writer = producer.topic('a');
    const reader = bench().reader('a');
    send(producer, 'a', null, 'old', { partition: 1 });
    await bench().run(producer.flush());
    await bench().run(admin.createPartitions([{ topic: 'a', partitions: 4 }]));
    expect(writer.partitions).toBe(4);
    expect((await admin.describeTopics(['a']))[0]?.partitions).toBe(4);
    expect(await admin.listOffsets('a', 'latest')).toEqual(
      [0, 1, 0, 0].map((offset, partition) => ({ partition, offset })),
    );
    reader.assign([0, 1, 2, 3].map((partition) => ({ topic: 'a', partition })));
    send(producer, 'a', null, 'new', { partition: 3 });
    await bench().run(producer.flush());
    expect(values(await bench().drain(reader)).sort()).toEqual(['new', 'old']);
  });

  it('a transaction that is open goes on over new partitions', async () => {
    await bench().topic('a');
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'before');
    await bench().run(
      bench()
        .client.admin()
        .createPartitions([{ topic: 'a', partitions: 2 }]),
    );
    send(producer, 'a', null, 'after', { partition: 1 });
    expect(await bench().run(producer.commit())).toEqual({ outcome: 'committed' });
    const reader = bench().reader([
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 1 },
    ]);
    expect(values(await bench().drain(reader)).sort()).toEqual(['after', 'before']);
  });

  it.each([
    [[{ topic: 'a', partitions: 3 }], /has 3 partitions already/],
    [[{ topic: 'a', partitions: 2 }], /partitions cannot be taken away/],
    [[{ topic: 'a', partitions: 4.5 }], /4.5/],
    [
      [
        { topic: 'a', partitions: 4 },
        { topic: 'a', partitions: 5 },
      ],
      /named twice/,
    ],
  ])('%j is refused and changes nothing', async (counts, message) => {
    await bench().topic('a', 3);
    await bench().topic('b');
    const admin = bench().client.admin();
    const failed = bench().run(admin.createPartitions([{ topic: 'b', partitions: 2 }, ...counts]));
    await expect(failed).rejects.toMatchObject({
      code: 'INVALID_PARTITIONS',
      message: expect.stringMatching(message),
    });
    const described = await admin.describeTopics(['a', 'b']);
    expect(described.map((topic) => topic?.partitions)).toEqual([3, 1]);
    await expect(
      bench().run(admin.createPartitions([{ topic: 'none', partitions: 2 }])),
    ).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
  });

  it('members of a group get the new partitions', async () => {
    await bench().topic('a', 1);
    const consumer = bench().client.consumer({ groupId: 'g' });
    consumer.subscribe(['a']);
    await bench().run(consumer.poll(0));
    expect(consumer.assignment().length).toBe(1);
    await bench().run(
      bench()
        .client.admin()
        .createPartitions([{ topic: 'a', partitions: 3 }]),
    );
    const producer = await bench().producer();
    send(producer, 'a', null, 'x', { partition: 2 });
    await bench().run(producer.flush());
    expect(values(await bench().drain(consumer))).toEqual(['x']);
    expect(consumer.assignment().length).toBe(3);
  });
}

export function describeRecreation(bench: () => Bench): void {
  const recreate = async (): Promise<void> => {
    const admin = bench().client.admin();
    await bench().run(admin.deleteTopics(['a']));
    await bench().topic('a');
  };

  it('a reader of the former topic is told, and reads the new one when it assigns again', async () => {
    await bench().topic('a');
    await bench().produce('a', 'old');
    const reader = bench().reader('a');
    expect(values(await bench().drain(reader))).toEqual(['old']);
    await recreate();
    await bench().produce('a', 'new');
    await expect(bench().run(reader.poll(0))).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    reader.assign([{ topic: 'a', partition: 0 }]);
    expect(values(await bench().drain(reader))).toEqual(['new']);
  });

  it('a transaction that wrote to the former topic commits what is left of it', async () => {
    await bench().topic('a');
    await bench().topic('b');
    const producer = await bench().transactional();
    producer.begin();
    send(producer, 'a', null, 'gone');
    send(producer, 'b', null, 'kept');
    producer.seal();
    await recreate();
    expect(await bench().run(producer.commit())).toEqual({ outcome: 'committed' });
    expect(await bench().read('a')).toEqual([]);
    expect(await bench().read('b')).toEqual(['kept']);
    producer.begin();
    send(producer, 'a', null, 'new');
    expect(await bench().run(producer.commit())).toEqual({ outcome: 'committed' });
    expect(await bench().read('a')).toEqual(['new']);
  });

  it('a writer of the former topic is refused, a new one writes to the new topic', async () => {
    await bench().topic('a');
    const producer = await bench().producer();
    const writer = producer.topic('a');
    const value = Buffer.from('x');
    await recreate();
    writer.append(0, 1000, null, 0, 0, value, 0, 1, []);
    await expect(bench().run(producer.flush())).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    send(producer, 'a', null, 'new');
    await bench().run(producer.flush());
    expect(await bench().read('a')).toEqual(['new']);
  });

  it('a group inherits no offset and reads the new topic from its beginning', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    const consumer = bench().client.consumer({ groupId: 'g' });
    consumer.subscribe(['a']);
    expect(values(await bench().drain(consumer))).toEqual(['0', '1', '2']);
    await bench().run(consumer.commit([{ topic: 'a', partition: 0, offset: 3, metadata: '' }]));
    await recreate();
    expect(await bench().client.admin().committedOffsets('g')).toEqual([]);
    await bench().produce('a', 'new');
    expect(values(await bench().drain(consumer))).toEqual(['new']);
  });

  it('configs of the former topic are not those of the new one', async () => {
    await bench().topic('a', 3, { 'retention.ms': 5 });
    await recreate();
    const [described] = await bench().client.admin().describeTopics(['a']);
    expect(described).toMatchObject({ partitions: 1, config: {} });
  });
}

export function describeDeletedRecords(bench: () => Bench): void {
  const A0 = { topic: 'a', partition: 0 };

  it('records of a compacted topic cannot be deleted by offset, unless it deletes too', async () => {
    await bench().topic('a', 1, { 'cleanup.policy': 'compact' });
    const admin = bench().client.admin();
    const producer = await bench().producer();
    send(producer, 'a', 'k', 'v');
    await bench().run(producer.flush());
    await expect(bench().run(admin.deleteRecords([{ ...A0, offset: 1 }]))).rejects.toMatchObject({
      code: 'POLICY_VIOLATION',
      where: { topic: 'a' },
    });
    await bench().run(
      admin.alterConfigs([{ topic: 'a', set: { 'cleanup.policy': 'delete, compact' } }]),
    );
    await bench().run(admin.deleteRecords([{ ...A0, offset: 1 }]));
    expect(await bench().read('a')).toEqual([]);
  });

  it('a reader below the log start goes where its policy says, or is told what was lost', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2', '3');
    const earliest = bench().reader('a', { offsetReset: 'earliest' });
    const latest = bench().reader('a', { offsetReset: 'latest' });
    const none = bench().reader('a', { offsetReset: 'none' });
    for (const reader of [earliest, latest, none]) reader.seek(A0, 1);
    const admin = bench().client.admin();
    await bench().run(admin.deleteRecords([{ ...A0, offset: 3 }]));
    await expect(bench().run(none.poll(0))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
      message: expect.stringMatching(/1.*3/),
      where: { ...A0, offset: 1 },
    });
    expect(values(await bench().drain(earliest))).toEqual(['3']);
    expect(values(await bench().drain(latest))).toEqual([]);
    await bench().produce('a', '4');
    expect(values(await bench().drain(latest))).toEqual(['4']);
    none.seek(A0, 3);
    expect(values(await bench().drain(none))).toEqual(['3', '4']);
  });

  it('a committed offset below the log start is where its group is sent on from', async () => {
    await bench().topic('a');
    await bench().produce('a', '0', '1', '2');
    const admin = bench().client.admin();
    await bench().run(
      bench()
        .reader('a', { groupId: 'g' })
        .commit([{ ...A0, offset: 1, metadata: '' }]),
    );
    await bench().run(admin.deleteRecords([{ ...A0, offset: 2 }]));
    expect(await admin.committedOffsets('g')).toEqual([{ ...A0, offset: 1, metadata: '' }]);
    expect(values(await bench().drain(bench().reader('a', { groupId: 'g' })))).toEqual(['2']);
    const strict = bench().reader('a', { groupId: 'g', offsetReset: 'none' });
    await expect(bench().run(strict.poll(0))).rejects.toMatchObject({
      code: 'OFFSET_OUT_OF_RANGE',
    });
  });
}
