/** User code is a guest: what it throws, at what place, with whose name, and what the error policy makes of it. */
import { describe, expect, it } from 'vitest';
import { StreamsError } from '../../src/errors.js';
import { deadLetter } from '../../src/processor/error-policy.js';
import type { Processor, ProcessorContext } from '../../src/processor/processor.js';
import type { Record } from '../../src/processor/record.js';
import type { TaskConfig } from '../../src/processor/task-config.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import { TaskHarness } from './task-harness.js';

type Text = Record<string, string>;
const text = { key: Serdes.string(), value: Serdes.string() };
const record = (value: string, timestamp = 1) => ({ key: 'k', value, timestamp });
const thrownBy = (work: () => unknown): StreamsError => {
  try {
    work();
  } catch (error) {
    return error as StreamsError;
  }
  throw new Error('nothing was thrown');
};

const appending = (tag: string) => (context: ProcessorContext<string, string>) => ({
  process: (input: Text) => context.forward(input.withValue(input.value + tag)),
});
const throwing = (context: ProcessorContext<string, string>) => ({
  process(input: Text) {
    if (input.value === 'x') throw new Error('boom');
    context.forward(input);
  },
});

/** Three branches under one source; the middle one throws on 'x'. */
function threeBranches(config: Partial<TaskConfig> = {}): TaskHarness {
  const topology = new Topology()
    .addSource('source', 'in', text)
    .addProcessor('first', appending('1'), 'source')
    .addProcessor('second', throwing, 'source')
    .addProcessor('third', appending('3'), 'source')
    .addSink('sink', 'out', ['first', 'second', 'third'], text);
  return new TaskHarness(topology, config);
}

/** One processor made from `process`. */
function single(
  process: (input: Text, context: ProcessorContext<string, string>) => void,
  config: Partial<TaskConfig> = {},
): TaskHarness {
  const topology = new Topology()
    .addSource('source', 'in', text)
    .addProcessor(
      'p',
      (context: ProcessorContext<string, string>) => ({
        process: (input: Text) => process(input, context),
      }),
      'source',
    )
    .addSink('sink', 'out', 'p', text);
  return new TaskHarness(topology, config);
}

describe('a throw in a processor', () => {
  it("fails the task in the words of Kafka, naming node, topic, partition and offset, with the user's error as cause", () => {
    const harness = threeBranches();
    harness.add('in', record('a'), record('x'));
    harness.task.process();
    const error = thrownBy(() => harness.task.process());
    expect(error.code).toBe('PROCESS_FAILED');
    expect(error.message).toBe(
      'Exception caught in process. taskId=0_0, processor=second, topic=in, partition=0, offset=1: boom',
    );
    expect(error.where).toEqual({
      task: '0_0',
      node: 'second',
      topic: 'in',
      partition: 0,
      offset: 1,
    });
    expect(error.cause).toMatchObject({ message: 'boom' });
    expect((error.cause as Error).stack).toContain('failures.test.ts');
  });

  it('is wrapped once, under the name of the node that threw, however deep it is', () => {
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor('top', appending(''), 'source')
      .addProcessor('middle', appending(''), 'top')
      .addProcessor('bottom', throwing, 'middle');
    const harness = new TaskHarness(topology);
    harness.add('in', record('x'));
    const error = thrownBy(() => harness.task.process());
    expect(error.where.node).toBe('bottom');
    expect(error.cause).toMatchObject({ message: 'boom' });
  });

  it('with continue cuts only the subtree of that node, and is counted', () => {
    const harness = threeBranches({ onProcessError: 'continue' });
    harness.add('in', record('a'), record('x'));
    harness.run();
    expect(harness.values('out')).toEqual(['a1', 'a', 'a3', 'x1', 'x3']);
    expect(harness.task.metrics.droppedRecords).toBe(1);
  });

  it('with a dead letter sends the source record there, and the siblings get it as with continue', () => {
    const harness = threeBranches({ onProcessError: deadLetter('dead') });
    harness.add('in', record('x', 7));
    harness.run();
    expect(harness.output.map(({ topic, value }) => `${topic} ${value}`)).toEqual([
      'out x1',
      'dead x',
      'out x3',
    ]);
    const dead = harness.output[1]!;
    expect(dead.timestamp).toBe(7);
    expect(
      dead.headers.find(({ key }) => key === '__streams.errors.message')?.value?.toString(),
    ).toBe('boom');
  });

  it('is decided upon by a function', () => {
    const harness = threeBranches({
      onProcessError: (error, failed) =>
        failed?.offset === 0 && error.where.node === 'second' ? 'continue' : 'fail',
    });
    harness.add('in', record('x'), record('x'));
    harness.task.process();
    expect(() => harness.task.process()).toThrow(
      expect.objectContaining({ code: 'PROCESS_FAILED' }),
    );
  });

  it('fails the task when the policy itself throws or answers nonsense', () => {
    const asked = (onProcessError: () => 'fail') => {
      const harness = threeBranches({ onProcessError });
      harness.add('in', record('x'));
      return thrownBy(() => harness.task.process());
    };
    const threw = asked(() => {
      throw new Error('in the policy');
    });
    expect(threw.cause).toMatchObject({ message: 'in the policy' });
    expect(threw.where.node).toBe('second');
    expect(asked(() => 'ignore' as 'fail')).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('answered ignore'),
    });
  });

  it('at a sink is reported by the node in front of it', () => {
    const harness = single(
      (input, context) => context.forward({ ...input, value: 1 as unknown as string }),
      { onProcessError: 'continue' },
    );
    harness.add('in', record('a'));
    harness.run();
    expect(harness.task.metrics.droppedRecords).toBe(1);
    const failing = single((input, context) =>
      context.forward({ ...input, value: 1 as unknown as string }),
    );
    failing.add('in', record('a'));
    const error = thrownBy(() => failing.task.process());
    expect(error.where.node).toBe('p');
    expect(error.cause).toMatchObject({ code: 'SERIALIZE_FAILED', where: { topic: 'out' } });
  });

  it('of the log is not given to the policy', () => {
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addSink('sink', 'out', 'source', text);
    const fenced = new StreamsError('PRODUCER_FENCED', 'fenced');
    const refuse = () => {
      throw fenced;
    };
    const harness = new TaskHarness(topology, { onProcessError: 'continue' }, new Map(), {
      collector: { send: refuse, encode: refuse, sendBytes: refuse },
    });
    harness.add('in', record('a'));
    expect(thrownBy(() => harness.task.process())).toBe(fenced);
  });
});

