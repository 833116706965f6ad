/**
 * The two ends of a test: an input topic takes typed records, an output topic hands out what the topology wrote.
 * Both only encode and decode; the driver behind them does the rest.
 */
import { requireOptions, requireSerde } from '../arguments.js';
import { type Duration, durationMs } from '../duration.js';
import { StreamsError } from '../errors.js';
import type { RecordHeader } from '../log/client.js';
import type { Serde } from '../serde/serde.js';
import { requireRecords, type ExpectedRecord } from './test-expectation.js';

/** A record to pipe in. Without `timestamp` the input topic's own time is taken (see `InputTopicOptions`). */
export interface TestInput<K, V> {
  readonly key?: K | null;
  readonly value?: V | null;
  readonly timestamp?: number;
  readonly headers?: readonly RecordHeader[];
  /** Only with a driver of several partitions. Default: chosen by the key, as Kafka does. */
  readonly partition?: number;
}

/** A record that was written. */
export interface TestRecord<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestamp: number;
  readonly headers: RecordHeader[];
}

/** A record that was written, as bytes, with its place. */
export interface ProducedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

export interface InputTopicOptions<K, V> {
  readonly key?: Serde<K>;
  readonly value?: Serde<V>;
  /** Timestamp of the first record that has none. Default: the driver's wall clock at that moment. */
  readonly startAt?: number;
  /** Added after each record without a timestamp of its own; needs `startAt`. Default 0. */
  readonly advance?: Duration;
}

export interface OutputTopicOptions<K, V> {
  /** Without a serde, keys are bytes. */
  readonly key?: Serde<K>;
  readonly value?: Serde<V>;
}

/** An input record as bytes; `timestamp` undefined means now. */
export interface EncodedInput {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number | undefined;
  readonly headers: readonly RecordHeader[];
  readonly partition: number | undefined;
}

/** What the topics need of the driver. */
export interface TopicPort {
  pipe(topic: string, inputs: readonly EncodedInput[]): Promise<void>;
  /** Records of the topic that were not read yet; the caller takes from the front. */
  unread(topic: string): ProducedRecord[];
  /** Says what was written, for a read that found nothing. */
  nothingToRead(topic: string): StreamsError;
}

const INPUT = ['value', 'key', 'timestamp', 'headers', 'partition'];

export function checkInputOptions<K, V>(options: InputTopicOptions<K, V>): void {
  requireOptions(options, ['key', 'value', 'startAt', 'advance'], 'createInputTopic');
  requireSerde(options.key, 'key', 'createInputTopic');
  requireSerde(options.value, 'value', 'createInputTopic');
}

export function checkOutputOptions<K, V>(options: OutputTopicOptions<K, V>): void {
  requireOptions(options, ['key', 'value'], 'createOutputTopic');
  requireSerde(options.key, 'key', 'createOutputTopic');
  requireSerde(options.value, 'value', 'createOutputTopic');
}

/**
 * Made by `driver.createInputTopic`.
 *
 * @example
 * ```ts
 * const clicks = driver.createInputTopic('clicks', { ...text, startAt: 0, advance: '1s' });
 * await clicks.pipe({ key: 'alice', value: '/home' }); // at 0
 * await clicks.pipeKeyValues([['alice', '/cart'], ['bob', '/home']]); // at 1 s and 2 s
 * clicks.advanceTime('1h');
 * await clicks.pipe({ key: 'bob', value: '/late', timestamp: 5 }); // a time of its own
 * ```
 */
export class TestInputTopic<K, V> {
  readonly #port: TopicPort;
  readonly #topic: string;
  readonly #options: InputTopicOptions<K, V>;
  readonly #advanceMs: number;
  #nextTimestamp: number | undefined;

  constructor(port: TopicPort, topic: string, options: InputTopicOptions<K, V>) {
    this.#port = port;
    this.#topic = topic;
    this.#options = options;
    this.#advanceMs = durationMs(options.advance ?? 0, 'advance');
    this.#nextTimestamp = options.startAt;
  }

  /**
   * Writes one record and resolves when the topology has done everything that follows from it, promises of user
   * code included. Rejects with the error that failed the task.
   */
  async pipe(input: TestInput<K, V>): Promise<void> {
    await this.#port.pipe(this.#topic, [this.#encode(input)]);
  }

  /** Pipes one after the other, each done before the next. */
  async pipeAll(inputs: Iterable<TestInput<K, V>>): Promise<void> {
    await this.#port.pipe(
      this.#topic,
      Array.from(inputs, (input) => this.#encode(input)),
    );
  }

  /** Pipes records of keys and values alone, with the topic's own time. */
  async pipeKeyValues(pairs: Iterable<readonly [key: K | null, value: V | null]>): Promise<void> {
    await this.pipeAll(Array.from(pairs, ([key, value]) => ({ key, value })));
  }

  /** Pipes records without keys, with the topic's own time. */
  async pipeValues(values: Iterable<V | null>): Promise<void> {
    await this.pipeAll(Array.from(values, (value) => ({ value })));
  }

