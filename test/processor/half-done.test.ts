/** What fails or is overtaken half way: nothing of it stays in a store, a schedule or a context. */
import { describe, expect, it } from 'vitest';
import type { Processor, ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import type { TaskConfig } from '../../src/processor/task-config.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { KeyValueStore } from '../../src/state/key-value.js';
import { Stores } from '../../src/state/stores.js';
import { TaskHarness } from './task-harness.js';

type Text = Record<string, string>;
const text = { key: Serdes.string(), value: Serdes.string() };
const record = (value: string, timestamp = 1) => ({ key: 'k', value, timestamp });
const turn = async () => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};

interface Guest {
  readonly context: ProcessorContext<string, string>;
  readonly store: KeyValueStore<string, number>;
}

/** One processor over a store of numbers. */
function numbers(
  process: (input: Text, guest: Guest) => void | Promise<void>,
  config: Partial<TaskConfig> = {},
): TaskHarness {
  const builder = Stores.keyValue({
    name: 'state',
    key: Serdes.string(),
    value: Serdes.long(),
    caching: config.cacheMaxBytes !== undefined,
  });
  const topology = new Topology()
    .addSource('source', 'in', text)
    .addProcessor(
      'p',
      (context: ProcessorContext<string, string>): Processor<string, string> => {
        const store = context.getStateStore(builder);
        return { process: (input) => process(input, { context, store }) };
      },
      'source',
      { stores: [builder] },
    )
    .addSink('sink', 'out', 'p', text);
  return new TaskHarness(topology, config);
}

const stateOf = (harness: TaskHarness) =>
  harness.task.store('state') as unknown as KeyValueStore<string, number>;

describe('a write that cannot be logged', () => {
  it('does not change the store: what was logged and what is read stay the same', () => {
    const harness = numbers((input, { store }) => store.put(input.key, Number(input.value)), {
      onProcessError: 'continue',
    });
    harness.add('in', record('1'), record('1.5'));
    harness.run();
    expect(harness.task.metrics.droppedRecords).toBe(1);
    expect(stateOf(harness).get('k')).toBe(1);
    expect(harness.output.filter(({ topic }) => topic === 'app-state-changelog')).toHaveLength(1);
  });

  it('is refused at the put also when a cache would write it later', () => {
    const harness = numbers((input, { store }) => store.put(input.key, Number(input.value)), {
      onProcessError: 'continue',
      cacheMaxBytes: 10_000,
    });
    harness.add('in', record('1'), record('1.5'));
    harness.run();
    expect(harness.task.metrics.droppedRecords).toBe(1);
    harness.commit();
    expect(stateOf(harness).get('k')).toBe(1);
  });

  it('leaves no row behind, either', () => {
    const harness = numbers((input, { store }) => store.put(input.value, Number.NaN), {
      onProcessError: 'continue',
    });
    harness.add('in', record('a'), record('b'));
    harness.run();
    harness.commit();
    expect(stateOf(harness).approximateNumEntries()).toBe(0);
    expect(stateOf(harness).get('a')).toBeUndefined();
  });
});

describe('a commit while a record waits', () => {
  it('takes no notice of what that record writes into a cache before the commit is through', async () => {
    let open: () => void = () => undefined;
    const harness = numbers(
      async (input, { store }) => {
        await new Promise<void>((resolve) => (open = resolve));
        store.put(input.key, Number(input.value));
      },
      { cacheMaxBytes: 10_000 },
    );
    harness.add('in', record('1'), record('2'));
    harness.task.process();
    open();
    await harness.task.settled();
    harness.commit();
    harness.task.process();
    harness.task.prepareCommit();
    expect(harness.task.blocksCommit).toBe(false);
    harness.task.committableOffsets();
    open(); // the log is busy with the commit
    await turn();
    harness.task.postCommit();
    await harness.task.settled();
    expect(stateOf(harness).get('k')).toBe(2);
    harness.task.rollback();
    expect(stateOf(harness).get('k')).toBe(1);
  });
});

describe('an async function that did not settle in time', () => {
  it('fails its task whatever the policy, because it may go on and act for a later record', async () => {
    const open: (() => void)[] = [];
    const harness = numbers(
      async (input, { context }) => {
        await new Promise<void>((resolve) => open.push(resolve));
        context.forward(input);
      },
      { onProcessError: 'continue', parkTimeoutMs: 100 },
    );
    harness.add('in', record('1'), record('2'));
    harness.run();
    harness.task.expirePark();
    expect(() => harness.run()).toThrow(
      expect.objectContaining({
        code: 'PROCESS_TIMEOUT',
        message: expect.stringContaining('errors.process'),
        where: expect.objectContaining({ node: 'p', offset: 0 }),
      }),
    );
    harness.task.rollback();
    harness.rewind('in', 1);
    harness.add('in', record('2'));
    harness.run();
    open[0]!();
    await turn();
    open[1]!();
    await harness.task.settled();
    expect(harness.values('out')).toEqual(['2']);
  });
});

