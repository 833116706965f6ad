/** Partitions of one task are read together: a record waits while an earlier one of another partition is known to be in the log. */
import { describe, expect, it } from 'vitest';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { createTopics, produce, read, runToEnd, simulated, text } from './harness.js';

const both = (onRecord: (value: string) => void = () => undefined) =>
  new Topology()
    .addSource('source', ['a', 'b'], { value: text })
    .addProcessor(
      'short',
      (context: ProcessorContext<unknown, string>) => ({
        process(record: Record<unknown, string>) {
          onRecord(record.value);
          context.forward({ ...record, value: `${context.taskId} ${record.value.slice(0, 1)}` });
        },
      }),
      'source',
    )
    .addSink('sink', 'out', 'short', { value: text });

const firstOfEachTask = (records: readonly { readonly value: string | null }[]) => {
  const first: { [task: string]: string } = {};
  for (const { value } of records) {
    const [task = '', letter = ''] = (value ?? '').split(' ');
    first[task] ??= letter;
  }
  return first;
};
const allB = (partitions: number) =>
  Object.fromEntries(Array.from({ length: partitions }, (_, partition) => [`0_${partition}`, 'b']));

const BIG = 'x'.repeat(300_000);

describe('partitions of one task', () => {
  it('are waited for from the start on, also when the first fetch left them out', async () => {
    const { env, log } = simulated();
    const partitions = 22;
    await env.run(createTopics(log, { a: partitions, b: partitions }));
    for (let partition = 0; partition < partitions; partition++) {
      await env.run(
        produce(
          log,
          'a',
          Array.from({ length: 4 }, () => ({ value: `a ${BIG}`, timestamp: 10, partition })),
        ),
      );
      await env.run(produce(log, 'b', [{ value: 'b', timestamp: 1, partition }]));
    }
    await env.run(runToEnd(both(), { applicationId: 'app', log, env }));
    expect(firstOfEachTask(await env.run(read(log, 'out', text)))).toEqual(allB(partitions));
    await env.run(log.close());
  });

  it('are waited for after an abort', async () => {
    const { env, log } = simulated();
    const partitions = 22;
    await env.run(createTopics(log, { a: partitions, b: partitions }));
    for (let partition = 0; partition < partitions; partition++) {
      await env.run(
        produce(
          log,
          'a',
          Array.from({ length: 4 }, () => ({ value: `a ${BIG}`, timestamp: 10, partition })),
        ),
      );
      await env.run(produce(log, 'b', [{ value: 'b', timestamp: 1, partition }]));
    }
    let failures = 0;
    const topology = both(() => {
      if (failures++ === 0) throw new Error('once');
    });
    await env.run(
      runToEnd(topology, { applicationId: 'app', log, env, onUncaughtError: 'replace' }),
    );
    expect(firstOfEachTask(await env.run(read(log, 'out', text)))).toEqual(allB(partitions));
    await env.run(log.close());
  });

  it('whose records were deleted before they were read are not waited for', async () => {
    const { env, log } = simulated();
    await env.run(createTopics(log, { a: 1, b: 1 }));
    await env.run(produce(log, 'a', [{ value: 'a', timestamp: 10 }]));
    for (let i = 0; i < 5; i++)
      await env.run(produce(log, 'b', [{ value: `b ${BIG}`, timestamp: 1 }]));
    let deleted: Promise<void> | undefined;
    const app = new KafkaStreams(
      both((value) => {
        if (value.startsWith('b'))
          deleted ??= log.admin().deleteRecords([{ topic: 'b', partition: 0, offset: 5 }]);
      }),
      { applicationId: 'app', log, env },
    );
    await env.run(app.start());
    for (let i = 0; i < 100; i++) {
      await env.settle();
      env.advance(100);
    }
    await deleted;
    await env.run(app.close());
    const out = (await env.run(read(log, 'out', text))).map(({ value }) => value);
    expect(out.at(-1)).toBe('0_0 a');
    await env.run(log.close());
  });
});