  /** Moves the topic's own time on: later records without timestamp have a later one. Needs `startAt`. */
  advanceTime(duration: Duration): void {
    if (this.#nextTimestamp === undefined) {
      throw new StreamsError(
        'INVALID_STATE',
        `Input topic '${this.#topic}' has no time of its own: createInputTopic('${this.#topic}', { startAt: 0 }).`,
        { topic: this.#topic },
      );
    }
    this.#nextTimestamp += durationMs(duration, 'advanceTime');
  }

  #encode(input: TestInput<K, V>): EncodedInput {
    if (input?.value === undefined) requireOptions(input ?? null, INPUT, 'pipe'); // A misspelled value would be a tombstone.
    return {
      key: encoded(input.key, this.#options.key, 'key', this.#topic),
      value: encoded(input.value, this.#options.value, 'value', this.#topic),
      timestamp: input.timestamp ?? this.#ownTime(),
      headers: input.headers ?? [],
      partition: input.partition,
    };
  }

  #ownTime(): number | undefined {
    const timestamp = this.#nextTimestamp;
    if (timestamp !== undefined) this.#nextTimestamp = timestamp + this.#advanceMs;
    return timestamp;
  }
}

/**
 * Made by `driver.createOutputTopic`. Reading takes records out: each is seen once.
 *
 * @example
 * ```ts
 * const counts = driver.createOutputTopic('counts', { key: Serdes.string(), value: Serdes.long() });
 * counts.expect([['alice', 1], ['alice', 2, 1000], { key: 'bob' }]); // all that was written, in this order
 * ```
 */
export class TestOutputTopic<K, V> {
  readonly #port: TopicPort;
  readonly #topic: string;
  readonly #options: OutputTopicOptions<K, V>;

  constructor(port: TopicPort, topic: string, options: OutputTopicOptions<K, V>) {
    this.#port = port;
    this.#topic = topic;
    this.#options = options;
  }

  /** The next record. Throws `INVALID_STATE` when there is none, saying which topics were written. */
  readRecord(): TestRecord<K, V> {
    const record = this.#port.unread(this.#topic).shift();
    if (record === undefined) throw this.#port.nothingToRead(this.#topic);
    return this.#decode(record);
  }

  /** Value of the next record. Throws as `readRecord`. */
  readValue(): V {
    return this.readRecord().value;
  }

  /** Key and value of the next record. Throws as `readRecord`. */
  readKeyValue(): [K, V] {
    const { key, value } = this.readRecord();
    return [key, value];
  }

  /**
   * Takes all records that were not read yet, and throws an `AssertionError` unless they are the expected ones, in
   * this order. Its message shows both sides as a table. What an expected record leaves out may be anything.
   */
  expect(expected: readonly ExpectedRecord<K, V>[]): void {
    requireRecords(this.#topic, expected, this.readRecords() as never);
  }

  /** All records that were not read yet, in the order they were written. */
  readRecords(): TestRecord<K, V>[] {
    const unread = this.#port.unread(this.#topic);
    return unread.splice(0, unread.length).map((record) => this.#decode(record));
  }

  readValues(): V[] {
    return this.readRecords().map((record) => record.value);
  }

  readKeyValues(): [K, V][] {
    return this.readRecords().map((record) => [record.key, record.value]);
  }

  /** The last value of each key, as a table would hold it. A tombstone stays as `null`. */
  readKeyValuesToMap(): Map<K, V> {
    return new Map(this.readKeyValues());
  }

  get isEmpty(): boolean {
    return this.queueSize === 0;
  }

  get queueSize(): number {
    return this.#port.unread(this.#topic).length;
  }

  #decode(record: ProducedRecord): TestRecord<K, V> {
    return {
      key: decoded(record.key, this.#options.key, 'key', this.#topic),
      value: decoded(record.value, this.#options.value, 'value', this.#topic),
      timestamp: record.timestamp,
      headers: record.headers.slice(),
    };
  }
}

function encoded<T>(
  data: T | null | undefined,
  serde: Serde<T> | undefined,
  part: 'key' | 'value',
  topic: string,
): Uint8Array | null {
  if (data === null || data === undefined) return null;
  if (serde !== undefined) return new Uint8Array(serde.serialize(data, topic));
  if (data instanceof Uint8Array) return new Uint8Array(data);
  throw new StreamsError(
    'MISSING_SERDE',
    `The ${part} piped into topic '${topic}' is not bytes, and the topic has no serde for it. Give one: createInputTopic('${topic}', { ${part}: Serdes.string() }).`,
    { topic },
  );
}

function decoded<T>(
  bytes: Uint8Array | null,
  serde: Serde<T> | undefined,
  part: 'key' | 'value',
  topic: string,
): T {
  // Null is in the type where the caller expects tombstones; without serde the caller gets bytes, as the option says.
  if (bytes === null || serde === undefined) return bytes as T;
  try {
    return serde.deserialize(bytes, topic);
  } catch (error) {
    throw new StreamsError(
      'DESERIALIZE_FAILED',
      `The ${part} of a record in topic '${topic}' cannot be decoded${serde.name === undefined ? '' : ` with serde ${serde.name}`}: ${error instanceof Error ? error.message : String(error)}. Is the serde of createOutputTopic the one the topology writes with?`,
      { cause: error, topic },
    );
  }
}