describe('what an async function does after its task went back', () => {
  it('cannot schedule: its punctuator would run beside the new processors', async () => {
    let open: () => void = () => undefined;
    const errors: unknown[] = [];
    const fired: number[] = [];
    const harness = numbers(async (input, { context }) => {
      if (input.value !== '1') return;
      await new Promise<void>((resolve) => (open = resolve));
      try {
        context.schedule(10, 'wallClock', (time) => void fired.push(time));
      } catch (error) {
        errors.push(error);
      }
    });
    harness.add('in', record('1'));
    harness.run();
    harness.task.rollback();
    open();
    await turn();
    expect(errors).toMatchObject([{ code: 'LATE_FORWARD', where: { node: 'p' } }]);
    harness.clock.time = 100;
    harness.task.punctuateWallClock();
    expect(fired).toEqual([]);
  });
});

describe('how long a task may sleep', () => {
  const two = new Topology()
    .addSource('source', ['a', 'b'], text)
    .addSink('sink', 'out', 'source', text);

  it('is not cut short by a wait for an idle partition that is over', () => {
    const harness = new TaskHarness(two, { maxTaskIdleMs: 1000 });
    harness.add('a', record('1'));
    harness.run();
    expect(harness.task.msUntilDue()).toBe(1000);
    harness.clock.time = 1000;
    harness.run();
    expect(harness.values('out')).toEqual(['1']);
    expect(harness.task.msUntilDue()).toBeUndefined();
  });

  it('is not cut short by what is due while a promise is pending', () => {
    const topology = new Topology().addSource('source', 'in', text).addProcessor(
      'p',
      (context: ProcessorContext<string, string>) => {
        context.schedule(10, 'wallClock', () => undefined);
        return { process: () => new Promise<void>(() => undefined) };
      },
      'source',
    );
    const harness = new TaskHarness(topology);
    expect(harness.task.msUntilDue()).toBe(10);
    harness.add('in', record('1'));
    harness.run();
    harness.clock.time = 50;
    expect(harness.task.msUntilDue()).toBeUndefined();
  });
});

describe('a timestamp extractor', () => {
  it('that answers with no number fails the task instead of losing the record', () => {
    const harness = new TaskHarness(
      new Topology()
        .addSource('source', 'in', {
          ...text,
          timestamps: ({ value }) => Date.parse(String(value)),
        })
        .addSink('sink', 'out', 'source', text),
    );
    harness.add('in', record('not a date'));
    expect(() => harness.run()).toThrow(
      expect.objectContaining({
        code: 'INVALID_TIMESTAMP',
        where: expect.objectContaining({ topic: 'in', partition: 0, offset: 0 }),
      }),
    );
  });
});

describe('a throw out of a forward', () => {
  it('leaves later siblings the time of their own record', () => {
    const builder = Stores.keyValue({ name: 'state', key: Serdes.string(), value: Serdes.long() });
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor(
        'bad',
        (context: ProcessorContext<string, string>) => ({
          process: (input: Text) => context.forward(input.withTimestamp(99)),
        }),
        'source',
      )
      .addSink(
        'nowhere',
        () => {
          throw new Error('no topic today');
        },
        'bad',
        text,
      )
      .addProcessor(
        'good',
        (context: ProcessorContext<string, string>) => {
          const store = context.getStateStore(builder);
          return { process: (input: Text) => store.put(input.key, 1) };
        },
        'source',
        { stores: [builder] },
      );
    const harness = new TaskHarness(topology, { onProcessError: 'continue' });
    harness.add('in', record('1', 5));
    harness.run();
    expect(harness.output).toMatchObject([{ topic: 'app-state-changelog', timestamp: 5 }]);
  });
});

describe('a forward to a child by name that has to wait for its turn', () => {
  it('gives the child the time of the forwarded record, as without a promise', async () => {
    const builder = Stores.keyValue({ name: 'state', key: Serdes.string(), value: Serdes.long() });
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor(
        'async',
        (context: ProcessorContext<string, string>) => ({
          async process(input: Text) {
            await Promise.resolve();
            context.forward(input.withTimestamp(99), 'child');
          },
        }),
        'source',
      )
      .addProcessor(
        'child',
        (context: ProcessorContext<string, string>) => {
          const store = context.getStateStore(builder);
          return { process: (input: Text) => store.put(input.key, 1) };
        },
        'async',
        { stores: [builder] },
      );
    const harness = new TaskHarness(topology);
    harness.add('in', record('1', 5));
    await harness.runAll();
    expect(harness.output).toMatchObject([{ topic: 'app-state-changelog', timestamp: 99 }]);
  });
});

describe('a flush that fails inside a put', () => {
  it('keeps what it had not come to, should the user catch it', () => {
    let failing = true;
    const builder = Stores.keyValue({
      name: 'state',
      key: Serdes.string(),
      value: Serdes.string(),
      caching: true,
    });
    const topology = new Topology().addSource('source', 'in', text).addProcessor(
      'p',
      (context: ProcessorContext<string, string>) => {
        const store = context.getStateStore(builder);
        (
          store as unknown as { setFlushListener(l: () => void, s: boolean): void }
        ).setFlushListener(() => {
          if (failing) throw new Error('boom');
        }, false);
        return {
          process(input: Text) {
            try {
              store.put(input.value, input.value);
            } catch {
              failing = false;
            }
          },
        };
      },
      'source',
      { stores: [builder] },
    );
    const harness = new TaskHarness(topology, { cacheMaxBytes: 150 });
    harness.add('in', record('a'), record('b'), record('c'));
    harness.run();
    harness.commit();
    const logged = harness.output.map(({ key }) => key);
    expect([...new Set(logged)].toSorted()).toEqual(['a', 'b', 'c']);
  });
});
