/**
 * `TopologyTestDriver`: a topology under test, without I/O, on virtual time. Behind it runs one of two drives: the
 * one task of Kafka's driver of this name (`test-driver-task.ts`), or the whole application on a log in memory
 * (`test-driver-application.ts`). This file is their common face: topics, stores, time.
 */
import { requireOptions } from '../arguments.js';
import { type Duration, durationMs } from '../duration.js';
import { StreamsError } from '../errors.js';
import type { StreamPartitioner } from '../processor/collector.js';
import type { DroppedRecord } from '../processor/dropped-record.js';
import type { TaskConfig } from '../processor/task-config.js';
import {
  failOnInvalidTimestamp,
  type TimestampExtractor,
} from '../processor/timestamp-extractor.js';
import type { Topology } from '../processor/topology.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import type { ErrorPolicies, StreamsLogger } from './config.js';
import { didYouMean } from '../nearest-name.js';
import { requireTopology } from './required-topology.js';
import { type StoreFace, type StoreHandle, type StoreKind, storeName } from './store-reader.js';
import { type DeadLetterRecord, deadLetterRecord } from './test-dead-letters.js';
import { TestDriverApplication } from './test-driver-application.js';
import type { TestDrive } from './test-drive.js';
import { TestDriverTask } from './test-driver-task.js';
import {
  type EncodedInput,
  type InputTopicOptions,
  type OutputTopicOptions,
  type ProducedRecord,
  TestInputTopic,
  TestOutputTopic,
  type TopicPort,
  checkInputOptions,
  checkOutputOptions,
} from './test-topics.js';

export interface TopologyTestDriverOptions {
  /**
   * Unset: one task over all sub-topologies, one partition per topic, a commit after each record, as Kafka's driver.
   * A number: the real application on a log in memory and virtual time, with that many partitions per source topic;
   * each pipe ends with a commit and takes some milliseconds of virtual time, records keep their order per partition.
   */
  readonly partitions?: number;
  /**
   * `'byHand'`: only `commit()` commits, and so flushes record caches: a test sees what a cache merges. Not with
   * `partitions`, where the application commits when no input waits. Default `'afterEachRecord'`.
   */
  readonly commits?: 'afterEachRecord' | 'byHand';
  /** Where the wall clock starts, ms since the epoch. Default 0. */
  readonly startAt?: number;
  /** Default `'app'`. Prefix of internal topics. */
  readonly applicationId?: string;
  readonly errors?: ErrorPolicies;
  /** Record caches; the driver commits, and so flushes them, after each record. 0: off. Default 10 MiB. */
  readonly statestoreCacheMaxBytes?: number;
  /** A promise that has not settled when `advanceWallClock` passes this fails with `PROCESS_TIMEOUT`. Default 5 min. */
  readonly parkTimeout?: Duration;
  readonly timestamps?: TimestampExtractor;
  readonly partitioner?: StreamPartitioner;
  readonly logger?: Partial<Pick<StreamsLogger, 'warn'>>;
}

const OPTIONS: { readonly [name in keyof Required<TopologyTestDriverOptions>]: true } = {
  partitions: true,
  commits: true,
  startAt: true,
  applicationId: true,
  errors: true,
  statestoreCacheMaxBytes: true,
  parkTimeout: true,
  timestamps: true,
  partitioner: true,
  logger: true,
};
const CACHE_BYTES_DEFAULT = 10 * 1024 * 1024;
const PARK_TIMEOUT_DEFAULT = '5m';

/**
 * Runs a topology in a test.
 *
 * @example
 * ```ts
 * import { Serdes, StreamsBuilder } from 'millrace';
 * import { TopologyTestDriver } from 'millrace/testing';
 *
 * const builder = new StreamsBuilder({ key: Serdes.string(), value: Serdes.string() });
 * builder.stream('in').mapValues((value) => value.toUpperCase()).to('out');
 * await using driver = new TopologyTestDriver(builder.build());
 * const input = driver.createInputTopic('in', { value: Serdes.string() });
 * const output = driver.createOutputTopic('out', { value: Serdes.string() });
 * await input.pipe({ value: 'hello', timestamp: 5 });
 * console.log(output.readRecords()); // [{ key: null, value: 'HELLO', timestamp: 5, headers: [] }]
 * ```
 *
 * The constructor makes the processors and throws `PROCESSOR_INIT_FAILED` when one cannot be made (with `partitions`
 * the first pipe does). After an error
 * that no policy took, the driver is stopped and every further call throws `INVALID_STATE`.
 */
