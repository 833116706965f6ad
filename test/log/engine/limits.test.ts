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
