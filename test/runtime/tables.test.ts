import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { Serdes } from '../../src/serde/serdes.js';
import { createTopics, newLog, produce, read, runToEnd, simulated, text } from './harness.js';

const strings = { key: text, value: text };
const values = (records: readonly { readonly value: string | null }[]) =>
  records.map((record) => record.value).sort();
const ORDERS = ['han', 'choi', 'kim', 'An'].map((key) => ({
  key,
  value: `${key}'s order`,
  timestamp: 10,
}));

function withTable(): StreamsBuilder {
  const builder = new StreamsBuilder();
  const addresses = builder.table('address', { ...strings, as: 'addresses' });
  builder
    .stream('order', strings)
    .join(addresses, (order, address) => `${order} to ${address}`)
    .to('order_join', { value: text });
  return builder;
}

describe('a stream joined with a table', () => {
  it('topics with other counts are refused at the start, naming both and the ways out', async () => {
    const log = newLog();
    await createTopics(log, { order: 3, address: 2 });
    const app = new KafkaStreams(withTable().build(), { applicationId: 'app', log });
    await expect(app.start()).rejects.toMatchObject({
      code: 'INVALID_TOPOLOGY',
      name: 'TopologyException',
      message: expect.stringMatching(
        /(order=3, address=2|address=2, order=3).*repartition.*globalTable/s,
      ),
    });
    await log.close();
  });

  it('joins what the table knew then; the table is there again after a restart', async () => {
    const log = newLog();
    await createTopics(log, { order: 1, address: 1 });
    await produce(log, 'address', [
      { key: 'han', value: 'Seoul', timestamp: 1 },
      { key: 'kim', value: 'Busan', timestamp: 2 },
    ]);
    await produce(log, 'order', ORDERS);
    await runToEnd(withTable().build(), { applicationId: 'app', log });
    expect(values(await read(log, 'order_join', text))).toEqual([
      "han's order to Seoul",
      "kim's order to Busan",
    ]);
    await produce(log, 'order', [{ key: 'kim', value: 'second order', timestamp: 20 }]);
    await runToEnd(withTable().build(), { applicationId: 'app', log });
    expect(values(await read(log, 'order_join', text))).toEqual([
      "han's order to Seoul",
      "kim's order to Busan",
      'second order to Busan',
    ]);
    await log.close();
  });
});

describe('a global table', () => {
  function withGlobalTable() {
    const builder = new StreamsBuilder();
    const addresses = builder.globalTable('address', { ...strings, as: 'addresses' });
    builder
      .stream('order', strings)
      .join(addresses, (order, address) => `${order} to ${address}`, { keySelector: (key) => key })
      .to('order_join', { value: text });
    return { topology: builder.build(), addresses };
  }

  it('is complete before the first record is joined, whatever its partitions', async () => {
    const log = newLog();
    await createTopics(log, { order: 3, address: 2 });
    const addresses = Array.from({ length: 500 }, (_, index) => ({
      key: `k${index}`,
      value: `city ${index}`,
    }));
    await produce(log, 'address', addresses);
    await produce(
      log,
      'order',
      addresses.map(({ key }) => ({ key, value: key })),
    );
    await runToEnd(withGlobalTable().topology, { applicationId: 'app', log });
    expect(values(await read(log, 'order_join', text))).toEqual(
      addresses.map(({ key, value }) => `${key} to ${value}`).sort(),
    );
    await log.close();
  });

  it('follows its topic while the application runs, and can be read by its handle', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { order: 1, address: 2 }));
    const { topology, addresses } = withGlobalTable();
    const app = new KafkaStreams(topology, { applicationId: 'app', log, env });
    await env.run(app.start());
    await env.run(produce(log, 'address', [{ key: 'han', value: 'Seoul' }]));
    await env.settle();
    expect(app.store(addresses).get('han')).toBe('Seoul');
    await env.run(produce(log, 'order', ORDERS));
    await env.settle();
    await env.run(produce(log, 'address', [{ key: 'han', value: 'Jeju' }]));
    await env.settle();
    await env.run(produce(log, 'order', [{ key: 'han', value: 'later' }]));
    await env.settle();
    await env.run(app.close());
    expect(values(await env.run(read(log, 'order_join', text)))).toEqual([
      "han's order to Seoul",
      'later to Jeju',
    ]);
    await env.run(log.close());
  });

  it('a broken record that comes later ends the application, whatever the policy for uncaught errors', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { order: 1, address: 1 }));
    const builder = new StreamsBuilder();
    const table = builder.globalTable('address', { key: text, value: Serdes.json<string>() });
    builder
      .stream('order', strings)
      .join(table, (order) => order, { keySelector: (key) => key })
      .to('order_join', { value: text });
    const app = new KafkaStreams(builder.build(), {
      applicationId: 'app',
      log,
      env,
      onUncaughtError: 'replace',
    });
    const ended = app.run().catch((error: unknown) => error);
    await env.settle();
    await env.run(produce(log, 'address', [{ key: 'han', value: '{' }]));
    expect(await env.run(ended)).toMatchObject({
      code: 'DESERIALIZE_FAILED',
      where: { topic: 'address', offset: 0 },
    });
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
  });

  it('a broken record is not passed over: the start fails with where it is', async () => {
    const log = newLog();
    await createTopics(log, { order: 1, address: 1 });
    const builder = new StreamsBuilder();
    const broken = {
      ...text,
      deserialize: () => {
        throw new Error('not a city');
      },
      read: () => {
        throw new Error('not a city');
      },
    };
    const table = builder.globalTable('address', { key: text, value: broken });
    builder
      .stream('order', strings)
      .join(table, (order) => order, { keySelector: (key) => key })
      .to('order_join', { value: text });
    await produce(log, 'address', [{ key: 'han', value: '?' }]);
    await expect(
      new KafkaStreams(builder.build(), { applicationId: 'app', log }).start(),
    ).rejects.toMatchObject({
      code: 'DESERIALIZE_FAILED',
      where: { topic: 'address', partition: 0, offset: 0 },
    });
    await log.close();
  });
});

describe('record caches', () => {
  it('with a cache a commit emits the last value of each key, and a restart knows all of them', async () => {
    const log = newLog();
    await createTopics(log, { words: 2 });
    const build = () => {
      const builder = new StreamsBuilder();
      const counts = builder.stream('words', strings).groupByKey().count({ as: 'counts' });
      counts.toStream().mapValues(String).to('out', strings);
      return { topology: builder.build(), counts };
    };
    await produce(
      log,
      'words',
      Array.from({ length: 100 }, (_, index) => ({
        key: `k${index % 4}`,
        value: 'x',
        partition: index % 2,
      })),
    );
    await runToEnd(build().topology, { applicationId: 'app', log });
    const first = await read(log, 'out', text);
    expect(first.map(({ key, value }) => `${key}=${value}`).sort()).toEqual([
      'k0=25',
      'k1=25',
      'k2=25',
      'k3=25',
    ]);
    const { topology, counts } = build();
    const app = new KafkaStreams(topology, { applicationId: 'app', log });
    await app.start();
    expect(app.store(counts).get('k3')).toBe(25);
    await app.close();
    await log.close();
  });
});
