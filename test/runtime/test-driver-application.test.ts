/** `TopologyTestDriver` with partitions: the whole application behind the same calls. */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { StreamsError } from '../../src/errors.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { TopologyTestDriver } from '../../src/testing.js';

const string = Serdes.string();
const strings = { key: string, value: string };

async function rejection(promise: Promise<unknown>): Promise<StreamsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StreamsError);
  // Checked above.
  return error as StreamsError;
}

describe('with partitions: the real application', () => {
  const wordCount = () => {
    const builder = new StreamsBuilder();
    const counts = builder
      .stream('in', strings)
      .flatMapValues((line) => line.split(' '))
      .groupBy((_key, word) => word, strings)
      .count({ as: 'counts' });
    counts.toStream().to('out');
    return { topology: builder.build(), counts };
  };

  test('records of several partitions meet behind a repartition topic, and each pipe ends with a commit', async () => {
    const { topology, counts } = wordCount();
    await using driver = new TopologyTestDriver(topology, {
      partitions: 4,
      statestoreCacheMaxBytes: 0,
    });
    const input = driver.createInputTopic('in', strings);
    const output = driver.createOutputTopic('out', { key: string, value: Serdes.long() });
    await input.pipeAll([
      { value: 'hello kafka', partition: 0, timestamp: 1 },
      { value: 'hello streams', partition: 3, timestamp: 2 },
    ]);
    expect(output.readKeyValues().toSorted()).toEqual([
      ['hello', 1],
      ['hello', 2],
      ['kafka', 1],
      ['streams', 1],
    ]);
    await input.pipe({ value: 'hello', timestamp: 3 });
    expect(output.readRecords()).toEqual([{ key: 'hello', value: 3, timestamp: 3, headers: [] }]);
    expect(driver.store(counts).get('hello')).toBe(3);
    expect(driver.producedTopics()).toEqual(
      expect.arrayContaining(['app-counts-repartition', 'app-counts-changelog', 'out']),
    );
  });

  test('a restart restores the stores from their changelogs and processes nothing twice', async () => {
    const { topology, counts } = wordCount();
    await using driver = new TopologyTestDriver(topology, {
      partitions: 3,
      statestoreCacheMaxBytes: 0,
    });
    const input = driver.createInputTopic('in', strings);
    const output = driver.createOutputTopic('out', { key: string, value: Serdes.long() });
    await input.pipeAll([{ value: 'a b' }, { value: 'a' }]);
    output.readRecords();
    await driver.restart();
    expect(output.isEmpty).toBe(true);
    expect(driver.store(counts).get('a')).toBe(2);
    await input.pipe({ value: 'a' });
    expect(output.readKeyValues()).toEqual([['a', 3]]);
  });

  test('after a crash the new instance counts on, and what the old one still writes is not seen', async () => {
    const { topology, counts } = wordCount();
    await using driver = new TopologyTestDriver(topology, {
      partitions: 2,
      statestoreCacheMaxBytes: 0,
    });
    const input = driver.createInputTopic('in', strings);
    const output = driver.createOutputTopic('out', { key: string, value: Serdes.long() });
    await input.pipeAll([{ value: 'a b' }, { value: 'a' }]);
    await driver.crash();
    await input.pipe({ value: 'a' });
    await driver.crash();
    await input.pipe({ value: 'a b' });
    expect(
      output
        .readKeyValues()
        .filter(([key]) => key === 'a')
        .map(([, value]) => value),
    ).toEqual([1, 2, 3, 4]);
    expect(driver.store(counts).get('b')).toBe(2);
  });

  test('an error ends the pipe and every later one, naming the node', async () => {
    const builder = new StreamsBuilder(strings);
    builder
      .stream('in', strings)
      .mapValues(
        (): string => {
          throw new Error('boom');
        },
        { name: 'picky' },
      )
      .to('out');
    const driver = new TopologyTestDriver(builder.build(), { partitions: 2 });
    const input = driver.createInputTopic('in', strings);
    const error = await rejection(input.pipe({ value: 'x' }));
    expect(error.where.node).toBe('picky');
    expect((await rejection(input.pipe({ value: 'y' }))).cause).toBe(error);
    await driver.close();
  });

  test('a pipe waits for promises of user code, and no virtual time passes meanwhile', async () => {
    const hostTurns = async (turns: number): Promise<void> => {
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    };
    const builder = new StreamsBuilder(strings);
    builder
      .stream('in', strings)
      .mapValues(async (value) => {
        await hostTurns(200);
        return value.toUpperCase();
      })
      .to('out');
    await using driver = new TopologyTestDriver(builder.build(), {
      partitions: 2,
      parkTimeout: 50,
    });
    const output = driver.createOutputTopic('out', strings);
    await driver.createInputTopic('in', strings).pipe({ key: 'k', value: 'a' });
    expect(output.readValues()).toEqual(['A']);
  });

  test('a promise that never settles fails when the wall clock passes parkTimeout', async () => {
    const builder = new StreamsBuilder(strings);
    let called!: () => void;
    const waiting = new Promise<void>((resolve) => (called = resolve));
    builder
      .stream('in', strings)
      .mapValues(() => {
        called();
        return new Promise<string>(() => undefined);
      })
      .to('out');
    const driver = new TopologyTestDriver(builder.build(), { partitions: 1, parkTimeout: '1m' });
    const piped = rejection(driver.createInputTopic('in', strings).pipe({ value: 'a' }));
    await waiting;
    await Promise.resolve();
    await Promise.allSettled([driver.advanceWallClock('61s')]);
    expect((await piped).code).toBe('PROCESS_TIMEOUT');
    await driver.close();
  });

  test('wall-clock punctuators fire on virtual time, in every task', async () => {
    const topology = new Topology()
      .addSource('source', ['in'], strings)
      .addProcessor(
        'tick',
        (context: ProcessorContext<string, string>) => {
          context.schedule('10s', 'wallClock', (now) =>
            context.forward({ key: context.taskId, value: 'tick', timestamp: now }),
          );
          return { process: () => undefined };
        },
        ['source'],
      )
      .addSink('sink', 'out', ['tick'], strings);
    await using driver = new TopologyTestDriver(topology, { partitions: 2 });
    const output = driver.createOutputTopic('out', strings);
    await driver.advanceWallClock('5s');
    expect(output.isEmpty).toBe(true);
    await driver.advanceWallClock('5s');
    expect(output.readKeyValues().toSorted()).toEqual([
      ['0_0', 'tick'],
      ['0_1', 'tick'],
    ]);
  });

  test('restart and crash without partitions are refused', async () => {
    const driver = new TopologyTestDriver(wordCount().topology);
    expect((await rejection(driver.restart())).code).toBe('INVALID_STATE');
    expect((await rejection(driver.crash())).code).toBe('INVALID_STATE');
  });
});
