/**
 * Compression through the log: what a producer or a topic asks for is what is stored, and readers get the records
 * whatever they are stored as.
 */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { StreamsError } from '../../../src/errors.js';
import { batchRecordCount, verifyBatch } from '../../../src/log/batch-header.js';
import type { BatchRange, Codec, CompressionType } from '../../../src/log/client.js';
import { batchCompression, decodeBatch, encodeBatch } from '../../../src/log/compression/batch.js';
import { zstdParts } from '../../../src/log/compression/zstd.js';
import { type LogEngine } from '../../../src/log/engine/engine.js';
import { memoryLog, openLog, type Log } from '../../../src/log/log.js';
import { RecordBatchBuilder } from '../../../src/log/record-batch.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';
import { Serdes } from '../../../src/serde/serdes.js';

const CODECS: readonly CompressionType[] = ['gzip', 'snappy', 'lz4'];
const ALL: readonly CompressionType[] =
  zstdParts().compress === undefined ? CODECS : [...CODECS, 'zstd'];
const serdes = { key: Serdes.string(), value: Serdes.string() };

function stored(log: Log, topic = 'orders', partition = 0): BatchRange[] {
  const engine = log.client as LogEngine;
  const held = engine.broker.topics.get(topic).partition(partition);
  const ranges = held.read(0, held.endOffset, Number.MAX_SAFE_INTEGER);
  for (const { bytes, start, end } of ranges) expect(verifyBatch(bytes, start, end)).toBe(end);
  return ranges;
}

const compressionOf = (ranges: readonly BatchRange[]): (CompressionType | undefined)[] => [
  ...new Set(ranges.map(({ bytes, start }) => batchCompression(bytes, start))),
];

async function readAll(log: Log, topic = 'orders'): Promise<string[]> {
  await using consumer = log.consumer({ ...serdes, fromBeginning: true });
  await consumer.assign([{ topic, partition: 0 }]);
  const read: string[] = [];
  for await (const { offset, key, value, timestamp, headers } of consumer.untilEnd())
    read.push(`${offset} ${key}=${value} @${timestamp} ${headers.map((header) => header.key)}`);
  return read;
}

const records = Array.from({ length: 500 }, (_, i) => ({
  key: i % 7 === 0 ? null : `key-${i % 13}`,
  value: i % 11 === 0 ? null : `value ${i} of the same kind`,
  timestamp: 1_700_000_000_000 + i * 3,
  headers: i % 5 === 0 ? [{ key: 'trace', value: Buffer.from(String(i)) }] : [],
}));
const expected = records.map(
  ({ key, value, timestamp, headers }, i) =>
    `${i} ${key}=${value} @${timestamp} ${headers.map((header) => header.key)}`,
);

describe.each(ALL)('%s', (compression) => {
  it('of a producer is what is stored, and every record is read', async () => {
    await using log = memoryLog();
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    await using producer = log.producer({ ...serdes, compression });
    const sent = await producer.sendBatch('orders', records);
    expect(sent.at(-1)?.offset).toBe(499);
    expect(compressionOf(stored(log))).toEqual([compression]);
    expect(await readAll(log)).toEqual(expected);
  });

  it('is survived by transactions, an abort among them', async () => {
    await using log = memoryLog();
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    await using producer = log.producer({ ...serdes, compression, transactionalId: 't' });
    const aborted = producer.transaction(async (transaction) => {
      await transaction.sendBatch('orders', records);
      throw new Error('aborted');
    });
    await expect(aborted).rejects.toThrow('aborted');
    await producer.transaction((transaction) => transaction.sendBatch('orders', records));
    const read = await readAll(log);
    expect(read.length).toBe(500);
    expect(read[0]).toMatch(/^501 /);
  });

  it('of a topic goes before that of the producer', async () => {
    await using log = memoryLog();
    const config = { 'compression.type': compression };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    for (const sends of ['none', 'snappy', compression] as const) {
      await using producer = log.producer({ ...serdes, compression: sends });
      await producer.sendBatch('orders', records);
    }
    expect(compressionOf(stored(log))).toEqual([compression]);
    expect((await readAll(log)).length).toBe(1500);
  });

  it('is undone by a topic that wants its batches uncompressed', async () => {
    await using log = memoryLog();
    const config = { 'compression.type': 'uncompressed' };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    await using producer = log.producer({ ...serdes, compression });
    await producer.sendBatch('orders', records);
    expect(compressionOf(stored(log))).toEqual(['none']);
    expect(await readAll(log)).toEqual(expected);
  });

  it('of a topic is what a batch becomes that another client compressed otherwise', async () => {
    await using log = memoryLog();
    const config = { 'compression.type': compression, 'message.timestamp.type': 'LogAppendTime' };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    const { broker } = log.client as LogEngine;
    const topic = broker.topics.get('orders');
    let sequence = 0;
    for (const sent of ['none', 'gzip', 'snappy', 'lz4'] as const) {
      const batch = batchOf(['one', 'two', 'three'], 7, sequence);
      broker.appendBatch(topic, 0, encodeBatch(batch, sent));
      sequence += 3;
    }
    broker.durability.syncNow();
    expect(compressionOf(stored(log))).toEqual([compression]);
    expect(stored(log).map(({ bytes, start }) => batchRecordCount(bytes, start))).toEqual([
      3, 3, 3, 3,
    ]);
    const read = await readAll(log);
    expect(read.map((line) => line.split(' ', 2).join(' ')).slice(9)).toEqual([
      '9 null=one',
      '10 null=two',
      '11 null=three',
    ]);
  });

  it('is not in the way of finding an offset by time', async () => {
    await using log = memoryLog();
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    await using producer = log.producer({ ...serdes, compression });
    await producer.sendBatch('orders', records);
    const found = await log.admin().listOffsets('orders', 1_700_000_000_301);
    expect(found).toMatchObject([{ partition: 0, offset: 101 }]);
  });

  it('is written to a directory and read from it after a crash', async () => {
    const env = new SimulatedEnv({ seed: 4 });
    const log = await env.run(openLog('data', { env }));
    const admin = log.admin();
    await env.run(admin.createTopics([{ topic: 'orders', partitions: 1 }]));
    await env.run(log.producer({ ...serdes, compression }).sendBatch('orders', records));
    env.files.crash();
    const again = await env.run(openLog('data', { env }));
    expect(compressionOf(stored(again))).toEqual([compression]);
    expect(await env.run(readAll(again))).toEqual(expected);
    await env.run(again.close());
  });
});

