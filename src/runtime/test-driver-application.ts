/**
 * The test driver with partitions: the whole application (task manager, transactions, changelogs, restore) on a log
 * in memory and virtual time. A pipe writes to the log and lets time pass in small steps until the application has
 * committed and is at rest; what it committed is then read back from the log.
 */
import { SimulatedEnv } from '../env/simulated-env.js';
import { StreamsError } from '../errors.js';
import type {
  FetchedRecords,
  LogClient,
  LogConsumer,
  LogProducer,
  TopicPartition,
} from '../log/client.js';
import { memoryLog } from '../log/log.js';
import { partitionForKey } from '../log/murmur2.js';
import { RecordCursor } from '../log/record-cursor.js';
import type { DroppedRecord } from '../processor/dropped-record.js';
import type { Subtopology } from '../processor/node-definition.js';
import { matches, type Topology } from '../processor/topology.js';
import type { StateStore } from '../state/store.js';
import type { KafkaStreamsOptions } from './config.js';
import { KafkaStreams } from './kafka-streams.js';
import { didYouMean } from '../nearest-name.js';
import type { StoreFace, StoreHandle, StoreKind } from './store-reader.js';
import type { TestDrive } from './test-drive.js';
import type { EncodedInput, ProducedRecord } from './test-topics.js';
import { TopicNames, sourceTopicNames } from './topic-plan.js';

/** The application counts as at rest when nothing happened for this long: several times its shortest commit spacing. */
const QUIET_MS = 20;
/** After so long a running application has noticed a topic that matches a pattern, and reads it. */
const NOTICED_MS = 1100;
/** The driver's clock begins where the test says; records may be of any time. */
const ANY_TIME = { 'message.timestamp.after.max.ms': '9223372036854775807' };
/** More virtual time than this without coming to rest is a loop in the topology. */
const UNREST_MS_MAX = 600_000;

export interface TestDriverApplicationOptions {
  readonly partitions: number;
  readonly startAt: number;
  readonly application: Omit<KafkaStreamsOptions, 'log' | 'env'>;
  onProduced(record: ProducedRecord): void;
  onDropped(dropped: DroppedRecord): void;
}

const closed = (): StreamsError => new StreamsError('INVALID_STATE', 'The test driver is closed.');

