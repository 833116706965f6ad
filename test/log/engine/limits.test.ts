/** Every limit of the engine is reached, says so by its name, and leaves the log as it was. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { memoryEngine } from '../../../src/log/engine/engine.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { send } from '../client-suite-records.js';

describe('a memory log that is full', () => {
  async function full() {
    const engine = memoryEngine({
      env: new SimulatedEnv(),
      settings: { ...DEFAULT_SETTINGS, memoryBytesMax: 10_000 },
    });
    const admin = engine.admin();
    await admin.createTopics([
      { topic: 'a', partitions: 1 },
      { topic: 'b', partitions: 1 },
    ]);
    const producer = engine.producer();
    const fill = async (topic: string) => {
      send(producer, topic, null, 'x'.repeat(3000));
      await producer.flush();
    };
    for (const topic of ['a', 'a', 'b']) await fill(topic);
    return { engine, admin, fill, producer };
  }
  const limit = {
    code: 'LIMIT_EXCEEDED',
    where: { topic: 'a', partition: 0 },
    message: expect.stringContaining('memoryBytesMax (10000)'),
  };

  it('refuses a batch that does not fit, and takes one that does', async () => {
    const { fill, admin, producer } = await full();
    await expect(fill('a')).rejects.toMatchObject(limit);
    expect(await admin.listOffsets('a', 'latest')).toMatchObject([{ offset: 2 }]);
    send(producer, 'a', null, 'x'.repeat(500));
    await producer.flush();
    expect(await admin.listOffsets('a', 'latest')).toMatchObject([{ offset: 3 }]);
  });

  it('takes more when records are deleted, and when a topic is', async () => {
    const { fill, admin } = await full();
    await expect(fill('a')).rejects.toMatchObject(limit);
    await admin.deleteRecords([{ topic: 'a', partition: 0, offset: 1 }]);
    await fill('a');
    await expect(fill('a')).rejects.toMatchObject(limit);
    await admin.deleteTopics(['b']);
    await fill('a');
  });

  it('still ends transactions', async () => {
    const { engine, fill } = await full();
    const producer = engine.producer({ transactionalId: 'app' });
    await producer.init();
    producer.begin();
    send(producer, 'a', null, 'x'.repeat(500));
    producer.seal();
    send(producer, 'a', null, 'x'.repeat(3000));
    await expect(producer.commit()).rejects.toMatchObject(limit);
    await producer.abort();
    producer.begin();
    send(producer, 'a', null, 'y');
    expect(await producer.commit()).toEqual({ outcome: 'committed' });
    await expect(fill('a')).rejects.toMatchObject(limit);
  });
});

describe('names that are too long', () => {
  const long = 'x'.repeat(32_768);
  it('are refused at the call that gives them', async () => {
    const engine = memoryEngine({ env: new SimulatedEnv() });
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => engine.producer({ clientId: long })).toThrow(invalid);
    expect(() => engine.producer({ transactionalId: long })).toThrow(invalid);
    expect(() => engine.consumer({ groupId: long })).toThrow(
      expect.objectContaining({ code: 'INVALID_GROUP' }),
    );
    const topics = [{ topic: 'x'.repeat(250), partitions: 1 }];
    await expect(engine.admin().createTopics(topics)).rejects.toMatchObject({
      code: 'INVALID_TOPIC',
    });
  });

  it('as long as allowed are taken', async () => {
    const engine = memoryEngine({ env: new SimulatedEnv() });
    await engine.admin().createTopics([{ topic: 'x'.repeat(249), partitions: 1 }]);
    const producer = engine.producer({ clientId: long.slice(1), transactionalId: long.slice(1) });
    await producer.init();
  });
});

describe('a record that is larger than its topic takes', () => {
  it('is refused with its headers counted, and the next one is taken', async () => {
    const engine = memoryEngine({ env: new SimulatedEnv() });
    const config = { 'max.message.bytes': '1000' };
    await engine.admin().createTopics([{ topic: 'a', partitions: 1, config }]);
    const producer = engine.producer();
    await producer.init();
    const headers = Array.from({ length: 50 }, (_, i) => ({
      key: `h${i}`,
      value: Buffer.alloc(20),
    }));
    const writer = producer.topic('a');
    const value = Buffer.from('x');
    const append = (some: typeof headers) =>
      writer.append(0, 1, null, 0, 0, value, 0, value.length, some);
    expect(() => append(headers)).toThrow(expect.objectContaining({ code: 'RECORD_TOO_LARGE' }));
    append(headers.slice(0, 5));
    await producer.flush();
  });
});
