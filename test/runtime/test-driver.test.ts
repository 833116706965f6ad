/** `TopologyTestDriver` as users meet it: records in, records out, virtual time, stores, errors, promises. */
import { describe, expect, test } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { StreamsError } from '../../src/errors.js';
import { deadLetter } from '../../src/processor/error-policy.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import { Topology } from '../../src/processor/topology.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import { TopologyTestDriver, type TopologyTestDriverOptions } from '../../src/testing.js';

const string = Serdes.string();
const strings = { key: string, value: string };

/** A builder whose stream `in` is text. */
function textStream() {
  const builder = new StreamsBuilder(strings);
  return { builder, stream: builder.stream('in', strings) };
}

function openDriver(topology: Topology, options?: TopologyTestDriverOptions) {
  const driver = new TopologyTestDriver(topology, options);
  return {
    driver,
    input: driver.createInputTopic('in', strings),
    output: driver.createOutputTopic('out', strings),
  };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function rejection(promise: Promise<unknown>): Promise<StreamsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StreamsError);
  // Checked above.
  return error as StreamsError;
}

describe('records', () => {
  test('word count: counts come out with key, value, timestamp and headers, and stand in the store', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('streams-plaintext-input', { value: string })
      .flatMapValues((line) => line.toLowerCase().split(/\W+/).filter(Boolean))
      .groupBy((_key, word) => word, strings)
      .count({ as: 'counts-store' })
      .toStream()
      .to('streams-wordcount-output');
    const driver = new TopologyTestDriver(builder.build(), { startAt: 0 });
    const input = driver.createInputTopic('streams-plaintext-input', { value: string });
    const output = driver.createOutputTopic('streams-wordcount-output', {
      key: string,
      value: Serdes.long(),
    });
    await input.pipe({ value: 'hello kafka streams', timestamp: 5 });
    await input.pipe({ value: 'hello again', timestamp: 9 });
    expect(output.readRecords()).toEqual([
      { key: 'hello', value: 1, timestamp: 5, headers: [] },
      { key: 'kafka', value: 1, timestamp: 5, headers: [] },
      { key: 'streams', value: 1, timestamp: 5, headers: [] },
      { key: 'hello', value: 2, timestamp: 9, headers: [] },
      { key: 'again', value: 1, timestamp: 9, headers: [] },
    ]);
    expect(driver.producedTopics()).toEqual(
      expect.arrayContaining([
        'app-counts-store-repartition',
        'app-counts-store-changelog',
        'streams-wordcount-output',
      ]),
    );
    await driver.close();
  });

  test('headers travel with the record', async () => {
    const { builder, stream } = textStream();
    stream.mapValues((value) => value.toUpperCase()).to('out');
    const { input, output } = openDriver(builder.build());
    const headers = [
      { key: 'trace', value: bytes('7') },
      { key: 'empty', value: null },
    ];
    await input.pipe({ key: 'k', value: 'v', timestamp: 1, headers });
    const [record] = output.readRecords();
    expect(
      record?.headers.map(({ key, value }) => [
        key,
        value === null ? null : new TextDecoder().decode(value),
      ]),
    ).toEqual([
      ['trace', '7'],
      ['empty', null],
    ]);
  });

  test('a tombstone deletes the key and comes out as null', async () => {
    const builder = new StreamsBuilder(strings);
    builder.table('in', { as: 'table' }).toStream().to('out');
    const { input, output } = openDriver(builder.build());
    await input.pipeAll([
      { key: 'k', value: 'v', timestamp: 1 },
      { key: 'k', value: null, timestamp: 2 },
    ]);
    expect(output.readKeyValues()).toEqual([
      ['k', 'v'],
      ['k', null],
    ]);
  });

  test('a record without a timestamp has the time of its topic, or of the wall clock', async () => {
    const { builder, stream } = textStream();
    stream.to('out');
    const { driver, input, output } = openDriver(builder.build(), { startAt: 100 });
    const ticking = driver.createInputTopic('in', { ...strings, startAt: 10, advance: '1s' });
    await input.pipe({ value: 'now' });
    await driver.advanceWallClock(50);
    await input.pipe({ value: 'later' });
    await ticking.pipeAll([{ value: 'first' }, { value: 'second' }]);
    expect(output.readRecords().map(({ value, timestamp }) => [value, timestamp])).toEqual([
      ['now', 100],
      ['later', 150],
      ['first', 10],
      ['second', 1010],
    ]);
  });

  test('an output topic hands each record out once and says what was written when there is none', async () => {
    const { builder, stream } = textStream();
    stream.to('out');
    const { driver, input, output } = openDriver(builder.build());
    expect(output.isEmpty).toBe(true);
    await input.pipeAll([{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
    expect(output.queueSize).toBe(3);
    expect(output.readRecord().value).toBe('a');
    expect(output.readValues()).toEqual(['b', 'c']);
    expect(() => output.readRecord()).toThrow(/everything written to it has been read/);
    expect(() => driver.createOutputTopic('oud').readRecord()).toThrow(/Did you mean 'out'/);
  });

  test('a topic that the topology does not read is refused, naming the nearest', () => {
    const { builder, stream } = textStream();
    stream.to('out');
    const { driver } = openDriver(builder.build());
    expect(() => driver.createInputTopic('inn')).toThrow(
      /does not read topic 'inn'. Did you mean 'in'/,
    );
  });

  test('a pattern takes every topic that matches, also one first seen later', async () => {
    const topology = new Topology()
      .addSource('source', /order-.*/, strings)
      .addSink('sink', 'out', ['source'], strings);
    const driver = new TopologyTestDriver(topology);
    const output = driver.createOutputTopic('out', strings);
    await driver.createInputTopic('order-de', strings).pipe({ value: 'a' });
    await driver.createInputTopic('order-kr', strings).pipe({ value: 'b' });
    expect(output.readValues()).toEqual(['a', 'b']);
    expect(() => driver.createInputTopic('orders')).toThrow(/does not read topic 'orders'/);
  });

  test('a global table is filled at once and joined', async () => {
    const { builder, stream } = textStream();
    const addresses = builder.globalTable('address', strings);
    stream
      .join(addresses, (order, address) => `${order} to ${address}`, { keySelector: (key) => key })
      .to('out');
    const { driver, input, output } = openDriver(builder.build());
    await driver.createInputTopic('address', strings).pipe({ key: 'han', value: 'Seoul' });
    await input.pipe({ key: 'han', value: 'phone' });
    expect(output.readValues()).toEqual(['phone to Seoul']);
  });
});

describe('time and stores', () => {
  const ticking = () =>
    new Topology()
      .addSource('source', ['in'], strings)
      .addProcessor(
        'tick',
        (context: ProcessorContext<string, string>) => {
          context.schedule('10s', 'wallClock', (now) =>
            context.forward({ key: 'tick', value: String(now), timestamp: now }),
          );
          return { process: () => undefined };
        },
        ['source'],
      )
      .addSink('sink', 'out', ['tick'], strings);

  test('advancing the wall clock fires what is due, once, on the grid of its interval', async () => {
    const { driver, output } = openDriver(ticking(), { startAt: 1000 });
    await driver.advanceWallClock('9999ms');
    expect(output.isEmpty).toBe(true);
    await driver.advanceWallClock(1);
    expect(output.readValues()).toEqual(['11000']);
    await driver.advanceWallClock('25s');
    expect(output.readValues()).toEqual(['36000']);
    await driver.advanceWallClock('5s');
    expect(output.readValues()).toEqual(['41000']);
  });

  test('a store is typed by its builder, and a wrong name names the nearest', async () => {
    const seen = Stores.keyValue({ name: 'seen', key: string, value: Serdes.long() });
    const { builder, stream } = textStream();
    stream
      .process(
        (context: ProcessorContext<string, string>) => {
          const store = context.getStateStore(seen);
          return {
            process(record) {
              store.put(record.key, (store.get(record.key) ?? 0) + 1);
            },
          };
        },
        { stores: [seen] },
      )
      .to('out');
    const { driver, input } = openDriver(builder.build());
    await input.pipeAll([
      { key: 'a', value: 'x' },
      { key: 'a', value: 'y' },
    ]);
    expect(driver.store(seen).get('a')).toBe(2);
    expect(() => driver.store('sen')).toThrow(/There is no store 'sen'. Did you mean 'seen'/);
  });
});

describe('errors', () => {
  const failing = () => {
    const { builder, stream } = textStream();
    stream
      .mapValues(
        (value) => {
          if (value === 'bad') throw new Error('boom');
          return value;
        },
        { name: 'picky' },
      )
      .to('out');
    return builder.build();
  };

  test('what user code throws rejects the pipe with node, topic and offset, and stops the driver', async () => {
    const { input, output } = openDriver(failing());
    await input.pipe({ key: 'k', value: 'good' });
    const error = await rejection(input.pipe({ key: 'k', value: 'bad' }));
    expect(error.code).toBe('PROCESS_FAILED');
    expect(error.where).toMatchObject({ node: 'picky', topic: 'in', partition: 0, offset: 1 });
    expect((error.cause as Error).message).toBe('boom');
    expect(output.readValues()).toEqual(['good']);
    const stopped = await rejection(input.pipe({ key: 'k', value: 'good' }));
    expect(stopped.code).toBe('INVALID_STATE');
    expect(stopped.cause).toBe(error);
  });

  test('with process: continue the record is dropped and counted', async () => {
    const { driver, input, output } = openDriver(failing(), { errors: { process: 'continue' } });
    await input.pipeAll([{ value: 'a' }, { value: 'bad' }, { value: 'b' }]);
    expect(output.readValues()).toEqual(['a', 'b']);
    expect(driver.droppedRecords).toBe(1);
  });

  test('a record that cannot be decoded goes to the dead letter topic with its place', async () => {
    const builder = new StreamsBuilder();
    builder
      .stream('in', { key: string, value: Serdes.json<{ item: string }>() })
      .mapValues((order) => order.item)
      .to('out', { value: string });
    const { driver, input, output } = openDriver(builder.build(), {
      errors: { deserialize: deadLetter('bad-orders') },
    });
    await input.pipeAll([
      { key: 'k', value: '{"item":"phone"}' },
      { key: 'k', value: '{', timestamp: 7 },
    ]);
    expect(output.readValues()).toEqual(['phone']);
    const [letter, ...others] = driver.deadLetters('bad-orders');
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ topic: 'in', partition: 0, offset: 1, timestamp: 7 });
    expect(new TextDecoder().decode(letter?.value ?? undefined)).toBe('{');
  });

  test('a processor that cannot be made fails the constructor, naming it', () => {
    const topology = new Topology().addSource('source', ['in'], strings).addProcessor(
      'broken',
      () => {
        throw new Error('no');
      },
      ['source'],
    );
    expect(() => new TopologyTestDriver(topology)).toThrow(/failed to initialize processor broken/);
  });

  test('a value without a serde is refused before it is piped', async () => {
    const { builder, stream } = textStream();
    stream.to('out');
    const { driver } = openDriver(builder.build());
    const untyped = driver.createInputTopic<string, string>('in');
    expect((await rejection(untyped.pipe({ value: 'text' }))).code).toBe('MISSING_SERDE');
  });

  test('after close nothing can be piped', async () => {
    const { builder, stream } = textStream();
    stream.to('out');
    const { driver, input } = openDriver(builder.build());
    await driver.close();
    await driver.close();
    expect((await rejection(input.pipe({ value: 'late' }))).code).toBe('INVALID_STATE');
  });
});

