/** Topics that match a pattern and are created while the application runs are read without a restart. */
import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { SimulatedEnv } from '../../src/env/simulated-env.js';
import type { LogClient } from '../../src/log/client.js';
import type { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { count, createTopics, lastCounts, produce, read, simulated, text } from './harness.js';

const strings = () => new StreamsBuilder({ key: text, value: text });

function counting(): Topology {
  const builder = strings();
  builder
    .stream(/in-.*/)
    .groupByKey()
    .count({ as: 'counts' })
    .toStream()
    .to('out', { value: count });
  return builder.build();
}

/** Until the application has gone through that state, or through that many commits. */
const reached = (app: KafkaStreams, state: string) =>
  new Promise<void>((resolve) => app.on('stateChange', ({ to }) => to === state && resolve()));
const commits = (app: KafkaStreams, times = 1) =>
  new Promise<void>((resolve) => app.on('commit', () => --times === 0 && resolve()));

interface Running {
  readonly env: SimulatedEnv;
  readonly log: LogClient;
  readonly app: KafkaStreams;
}

async function started(topology: Topology, topics: Record<string, number>): Promise<Running> {
  const { env, log } = simulated();
  await env.run(createTopics(log, topics));
  const app = new KafkaStreams(topology, { applicationId: 'app', log, env });
  await env.run(app.start());
  return { env, log, app };
}

describe('a pattern', () => {
  it('takes topics that are created later, and keeps what it knew', async () => {
    const { env, log, app } = await started(counting(), { 'in-a': 1, out: 1 });
    const first = commits(app);
    await env.run(produce(log, 'in-a', [{ key: 'k', value: '1' }]));
    await env.run(first);
    const rebalanced = reached(app, 'RUNNING');
    await env.run(createTopics(log, { 'in-b': 1, other: 1 }));
    await env.run(rebalanced);
    const second = commits(app);
    await env.run(produce(log, 'in-b', [{ key: 'k', value: '2' }]));
    await env.run(second);
    expect(lastCounts(await env.run(read(log, 'out', count)))).toEqual({ k: 2 });
    expect(await app.store('counts').get('k')).toBe(2);
    expect(app.metrics().processedRecords).toBe(2);
    await env.run(app.close());
    await env.run(log.close());
  });

  it('that matched nothing at the start begins with the first topic', async () => {
    const { env, log, app } = await started(counting(), { out: 1 });
    const rebalanced = reached(app, 'RUNNING');
    await env.run(createTopics(log, { 'in-first': 1 }));
    await env.run(produce(log, 'in-first', [{ key: 'k', value: '1' }]));
    await env.run(rebalanced);
    await env.run(commits(app));
    expect(lastCounts(await env.run(read(log, 'out', count)))).toEqual({ k: 1 });
    await env.run(app.close());
    await env.run(log.close());
  });

  it('that meets a table stops with the counts when a new topic cannot be joined', async () => {
    const builder = strings();
    builder
      .stream(/in-.*/)
      .join(builder.table('users'), (value) => value)
      .to('out');
    const { env, log, app } = await started(builder.build(), { 'in-a': 2, users: 2, out: 1 });
    const failed = new Promise<unknown>((resolve) => app.on('error', resolve));
    await env.run(createTopics(log, { 'in-b': 3 }));
    expect(await env.run(failed)).toMatchObject({
      code: 'INVALID_TOPOLOGY',
      message: expect.stringMatching(/Topics not co-partitioned: \[\{.*in-b=3/),
    });
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
  });

  it('passes over the topics that the application makes for itself', async () => {
    const builder = strings();
    builder
      .stream(/in-.*|app-.*/)
      .selectKey((_key, value) => value)
      .groupByKey()
      .count({ as: 'counts' })
      .toStream()
      .to('out', { value: count });
    const topology = builder.build();
    const { env, log, app } = await started(topology, { 'in-a': 1, out: 1 });
    const first = commits(app);
    await env.run(produce(log, 'in-a', [{ key: 'k', value: 'a' }]));
    await env.run(first);
    await env.run(new Promise<void>((resolve) => env.timers.after(5000, resolve)));
    expect(app.state).toBe('RUNNING');
    await env.run(app.close());
    const again = new KafkaStreams(topology, { applicationId: 'app', log, env });
    await env.run(again.start());
    const second = commits(again);
    await env.run(produce(log, 'in-a', [{ key: 'k', value: 'a' }]));
    await env.run(second);
    await env.run(again.close());
    expect(lastCounts(await env.run(read(log, 'out', count)))).toEqual({ a: 2 });
    expect(await env.run(log.admin().listTopics())).toContain('app-counts-repartition');
    await env.run(log.close());
  });

  it('does not keep a closed application busy', async () => {
    const { env, log, app } = await started(counting(), { 'in-a': 1, out: 1 });
    await env.run(app.close());
    await env.run(createTopics(log, { 'in-b': 1 }));
    expect(app.state).toBe('NOT_RUNNING');
    await env.run(log.close());
  });
});
