import { describe, expect, it } from 'vitest';
import type { KafkaStreamsOptions } from '../../src/runtime/config.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { Topology } from '../../src/processor/topology.js';
import {
  count,
  createTopics,
  countsStore,
  lastCounts,
  newLog,
  produce,
  read,
  runToEnd,
  simulated,
  text,
  wordCount,
} from './harness.js';

describe('options', () => {
  const attempt = (options: object) => () =>
    new KafkaStreams(wordCount(), {
      applicationId: 'app',
      log: newLog(),
      ...options,
    } as KafkaStreamsOptions);

  it.each([
    [{ comitInterval: 5 }, /comitInterval.*Did you mean 'commitInterval'/],
    [{ errors: { deserialise: 'fail' } }, /deserialise.*Did you mean 'deserialize'/],
    [
      { processingGuarantee: 'exactly_once' },
      /processingGuarantee: "exactly_once".*Did you mean 'exactly-once'/,
    ],
    [{ numStreamThreads: 2 }, /numStreamThreads: 2 is not possible/],
    [{ commitInterval: 'soon' }, /commitInterval: "soon" is not a duration/],
    [{ statestoreCacheMaxBytes: -1 }, /statestoreCacheMaxBytes: -1/],
    [{ applicationId: 'a b' }, /applicationId: "a b"/],
    [{ errors: { process: 'ignore' } }, /errors.process: "ignore"/],
    [{ log: {} }, /log: not a log/],
  ])('%j is refused', (options, message) => {
    expect(attempt(options)).toThrow(message);
    expect(attempt(options)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
  });
});

describe('starting', () => {
  it('a missing source topic names the nearest; the application ends in ERROR', async () => {
    const log = newLog();
    await createTopics(log, { line: 1 });
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log });
    await expect(app.start()).rejects.toMatchObject({
      code: 'MISSING_SOURCE_TOPIC',
      message: expect.stringContaining("Did you mean 'line'?"),
    });
    expect(app.state).toBe('ERROR');
    await log.close();
  });

  it('an internal topic with other partitions is refused', async () => {
    const log = newLog();
    await createTopics(log, { lines: 2, 'app-words-repartition': 3 });
    await expect(
      new KafkaStreams(wordCount(), { applicationId: 'app', log }).start(),
    ).rejects.toThrow(
      /Existing internal topic app-words-repartition has invalid partitions: expected: 2; actual: 3/,
    );
    await log.close();
  });

  it('internal and sink topics are made with as many partitions as there are tasks', async () => {
    const log = newLog();
    await createTopics(log, { lines: 2 });
    await runToEnd(wordCount(), { applicationId: 'app', log });
    const topics = await log.admin().listTopics();
    expect(topics.sort()).toEqual([
      'app-counts-changelog',
      'app-words-repartition',
      'lines',
      'out',
    ]);
    const descriptions = await log.admin().describeTopics(topics);
    expect(descriptions.map((description) => description?.partitions)).toEqual([2, 2, 2, 2]);
    await log.close();
  });

  it('starts once', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const app = await runToEnd(wordCount(), { applicationId: 'app', log });
    await expect(app.start()).rejects.toThrow(
      /NOT_RUNNING: it is either already started or already stopped/,
    );
    await log.close();
  });

  it('a processor that cannot be made fails the start with its name', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const topology = new Topology().addSource('source', 'lines').addProcessor(
      'broken',
      () => {
        throw new Error('no connection');
      },
      'source',
    );
    await expect(
      new KafkaStreams(topology, { applicationId: 'app', log }).start(),
    ).rejects.toMatchObject({
      code: 'PROCESSOR_INIT_FAILED',
      message: expect.stringContaining('broken'),
    });
    await log.close();
  });
});

