/** Promises in user code: what waits, what a commit may take meanwhile, and every way in which a wait can end badly. */
import { describe, expect, it } from 'vitest';
import type { OperatorContext } from '../../src/processor/operator-context.js';
import type { Processor, ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import type { TaskConfig } from '../../src/processor/task-config.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import type { CachedStore, KeyValueStore } from '../../src/state/key-value.js';
import { Stores } from '../../src/state/stores.js';
import { TaskHarness } from './task-harness.js';

type Text = Record<string, string>;
const text = { key: Serdes.string(), value: Serdes.string() };
const record = (value: string, timestamp = 1) => ({ key: 'k', value, timestamp });
const stateOf = (caching: boolean) =>
  Stores.keyValue({ name: 'state', key: Serdes.string(), value: Serdes.string(), caching });

/** A promise that the test settles. */
class Gate {
  readonly promise: Promise<void>;
  open: () => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}

type Process = (
  record: Text,
  context: OperatorContext<string, string>,
  store: KeyValueStore<string, string>,
) => void | Promise<void>;

function single(process: Process, config: Partial<TaskConfig> = {}): TaskHarness {
  const caching = config.cacheMaxBytes !== undefined;
  const topology = new Topology()
    .addSource('source', 'in', text)
    .addProcessor(
      'p',
      (context: ProcessorContext<string, string>): Processor<string, string> => {
        const store = context.getStateStore<KeyValueStore<string, string>>('state');
        return {
          process: (input) => process(input, context as OperatorContext<string, string>, store),
        };
      },
      'source',
      { stores: [stateOf(caching)] },
    )
    .addSink('sink', 'out', 'p', text);
  return new TaskHarness(topology, config);
}

/** Waits for the gate of each record, then stores and forwards its value. */
function gated(gates: readonly Gate[], config: Partial<TaskConfig> = {}): TaskHarness {
  let next = 0;
  return single(async (input, context, store) => {
    await gates[next++]!.promise;
    store.put(input.key, input.value);
    context.forward(input);
  }, config);
}

const turn = async () => {
  for (let i = 0; i < 5; i++) await Promise.resolve();
};
const stored = (harness: TaskHarness) =>
  (harness.task.store('state') as unknown as KeyValueStore<string, string>).get('k');

describe('a parked task', () => {
  it('takes no further record until the promise settles, then says that it can be driven', async () => {
    const gates = [new Gate(), new Gate()];
    const harness = gated(gates);
    harness.clock.time = 5;
    harness.add('in', record('1'), record('2'));
    expect(harness.task.process()).toBe(true);
    expect(harness.task.parked).toBe(true);
    expect(harness.task.parkedSince).toBe(5);
    expect(harness.task.process()).toBe(false);
    expect(harness.task.punctuateStreamTime()).toBe(false);
    gates[0]!.open();
    await turn();
    expect(harness.ready).toBe(1);
    expect(harness.task.parked).toBe(false);
    expect(harness.task.inFlight).toBe(true);
    expect(harness.task.process()).toBe(true);
    expect(harness.values('out')).toEqual(['1']);
    expect(harness.task.inFlight).toBe(false);
  });

  it('is driven to its end by settled()', async () => {
    const gate = new Gate();
    const harness = gated([gate]);
    harness.add('in', record('1'));
    harness.run();
    const settled = harness.task.settled();
    gate.open();
    await settled;
    expect(harness.values('out')).toEqual(['1']);
  });

  it('keeps the record metadata for what runs later', async () => {
    const seen: unknown[] = [];
    const harness = single((input, context) => {
      context.park(Promise.resolve(input.value), (value) => {
        seen.push(value, context.recordMetadata()?.offset);
        context.forward(input);
      });
    });
    harness.add('in', record('1'), record('2'));
    await harness.runAll();
    expect(seen).toEqual(['1', 0, '2', 1]);
  });
});

describe('a commit while a record is parked', () => {
  it('is blocked by the first promise of a task, whose record has no scope', async () => {
    const gate = new Gate();
    const harness = gated([gate]);
    harness.add('in', record('1'));
    harness.run();
    expect(harness.task.blocksCommit).toBe(true);
    gate.open();
    await harness.task.settled();
    expect(harness.task.blocksCommit).toBe(false);
  });

  it('takes finished records only: nothing of the parked one is sent, stored, or counted in offsets and times', async () => {
    const gates = [new Gate(), new Gate()];
    gates[0]!.open();
    const harness = gated(gates);
    harness.add('in', record('1', 10), record('2', 20));
    harness.run();
    await harness.task.settled();
    harness.run();
    expect(harness.task.parked).toBe(true);
    expect(harness.task.blocksCommit).toBe(false);
    harness.task.prepareCommit();
    expect(harness.task.committableOffsets()).toEqual([
      { topic: 'in', partition: 0, offset: 1, metadata: 'AgAAAAAAAAAK' },
    ]);
    harness.task.postCommit();
    expect(harness.task.commitNeeded).toBe(true);
    harness.task.rollback();
    expect(stored(harness)).toBe('1');
    expect(harness.values('out')).toEqual(['1']);
  });

  it('does not take what the parked record wrote before it parked', async () => {
    let gate = new Gate();
    gate.open();
    const harness = single(async (input, context, store) => {
      store.put(input.key, input.value);
      context.forward(input);
      await gate.promise;
    });
    harness.add('in', record('1'), record('2'));
    harness.task.process();
    await harness.task.settled();
    gate = new Gate();
    harness.task.process();
    expect(harness.values('out')).toEqual(['1']);
    harness.commit();
    expect(stored(harness)).toBe('2');
    gate.open();
    await harness.task.settled();
    expect(harness.values('out')).toEqual(['1', '2']);
    harness.task.rollback();
    expect(stored(harness)).toBe('1');
  });

  it('is blocked while a cache is dirty', async () => {
    let gate = new Gate();
    gate.open();
    const harness = single(
      async (input, _context, store) => {
        store.put(input.key, input.value);
        await gate.promise;
      },
      { cacheMaxBytes: 10_000 },
    );
    harness.add('in', record('1'), record('2'));
    harness.task.process();
    await harness.task.settled();
    harness.commit();
    gate = new Gate();
    harness.task.process();
    harness.task.prepareCommit();
    expect(harness.task.blocksCommit).toBe(true);
    gate.open();
    await harness.task.settled();
    harness.task.prepareCommit();
    expect(harness.task.blocksCommit).toBe(false);
  });
});

describe('a wait that ends badly', () => {
  it('a rejection is a throw at that node', async () => {
    const gate = new Gate();
    const harness = gated([gate]);
    harness.add('in', record('1'));
    harness.run();
    gate.fail(new Error('boom'));
    await turn();
    expect(() => harness.task.process()).toThrow(
      expect.objectContaining({
        code: 'PROCESS_FAILED',
        message:
          'Exception caught in process. taskId=0_0, processor=p, topic=in, partition=0, offset=0: boom',
        cause: expect.objectContaining({ message: 'boom' }),
      }),
    );
  });

  it('with continue a rejection drops the record, and what was forwarded before it stays', async () => {
    const harness = single(
      async (input, context) => {
        context.forward(input.withValue('early'));
        await Promise.resolve();
        context.forward(input.withValue('queued'));
        await Promise.resolve();
        throw new Error('boom');
      },
      { onProcessError: 'continue' },
    );
    harness.add('in', record('1'));
    await harness.runAll();
    expect(harness.values('out')).toEqual(['early', 'queued']);
    expect(harness.task.metrics.droppedRecords).toBe(1);
  });

  it('a throw in the continuation is reported like one in process', async () => {
    const harness = single((_input, context) => {
      context.park(Promise.resolve(), () => {
        throw new Error('boom');
      });
    });
    harness.add('in', record('1'));
    harness.run();
    await expect(harness.task.settled()).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      where: { node: 'p' },
    });
  });

  it('a promise that never settles is ended by expirePark with PROCESS_TIMEOUT', () => {
    const harness = gated([new Gate()], { parkTimeoutMs: 100 });
    harness.add('in', record('1'));
    harness.run();
    harness.task.expirePark();
    expect(() => harness.task.process()).toThrow(
      expect.objectContaining({
        code: 'PROCESS_TIMEOUT',
        message: expect.stringContaining('did not settle within 100 ms'),
        where: expect.objectContaining({ node: 'p', offset: 0 }),
      }),
    );
  });

  it('a promise of before a rollback is ignored when it settles', async () => {
    const gates = [new Gate(), new Gate()];
    const harness = gated(gates);
    harness.add('in', record('1'));
    harness.run();
    harness.task.rollback();
    harness.rewind('in', 0);
    harness.add('in', record('again'));
    harness.run();
    gates[1]!.open();
    await harness.task.settled();
    gates[0]!.open();
    await turn();
    expect(harness.values('out')).toEqual(['again']);
    expect(stored(harness)).toBe('again');
  });

  it('a failed record leaves nothing of its scope behind', async () => {
    let fail = false;
    const harness = single(async (input, context, store) => {
      store.put(input.key, input.value);
      context.forward(input);
      await Promise.resolve();
      if (fail) throw new Error('boom');
    });
    harness.add('in', record('1'), record('2'));
    harness.task.process();
    await harness.task.settled();
    fail = true;
    harness.task.process();
    await expect(harness.task.settled()).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
    expect(stored(harness)).toBe('1');
    expect(harness.values('out')).toEqual(['1']);
  });

  it('a forward or a put after the record has ended throws LATE_FORWARD at the user', async () => {
    const gate = new Gate();
    const late: unknown[] = [];
    const harness = single((input, context, store) => {
      void gate.promise.then(() => {
        for (const work of [() => context.forward(input), () => store.put('k', 'late')]) {
          try {
            work();
          } catch (error) {
            late.push((error as { code: string }).code);
          }
        }
      });
    });
    harness.add('in', record('1'));
    harness.run();
    gate.open();
    await turn();
    expect(late).toEqual(['LATE_FORWARD', 'LATE_FORWARD']);
    expect(harness.output).toEqual([]);
  });
});

