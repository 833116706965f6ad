/**
 * Drives the one task of the test driver as Kafka's driver does: take the head record with the lowest timestamp of
 * all queues, fire what is due in stream time, commit, loop what was written to source and internal topics back,
 * until every queue is empty. Calls made while user code is still waiting for a promise take their turn.
 */
import type { Clock } from '../env/env.js';
import { StreamsError } from '../errors.js';
import { EncodingCollector } from '../processor/encoding-collector.js';
import { GlobalTask } from '../processor/global-task.js';
import type { Subtopology } from '../processor/node-definition.js';
import type { StreamPartitioner } from '../processor/collector.js';
import { StreamTask } from '../processor/stream-task.js';
import type { TaskConfig } from '../processor/task-config.js';
import { matches, type Topology } from '../processor/topology.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import { didYouMean } from '../nearest-name.js';
import { findStore, type StoreFace, type StoreHandle, type StoreKind } from './store-reader.js';
import { CapturedOutput, InputLog, type LoggedRecord } from './test-driver-topics.js';
import type { TestDrive } from './test-drive.js';
import type { EncodedInput, ProducedRecord } from './test-topics.js';
import { TopicNames } from './topic-plan.js';

const TASK_ID = '0_0';
const PARTITION = 0;

export interface TestDriverTaskOptions {
  readonly applicationId: string;
  readonly config: TaskConfig;
  /** Where virtual time begins. */
  readonly startAt: number;
  readonly partitioner: StreamPartitioner | undefined;
  /** Commits come with `commit()` alone. */
  readonly commitsByHand: boolean;
  /** Gets what was produced, in production order, after each record is done. */
  onProduced(record: ProducedRecord): void;
}

/** Virtual time: moves only when told to. */
class DriverClock implements Clock {
  #now: number;

  constructor(startAt: number) {
    this.#now = startAt;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}

export class TestDriverTask implements TestDrive {
  readonly #options: TestDriverTaskOptions;
  readonly #clock: DriverClock;
  readonly #output = new CapturedOutput();
  readonly #input = new InputLog();
  readonly subtopologies: readonly Subtopology[];
  /** Undefined when the topology has global stores only. */
  readonly #task: StreamTask | undefined;
  readonly #globals: GlobalTask;
  readonly #sourceTopics: ReadonlySet<string>;
  readonly #sourcePatterns: readonly RegExp[];
  readonly #globalTopics: ReadonlySet<string>;
  #turn: Promise<void> | undefined;
  #failure: unknown;
  #closed = false;

  /** Makes the processors. Throws `PROCESSOR_INIT_FAILED`. */
  constructor(topology: Topology, options: TestDriverTaskOptions) {
    this.#options = options;
    const { applicationId, config } = options;
    const clock = new DriverClock(options.startAt);
    this.#clock = clock;
    const subtopologies = topology.subtopologies();
    const names = new TopicNames(applicationId, subtopologies);
    const running = subtopologies.filter((subtopology) => !subtopology.global);
    const global = subtopologies.filter((subtopology) => subtopology.global);
    this.#sourceTopics = topicsOf(running, names);
    this.#sourcePatterns = patternsOf(running);
    this.#globalTopics = topicsOf(global, names);
    this.subtopologies = subtopologies;
    this.#globals = new GlobalTask({ applicationId, subtopologies: global, clock, config });
    if (running.length === 0) return;
    this.#task = new StreamTask({
      id: TASK_ID,
      partition: PARTITION,
      applicationId,
      subtopologies: running,
      topicName: (name) => names.decorate(name),
      changelogTopic: (store) => names.changelog(store),
      collector: new EncodingCollector(this.#output.open, options.partitioner),
      globalStores: this.#globals.stores,
      clock,
      config,
      onReady: () => undefined,
    });
    this.#task.initialize();
  }

  /** Throws `UNKNOWN_TOPIC` unless something of the topology reads the topic. */
  requireSource(topic: string): void {
    if (
      this.#globalTopics.has(topic) ||
      this.#sourceTopics.has(topic) ||
      this.#patternOf(topic) !== undefined
    )
      return;
    const known = [
      ...this.#sourceTopics,
      ...this.#globalTopics,
      ...this.#sourcePatterns.map((pattern) => String(pattern)),
    ];
    throw new StreamsError(
      'UNKNOWN_TOPIC',
      `The topology does not read topic '${topic}'.${didYouMean(topic, known)} It reads: ${known.join(', ')}.`,
      { topic },
    );
  }

  /** Records of one call, each done before the next begins. */
  pipe(topic: string, inputs: readonly EncodedInput[]): Promise<void> {
    return this.#inTurn(() => this.#pipeSteps(topic, inputs));
  }

  /** Fires what is due after that time, then processes what follows. */
  advance(ms: number): Promise<void> {
    this.#clock.advance(ms);
    this.#expireParked();
    return this.#inTurn(() => this.#wallClockSteps());
  }

  commit(): Promise<void> {
    return this.#inTurn(() => this.#commitSteps());
  }

  get droppedRecords(): number {
    return (this.#task?.metrics.droppedRecords ?? 0) + this.#globals.metrics.droppedRecords;
  }

  /** The store itself. Throws `UNKNOWN_STORE`. */
  store(name: string): StateStore {
    return (
      this.#task?.store(name) ?? this.#globals.stores.get(name) ?? this.read<StoreBuilder>(name)
    );
  }

  /** The read face of a store. Throws `UNKNOWN_STORE`. */
  read<H extends StoreHandle, Kind extends StoreKind = never>(
    name: string,
    kind?: Kind,
  ): StoreFace<H, Kind> {
    const own = this.#task?.store(name);
    return findStore<H, Kind>(
      name,
      { tasks: { stores: () => (own === undefined ? [] : [own]) }, globals: this.#globals },
      this.subtopologies,
      kind,
    );
  }

  /** What still waits for a promise ends with `INVALID_STATE`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#task?.close();
    this.#globals.close();
  }

  /** Calls follow one another. When nothing is under way, a call does all it can before it returns. */
  #inTurn(work: () => Steps): Promise<void> {
    if (this.#turn !== undefined) return this.#occupied(this.#turn.then(() => this.#begin(work)));
    try {
      const waiting = this.#begin(work);
      return waiting === undefined ? Promise.resolve() : this.#occupied(waiting);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #begin(work: () => Steps): Promise<void> | undefined {
    this.#requireOpen();
    if (this.#failure !== undefined) {
      throw new StreamsError(
        'INVALID_STATE',
        'The test driver stopped at an earlier error (see cause), as an application would. Make a new driver for the next test.',
        {
          cause: this.#failure,
        },
      );
    }
    try {
      return walk(work(), () => this.#requireOpen())?.catch((error: unknown) =>
        this.#failed(error),
      );
    } catch (error) {
      return this.#failed(error);
    }
  }

  #requireOpen(): void {
    if (this.#closed) throw new StreamsError('INVALID_STATE', 'The test driver is closed.');
  }

  #failed(error: unknown): never {
    this.#failure = error;
    throw error;
  }

  /** Later calls wait for this one. */
  #occupied(result: Promise<void>): Promise<void> {
    const over: Promise<void> = result.then(noop, noop).then(() => {
      if (this.#turn === over) this.#turn = undefined;
    });
    this.#turn = over;
    return result;
  }

  *#pipeSteps(topic: string, inputs: readonly EncodedInput[]): Steps {
    for (const input of inputs) {
      this.#accept(topic, { ...input, timestamp: input.timestamp ?? this.#clock.now() });
      if (this.#task !== undefined) yield* this.#drain(this.#task);
    }
  }

  *#wallClockSteps(): Steps {
    const task = this.#task;
    if (task === undefined) return;
    yield* punctuated(task, () => task.punctuateWallClock());
    if (!this.#options.commitsByHand) yield* committed(task);
    yield* this.#drain(task);
  }

  /** What the caches forward may come back over a topic, and fill caches again. */
  *#commitSteps(): Steps {
    const task = this.#task;
    while (task?.commitNeeded === true) {
      yield* committed(task);
      yield* this.#drain(task);
    }
  }

  /** Kafka's loop: one record, its stream-time punctuations, a commit, what it produced; until the queues are empty. */
  *#drain(task: StreamTask): Steps {
    this.#release();
    const { commitsByHand } = this.#options;
    // Records that are skipped before they are processed leave dropped counts and dead letters behind.
    while (task.process() || (task.commitNeeded && !commitsByHand)) {
      if (task.inFlight) yield task.settled();
      yield* punctuated(task, () => task.punctuateStreamTime());
      if (!commitsByHand) yield* committed(task);
      this.#release();
    }
    this.#release();
  }

  /** Hands a record to whoever reads the topic. A global store takes it at once. */
  #accept(topic: string, record: LoggedRecord): void {
    if (this.#globalTopics.has(topic)) this.#globals.addRecords(this.#input.fetched(topic, record));
    else this.#task?.addRecords(this.#input.fetched(topic, record, this.#patternOf(topic)?.source));
  }

  #patternOf(topic: string): RegExp | undefined {
    return this.#sourceTopics.has(topic)
      ? undefined
      : this.#sourcePatterns.find((pattern) => matches(pattern, topic));
  }

