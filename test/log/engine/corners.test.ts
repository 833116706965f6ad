/** Names that come back, callbacks that close, options that are wrong, and a start that fails. */
import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { SimulatedFiles } from '../../../src/env/simulated-files.js';
import { memoryEngine, openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { send } from '../client-suite-records.js';

const NO_MEMBER = { groupId: 'g', generationId: -1, memberId: '' };
const A0 = { topic: 'a', partition: 0 };

function durable(files: SimulatedFiles): {
  readonly env: SimulatedEnv;
  readonly opened: Promise<LogEngine>;
} {
  const env = new SimulatedEnv({ files });
  const storage = openJournalStorage({ directory: '/log', env, thread: 'inline' });
  return { env, opened: env.run(openEngine({ storage, env, features: { durable: true } })) };
}

describe('a topic made anew under its name', () => {
  it('inherits no offsets from a transaction that was open meanwhile', async () => {
    const env = new SimulatedEnv();
    const engine = memoryEngine({ env });
    const admin = engine.admin();
    await admin.createTopics([{ topic: 'a', partitions: 1 }]);
    const producer = engine.producer({ transactionalId: 'app' });
    await producer.init();
    producer.begin();
    producer.sendOffsets([{ ...A0, offset: 100, metadata: '' }], NO_MEMBER);
    await admin.deleteTopics(['a']);
    await admin.createTopics([{ topic: 'a', partitions: 1 }]);
    await expect(producer.commit()).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' });
    await producer.abort();
    expect(await admin.committedOffsets('g')).toEqual([]);
  });

  it('inherits no offsets from a consumer that read the old one', async () => {
    const engine = memoryEngine({ env: new SimulatedEnv() });
    const admin = engine.admin();
    await admin.createTopics([{ topic: 'a', partitions: 1 }]);
    const consumer = engine.consumer({ groupId: 'g' });
    consumer.assign([A0]);
    await admin.deleteTopics(['a']);
    await admin.createTopics([{ topic: 'a', partitions: 1 }]);
    await expect(consumer.commit([{ ...A0, offset: 100, metadata: '' }])).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC',
    });
    expect(await admin.committedOffsets('g')).toEqual([]);
  });
});

describe('a consumer', () => {
  it('that is closed in its own revocation callback is told once', async () => {
    const env = new SimulatedEnv();
    const engine = memoryEngine({ env });
    await engine.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    for (const begin of ['close', 'poll'] as const) {
      const consumer = engine.consumer({ groupId: begin });
      let revoked = 0;
      consumer.subscribe(['a'], {
        onPartitionsAssigned: () => {},
        onPartitionsRevoked: async () => {
          if (++revoked < 5) await consumer.close();
        },
      });
      await consumer.poll(0);
      if (begin === 'poll') {
        const other = engine.consumer({ groupId: begin });
        other.subscribe(['a']);
        await other.poll(0);
        expect(await consumer.poll(0)).toEqual([]);
        await other.poll(0);
        expect(other.assignment()).toEqual([A0]);
      } else await consumer.close();
      expect({ begin, revoked }).toEqual({ begin, revoked: 1 });
    }
  });

  it('whose callback never ends is taken out of its group', async () => {
    const env = new SimulatedEnv();
    const engine = memoryEngine({ env });
    await engine.admin().createTopics([{ topic: 'a', partitions: 1 }]);
    const stuck = engine.consumer({ groupId: 'g', maxPollIntervalMs: 1000 });
    stuck.subscribe(['a'], {
      onPartitionsAssigned: () => {},
      onPartitionsRevoked: () => new Promise(() => {}),
    });
    await stuck.poll(0);
    const other = engine.consumer({ groupId: 'g' });
    other.subscribe(['a']);
    await other.poll(0);
    void stuck.poll(0);
    await env.settle();
    env.advance(1001);
    await env.run(other.poll(0));
    expect(other.assignment()).toEqual([A0]);
  });

  it.each([
    { isolation: 'read-committed' },
    { offsetReset: 'Earliest' },
    { maxPollIntervalMs: Number.NaN },
    { maxPartitionBytes: 0 },
  ])('with %o is refused', (options) => {
    const engine = memoryEngine({ env: new SimulatedEnv() });
    // What a caller without types can give.
    expect(() => engine.consumer(options as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('a producer', () => {
  it.each([0, -1, Number.NaN])('with a transaction timeout of %d is refused', (timeoutMs) => {
    const engine = memoryEngine({ env: new SimulatedEnv() });
    const options = { transactionalId: 'app', transactionTimeoutMs: timeoutMs };
    expect(() => engine.producer(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('a start that fails while it aborts what was open', () => {
  it('leaves the directory free for the next one', async () => {
    const files = new SimulatedFiles();
    const { env, opened } = durable(files);
    const engine = await opened;
    await env.run(engine.admin().createTopics([{ topic: 'a', partitions: 1 }]));
    const producer = engine.producer({ transactionalId: 'app' });
    await env.run(producer.init());
    producer.begin();
    send(producer, 'a', null, 'open');
    producer.seal();
    await env.run(engine.admin().createTopics([{ topic: 'b', partitions: 1 }]));
    files.crash();
    // Recovery itself succeeds; the group with the abort marker, in the journal file that recovery began, does not.
    files.inject(({ kind, path }) =>
      kind === 'datasync' && /journal-0*2$/.test(path) ? 'EIO' : undefined,
    );
    await expect(durable(files).opened).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    files.inject(undefined);
    const again = await durable(files).opened;
    expect(await again.admin().listTopics()).toEqual(['a', 'b']);
  });
});