describe('a context', () => {
  it('refuses an unknown child and names the children there are', () => {
    const harness = single((input, context) => context.forward(input, 'nope'));
    harness.add('in', record('a'));
    expect(thrownBy(() => harness.task.process()).cause).toMatchObject({
      code: 'UNKNOWN_CHILD',
      message:
        'Unknown downstream node: nope either does not exist or is not connected to this processor. Its children are: sink.',
    });
  });

  it('forwards to one child by name', () => {
    const harness = single((input, context) => context.forward(input, 'sink'));
    harness.add('in', record('a'));
    harness.run();
    expect(harness.values('out')).toEqual(['a']);
  });

  it('refuses a negative timestamp', () => {
    const harness = single((input, context) => context.forward(input.withTimestamp(-2)));
    harness.add('in', record('a'));
    expect(thrownBy(() => harness.task.process()).cause).toMatchObject({
      message: expect.stringContaining('Malformed Record'),
    });
  });

  it('says what a record is when it is given something else', () => {
    const told = (forwarded: unknown) => {
      const harness = single((_input, context) => context.forward(forwarded as Text));
      harness.add('in', record('a'));
      return (thrownBy(() => harness.task.process()).cause as Error).message;
    };
    const advice =
      'Give { key, value, timestamp }, or derive it from the input: record.withValue(value).';
    expect(told({ key: 'k', value: 'v' })).toBe(`Malformed Record: it has no timestamp. ${advice}`);
    expect(told('k')).toBe(`forward() takes a record, but got string. ${advice}`);
    expect(told(undefined)).toBe(`forward() takes a record, but got undefined. ${advice}`);
    expect(told({ key: undefined, value: 'v', timestamp: 0 })).toContain(
      'The key for topic out is',
    );
  });

  it('refuses to forward while the processor is made, and after the record has ended', () => {
    const early = new Topology().addSource('source', 'in', text).addProcessor(
      'p',
      (context: ProcessorContext<string, string>): Processor<string, string> => {
        context.forward({ key: 'k', value: 'v', timestamp: 0 });
        return { process: () => undefined };
      },
      'source',
    );
    expect(() => new TaskHarness(early)).toThrow(
      expect.objectContaining({
        code: 'PROCESSOR_INIT_FAILED',
        cause: expect.objectContaining({ code: 'LATE_FORWARD' }),
      }),
    );
    let kept: ProcessorContext<string, string> | undefined;
    const late = single((_input, context) => {
      kept = context;
    });
    late.add('in', record('a'));
    late.run();
    expect(() => kept!.forward({ key: 'k', value: 'v', timestamp: 0 })).toThrow(
      expect.objectContaining({ code: 'LATE_FORWARD' }),
    );
    expect(kept!.recordMetadata()).toBeUndefined();
  });

  it('accepts plain objects and gives them empty headers', () => {
    const harness = single((input, context) =>
      context.forward({ key: input.key, value: 'plain', timestamp: 3 }),
    );
    harness.add('in', { ...record('a'), headers: [{ key: 'h', value: null }] });
    harness.run();
    expect(harness.output[0]).toMatchObject({ value: 'plain', timestamp: 3, headers: [] });
  });

  it('knows the record, the task and both times', () => {
    const seen: unknown[] = [];
    const harness = single((_input, context) => {
      const { topic, partition, offset } = context.recordMetadata()!;
      seen.push(
        [topic, partition, offset],
        context.taskId,
        context.applicationId,
        context.nodeName,
        context.currentStreamTimeMs(),
        context.currentSystemTimeMs(),
      );
      context.commit();
    });
    harness.clock.time = 77;
    harness.add('in', record('a', 9), record('b', 4));
    harness.task.process();
    expect(harness.task.commitRequested).toBe(true);
    harness.task.process();
    expect(seen).toEqual([
      ['in', 0, 0],
      '0_0',
      'app',
      'p',
      9,
      77,
      ['in', 0, 1],
      '0_0',
      'app',
      'p',
      9,
      77,
    ]);
  });
});

