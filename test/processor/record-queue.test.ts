/** What a task takes from its queues, when, and which offsets it commits for that. */
import { describe, expect, it } from 'vitest';
import { decodeOffsetMetadata, encodeOffsetMetadata } from '../../src/processor/offset-metadata.js';
import { deadLetter } from '../../src/processor/error-policy.js';
import type { TaskConfig } from '../../src/processor/task-config.js';
import {
  logAndSkipOnInvalidTimestamp,
  type TimestampExtractor,
} from '../../src/processor/timestamp-extractor.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { fetched, TaskHarness } from './task-harness.js';

const text = { key: Serdes.string(), value: Serdes.string() };
const record = (value: string, timestamp: number) => ({ key: 'k', value, timestamp });

function copying(
  topics: readonly string[],
  config: Partial<TaskConfig> = {},
  value = Serdes.string(),
): TaskHarness {
  const topology = new Topology();
  topics.forEach((topic) =>
    topology.addSource(`source-${topic}`, topic, { key: Serdes.string(), value }),
  );
  topology.addSink(
    'sink',
    'out',
    topics.map((topic) => `source-${topic}`),
    text,
  );
  return new TaskHarness(topology, config);
}

/** Fails on values that begin with `!`. */
const picky = Serdes.from<string>({
  serialize: (value) => Buffer.from(value),
  deserialize: (bytes) => {
    const value = Buffer.from(bytes).toString();
    if (value.startsWith('!')) throw new Error(`no ${value}`);
    return value;
  },
});

describe('the queues of a task', () => {
  it('give the record with the least timestamp, among equals that of the first topic', () => {
    const harness = copying(['a', 'b']);
    harness.add('b', record('b1', 1), record('b2', 5), record('b3', 6));
    harness.add('a', record('a1', 3), record('a2', 5));
    harness.run();
    expect(harness.values('out')).toEqual(['b1', 'a1', 'a2', 'b2', 'b3']);
  });

  it('keep the order of a partition whatever its timestamps', () => {
    const harness = copying(['a']);
    harness.add('a', record('1', 9), record('2', 3), record('3', 5));
    harness.run();
    expect(harness.values('out')).toEqual(['1', '2', '3']);
  });

  it('skip records below the position in a batch that was entered in its middle', () => {
    const harness = copying(['a']);
    const batch = fetched('a', 0, [record('0', 1), record('1', 1), record('2', 1)]);
    harness.task.addRecords({ ...batch, firstOffset: 2 });
    harness.run();
    expect(harness.values('out')).toEqual(['2']);
  });

  it('wait for a partition that is known to have more, and not for one that has none', () => {
    const harness = copying(['a', 'b']);
    harness.task.addRecords(fetched('b', 0, [], 1));
    harness.add('a', record('a1', 5));
    expect(harness.task.process()).toBe(false);
    harness.task.addRecords(fetched('b', 0, [record('b1', 1)]));
    harness.run();
    expect(harness.values('out')).toEqual(['b1', 'a1']);
  });

  it('never wait with maxTaskIdle -1', () => {
    const harness = copying(['a', 'b'], { maxTaskIdleMs: -1 });
    harness.task.addRecords(fetched('b', 0, [], 1));
    harness.add('a', record('a1', 5));
    expect(harness.task.process()).toBe(true);
  });

  it('wait for producers as long as maxTaskIdle says', () => {
    const harness = copying(['a', 'b'], { maxTaskIdleMs: 100 });
    harness.add('a', record('a1', 5));
    expect(harness.task.process()).toBe(false);
    expect(harness.task.msUntilDue()).toBe(100);
    harness.clock.time = 99;
    expect(harness.task.process()).toBe(false);
    harness.clock.time = 100;
    expect(harness.task.process()).toBe(true);
  });

  it('count the bytes of batches that are not consumed', () => {
    const harness = copying(['a']);
    harness.add('a', record('1', 1), record('2', 1));
    harness.add('a', record('3', 1));
    const both = harness.task.queuedBytes('a', 0);
    harness.task.process();
    expect(harness.task.queuedBytes('a', 0)).toBe(both);
    harness.task.process();
    expect(harness.task.queuedBytes('a', 0)).toBeLessThan(both);
    harness.task.process();
    expect(harness.task.queuedBytes('a', 0)).toBe(0);
  });

  it('decode a record when it becomes the head, with the time of the record before it', () => {
    const seen: number[] = [];
    const timestamps: TimestampExtractor = ({ timestamp }, partitionTime) => {
      seen.push(partitionTime);
      return timestamp;
    };
    const harness = copying(['a'], { timestamps });
    harness.add('a', record('1', 7), record('2', 3), record('3', 4));
    expect(seen).toEqual([]);
    harness.task.process();
    expect(seen).toEqual([-1]);
    harness.run();
    expect(seen).toEqual([-1, 7, 7]);
  });

  it('drop a record with a negative extracted timestamp, and count it', () => {
    const timestamps: TimestampExtractor = ({ timestamp }) => (timestamp === 2 ? -1 : timestamp);
    const harness = copying(['a'], { timestamps });
    harness.add('a', record('1', 1), record('2', 2), record('3', 3));
    harness.run();
    expect(harness.values('out')).toEqual(['1', '3']);
    expect(harness.task.metrics.droppedRecords).toBe(1);
    expect(logAndSkipOnInvalidTimestamp).toBeTypeOf('function');
  });

  it('name topic, partition and offset of a throwing extractor', () => {
    const timestamps: TimestampExtractor = () => {
      throw new Error('boom');
    };
    const harness = copying(['a'], { timestamps });
    harness.add('a', record('1', 1));
    expect(() => harness.task.process()).toThrow(
      expect.objectContaining({
        code: 'PROCESS_FAILED',
        where: { node: 'source-a', topic: 'a', partition: 0, offset: 0 },
      }),
    );
  });
});