describe('promises of user code', () => {
  /** Settles after some turns of the microtask queue. */
  async function after(turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) await Promise.resolve();
  }

  test('async mappers give the output of synchronous ones, in the same order', async () => {
    const { builder, stream } = textStream();
    stream
      .flatMapValues(async (line) => {
        await after(3);
        return line.split(' ');
      })
      .mapValues(async (word) => {
        await after(20 - word.length);
        return word.toUpperCase();
      })
      .to('out');
    const { input, output } = openDriver(builder.build());
    await input.pipe({ value: 'a much longer line of words' });
    expect(output.readValues()).toEqual(['A', 'MUCH', 'LONGER', 'LINE', 'OF', 'WORDS']);
  });

  test('pipes that are not awaited take their turn', async () => {
    const { builder, stream } = textStream();
    stream
      .mapValues(async (value) => {
        await after(value === 'slow' ? 50 : 1);
        return value;
      })
      .to('out');
    const { driver, input, output } = openDriver(builder.build());
    const pipes = [
      input.pipe({ value: 'slow' }),
      input.pipe({ value: 'fast' }),
      input.pipeAll([{ value: 'x' }, { value: 'y' }]),
    ];
    await Promise.all(pipes);
    expect(output.readValues()).toEqual(['slow', 'fast', 'x', 'y']);
    await driver.close();
  });

  test('synchronous topologies are done when pipe returns, awaited or not', () => {
    const { builder, stream } = textStream();
    stream.to('out');
    const { input, output } = openDriver(builder.build());
    void input.pipe({ value: 'a' });
    void input.pipe({ value: 'b' });
    expect(output.readValues()).toEqual(['a', 'b']);
  });

  test('a rejection is a throw at that node', async () => {
    const { builder, stream } = textStream();
    stream
      .mapValues((): Promise<string> => Promise.reject(new Error('no answer')), { name: 'ask' })
      .to('out');
    const { input } = openDriver(builder.build());
    const error = await rejection(input.pipe({ value: 'a' }));
    expect(error.code).toBe('PROCESS_FAILED');
    expect(error.where.node).toBe('ask');
  });

  test('a promise that never settles fails when the wall clock passes parkTimeout', async () => {
    const { builder, stream } = textStream();
    stream.mapValues(() => new Promise<string>(() => undefined), { name: 'silent' }).to('out');
    const { driver, input } = openDriver(builder.build(), { parkTimeout: '1m' });
    const piped = rejection(input.pipe({ value: 'a' }));
    await Promise.allSettled([driver.advanceWallClock('61s')]);
    expect((await piped).code).toBe('PROCESS_TIMEOUT');
    await driver.close();
  });
});
