/** Calls that TypeScript would refuse, from plain JavaScript: refused at the call, with words that help. */
import { describe, expect, it } from 'vitest';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import { TopologyTestDriver } from '../../src/runtime/test-driver.js';
import { Serdes } from '../../src/serde/serdes.js';
import { createTopics, newLog, text, wordCount } from './harness.js';

type Constructor = new (...values: unknown[]) => KafkaStreams;
const Untyped = KafkaStreams as unknown as Constructor;

describe('new KafkaStreams', () => {
  const log = newLog();
  const options = { applicationId: 'app', log };
  const cases: readonly (readonly [string, readonly unknown[], string, RegExp])[] = [
    ['a builder', [new StreamsBuilder(), options], 'INVALID_ARGUMENT', /builder\.build\(\)/],
    ['no topology', [undefined, options], 'INVALID_ARGUMENT', /is no topology/],
    ['no options', [wordCount()], 'INVALID_CONFIG', /options: missing. Give { applicationId/],
    ['a path', [wordCount(), { ...options, log: './data' }], 'INVALID_CONFIG', /openLog\("\.\/da/],
    ['null', [wordCount(), { ...options, log: null }], 'INVALID_CONFIG', /log: not a log/],
    [
      'a promise',
      [wordCount(), { ...options, log: Promise.resolve(log) }],
      'INVALID_CONFIG',
      /This is a promise: `await` it/,
    ],
    ['a policy', [wordCount(), { ...options, errors: 'fail' }], 'INVALID_CONFIG', /"fail" is no/],
  ];
  it.each(cases)('given %s says what to give', (_, values, code, message) => {
    const attempt = () => new Untyped(...values);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(expect.objectContaining({ code }));
  });

  it("given an empty topology is refused in Kafka's words", () => {
    expect(() => new KafkaStreams(new Topology(), options)).toThrow(
      expect.objectContaining({
        name: 'TopologyException',
        message:
          'Invalid topology: Topology has no stream threads and no global threads, must subscribe to at least one source topic or global table.',
      }),
    );
  });
});

describe('an application', () => {
  const newApp = () => new KafkaStreams(wordCount(), { applicationId: 'app', log: newLog() });

  it.each([
    [{ until: 'caughtup' }, /until is "caughtup". There is only 'caughtUp'/],
    [{ untill: 'caughtUp' }, /no option 'untill'. Did you mean 'until'/],
    [{ signal: 'SIGINT' }, /the signal is no AbortSignal/],
  ])('does not run with %j', async (options, message) => {
    const app = newApp();
    const untyped = app as unknown as { run(options: object): Promise<void> };
    await expect(untyped.run(options)).rejects.toThrow(message);
    expect(app.state).toBe('CREATED');
  });

  it('does not close with an option that does not exist', async () => {
    const app = newApp();
    const untyped = app as unknown as { close(options: object): Promise<boolean> };
    await expect(untyped.close({ timeuot: 5 })).rejects.toThrow(/Did you mean 'timeout'/);
    expect(app.state).toBe('CREATED');
  });

  it('says which store it could read', () => {
    const untyped = newApp() as unknown as { store(handle: unknown): unknown };
    expect(() => untyped.store(undefined)).toThrow(/store: undefined is no store. Give its name/);
  });

  it('does not start on a source whose name no topic can have', async () => {
    const log = newLog();
    await createTopics(log, { orders: 1 });
    const topology = new Topology().addSource('source', 'my orders', { value: text });
    await expect(
      new KafkaStreams(topology, { applicationId: 'app', log }).start(),
    ).rejects.toMatchObject({
      code: 'INVALID_TOPIC',
      message: expect.stringMatching(/reads "my orders", which is not a topic name.*'orders'/),
    });
  });
});

describe('the test driver', () => {
  type Call = (driver: TopologyTestDriver) => unknown;
  type Untyped = { readonly [call: string]: (...values: unknown[]) => unknown };
  const make = TopologyTestDriver as unknown as new (...values: unknown[]) => TopologyTestDriver;
  const untyped = (driver: TopologyTestDriver) => driver as unknown as Untyped;
  const cases: readonly (readonly [string, Call, RegExp])[] = [
    ['a builder', () => new make(new StreamsBuilder()), /new TopologyTestDriver\(builder\.build/],
    ['an option', () => new make(wordCount(), { partition: 3 }), /Did you mean 'partitions'/],
    [
      'a serde that was not called',
      (driver) => untyped(driver)['createInputTopic']!('lines', { value: Serdes.string }),
      /`value` is a function, not a serde/,
    ],
    [
      'a serde in place of options',
      (driver) => untyped(driver)['createOutputTopic']!('out', Serdes.string()),
      /createOutputTopic: there is no option/,
    ],
    [
      'a misspelled topic option',
      (driver) => untyped(driver)['createInputTopic']!('lines', { startsAt: 5 }),
      /Did you mean 'startAt'/,
    ],
  ];
  it('does not take a misspelled value for a tombstone', async () => {
    await using driver = new TopologyTestDriver(wordCount());
    const input = driver.createInputTopic('lines', { value: text });
    const pipe = (record: object) => input.pipe(record);
    await expect(pipe({ val: 'a' })).rejects.toThrow(/pipe: there is no option 'val'.*'value'/);
    await expect(input.pipe({ value: 'a' })).resolves.toBeUndefined();
  });

  it.each(cases)('refuses %s', async (_, call, message) => {
    await using driver = new TopologyTestDriver(wordCount());
    expect(() => call(driver)).toThrow(message);
    expect(() => call(driver)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