describe('a record that cannot be decoded', () => {
  it('fails the task by default, naming its place', () => {
    const harness = copying(['a'], {}, picky);
    harness.add('a', record('1', 1), record('!', 2));
    expect(harness.task.process()).toBe(true);
    expect(() => harness.task.process()).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZE_FAILED',
        message: expect.stringContaining('topic=a, partition=0, offset=1: no !'),
        where: { task: '0_0', topic: 'a', partition: 0, offset: 1 },
      }),
    );
    expect(harness.task.committableOffsets()).toMatchObject([{ offset: 1 }]);
  });

  it('is dropped and counted with continue, and its offset is passed', () => {
    const harness = copying(['a'], { onDeserializeError: 'continue' }, picky);
    harness.add('a', record('1', 1), record('!', 2));
    harness.run();
    expect(harness.values('out')).toEqual(['1']);
    expect(harness.task.metrics.droppedRecords).toBe(1);
    expect(harness.task.committableOffsets()).toMatchObject([{ offset: 2 }]);
  });

  it('goes to the dead letter topic as it was, with the headers of KIP-1034', () => {
    const harness = copying(['a'], { onDeserializeError: deadLetter('dead') }, picky);
    harness.add('a', { ...record('!', 2), headers: [{ key: 'own', value: Buffer.from('h') }] });
    harness.run();
    const [dead] = harness.output;
    expect(dead).toMatchObject({ topic: 'dead', key: 'k', value: '!', timestamp: 2 });
    expect(dead!.headers.map(({ key }) => key)).toEqual([
      'own',
      ...['exception', 'message', 'stacktrace', 'topic', 'partition', 'offset'].map(
        (name) => `__streams.errors.${name}`,
      ),
    ]);
    const header = (name: string) =>
      dead!.headers.find(({ key }) => key === `__streams.errors.${name}`)?.value?.toString();
    expect(header('message')).toBe('no !');
    expect([header('topic'), header('partition'), header('offset')]).toEqual(['a', '0', '0']);
  });

  it('is decided upon by a function that sees it', () => {
    const seen: unknown[] = [];
    const harness = copying(
      ['a'],
      {
        onDeserializeError: (error, failed) => {
          seen.push(error.code, failed?.offset, failed?.value?.toString());
          return 'continue';
        },
      },
      picky,
    );
    harness.add('a', record('!x', 2));
    harness.run();
    expect(seen).toEqual(['DESERIALIZE_FAILED', 0, '!x']);
  });
});

describe('committed offsets', () => {
  it('are those of the next record, else the fetched position', () => {
    const harness = copying(['a']);
    const batch = fetched('a', 5, [record('1', 1), record('2', 1)]);
    harness.task.addRecords({ ...batch, nextOffset: 9, endOffset: 9 });
    harness.task.process();
    expect(harness.task.committableOffsets()).toMatchObject([
      { topic: 'a', partition: 0, offset: 6 },
    ]);
    harness.task.process();
    expect(harness.task.committableOffsets()).toMatchObject([{ offset: 9 }]);
    harness.commit();
    expect(harness.task.committableOffsets()).toEqual([]);
    expect(harness.task.commitNeeded).toBe(false);
  });

  it('carry the partition time, and a new task takes it up', () => {
    const first = copying(['a']);
    first.add('a', record('1', 5), record('2', 3));
    first.run();
    const [committed] = first.task.committableOffsets();
    expect(committed).toEqual({ topic: 'a', partition: 0, offset: 2, metadata: 'AgAAAAAAAAAF' });
    const times: number[] = [];
    const second = copying(['a'], {
      timestamps: ({ timestamp }, partitionTime) => (times.push(partitionTime), timestamp),
    });
    second.task.setPosition(committed!, committed!.offset, committed!.metadata);
    second.task.addRecords(fetched('a', 2, [record('3', 4)]));
    second.run();
    expect(times).toEqual([5]);
  });

  it("have metadata in Kafka's bytes", () => {
    const metadata = 'AgAAAAAAAAAFAAAAAQAAAAJzdAAAAAAAAAAH';
    expect(encodeOffsetMetadata({ partitionTime: 5, operatorTimes: new Map([['st', 7]]) })).toBe(
      metadata,
    );
    expect(decodeOffsetMetadata(metadata)).toEqual({
      partitionTime: 5,
      operatorTimes: new Map([['st', 7]]),
    });
    expect(decodeOffsetMetadata('AQAAAAAAAAAF').partitionTime).toBe(5);
    expect(decodeOffsetMetadata('by somebody else').partitionTime).toBe(-1);
    expect(decodeOffsetMetadata('').partitionTime).toBe(-1);
  });
});