describe('compression', () => {
  it('fills batches until they are expected to have batchBytes compressed', async () => {
    await using log = memoryLog();
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    await using producer = log.producer({ ...serdes, compression: 'gzip', batchBytes: 4096 });
    for (let i = 0; i < 60; i++) await producer.sendBatch('orders', records);
    const sizes = stored(log).map(({ bytes, start }) => decodeBatch(bytes, start).length);
    expect(sizes[0]).toBeLessThanOrEqual(4096);
    expect(Math.max(...sizes)).toBeGreaterThan(2 * 4096);
    expect(Math.max(...stored(log).map(({ start, end }) => end - start))).toBeLessThan(4200);
  });

  it('counts max.message.bytes after compression', async () => {
    await using log = memoryLog();
    const config = { 'max.message.bytes': 10_000 };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    await using producer = log.producer({ value: Serdes.bytes(), compression: 'gzip' });
    await producer.send({ topic: 'orders', value: Buffer.alloc(500_000, 'ab') });
    expect(stored(log)[0]?.end).toBeLessThan(10_000);
    const noise = Buffer.alloc(500_000);
    for (let i = 0, x = 1; i < noise.length; i++) noise[i] = x = (x * 1_103_515_245 + 12_345) >>> 7;
    const refused = producer.send({ topic: 'orders', value: noise });
    await expect(refused).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
    await expect(producer.flush()).rejects.toMatchObject({ code: 'RECORD_TOO_LARGE' });
  });

  it('never makes a batch of small records too large', async () => {
    await using log = memoryLog();
    const config = { 'max.message.bytes': 20_000 };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    await using producer = log.producer({
      value: Serdes.bytes(),
      compression: 'lz4',
      batchBytes: 1_000_000,
    });
    let x = 7;
    const value = (compressible: boolean): Buffer => {
      const bytes = Buffer.alloc(300, 5);
      if (!compressible)
        for (let i = 0; i < 300; i++) bytes[i] = (x = Math.imul(x, 1_103_515_245) + 12_345) >>> 16;
      return bytes;
    };
    for (let i = 0; i < 40; i++) {
      const batch = Array.from({ length: 200 }, () => ({ value: value(i % 20 < 15) }));
      await producer.sendBatch('orders', batch);
    }
    expect(stored(log).length).toBeGreaterThan(40);
  });

  it('that grows a batch beyond segment.bytes is refused', async () => {
    await using log = memoryLog();
    const config = {
      'compression.type': 'uncompressed',
      'max.message.bytes': 10_000_000,
      'segment.bytes': 1_048_576,
    };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    const batch = encodeBatch(batchOf(['x'.repeat(2_000_000)], -1, 0), 'gzip');
    const { broker } = log.client as LogEngine;
    expect(() => broker.appendBatch(broker.topics.get('orders'), 0, batch)).toThrow(
      /has 2000\d{3} bytes under the topic's compression.type none, more than its segment.bytes/,
    );
  });

  it('by a codec of the user that throws fails the send, and names codec and topic', async () => {
    const broken: Codec = {
      compress: () => {
        throw new Error('out of order');
      },
      decompress: (bytes) => bytes,
    };
    await using log = memoryLog({ codecs: { lz4: broken } });
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    const producer = log.producer({ ...serdes, compression: 'lz4' });
    const failure = {
      code: 'COMPRESSION_FAILED',
      message: expect.stringMatching(/orders.*lz4.*out of order/),
      where: { topic: 'orders', partition: 0 },
    };
    await expect(producer.send({ topic: 'orders', value: 'x' })).rejects.toMatchObject(failure);
    await expect(producer.close()).rejects.toMatchObject(failure);
  });

  it('is altered while a producer is at work', async () => {
    await using log = memoryLog();
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    await using producer = log.producer(serdes);
    await producer.sendBatch('orders', records);
    const set = { 'compression.type': 'gzip', 'compression.gzip.level': 9 };
    await log.admin().alterConfigs([{ topic: 'orders', set }]);
    await producer.sendBatch('orders', records);
    expect(compressionOf(stored(log))).toEqual(['none', 'gzip']);
  });

  it.each([
    [{ compression: 'brotli' }, /compression is "brotli", expected one of none, gzip/],
    [{ compression: 'gzip', compressionLevel: 12 }, /gzip takes whole numbers from 1 to 9/],
    [{ compression: 'snappy', compressionLevel: 1 }, /'snappy' has no levels/],
    [{ compressionLevel: 1 }, /'none' has no levels/],
  ])('%o is refused when the producer is made', async (options, message) => {
    await using log = memoryLog();
    expect(() => log.producer(options as object)).toThrow(message);
  });

  it.skipIf(ALL.includes('zstd'))('zstd is refused by name where Node has none', async () => {
    await using log = memoryLog();
    expect(() => log.producer({ compression: 'zstd' })).toThrow(
      'Records cannot be compressed with zstd in this process. Node.js 22.15 and newer can.',
    );
    const config = { 'compression.type': 'zstd' };
    await log.admin().createTopics([{ topic: 'orders', partitions: 1, config }]);
    const producer = log.producer(serdes);
    await expect(producer.sendBatch('orders', records)).rejects.toMatchObject({
      code: 'UNSUPPORTED_COMPRESSION',
      where: { topic: 'orders', partition: 0 },
    });
    await expect(producer.close()).rejects.toMatchObject({ code: 'UNSUPPORTED_COMPRESSION' });
  });

  it('by a codec of the user is used on both ways, and its failures are named', async () => {
    const upsideDown: Codec = {
      compress: (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0xff)),
      decompress: (bytes) => {
        if (bytes[0] === 0) throw new Error('upside up');
        return Buffer.from(bytes.map((byte) => byte ^ 0xff));
      },
    };
    await using log = memoryLog({ codecs: { zstd: upsideDown } });
    await log.admin().createTopics([{ topic: 'orders', partitions: 1 }]);
    await using producer = log.producer({ ...serdes, compression: 'zstd' });
    await producer.sendBatch('orders', records);
    expect(compressionOf(stored(log))).toEqual(['zstd']);
    expect(await readAll(log)).toEqual(expected);
    const found = await log.admin().listOffsets('orders', 1_700_000_000_301);
    expect(found).toMatchObject([{ offset: 101 }]);
    const [range] = stored(log);
    range?.bytes.writeUInt8(0, range.start + 61);
    await expect(readAll(log)).rejects.toMatchObject({
      code: 'CORRUPT_RECORD',
      message: 'Damaged zstd data in the batch at topic orders, partition 0, offset 0: upside up.',
      where: { topic: 'orders', partition: 0, offset: 0 },
    });
  });

  it('that no codec is known for is an error with the place', () => {
    const batch = Buffer.from(batchOf(['one'], -1, 0));
    batch.writeInt16BE(7, 21);
    const cursor = new RecordCursor();
    const reading = (): void => cursor.reset(batch, 0, { topic: 'orders', partition: 3 });
    expect(reading).toThrow(StreamsError);
    expect(reading).toThrow(
      'The batch at topic orders, partition 3, offset 0 is compressed with codec 7, which this process cannot read. Kafka has no such codec.',
    );
    expect(cursor.next()).toBe(false);
  });

  it('of a batch that was cut is damage with the place', () => {
    const batch = encodeBatch(batchOf(['one', 'two'], -1, 0), 'gzip');
    batch.fill(0, batch.length - 12);
    const cursor = new RecordCursor();
    expect(() => cursor.reset(batch, 0, { topic: 'orders', partition: 3 })).toThrow(
      /Damaged gzip data in the batch at topic orders, partition 3, offset 0/,
    );
  });
});

function batchOf(values: readonly string[], producerId: number, sequence: number): Buffer {
  const builder = new RecordBatchBuilder();
  for (const value of values) {
    const bytes = Buffer.from(value);
    builder.append(1_700_000_000_000, null, 0, 0, bytes, 0, bytes.length);
  }
  return builder.seal(
    producerId < 0 ? undefined : { producerId, epoch: 0, sequence, transactional: false },
  );
}