describe('punctuators and caches', () => {
  it('a punctuator that returns a promise parks the task', async () => {
    const gate = new Gate();
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor(
        'p',
        (context: ProcessorContext<string, string>) => {
          context.schedule(10, 'wallClock', async (time) => {
            await gate.promise;
            context.forward({ key: 'tick', value: String(time), timestamp: time });
          });
          return { process: (input: Text) => context.forward(input) };
        },
        'source',
      )
      .addSink('sink', 'out', 'p', text);
    const harness = new TaskHarness(topology);
    harness.clock.time = 10;
    expect(harness.task.punctuateWallClock()).toBe(true);
    harness.add('in', record('1'));
    expect(harness.task.process()).toBe(false);
    gate.open();
    await harness.task.settled();
    harness.run();
    expect(harness.values('out')).toEqual(['10', '1']);
  });

  it('a flush forwards with the timestamp and headers that the last update had at its node', () => {
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor(
        'stamp',
        (context: ProcessorContext<string, string>) => ({
          process: (input: Text) =>
            context.forward(
              input
                .withTimestamp(input.timestamp + 1)
                .withHeaders([{ key: input.value, value: null }]),
            ),
        }),
        'source',
      )
      .addProcessor(
        'table',
        (context: ProcessorContext<string, string>) => {
          const store = context.getStateStore(stateOf(true)) as KeyValueStore<string, string> &
            Partial<CachedStore<string, string>>;
          store.setFlushListener?.(
            (key, value, _old, timestamp, headers) =>
              context.forward({ key, value: value!, timestamp, headers }),
            false,
          );
          return { process: (input: Text) => store.put(input.key, input.value) };
        },
        'stamp',
        { stores: [stateOf(true)] },
      )
      .addSink('sink', 'out', 'table', text);
    const harness = new TaskHarness(topology, { cacheMaxBytes: 10_000 });
    harness.add('in', record('1', 3), record('2', 8));
    harness.run();
    harness.commit();
    expect(harness.output.filter(({ topic }) => topic === 'out')).toMatchObject([
      { value: '2', timestamp: 9, headers: [{ key: '2' }] },
    ]);
  });

  it('a flush whose forwards meet a promise blocks the commit until it is done', async () => {
    const gate = new Gate();
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor(
        'table',
        (context: ProcessorContext<string, string>) => {
          const store = context.getStateStore(stateOf(true));
          (
            store as unknown as {
              setFlushListener(
                listener: (key: string, value: string, old: null, timestamp: number) => void,
                old: boolean,
              ): boolean;
            }
          ).setFlushListener(
            (key, value, _old, timestamp) => context.forward({ key, value, timestamp }),
            false,
          );
          return { process: (input: Text) => store.put(input.key, input.value) };
        },
        'source',
        { stores: [stateOf(true)] },
      )
      .addProcessor(
        'slow',
        (context: ProcessorContext<string, string>) => ({
          process: async (input: Text) => {
            await gate.promise;
            context.forward(input);
          },
        }),
        'table',
      )
      .addSink('sink', 'out', 'slow', text);
    const harness = new TaskHarness(topology, { cacheMaxBytes: 10_000 });
    harness.add('in', record('1', 3), { key: 'j', value: '2', timestamp: 4 });
    harness.run();
    harness.task.prepareCommit();
    expect(harness.task.blocksCommit).toBe(true);
    gate.open();
    await harness.task.settled();
    harness.task.prepareCommit();
    expect(harness.task.blocksCommit).toBe(false);
    harness.task.postCommit();
    expect(
      harness.output
        .filter(({ topic }) => topic === 'out')
        .map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`),
    ).toEqual(['k=1@3', 'j=2@4']);
  });
});
