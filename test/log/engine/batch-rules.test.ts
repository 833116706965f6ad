/** Batches that were not made by a writer of this process, as an endpoint would hand them to the broker: the log looks itself. */
import { beforeEach, describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { encodeBatch } from '../../../src/log/compression/batch.js';
import { memoryEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { RecordBatchBuilder } from '../../../src/log/record-batch.js';

let env: SimulatedEnv;
let engine: LogEngine;

beforeEach(() => {
  env = new SimulatedEnv();
  engine = memoryEngine({ env });
});

interface Sent {
  readonly key: string | null;
  readonly timestamp?: number;
  readonly bytes?: number;
}

function batch(records: readonly Sent[]): Buffer {
  const builder = new RecordBatchBuilder(1024);
  for (const { key, timestamp = env.clock.now(), bytes = 1 } of records) {
    const name = key === null ? null : Buffer.from(key);
    const value = Buffer.alloc(bytes);
    builder.append(timestamp, name, 0, name?.length ?? 0, value, 0, bytes);
  }
  return builder.seal({ producerId: -1, epoch: -1, sequence: -1, transactional: false });
}

async function append(bytes: Buffer, config: { readonly [name: string]: string | number }) {
  await engine.admin().createTopics([{ topic: 'a', partitions: 1, config }]);
  return engine.broker.appendBatch(engine.broker.topics.get('a'), 0, bytes);
}

describe('a batch from elsewhere', () => {
  const COMPACT = { 'cleanup.policy': 'compact' };
  const KEYLESS = [{ key: 'k' }, { key: '' }, { key: null }];

  it.each(['none', 'gzip', 'lz4'] as const)(
    'must have keys in a compacted topic (compression %s)',
    async (type) => {
      await expect(append(encodeBatch(batch(KEYLESS), type), COMPACT)).rejects.toMatchObject({
        code: 'INVALID_RECORD',
        message: expect.stringContaining('Record 2 of a batch for a-0 has no key'),
        where: { topic: 'a', partition: 0 },
      });
      await engine.admin().deleteTopics(['a']);
      expect(await append(encodeBatch(batch([{ key: 'k' }, { key: '' }]), type), COMPACT)).toBe(0);
      await engine.admin().deleteTopics(['a']);
      expect(await append(encodeBatch(batch(KEYLESS), type), {})).toBe(0);
    },
  );

  it('must not be older or younger than its topic takes, record by record', async () => {
    const now = env.clock.now();
    const bounds = { 'message.timestamp.before.max.ms': 1000 };
    const old = batch([
      { key: 'k', timestamp: now },
      { key: 'k', timestamp: now - 1001 },
    ]);
    await expect(append(old, bounds)).rejects.toMatchObject({
      code: 'INVALID_TIMESTAMP',
      message: expect.stringMatching(/before\.max\.ms \(1000\) behind/),
    });
    const { broker } = engine;
    const topic = broker.topics.get('a');
    const young = batch([{ key: 'k', timestamp: now + 3_600_001 }]);
    expect(() => broker.appendBatch(topic, 0, young)).toThrowError(/3600001 ms ahead/);
    const edges = batch([
      { key: 'k', timestamp: now - 1000 },
      { key: 'k', timestamp: -1 },
    ]);
    expect(broker.appendBatch(topic, 0, edges)).toBe(0);
  });

  it('must fit into a segment, whatever max.message.bytes says', async () => {
    const config = { 'max.message.bytes': 10_000_000, 'segment.bytes': 1_048_576 };
    await expect(append(batch([{ key: 'k', bytes: 1_048_576 }]), config)).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
      message: expect.stringContaining('segment.bytes (1048576)'),
    });
  });
});
