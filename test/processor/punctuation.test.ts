/** Punctuators: Kafka's goldens for both clocks, cancelling, metadata, and what an abort does to schedules. */
import { describe, expect, it } from 'vitest';
import type {
  Cancellable,
  ProcessorContext,
  PunctuationType,
} from '../../src/processor/processor.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TaskHarness } from './task-harness.js';

const text = { key: Serdes.string(), value: Serdes.string() };
const at = (timestamp: number) => ({ key: 'k', value: 'v', timestamp });

/** One processor that schedules in its supplier; firings forward their time to `out`. */
function ticking(
  type: PunctuationType,
  interval: number,
  fired?: (time: number, context: ProcessorContext) => void,
): TaskHarness {
  const topology = new Topology()
    .addSource('source', 'in', text)
    .addProcessor(
      'ticker',
      (context: ProcessorContext<string, string>) => {
        context.schedule(interval, type, (time) => {
          fired?.(time, context);
          context.forward({ key: 'tick', value: String(time), timestamp: time });
        });
        return { process: () => undefined };
      },
      'source',
    )
    .addSink('sink', 'out', 'ticker', text);
  return new TaskHarness(topology);
}

describe('punctuators', () => {
  it('stream time fires with the first record and then once per interval that was reached', () => {
    const harness = ticking('streamTime', 10);
    const fired = [3, 5, 10, 47, 49, 20, 50].map((timestamp) => {
      const before = harness.output.length;
      harness.add('in', at(timestamp));
      harness.run();
      return harness.output.length > before;
    });
    expect(fired).toEqual([true, false, true, true, false, false, true]);
    expect(harness.values('out')).toEqual(['3', '10', '47', '50']);
  });

  it('wall clock fires after one interval and stays on the grid when it was late', () => {
    const harness = ticking('wallClock', 10);
    const fired = [9, 1, 35, 4, 1].map((advance) => {
      harness.clock.time += advance;
      return harness.task.punctuateWallClock();
    });
    expect(fired).toEqual([false, true, true, false, true]);
    expect(harness.values('out')).toEqual(['10', '45', '50']);
  });

  it('a task says when its wall clock wants to be looked at', () => {
    const harness = ticking('wallClock', 10);
    harness.clock.time = 4;
    expect(harness.task.msUntilDue()).toBe(6);
  });

  it('several that are due fire in the order of their times', () => {
    const order: string[] = [];
    const topology = new Topology().addSource('source', 'in', text).addProcessor(
      'p',
      (context: ProcessorContext) => {
        context.schedule(7, 'wallClock', () => void order.push('seven'));
        context.schedule(5, 'wallClock', () => void order.push('five'));
        return { process: () => undefined };
      },
      'source',
    );
    const harness = new TaskHarness(topology);
    harness.clock.time = 20;
    harness.task.punctuateWallClock();
    expect(order).toEqual(['five', 'seven']);
  });

  it('a punctuator may cancel itself', () => {
    let schedule: Cancellable | undefined;
    let count = 0;
    const topology = new Topology().addSource('source', 'in', text).addProcessor(
      'p',
      (context: ProcessorContext) => {
        schedule = context.schedule(1, 'wallClock', () => {
          if (++count === 2) schedule?.cancel();
        });
        return { process: () => undefined };
      },
      'source',
    );
    const harness = new TaskHarness(topology);
    for (let i = 0; i < 5; i++) {
      harness.clock.time += 1;
      harness.task.punctuateWallClock();
    }
    expect(count).toBe(2);
  });

  it('sees no record: topic empty, partition and offset -1', () => {
    const seen: unknown[] = [];
    const harness = ticking('streamTime', 10, (_time, context) =>
      seen.push({ ...context.recordMetadata() }),
    );
    harness.add('in', at(1));
    harness.run();
    expect(seen).toEqual([{ topic: '', partition: -1, offset: -1, headers: [] }]);
  });

  it('an interval below one millisecond fails the processor', () => {
    expect(() => ticking('streamTime', 0)).toThrow(
      expect.objectContaining({
        code: 'PROCESSOR_INIT_FAILED',
        message:
          'failed to initialize processor ticker: The minimum supported scheduling interval is 1 millisecond.',
        cause: expect.objectContaining({
          message: 'The minimum supported scheduling interval is 1 millisecond.',
        }),
      }),
    );
  });

  it('what is no punctuator and no type fails the processor', () => {
    const scheduling = (type: unknown, callback: unknown) => () =>
      new TaskHarness(
        new Topology().addSource('source', 'in', text).addProcessor(
          'ticker',
          (context: ProcessorContext<string, string>) => {
            context.schedule(10, type as PunctuationType, callback as () => void);
            return { process: () => undefined };
          },
          'source',
        ),
      );
    expect(scheduling('wallClock', undefined)).toThrow(
      'schedule(): the punctuator is undefined. Give a function.',
    );
    expect(scheduling('WALL_CLOCK_TIME', () => {})).toThrow(
      "schedule(): the type must be 'streamTime' or 'wallClock', but is \"WALL_CLOCK_TIME\".",
    );
  });

  it('a throw names the processor and has no record', () => {
    const harness = ticking('wallClock', 1, () => {
      throw new Error('boom');
    });
    harness.clock.time = 1;
    expect(() => harness.task.punctuateWallClock()).toThrow(
      expect.objectContaining({ code: 'PROCESS_FAILED', where: { task: '0_0', node: 'ticker' } }),
    );
  });

  it('after an abort schedules are due as at the last commit', () => {
    const harness = ticking('streamTime', 10);
    harness.add('in', at(12));
    harness.run();
    harness.commit();
    harness.add('in', at(35));
    harness.run();
    expect(harness.values('out')).toEqual(['12', '35']);
    harness.task.rollback();
    harness.rewind('in', 1);
    harness.output.length = 0;
    harness.add('in', at(15), at(35));
    harness.run();
    expect(harness.values('out')).toEqual(['35']);
  });
});