export class TopologyTestDriver implements AsyncDisposable {
  readonly #drive: TestDrive;
  readonly #unread = new Map<string, ProducedRecord[]>();
  readonly #produced: ProducedRecord[] = [];
  readonly #dropped: DroppedRecord[] = [];
  readonly #port: TopicPort;

  constructor(topology: Topology, options: TopologyTestDriverOptions = {}) {
    requireTopology(topology, 'TopologyTestDriver');
    requireOptions(options, Object.keys(OPTIONS), 'TopologyTestDriver');
    this.#port = {
      pipe: (topic, inputs: readonly EncodedInput[]) => this.#drive.pipe(topic, inputs),
      unread: (topic) => this.#unread.get(topic) ?? [],
      nothingToRead: (topic) => this.#nothingToRead(topic),
    };
    this.#drive = startDrive(topology, options, {
      onProduced: (record) => this.#keep(record),
      onDropped: (dropped) => this.#dropped.push(dropped),
    });
  }

  /** An end to pipe records in. Throws `UNKNOWN_TOPIC` when the topology does not read `topic`. */
  createInputTopic<K = Uint8Array, V = Uint8Array>(
    topic: string,
    options: InputTopicOptions<K, V> = {},
  ): TestInputTopic<K, V> {
    checkInputOptions(options);
    this.#drive.requireSource(topic);
    return new TestInputTopic(this.#port, topic, options);
  }

  /**
   * An end to read what the topology wrote to `topic`. Two of the same topic share one queue. With `partitions`, a
   * topic that the topology chooses per record exists from here on.
   */
  createOutputTopic<K = Uint8Array, V = Uint8Array>(
    topic: string,
    options: OutputTopicOptions<K, V> = {},
  ): TestOutputTopic<K, V> {
    checkOutputOptions(options);
    this.#drive.expectOutput?.(topic);
    return new TestOutputTopic(this.#port, topic, options);
  }

  /** Moves the wall clock, fires wall-clock punctuators that are due and resolves when all that follows is done. */
  async advanceWallClock(duration: Duration): Promise<void> {
    await this.#drive.advance(durationMs(duration, 'advanceWallClock'));
  }

  /**
   * Reads a state store, as `app.store` does: by table or builder it is typed, by name it is not. Values come without
   * timestamps. What a table cannot say is told by `kind`: `store(sessions, 'session')`, `store(prices, 'versioned')`.
   * Throws `UNKNOWN_STORE` naming the nearest, or for a store of another kind.
   */
  store<H extends StoreHandle, Kind extends StoreKind = never>(
    handle: H,
    kind?: Kind,
  ): StoreFace<H, Kind> {
    return this.#drive.read<H, Kind>(storeName(handle), kind);
  }

  /** A state store as its processors see it, values of timestamped stores with their timestamps. For reading: writes belong into processors. With `partitions`, what `store` gives. */
  stateStore<S extends StateStore>(store: StoreBuilder<S>): S;
  stateStore<S extends StateStore = StateStore>(store: string): S;
  stateStore(store: string | StoreBuilder): StateStore {
    return this.#drive.store(storeName(store));
  }

  /**
   * Only with `partitions`: closes the application and starts it again on the same log, as a deployment does. State
   * comes back from the changelogs; what processors keep outside their stores is gone.
   */
  async restart(): Promise<void> {
    if (this.#drive.restart === undefined) throw needsPartitions('restart');
    await this.#drive.restart();
  }

  /**
   * Only with `partitions`: a new instance takes over while the old one lives on without knowing it, as after a pause
   * or a lost network. The old one may still read and call user code, but what it writes is fenced off.
   */
  async crash(): Promise<void> {
    if (this.#drive.crash === undefined) throw needsPartitions('crash');
    await this.#drive.crash();
  }

  /**
   * Only with `partitions`: another instance takes the partitions over while this one still runs, and this one closes
   * then, as in a rolling deployment. The tasks are made anew there, their state comes from the changelogs.
   */
  async reassign(): Promise<void> {
    if (this.#drive.reassign === undefined) throw needsPartitions('reassign');
    await this.#drive.reassign();
  }

  /** With `commits: 'byHand'`: flushes the record caches and does all that follows. Not with `partitions`. */
  async commit(): Promise<void> {
    if (this.#drive.commit === undefined)
      throw new StreamsError(
        'INVALID_STATE',
        "With partitions the application commits itself. For commit(), give commits: 'byHand' instead.",
      );
    await this.#drive.commit();
  }

  /** How many records were dropped so far: late, null key, negative timestamp, policy `'continue'`, ... */
  get droppedRecords(): number {
    return this.#drive.droppedRecords;
  }

  /** Takes out what was dropped since the last call: where, why, and from which input record. */
  readDropped(): DroppedRecord[] {
    return this.#dropped.splice(0, this.#dropped.length);
  }

  /** Takes the records of a dead letter topic out, oldest first. */
  deadLetters(topic: string): DeadLetterRecord[] {
    return this.#takeUnread(topic).map(deadLetterRecord);
  }

  /** Everything produced since the last call, over all topics in production order, internal ones included. */
  readProduced(): ProducedRecord[] {
    return this.#produced.splice(0, this.#produced.length);
  }

  /** Names of all topics written so far, changelogs and repartition topics included, in order of their first record. */
  producedTopics(): string[] {
    return [...this.#unread.keys()];
  }

  /** Closes processors and stores. A pipe that still waits for a promise rejects with `INVALID_STATE`. Idempotent. */
  async close(): Promise<void> {
    await this.#drive.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #keep(record: ProducedRecord): void {
    const queue = this.#unread.get(record.topic);
    if (queue === undefined) this.#unread.set(record.topic, [record]);
    else queue.push(record);
    this.#produced.push(record);
  }

  #takeUnread(topic: string): ProducedRecord[] {
    const queue = this.#unread.get(topic) ?? [];
    return queue.splice(0, queue.length);
  }

  #nothingToRead(topic: string): StreamsError {
    const written = this.producedTopics();
    const about = this.#unread.has(topic)
      ? 'everything written to it has been read.'
      : `nothing was written to it yet.${didYouMean(topic, written)} Written so far: ${written.length === 0 ? 'nothing at all' : written.join(', ')}.`;
    return new StreamsError('INVALID_STATE', `No record to read in topic '${topic}': ${about}`, {
      topic,
    });
  }
}

function needsPartitions(call: string): StreamsError {
  return new StreamsError(
    'INVALID_STATE',
    `${call}() needs a driver with partitions: new TopologyTestDriver(topology, { partitions: 4 }).`,
  );
}

interface Listeners {
  readonly onProduced: (record: ProducedRecord) => void;
  readonly onDropped: (dropped: DroppedRecord) => void;
}

function startDrive(
  topology: Topology,
  options: TopologyTestDriverOptions,
  listeners: Listeners,
): TestDrive {
  const { applicationId = 'app', startAt = 0, partitions, partitioner } = options;
  const commitsByHand = checkedCommits(options) === 'byHand';
  if (partitions === undefined)
    return new TestDriverTask(topology, {
      applicationId,
      startAt,
      config: taskConfig(options, listeners.onDropped),
      partitioner,
      commitsByHand,
      onProduced: listeners.onProduced,
    });
  if (!Number.isSafeInteger(partitions) || partitions < 1) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `partitions: ${partitions} is not a whole number >= 1.`,
    );
  }
  const { errors, statestoreCacheMaxBytes, parkTimeout, timestamps, logger } = options;
  return new TestDriverApplication(topology, {
    partitions,
    startAt,
    ...listeners,
    application: {
      applicationId,
      ...(errors === undefined ? {} : { errors }),
      ...(statestoreCacheMaxBytes === undefined ? {} : { statestoreCacheMaxBytes }),
      ...(parkTimeout === undefined ? {} : { parkTimeout }),
      ...(timestamps === undefined ? {} : { timestamps }),
      ...(partitioner === undefined ? {} : { partitioner }),
      ...(logger === undefined ? {} : { logger }),
    },
  });
}

function checkedCommits({ commits = 'afterEachRecord', partitions }: TopologyTestDriverOptions) {
  const known: readonly unknown[] = ['afterEachRecord', 'byHand'];
  if (!known.includes(commits) || (commits === 'byHand' && partitions !== undefined)) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `commits: ${String(commits)} is neither 'afterEachRecord' nor 'byHand', or there are partitions: then the application commits.`,
    );
  }
  return commits;
}

function taskConfig(
  options: TopologyTestDriverOptions,
  onDropped: Listeners['onDropped'],
): TaskConfig {
  const { errors, logger } = options;
  return Object.freeze({
    timestamps: options.timestamps ?? failOnInvalidTimestamp,
    onDeserializeError: errors?.deserialize ?? 'fail',
    onProcessError: errors?.process ?? 'fail',
    cacheMaxBytes: options.statestoreCacheMaxBytes ?? CACHE_BYTES_DEFAULT,
    parkTimeoutMs: durationMs(options.parkTimeout ?? PARK_TIMEOUT_DEFAULT, 'parkTimeout'),
    maxTaskIdleMs: -1,
    onDropped,
    logger: { warn: (message: string, error?: Error) => logger?.warn?.(message, error) },
  });
}
