/**
 * The consumer over any log: decodes records lazily, keeps account of what was handed out, and commits that. The
 * log's consumer is ahead by what was fetched; the positions here are those of the caller, and only they are committed.
 */
import { durationMs } from '../duration.js';
import type { Env } from '../env/env.js';
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { notSubscribed, requireArray } from './checked-options.js';
import type {
  ConsumerGroupMetadata,
  Isolation,
  LogClient,
  LogConsumer,
  OffsetAndMetadata,
  PartitionOffsetAndMetadata,
  RebalanceListener,
  TopicPartition,
} from './client.js';
import type { ConsumedBatch, Consumer, ConsumerOptions, ConsumerRecord } from './consumer.js';
import { ConsumerProgress, keyOf } from './consumer-progress.js';
import { FetchReader } from './fetch-reader.js';
import { unknownTopic } from './unknown-topic.js';
import { UntilEnd } from './until-end.js';

const POLL_WAIT_MS_MAX = 30_000;
const AUTO_COMMIT_INTERVAL = '5s';
/** Errors of an automatic commit after which another member owns the partitions: it will hand the records out again. */
const GROUP_MOVED_ON: ReadonlySet<string> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER',
  'REBALANCE_IN_PROGRESS',
]);

export class TypedConsumer<K, V> implements Consumer<K, V> {
  readonly #client: LogClient;
  readonly #env: Env;
  readonly #consumer: LogConsumer;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #groupId: string | undefined;
  readonly #isolation: Isolation;
  readonly #autoCommit: boolean;
  readonly #autoCommitMs: number;
  readonly #onClose: () => void;
  readonly #progress = new ConsumerProgress();
  readonly #paused = new Set<string>();
  /** Fetched and not yet handed out, in the order of the fetches. */
  #readers: FetchReader<K, V>[] = [];
  #current: FetchReader<K, V> | undefined;
  #lastCommitMs: number;
  /** There is a subscription or an assignment: without one a loop would wait for ever. */
  #reads = false;
  #busy = false;
  #closed: Promise<void> | undefined;

