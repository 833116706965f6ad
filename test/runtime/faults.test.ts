import { describe, expect, it } from 'vitest';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { StreamsError } from '../../src/errors.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { LogEngine } from '../../src/log/engine/engine.js';
import { MemoryStorage } from '../../src/log/engine/memory-storage.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import {
  count,
  createTopics,
  lastCounts,
  naiveCounts,
  newLog,
  produce,
  read,
  runToEnd,
  simulated,
  text,
  wordCount,
} from './harness.js';

/** A disk that fails when told to. */
class FailingStorage extends MemoryStorage {
  failing = false;

  override sync(done: (error: StreamsError | undefined) => void): void {
    if (this.failing) done(new StreamsError('IO_FAILED', 'planted: the disk is gone'));
    else super.sync(done);
  }
}

describe('when the log fails', () => {
  it('a commit whose outcome is unknown stops the application and says what to do', async () => {
    const env = new SimulatedEnv();
    const storage = new FailingStorage();
    const log = new LogEngine({ env, storage, features: { durable: false } });
    await env.run(createTopics(log, { lines: 1 }));
    const app = new KafkaStreams(wordCount(), {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: 'replace',
      commitInterval: '1s',
    });
    const run = app.run();
    run.catch(() => undefined);
    await env.settle();
    await env.run(produce(log, 'lines', ['a b']));
    await env.settle();
    storage.failing = true;
    await expect(env.run(run)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('start the application'),
    });
    expect(app.state).toBe('ERROR');
    storage.failing = false;
    await env.run(log.close());
  });

  it('a log closed under the application ends it with LOG_CLOSED', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log });
    const run = app.run();
    app.on('stateChange', ({ to }) => to === 'RUNNING' && void log.close());
    await expect(run).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    expect(app.state).toBe('ERROR');
    expect(await app.close()).toBe(true);
  });
});

describe('the policy for uncaught errors', () => {
  it('a handler sees the error and decides; shutdown ends in ERROR', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    await produce(log, 'lines', ['a']);
    const seen: string[] = [];
    let decision: 'replace' | 'shutdown' = 'replace';
    const failing = wordCount(() => {
      throw new Error('no');
    });
    const app = new KafkaStreams(failing, {
      applicationId: 'app',
      log,
      onUncaughtError: (error) => {
        seen.push(error.code);
        const now = decision;
        decision = 'shutdown';
        return now;
      },
    });
    const states: string[] = [];
    app.on('stateChange', ({ to }) => states.push(to));
    await expect(app.run()).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(seen).toEqual(['PROCESS_FAILED', 'PROCESS_FAILED']);
    expect(states).toEqual([
      'REBALANCING',
      'RUNNING',
      'REBALANCING',
      'RUNNING',
      'PENDING_ERROR',
      'ERROR',
    ]);
    expect(app.metrics().failures).toBe(2);
    await log.close();
  });

  it('close interrupts the pause before the next attempt', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    await env.run(produce(log, 'lines', ['a']));
    const failing = wordCount(() => {
      throw new Error('no');
    });
    const app = new KafkaStreams(failing, {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: 'replace',
    });
    await env.run(app.start());
    for (let i = 0; i < 12; i++) {
      env.advance(10_000);
      await env.settle();
    }
    const before = env.clock.monotonic();
    expect(await env.run(app.close())).toBe(true);
    expect(env.clock.monotonic() - before).toBeLessThan(100);
    expect(app.state).toBe('NOT_RUNNING');
    await env.run(log.close());
  });
});

describe('housekeeping', () => {
  it('consumed records of repartition topics are deleted', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    const app = new KafkaStreams(wordCount(), {
      applicationId: 'app',
      log,
      env,
      repartitionPurgeInterval: 0,
    });
    await env.run(app.start());
    for (const line of ['a b', 'c d']) {
      await env.run(produce(log, 'lines', [line]));
      await env.settle();
      env.advance(50);
      await env.settle();
    }
    const [start] = await env.run(log.admin().listOffsets('app-words-repartition', 'earliest'));
    expect(start?.offset).toBeGreaterThanOrEqual(2);
    await env.run(app.close());
    expect(lastCounts(await env.run(read(log, 'out', count)))).toEqual({ a: 1, b: 1, c: 1, d: 1 });
    await env.run(runToEnd(wordCount(), { applicationId: 'app', log, env }));
    await env.run(log.close());
  });

  it('an idle application makes no commits', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    let commits = 0;
    app.on('commit', () => commits++);
    await env.run(app.start());
    await env.run(produce(log, 'lines', ['a']));
    for (let i = 0; i < 20; i++) {
      env.advance(100);
      await env.settle();
    }
    expect(commits).toBe(1);
    await env.run(app.close());
    await env.run(log.close());
  });

  it('a record too many for the queue waits in the log: large inputs pass through completely', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const line = `${'x'.repeat(10_000)} y`;
    const lines = Array.from({ length: 1500 }, () => line);
    await produce(log, 'lines', lines);
    await runToEnd(wordCount(), { applicationId: 'app', log, uncommittedMaxBytes: 1_000_000 });
    expect(lastCounts(await read(log, 'out', count))).toEqual(naiveCounts(lines));
    await log.close();
  });

  it('wall-clock punctuation fires while no input comes, and what it sends is committed', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    const topology = new Topology()
      .addSource('source', 'lines', { value: text })
      .addProcessor(
        'tick',
        (context: ProcessorContext<string, string>) => {
          context.schedule('1s', 'wallClock', (now) =>
            context.forward({ key: 'tick', value: 'tick', timestamp: now }),
          );
          return { process: (_record: Record) => undefined };
        },
        'source',
      )
      .addSink('sink', 'out', 'tick', { key: text, value: text });
    const app = new KafkaStreams(topology, { applicationId: 'app', log, env });
    await env.run(app.start());
    for (let i = 0; i < 35; i++) {
      env.advance(100);
      await env.settle();
    }
    expect(await env.run(read(log, 'out', text))).toHaveLength(3);
    await env.run(app.close());
    await env.run(log.close());
  });
});

describe('an application that stops after start() resolved', () => {
  const failing = (logger?: { error(message: string): void }) => {
    const { env, log } = simulated();
    const topology = new Topology()
      .addSource('source', ['in'], { key: text, value: text })
      .addProcessor(
        'boom',
        () => ({
          process() {
            throw new Error('planted');
          },
        }),
        ['source'],
      );
    const app = new KafkaStreams(topology, {
      applicationId: 'silent',
      log,
      env,
      ...(logger === undefined ? {} : { logger }),
    });
    return { env, log, app };
  };

  async function stopped({ env, log, app }: ReturnType<typeof failing>): Promise<string[]> {
    await env.run(createTopics(log, { in: 1 }));
    await env.run(app.start());
    await env.run(produce(log, 'in', ['x']));
    await env.settle();
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
    return env.process.warnings;
  }

  it('says so on standard error when nobody listens', async () => {
    const [warning, ...more] = await stopped(failing());
    expect(warning).toMatch(/^Application 'silent' stopped: .*processor=boom.*planted/);
    expect(more).toEqual([]);
  });

  it('leaves the telling to a logger or an error listener', async () => {
    const told: string[] = [];
    expect(await stopped(failing({ error: (message) => told.push(message) }))).toEqual([]);
    const listened = failing();
    listened.app.on('error', (error) => told.push(error.message));
    expect(await stopped(listened)).toEqual([]);
    expect(told).toHaveLength(2);
  });
});
