/** `reuse.ktable.source.topics`: a table keeps no second copy of its topic, and is restored from it. */
import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { Optimization } from '../../src/dsl/optimize.js';
import type { Topology } from '../../src/processor/topology.js';
import { createTopics, produce, read, runToEnd, simulated, text } from './harness.js';

/** Orders look up their customer. */
function program(optimization: Optimization): Topology {
  const builder = new StreamsBuilder({ key: text, value: text });
  const customers = builder.table('customers', { as: 'customers' });
  builder
    .stream('orders')
    .leftJoin(customers, (order, customer) => `${order}/${customer}`)
    .to('out');
  return builder.build({ optimization });
}

describe('a table on its source topic', () => {
  it('logs nothing, and knows after a restart what it was told before and meanwhile', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { customers: 1, orders: 1, out: 1 }));
    await env.run(
      produce(log, 'customers', [
        { key: 'k', value: 'old' },
        { key: 'k', value: 'Kim' },
        { key: 'l', value: 'Lee' },
      ]),
    );
    const options = { applicationId: 'app', log, env };
    await env.run(runToEnd(program('all'), options));
    await env.run(produce(log, 'orders', [{ key: 'k', value: '1' }]));
    await env.run(runToEnd(program('all'), options));
    await env.run(produce(log, 'customers', [{ key: 'l', value: 'Lim', timestamp: 1 }]));
    await env.run(produce(log, 'orders', [{ key: 'l', value: '2', timestamp: 5 }]));
    await env.run(runToEnd(program('all'), options));
    const out = await env.run(read(log, 'out', text));
    expect(out.map(({ value }) => value)).toEqual(['1/Kim', '2/Lim']);
    const topics = await env.run(log.admin().listTopics());
    expect(topics.toSorted()).toEqual(['customers', 'orders', 'out']);
    await env.run(log.close());
  });

  it('may be turned on for an application that ran without: its changelog is left where it is', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { customers: 1, orders: 1, out: 1 }));
    await env.run(produce(log, 'customers', [{ key: 'k', value: 'Kim' }]));
    const options = { applicationId: 'app', log, env };
    await env.run(runToEnd(program('none'), options));
    await env.run(produce(log, 'orders', [{ key: 'k', value: '1', timestamp: 5 }]));
    await env.run(runToEnd(program('all'), options));
    const out = await env.run(read(log, 'out', text));
    expect(out.map(({ value }) => value)).toEqual(['1/Kim']);
    expect(await env.run(read(log, 'app-customers-changelog', text))).toHaveLength(1);
    await env.run(log.close());
  });
});