describe('suppliers and stores', () => {
  const seen = Stores.keyValue({ name: 'seen', key: Serdes.string(), value: Serdes.long() });

  it('a class is a supplier, too', () => {
    class Tally {
      readonly #context: ProcessorContext<string, string>;
      constructor(context: ProcessorContext<string, string>) {
        this.#context = context;
      }
      process(input: Text): void {
        this.#context.forward(input.withValue('tally'));
      }
    }
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor('p', Tally, 'source')
      .addSink('sink', 'out', 'p', text);
    const harness = new TaskHarness(topology);
    harness.add('in', record('a'));
    harness.run();
    expect(harness.values('out')).toEqual(['tally']);
  });

  it('what is not a processor, or a promise of one, fails the start', () => {
    const make = (supplier: unknown) => () =>
      new TaskHarness(
        new Topology()
          .addSource('source', 'in', text)
          .addProcessor('p', supplier as () => Processor, 'source'),
      );
    expect(make(() => ({}))).toThrow(
      expect.objectContaining({
        code: 'PROCESSOR_INIT_FAILED',
        message:
          'failed to initialize processor p: The supplier of processor p did not return an object with a process function.',
      }),
    );
    expect(make(async () => ({ process() {} }))).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'ASYNC_NOT_SUPPORTED' }) }),
    );
  });

  it('a store that is not connected fails the start and says how to connect it', () => {
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor('owner', appending(''), 'source', { stores: [seen] })
      .addProcessor(
        'p',
        (context: ProcessorContext<string, string>) => {
          context.getStateStore('seen');
          return { process: () => undefined };
        },
        'source',
      );
    expect(() => new TaskHarness(topology)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('failed to initialize processor p: Processor p has no'),
        cause: expect.objectContaining({
          code: 'STORE_NOT_CONNECTED',
          message: expect.stringContaining('Processor p has no access to StateStore seen'),
        }),
      }),
    );
  });

  it('a store logs to its changelog with the time of the record', () => {
    const topology = new Topology().addSource('source', 'in', text).addProcessor(
      'p',
      (context: ProcessorContext) => {
        const store = context.getStateStore(seen);
        return { process: ({ key }: Text) => store.put(key, (store.get(key) ?? 0) + 1) };
      },
      'source',
      { stores: [seen] },
    );
    const harness = new TaskHarness(topology);
    harness.add('in', record('a', 5));
    harness.run();
    expect(harness.output).toMatchObject([{ topic: 'app-seen-changelog', key: 'k', timestamp: 5 }]);
    expect(harness.task.changelogs).toMatchObject([{ topic: 'app-seen-changelog', partition: 0 }]);
  });

  it('headers appended in place are seen by later siblings of process, not of processValues', () => {
    const stamp = (context: ProcessorContext<string, string>) => ({
      process(input: Text) {
        input.headers.push({ key: 'stamped', value: null });
        context.forward(input);
      },
    });
    const headersSeen = (fixed: boolean) => {
      const topology = new Topology().addSource('source', 'in', text);
      if (fixed) topology.addFixedKeyProcessor('first', stamp, 'source');
      else topology.addProcessor('first', stamp, 'source');
      topology.addSink('a', 'a', 'first', text).addSink('b', 'b', 'source', text);
      const harness = new TaskHarness(topology);
      harness.add('in', record('x'));
      harness.run();
      return harness.output.map(({ headers }) => headers.length);
    };
    expect(headersSeen(false)).toEqual([1, 1]);
    expect(headersSeen(true)).toEqual([1, 0]);
  });
});