export class TestDriverApplication implements TestDrive {
  readonly #topology: Topology;
  readonly #options: TestDriverApplicationOptions;
  readonly #subtopologies: readonly Subtopology[];
  readonly #sourceTopics: readonly string[];
  readonly #env: SimulatedEnv;
  readonly #log: LogClient;
  readonly #positions = new Map<string, number>();
  /** Records that were piped, as `topic-partition@offset`: they are not output. */
  readonly #piped = new Set<string>();
  /** Output topics of the test, to be created. */
  readonly #awaited: string[] = [];
  #producer: LogProducer | undefined;
  #consumer: LogConsumer | undefined;
  #app: KafkaStreams | undefined;
  /** Never told that they are dead, as after a pause of their process. */
  readonly #abandoned: KafkaStreams[] = [];
  #failure: StreamsError | undefined;
  #dropped = 0;
  #keyless = 0;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(topology: Topology, options: TestDriverApplicationOptions) {
    this.#topology = topology;
    this.#options = options;
    this.#subtopologies = topology.subtopologies();
    this.#sourceTopics = sourceTopicNames(
      this.#subtopologies,
      new TopicNames(options.application.applicationId, this.#subtopologies),
    );
    this.#env = new SimulatedEnv({ startMs: options.startAt });
    this.#log = memoryLog({ env: this.#env }).client;
  }

  get droppedRecords(): number {
    return this.#dropped + (this.#app?.metrics().droppedRecords ?? 0);
  }

  requireSource(topic: string): void {
    if (
      this.#sourceTopics.includes(topic) ||
      this.#patterns().some((pattern) => matches(pattern, topic))
    )
      return;
    const known = [...this.#sourceTopics, ...this.#patterns().map(String)];
    throw new StreamsError(
      'UNKNOWN_TOPIC',
      `The topology does not read topic '${topic}'.${didYouMean(topic, known)} It reads: ${known.join(', ')}.`,
      { topic },
    );
  }

  /** Topics chosen per record are not made by the application. */
  expectOutput(topic: string): void {
    this.#awaited.push(topic);
  }

  pipe(topic: string, inputs: readonly EncodedInput[]): Promise<void> {
    return this.#inTurn(async () => {
      const noticed = !this.#sourceTopics.includes(topic) && (await this.#isNew(topic));
      await this.#createTopic(topic);
      if (noticed && this.#app !== undefined) await this.#rest(NOTICED_MS);
      await this.#running();
      for (const awaited of this.#awaited.splice(0)) await this.#createTopic(awaited);
      await this.#produce(topic, inputs);
      await this.#rest();
    });
  }

  /** While user code is waited for, time passes at once: that is how a promise that never settles times out. */
  advance(ms: number): Promise<void> {
    const waiting = this.#parked;
    if (waiting) this.#env.advance(ms);
    return this.#inTurn(async () => {
      await this.#running();
      if (!waiting) this.#env.advance(ms);
      await this.#rest();
    });
  }

  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stop();
      await this.#running();
      await this.#rest();
    });
  }

  crash(): Promise<void> {
    return this.#inTurn(async () => {
      const abandoned = this.#leave();
      if (abandoned !== undefined) this.#abandoned.push(abandoned);
      await this.#running();
      await this.#rest();
    });
  }

  reassign(): Promise<void> {
    return this.#inTurn(async () => {
      const former = this.#leave();
      await this.#running();
      if (former !== undefined) await this.#env.run(former.close());
      await this.#rest();
    });
  }

  store(name: string): StateStore {
    return this.read<string>(name) as StateStore;
  }

  read<H extends StoreHandle, Kind extends StoreKind = never>(
    name: string,
    kind?: Kind,
  ): StoreFace<H, Kind> {
    if (this.#app === undefined) {
      throw new StreamsError(
        'INVALID_STATE',
        `The application has not started: pipe a record before you read store '${name}'.`,
        { store: name },
      );
    }
    // The face is made for the name; the handle that the caller had says which types it has.
    return this.#app.store(name, kind) as StoreFace<H, Kind>;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stop();
    for (const app of this.#abandoned) await this.#env.run(app.close());
    await this.#env.run(this.#log.close());
  }

  /** Calls follow one another. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(() => {
      if (this.#closed) throw closed();
      if (this.#failure !== undefined) {
        throw new StreamsError(
          'INVALID_STATE',
          'The test driver stopped at an earlier error (see cause), as an application would. Make a new driver for the next test.',
          { cause: this.#failure },
        );
      }
      return work();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Starts the application, on topics that exist. */
  async #running(): Promise<void> {
    if (this.#app !== undefined) return;
    for (const topic of this.#sourceTopics) await this.#createTopic(topic);
    const app = new KafkaStreams(this.#topology, {
      ...this.#options.application,
      log: this.#log,
      env: this.#env,
    });
    this.#app = app;
    app.on('dropped', (dropped) => this.#options.onDropped(dropped));
    app.on('error', (error) => {
      // One that was abandoned by `crash` is fenced when it tries to commit.
      if (this.#app === app) this.#failure = error;
    });
    await this.#env.run(app.start());
  }

  async #stop(): Promise<void> {
    const app = this.#leave();
    if (app !== undefined) await this.#env.run(app.close());
  }

  /** The application that runs is no longer the one under test; what it counted stays counted. */
  #leave(): KafkaStreams | undefined {
    const app = this.#app;
    this.#app = undefined;
    this.#dropped += app?.metrics().droppedRecords ?? 0;
    return app;
  }

  #createTopic(topic: string): Promise<void> {
    const { partitions } = this.#options;
    return this.#env.run(
      this.#log
        .admin()
        .createTopics([{ topic, partitions, config: ANY_TIME }], { ifNotExists: true }),
    );
  }

  async #isNew(topic: string): Promise<boolean> {
    return !(await this.#env.run(this.#log.admin().listTopics())).includes(topic);
  }

  async #produce(topic: string, inputs: readonly EncodedInput[]): Promise<void> {
    if (this.#producer === undefined) {
      this.#producer = this.#log.producer();
      await this.#env.run(this.#producer.init());
    }
    const writer = this.#producer.topic(topic);
    for (const { key, value, timestamp, headers, partition } of inputs) {
      const chosen =
        partition ??
        (key === null
          ? this.#keyless++ % writer.partitions
          : partitionForKey(key, 0, key.length, writer.partitions));
      writer.append(
        chosen,
        timestamp ?? this.#env.clock.now(),
        key,
        0,
        key?.length ?? 0,
        value,
        0,
        value?.length ?? 0,
        headers,
        (error, offset) => {
          if (error === undefined) this.#piped.add(`${topic}-${chosen}@${offset}`);
        },
      );
    }
    await this.#env.run(this.#producer.flush());
  }

  /** Lets time pass until the application has nothing to do, then collects what it committed. */
  async #rest(quietMsMin = QUIET_MS): Promise<void> {
    let seen = '';
    let quietMs = 0;
    for (let passedMs = 0; quietMs < quietMsMin;) {
      // oxlint-disable-next-line no-await-in-loop -- each instant depends on the one before it
      await this.#env.settle();
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#app === undefined) throw closed();
      const { commits, processedRecords, lag, state, tasks } = this.#app.metrics();
      const now = `${commits} ${processedRecords} ${lag} ${state}`;
      // Promises of user code settle in the host's time: virtual time waits for them.
      if (tasks.some((task) => task.parked)) continue;
      const busy = lag > 0 || now !== seen;
      quietMs = busy ? 0 : quietMs + 1;
      seen = now;
      if (passedMs++ > UNREST_MS_MAX)
        throw new StreamsError(
          'INVALID_STATE',
          `The application did not come to rest in ${UNREST_MS_MAX} ms of virtual time. Does the topology feed itself?`,
        );
      this.#env.advance(1);
    }
    await this.#collect();
  }

  /** Reads what was committed since the last call. */
  async #collect(): Promise<void> {
    const admin = this.#log.admin();
    const descriptions = await this.#env.run(
      admin.describeTopics(await this.#env.run(admin.listTopics())),
    );
    const open: TopicPartition[] = [];
    for (const description of descriptions) {
      for (let partition = 0; partition < (description?.partitions ?? 0); partition++)
        open.push({ topic: description!.topic, partition });
    }
    this.#consumer ??= this.#log.consumer({ isolation: 'read_committed', offsetReset: 'earliest' });
    this.#consumer.assign(open);
    for (const partition of open) {
      const position = this.#positions.get(`${partition.topic}-${partition.partition}`);
      if (position !== undefined) this.#consumer.seek(partition, position);
    }
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one fetch after the other
      const fetched = await this.#env.run(this.#consumer.poll(0));
      if (fetched.length === 0) return;
      for (const records of fetched) this.#take(records);
    }
  }

  #take(fetched: FetchedRecords): void {
    const { topic, partition, firstOffset, nextOffset } = fetched;
    const cursor = new RecordCursor();
    for (const batch of fetched.batches) {
      cursor.reset(batch.bytes, batch.start, fetched);
      while (cursor.next()) {
        if (
          cursor.offset < firstOffset ||
          this.#piped.delete(`${topic}-${partition}@${cursor.offset}`)
        )
          continue;
        const [key, value] = [cursor.key(), cursor.value()];
        this.#options.onProduced({
          topic,
          partition,
          key: key === null ? null : new Uint8Array(key),
          value: value === null ? null : new Uint8Array(value),
          timestamp: cursor.timestamp,
          headers: cursor.headers(),
        });
      }
    }
    this.#positions.set(`${topic}-${partition}`, nextOffset);
  }

  get #parked(): boolean {
    return this.#app?.metrics().tasks.some((task) => task.parked) ?? false;
  }

  #patterns(): RegExp[] {
    return this.#subtopologies.flatMap(({ nodes }) =>
      nodes.flatMap((node) =>
        node.kind === 'source' && node.pattern !== undefined ? [node.pattern] : [],
      ),
    );
  }
}