  constructor(
    client: LogClient,
    env: Env,
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    options: ConsumerOptions<K, V>,
    onClose: () => void,
  ) {
    this.#client = client;
    this.#env = env;
    this.#keySerde = keySerde;
    this.#valueSerde = valueSerde;
    this.#groupId = options.groupId;
    this.#isolation = options.isolation ?? 'read_committed';
    this.#autoCommit = options.autoCommit ?? options.groupId !== undefined;
    if (this.#autoCommit && options.groupId === undefined)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        'autoCommit needs a groupId: offsets are committed for a group.',
      );
    this.#autoCommitMs = durationMs(
      options.autoCommitInterval ?? AUTO_COMMIT_INTERVAL,
      'autoCommitInterval',
    );
    this.#onClose = onClose;
    this.#lastCommitMs = env.clock.monotonic();
    this.#consumer = client.consumer({
      offsetReset: options.fromBeginning === true ? 'earliest' : 'latest',
      ...(options.groupId === undefined ? {} : { groupId: options.groupId }),
      ...(options.isolation === undefined ? {} : { isolation: options.isolation }),
      ...(options.maxPartitionBytes === undefined
        ? {}
        : { maxPartitionBytes: options.maxPartitionBytes }),
      ...(options.maxPollInterval === undefined
        ? {}
        : { maxPollIntervalMs: durationMs(options.maxPollInterval, 'maxPollInterval') }),
    });
  }

  async subscribe(topics: readonly string[], listener?: RebalanceListener): Promise<void> {
    if (this.#groupId === undefined)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        "subscribe needs a groupId: log.consumer({ groupId: 'my-group', ... }). Without a group, use assign.",
      );
    requireArray(topics, 'subscribe', "['order']");
    await this.#requireTopics(topics);
    this.#reads = topics.length > 0;
    this.#consumer.subscribe(topics, {
      onPartitionsAssigned: async (partitions) => listener?.onPartitionsAssigned(partitions),
      onPartitionsRevoked: async (partitions) => {
        await listener?.onPartitionsRevoked(partitions);
        if (this.#autoCommit) await this.#commitAutomatically();
        this.#forget(partitions);
      },
    });
    // Joins now, so that what is sent after this call is seen also without `fromBeginning`.
    await this.#exclusively(() => this.#poll(0));
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    requireArray(partitions, 'assign', "[{ topic: 'order', partition: 0 }]");
    await this.#requireTopics([...new Set(partitions.map(({ topic }) => topic))]);
    this.#consumer.assign(partitions);
    this.#reads = partitions.length > 0;
    const assigned = new Set(partitions.map(keyOf));
    const known = [...this.#progress.partitions(), ...this.#readers.map(({ fetched }) => fetched)];
    this.#forget(known.filter((partition) => !assigned.has(keyOf(partition))));
    // Pins the start, as `subscribe` does.
    await Promise.all(partitions.map((partition) => this.#consumer.position(partition)));
  }

  assignment(): readonly TopicPartition[] {
    return this.#consumer.assignment();
  }

  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    return this.#iterator(() => this.#nextRecord());
  }

  batches(): AsyncIterable<ConsumedBatch<K, V>> {
    return { [Symbol.asyncIterator]: () => this.#iterator(() => this.#nextBatch()) };
  }

  untilEnd(): AsyncIterable<ConsumerRecord<K, V>> {
    const ends = UntilEnd.now(this.#client.admin(), this.assignment(), this.#isolation);
    ends.catch(() => undefined); // Whoever iterates hears of it.
    return {
      [Symbol.asyncIterator]: () => this.#iterator(async () => this.#nextRecordBelow(await ends)),
    };
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#consumer.seek(partition, offset);
    this.#dropReaders(keyOf(partition));
    this.#progress.moveTo(partition, offset);
  }

  position(partition: TopicPartition): Promise<number> {
    const offset = this.#progress.offset(partition);
    if (offset !== undefined) return Promise.resolve(offset);
    const fetched = this.#readers.find((reader) => keyOf(reader.fetched) === keyOf(partition));
    return fetched === undefined
      ? this.#consumer.position(partition)
      : Promise.resolve(fetched.fetched.firstOffset);
  }

  positions(): PartitionOffsetAndMetadata[] {
    return this.#progress.open();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#consumer.pause(partitions);
    for (const partition of partitions) this.#paused.add(keyOf(partition));
    if (this.#current !== undefined && this.#paused.has(keyOf(this.#current.fetched)))
      this.#current = undefined;
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#consumer.resume(partitions);
    for (const partition of partitions) this.#paused.delete(keyOf(partition));
    this.#current = undefined; // A partition that was held back may have the oldest fetch.
    this.#consumer.wakeup(); // A loop may wait while everything it has was paused.
  }

  async commit(offsets: readonly PartitionOffsetAndMetadata[] = this.positions()): Promise<void> {
    this.#lastCommitMs = this.#env.clock.monotonic();
    if (offsets.length === 0) return;
    await this.#consumer.commit(offsets);
    this.#progress.committed(offsets);
  }

  committed(partitions: readonly TopicPartition[]): Promise<(OffsetAndMetadata | undefined)[]> {
    return this.#consumer.committed(partitions);
  }

  groupMetadata(): ConsumerGroupMetadata {
    return this.#consumer.groupMetadata();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #iterator<R>(next: () => Promise<R | undefined>): AsyncIterator<R, undefined> {
    return {
      next: async () => {
        const value = await this.#exclusively(next);
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      // Leaving a loop keeps the consumer open: the next loop goes on behind the last record.
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  async #nextRecord(): Promise<ConsumerRecord<K, V> | undefined> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- the next fetch is wanted only when this one is used up
      const reader = await this.#reader();
      if (reader === undefined) return undefined;
      const record = reader.next();
      if (record !== undefined) {
        this.#progress.moveTo(record, record.offset + 1);
        return record;
      }
      this.#finish(reader);
    }
  }

  /** Records of partitions that are read to their end are kept for the next loop. */
  async #nextRecordBelow(until: UntilEnd): Promise<ConsumerRecord<K, V> | undefined> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- the next fetch is wanted only when this one is used up
      const reader = await this.#reader(until);
      if (reader === undefined) return undefined;
      const next = reader.nextOffset();
      if (next === undefined) this.#finish(reader);
      else if (next >= (until.endOf(reader.fetched) ?? 0)) until.reached(reader.fetched);
      else {
        const record = reader.next();
        this.#progress.moveTo(reader.fetched, next + 1);
        return record;
      }
    }
  }

  async #nextBatch(): Promise<ConsumedBatch<K, V> | undefined> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- the next fetch is wanted only when this one is used up
      const reader = await this.#reader();
      if (reader === undefined) return undefined;
      const { topic, partition, endOffset } = reader.fetched;
      const records = this.#drain(reader);
      const last = records.at(-1);
      if (last !== undefined) {
        this.#progress.moveTo(reader.fetched, last.offset + 1);
        return { topic, partition, records, endOffset };
      }
      this.#finish(reader);
    }
  }

  /** The records up to the end, or up to one that cannot be decoded: that one is reported by the next call. */
  #drain(reader: FetchReader<K, V>): ConsumerRecord<K, V>[] {
    const records: ConsumerRecord<K, V>[] = [];
    try {
      for (let record = reader.next(); record !== undefined; record = reader.next())
        records.push(record);
    } catch (error) {
      if (records.length === 0) throw error;
    }
    return records;
  }

  /** What to read from; waits for records. Undefined when the consumer is closed or everything is read `until` there. */
  async #reader(until?: UntilEnd): Promise<FetchReader<K, V> | undefined> {
    for (;;) {
      if (this.#closed !== undefined) return undefined;
      const current = this.#current;
      if (
        current !== undefined &&
        until !== undefined &&
        until.endOf(current.fetched) === undefined
      )
        this.#current = undefined;
      this.#current ??= this.#readers.find(
        ({ fetched }) =>
          !this.#paused.has(keyOf(fetched)) &&
          (until === undefined || until.endOf(fetched) !== undefined),
      );
      if (this.#current !== undefined) return this.#current;
      if (!this.#reads) throw notSubscribed();
      /* oxlint-disable no-await-in-loop -- one poll at a time */
      if (until === undefined) await this.#poll(this.#pollWaitMs());
      else if (await until.isReached(this.assignment(), (at) => this.#readUpTo(at)))
        return undefined;
      else await this.#pollUntil(until);
      /* oxlint-enable no-await-in-loop */
    }
  }

  /** With nothing fetched and not handed out, the log's consumer knows better: records may have been deleted. */
  #readUpTo(at: TopicPartition): Promise<number> {
    const fetched = this.#readers.some((reader) => keyOf(reader.fetched) === keyOf(at));
    return fetched ? this.position(at) : this.#consumer.position(at);
  }

  /** Partitions that are read to their end are left alone: nobody would take what they bring. */
  async #pollUntil(until: UntilEnd): Promise<void> {
    const mayHold = (at: TopicPartition): boolean =>
      until.endOf(at) === undefined && !this.#paused.has(keyOf(at));
    this.#consumer.pause(this.assignment().filter(mayHold));
    try {
      await this.#poll(this.#pollWaitMs());
    } finally {
      this.#consumer.resume(this.assignment().filter(mayHold));
    }
  }

  #finish(reader: FetchReader<K, V>): void {
    this.#progress.moveTo(reader.fetched, reader.fetched.nextOffset); // Past markers and aborted records behind the last one.
    this.#readers = this.#readers.filter((other) => other !== reader);
    if (this.#current === reader) this.#current = undefined;
  }

  async #poll(maxWaitMs: number): Promise<void> {
    if (this.#autoCommit && this.#env.clock.monotonic() - this.#lastCommitMs >= this.#autoCommitMs)
      await this.#commitAutomatically();
    if (this.#closed !== undefined) return;
    const fetches = await this.#consumer.poll(maxWaitMs);
    for (const fetched of fetches)
      this.#readers.push(new FetchReader(fetched, this.#keySerde, this.#valueSerde));
  }

  /** A wait ends in time for the next automatic commit, if there is something to commit. */
  #pollWaitMs(): number {
    if (!this.#autoCommit || this.positions().length === 0) return POLL_WAIT_MS_MAX;
    const dueMs = this.#lastCommitMs + this.#autoCommitMs - this.#env.clock.monotonic();
    return Math.min(POLL_WAIT_MS_MAX, Math.max(0, dueMs));
  }

  async #commitAutomatically(): Promise<void> {
    try {
      await this.commit();
    } catch (error) {
      if (!(error instanceof StreamsError) || !GROUP_MOVED_ON.has(error.code)) throw error;
    }
  }

  #forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const key = keyOf(partition);
      this.#dropReaders(key);
      this.#progress.forget(partition);
      this.#paused.delete(key);
    }
  }

  #dropReaders(key: string): void {
    this.#readers = this.#readers.filter((reader) => keyOf(reader.fetched) !== key);
    if (this.#current !== undefined && keyOf(this.#current.fetched) === key)
      this.#current = undefined;
  }

  async #requireTopics(topics: readonly string[]): Promise<void> {
    const admin = this.#client.admin();
    const found = await admin.describeTopics(topics);
    const missing = found.indexOf(undefined);
    if (missing >= 0) throw await unknownTopic(admin, topics[missing] ?? '');
  }

  /** One caller at a time: two loops over one consumer would tear its records apart. */
  async #exclusively<R>(action: () => Promise<R>): Promise<R> {
    if (this.#busy)
      throw new StreamsError(
        'INVALID_STATE',
        'This consumer is already waiting for records. Use one loop per consumer, and one consumer per loop.',
      );
    this.#busy = true;
    try {
      return await action();
    } finally {
      this.#busy = false;
    }
  }

  async #close(): Promise<void> {
    try {
      this.#consumer.wakeup();
      if (this.#autoCommit) await this.#commitAutomatically();
      await this.#consumer.close();
    } finally {
      this.#onClose();
    }
  }
}
