/** When the cleaner works on its own, which partition it takes first, and what it leaves behind in memory. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../../src/env/simulated-files.js';
import type { FileHandle } from '../../../src/env/file-system.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { MemoryStorage } from '../../../src/log/engine/memory-storage.js';
import type { Partition } from '../../../src/log/engine/partition.js';
import { RecordBatchBuilder } from '../../../src/log/record-batch.js';

const SETTINGS = { ...DEFAULT_SETTINGS, cleanerBackoffMs: 1000 };

interface Log {
  readonly engine: LogEngine;
  readonly env: SimulatedEnv;
  readonly told: string[];
}

async function open(durable = false, files = new SimulatedFiles()): Promise<Log> {
  const env = new SimulatedEnv({ files });
  const told: string[] = [];
  const tell = (message: string) => {
    if (message.includes(' cleaned ')) told.push(message);
  };
  const storage = durable
    ? openJournalStorage({ directory: '/log', env, thread: 'inline' })
    : new MemoryStorage();
  const logger = { info: tell, warn: tell, error: tell };
  const features = { durable };
  const engine = await env.run(openEngine({ storage, env, features, settings: SETTINGS, logger }));
  return { engine, env, told };
}

function create({ engine }: Log, topic: string, config = {}): Partition {
  const all = { 'cleanup.policy': 'compact', 'delete.retention.ms': 0, ...config };
  engine.broker.createTopics([{ topic, partitions: 1, config: all }], false);
  return engine.broker.topics.get(topic).partition(0);
}

function put({ engine, env }: Log, topic: string, key: string, value: string): void {
  const builder = new RecordBatchBuilder(256);
  const [k, v] = [Buffer.from(key), Buffer.from(value)];
  builder.append(env.clock.now(), k, 0, k.length, v, 0, v.length);
  engine.broker.appendBatch(engine.broker.topics.get(topic), 0, builder.seal());
  engine.broker.durability.syncNow();
}

describe('the cleaner', () => {
  it('wakes up by itself and takes the dirtiest partition first', async () => {
    const log = await open();
    const some = create(log, 'some');
    const more = create(log, 'more');
    const clean = create(log, 'clean');
    const deleted = create(log, 'deleted', { 'cleanup.policy': 'delete' });
    for (const [topic, count] of [
      ['some', 20],
      ['more', 20],
      ['clean', 20],
      ['deleted', 20],
    ] as const)
      for (let i = 0; i < count; i++) put(log, topic, `${i % 3}`, 'x'.repeat(20));
    for (const partition of [some, more, clean, deleted]) partition.storage.roll();
    log.env.advance(1100);
    await log.env.settle();
    expect(log.told).toHaveLength(3);
    log.told.length = 0;
    // Much in one, a little in another, less than half of what is there in the third.
    for (const [topic, count] of [
      ['some', 5],
      ['more', 50],
      ['clean', 2],
    ] as const)
      for (let i = 0; i < count; i++) put(log, topic, `${i % 3}`, 'x'.repeat(20));
    for (const partition of [some, more, clean]) partition.storage.roll();
    log.env.advance(1100);
    await log.env.settle();
    expect(log.told.map((line) => /cleaned (\w+)-0/.exec(line)?.[1])).toEqual(['more', 'some']);
    expect([some, more, clean, deleted].map(({ storage }) => storage.cleanedTo)).toEqual([
      25, 70, 20, 0,
    ]);
    await log.env.run(log.engine.close());
  });

  it('forgets aborted transactions of which nothing is left', async () => {
    const log = await open(true);
    const partition = create(log, 'c');
    const { transactions } = log.engine.broker;
    for (let i = 0; i < 10; i++) {
      const session = transactions.init(`t${i}`, Number.POSITIVE_INFINITY);
      transactions.begin(session);
      const builder = new RecordBatchBuilder(256);
      const key = Buffer.from('k');
      builder.append(log.env.clock.now(), key, 0, 1, key, 0, 1);
      const { producerId, epoch } = session;
      const producer = { producerId, epoch, sequence: 0, transactional: true };
      log.engine.broker.appendBatch(log.engine.broker.topics.get('c'), 0, builder.seal(producer));
      await log.env.run(transactions.abort(session)); // oxlint-disable-line no-await-in-loop -- one transaction after the other
    }
    expect(partition.aborted.all()).toHaveLength(10);
    // First the records go; a day later the producers are forgotten, then their markers.
    for (let pass = 0; pass < 4; pass++) {
      await log.env.run(log.engine.broker.cleaner.cleanNow()); // oxlint-disable-line no-await-in-loop -- as above
      log.env.advance(86_400_001);
      put(log, 'c', 'k', 'v');
      await log.env.settle(); // oxlint-disable-line no-await-in-loop -- as above
    }
    expect(partition.aborted.all()).toEqual([]);
    await log.env.run(log.engine.close());
  });
});

/** Counts bytes that are read from segments. */
class CountingFiles extends SimulatedFiles {
  segmentBytes = 0;

  override open(path: string, mode: 'read' | 'write' | 'create'): FileHandle {
    const handle = super.open(path, mode);
    if (!path.endsWith('.log')) return handle;
    const read = handle.read.bind(handle);
    handle.read = (target, position) => {
      const bytes = read(target, position);
      this.segmentBytes += bytes;
      return bytes;
    };
    return handle;
  }
}

describe('recovery', () => {
  it('reads no segment, cleaned or not, however many there are', async () => {
    const files = new CountingFiles();
    const log = await open(true, files);
    const partition = create(log, 'c');
    for (let i = 0; i < 100; i++) {
      put(log, 'c', `${i}`, 'x'.repeat(100));
      if (i % 2 === 0) partition.storage.roll();
    }
    await log.env.settle();
    expect(partition.storage.segments().length).toBeGreaterThan(45);
    const { broker } = log.engine;
    await log.env.run(broker.cleaner.cleanNow());
    for (let i = 0; i < 20; i++) {
      put(log, 'c', `${i}`, 'y');
      partition.storage.roll();
    }
    await log.env.run(log.engine.close());
    files.kill();
    files.segmentBytes = 0;
    const again = await open(true, files);
    expect(files.segmentBytes).toBe(0);
    expect(again.engine.broker.topics.get('c').partition(0).storage.segments()).toHaveLength(21);
    await again.env.run(again.engine.close());
  });
});