describe('the life of an application', () => {
  it('goes through the states of Kafka Streams', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log });
    const states = [app.state];
    app.on('stateChange', ({ to }) => states.push(to));
    await app.run({ until: 'caughtUp' });
    expect(states).toEqual([
      'CREATED',
      'REBALANCING',
      'RUNNING',
      'PENDING_SHUTDOWN',
      'NOT_RUNNING',
    ]);
    await log.close();
  });

  it('reads its state while it runs; a wrong name fails naming the nearest', async () => {
    const log = newLog();
    await createTopics(log, { lines: 3 });
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log });
    expect(() => app.store('counts')).toThrow(/CREATED/);
    await produce(log, 'lines', ['a b', 'a', 'c a']);
    await app.start();
    const counts = app.store(countsStore);
    while (counts.get('a') !== 3 || counts.get('c') !== 1)
      await new Promise((resolve) => setImmediate(resolve));
    const entries: [string, number][] = [];
    for await (const entry of counts.all()) entries.push(entry);
    expect(Object.fromEntries(entries)).toEqual({ a: 3, b: 1, c: 1 });
    expect(() => app.store('count')).toThrow(/There is no store 'count'\. Did you mean 'counts'\?/);
    expect(app.metrics()).toMatchObject({
      state: 'RUNNING',
      droppedRecords: 0,
      processedRecords: 3 + 5,
    });
    await app.close();
    await log.close();
  });

  it('close commits what is finished', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, commitInterval: '1h' });
    await produce(log, 'lines', ['a b a']);
    await app.start();
    const counts = app.store(countsStore);
    while (counts.get('a') !== 2) await new Promise((resolve) => setImmediate(resolve));
    expect(await app.close()).toBe(true);
    expect(app.state).toBe('NOT_RUNNING');
    expect(lastCounts(await read(log, 'out', count))).toEqual({ a: 2, b: 1 });
    await log.close();
  });

  it('close before start ends it', async () => {
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log: newLog() });
    expect(await app.close()).toBe(true);
    expect(app.state).toBe('NOT_RUNNING');
  });

  it('SIGTERM closes gracefully, run resolves, its handlers are gone', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    app.on('stateChange', ({ to }) => to === 'RUNNING' && env.process.signal('SIGTERM'));
    await env.run(app.run());
    expect(app.state).toBe('NOT_RUNNING');
    env.process.signal('SIGTERM');
    env.process.signal('SIGTERM');
    expect(env.process.exitCode).toBeUndefined();
    await env.run(log.close());
  });

  it('a second signal exits at once', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    app.on('stateChange', ({ to }) => {
      if (to === 'RUNNING') env.process.signal('SIGTERM');
      if (to === 'PENDING_SHUTDOWN') env.process.signal('SIGTERM');
    });
    await env.run(app.run());
    expect(env.process.exitCode).toBe(143);
    await env.run(log.close());
  });

  it('an abort signal ends run', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const controller = new AbortController();
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log });
    app.on('stateChange', ({ to }) => to === 'RUNNING' && controller.abort());
    await app.run({ signal: controller.signal });
    expect(app.state).toBe('NOT_RUNNING');
    await log.close();
  });

  it('a wall clock that goes back changes nothing', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1 }));
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    await env.run(app.start());
    await env.run(produce(log, 'lines', ['a b']));
    await env.settle();
    env.clock.jump(-3_600_000);
    await env.run(produce(log, 'lines', ['a a']));
    await env.settle();
    env.advance(10);
    await env.settle();
    await env.run(app.close());
    expect(lastCounts(await env.run(read(log, 'out', count)))).toEqual({ a: 3, b: 1 });
    await env.run(log.close());
  });

  it('a listener that throws is reported and disturbs nothing', async () => {
    const log = newLog();
    await createTopics(log, { lines: 1 });
    const reported: string[] = [];
    const app = new KafkaStreams(wordCount(), {
      applicationId: 'app',
      log,
      logger: { error: (message, error) => void reported.push(`${message}: ${error?.message}`) },
    });
    app.on('stateChange', () => {
      throw new Error('listener');
    });
    await app.run({ until: 'caughtUp' });
    expect(reported).toContain('An event listener threw: listener');
    expect(await read(log, 'out', text)).toEqual([]);
    await log.close();
  });
});
