/** State is there again at the start, whatever became of the topics it is restored from. */
import { describe, expect, it } from 'vitest';
import type { LogClient } from '../../src/log/client.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { Stores } from '../../src/state/stores.js';
import {
  count,
  createTopics,
  produce,
  read,
  runToEnd,
  simulated,
  text,
  wordCount,
} from './harness.js';

const table = Stores.keyValue({ name: 'table', key: text, value: count, logging: false });
const long = (value: number) => count.serialize(value, '');

/** `table` is filled from its source topic, which is its changelog; `in` reads from it. */
const reading = () =>
  new Topology()
    .addReadOnlyStateStore(
      table,
      'table-source',
      'rows',
      'fill',
      (context: ProcessorContext<never, never>) => {
        const store = context.getStateStore(table);
        return {
          process: ({ key, value }: Record<string, number>) => store.put(key, value),
        };
      },
      { key: text, value: count },
    )
    .addSource('source', 'in', { key: text, value: text })
    .addProcessor(
      'look',
      (context: ProcessorContext<string, number>) => {
        const store = context.getStateStore(table);
        return {
          process: (record: Record<string, string>) =>
            context.forward({ ...record, value: store.get(record.value) ?? -1 }),
        };
      },
      'source',
      { stores: ['table'] },
    )
    .addSink('sink', 'out', 'look', { key: text, value: count });

const values = async (log: LogClient) => (await read(log, 'out', count)).map(({ value }) => value);

describe('a table whose source topic is its changelog', () => {
  it('may have fewer partitions than there are tasks', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { rows: 1, in: 3 }));
    await env.run(produce(log, 'rows', [{ key: 'a', value: long(7) }]));
    const options = { applicationId: 'app', log, env };
    await env.run(runToEnd(reading(), options));
    await env.run(
      produce(log, 'in', [
        { key: 'k', value: 'a', partition: 0 },
        { key: 'k', value: 'a', partition: 2 },
      ]),
    );
    await env.run(runToEnd(reading(), options));
    expect(await env.run(values(log))).toEqual([7, -1]);
    await env.run(log.close());
  });

  it('starts again although a record that a policy let through cannot be decoded', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { rows: 1, in: 1 }));
    await env.run(
      produce(log, 'rows', [
        { key: 'a', value: long(7) },
        { key: 'a', value: 'rubbish' },
      ]),
    );
    const options = {
      applicationId: 'app',
      log,
      env,
      errors: { deserialize: 'continue' as const },
    };
    await env.run(runToEnd(reading(), options));
    await env.run(produce(log, 'in', [{ key: 'k', value: 'a' }]));
    await env.run(runToEnd(reading(), options));
    expect(await env.run(values(log))).toEqual([7]);
    await env.run(log.close());
  });
});

describe('a changelog', () => {
  it('that cannot be decoded fails the start with store, topic and offset', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1, 'app-counts-changelog': 1 }));
    await env.run(
      produce(log, 'app-counts-changelog', [
        { key: 'a', value: long(7) },
        { key: 'a', value: 'rubbish' },
      ]),
    );
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    await expect(env.run(app.start())).rejects.toMatchObject({
      code: 'RESTORE_FAILED',
      message: expect.stringMatching(/counts.*app-counts-changelog/),
      where: { store: 'counts', topic: 'app-counts-changelog', partition: 0, offset: 1 },
    });
    expect(app.state).toBe('ERROR');
    await env.run(log.close());
  });

  it('whose beginning was deleted, that is empty, or that ends in an aborted transaction is read to its end', async () => {
    const { env, log } = simulated();
    await env.run(
      createTopics(log, { lines: 3, 'app-counts-changelog': 3, 'app-words-repartition': 3 }),
    );
    const changelog = 'app-counts-changelog';
    await env.run(
      produce(log, changelog, [
        { key: 'a', value: long(7), partition: 0 },
        { key: 'b', value: long(8), partition: 0 },
        { key: 'c', value: long(9), partition: 2 },
      ]),
    );
    await env.run(
      log.admin().deleteRecords([
        { topic: changelog, partition: 0, offset: 1 },
        { topic: changelog, partition: 2, offset: 1 },
      ]),
    );
    const aborting = log.producer({ transactionalId: 'other' });
    await env.run(aborting.init());
    aborting.begin();
    const writer = aborting.topic(changelog);
    for (const partition of [0, 1, 2]) {
      const [key, value] = [Buffer.from('b'), long(99)];
      writer.append(partition, 1, key, 0, key.length, value, 0, value.length, []);
    }
    await env.run(aborting.flush());
    await env.run(aborting.abort());
    await env.run(aborting.close());
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    await env.run(app.start());
    const store = app.store('counts');
    expect([store.get('a'), store.get('b'), store.get('c')]).toEqual([undefined, 8, undefined]);
    await env.run(app.close());
    await env.run(log.close());
  });

  it('that is being read does not hold up a close', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { lines: 1, 'app-counts-changelog': 1 }));
    const rows = Array.from({ length: 50_000 }, (_, index) => ({
      key: `k${index}`,
      value: long(index),
    }));
    await env.run(produce(log, 'app-counts-changelog', rows));
    const app = new KafkaStreams(wordCount(), { applicationId: 'app', log, env });
    app.on('restore', () => void app.close());
    const started = app.start();
    await expect(env.run(started)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await env.run(app.close())).toBe(true);
    expect(app.state).toBe('NOT_RUNNING');
    await env.run(log.close());
  });
});