  #expireParked(): void {
    const since = this.#task?.parkedSince;
    if (
      since !== undefined &&
      this.#clock.monotonic() - since >= this.#options.config.parkTimeoutMs
    )
      this.#task?.expirePark();
  }

  /** Shows what was produced and loops back what this topology reads. */
  #release(): void {
    for (const record of this.#output.take()) {
      this.#options.onProduced(record);
      if (this.#sourceTopics.has(record.topic) || this.#globalTopics.has(record.topic))
        this.#accept(record.topic, record);
    }
  }
}

/** Work that waits now and then for a promise of user code. */
type Steps = Generator<Promise<void>, void, void>;

/** Does the work; a promise only when it had to wait. After each wait, `check` may end it. */
function walk(steps: Steps, check: () => void): Promise<void> | undefined {
  const { done, value } = steps.next();
  if (done === true) return undefined;
  return value.then(() => {
    check();
    return walk(steps, check);
  });
}

/** Fires everything that is due; a punctuator that waits for a promise holds up the next one. */
function* punctuated(task: StreamTask, fire: () => boolean): Steps {
  while (fire()) {
    if (!task.inFlight) return;
    yield task.settled();
  }
}

function* committed(task: StreamTask): Steps {
  task.prepareCommit();
  while (task.inFlight) {
    yield task.settled();
    task.prepareCommit();
  }
  task.postCommit();
}

const noop = (): void => undefined;

function topicsOf(subtopologies: readonly Subtopology[], names: TopicNames): ReadonlySet<string> {
  const topics = new Set<string>();
  for (const { nodes } of subtopologies) {
    for (const node of nodes)
      if (node.kind === 'source')
        for (const topic of node.topics) topics.add(names.decorate(topic));
  }
  return topics;
}

function patternsOf(subtopologies: readonly Subtopology[]): RegExp[] {
  return subtopologies.flatMap(({ nodes }) =>
    nodes.flatMap((node) =>
      node.kind === 'source' && node.pattern !== undefined ? [node.pattern] : [],
    ),
  );
}
