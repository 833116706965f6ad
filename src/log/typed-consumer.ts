/**
 * The consumer over any log: decodes records lazily, keeps account of what was handed out, and commits that. The
 * log's consumer is ahead by what was fetched; the positions here are those of the caller, and only they are committed.
 */
import { durationMs } from '../duration.js';
import type { Env } from '../env/env.js';
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { notSubscribed, requireArray } from './checked-options.js';
import { AutoCommit } from './auto-commit.js';
import type {
  ConsumerGroupMetadata,
  Isolation,
  LogClient,
  LogConsumer,
  LogConsumerOptions,
  OffsetAndMetadata,
  PartitionOffsetAndMetadata,
  RebalanceListener,
  TopicPartition,
} from './client.js';
import type { ConsumedBatch, Consumer, ConsumerOptions, ConsumerRecord } from './consumer.js';
import { ConsumerProgress, keyOf } from './consumer-progress.js';
import { FetchBuffer } from './fetch-buffer.js';
import type { FetchReader } from './fetch-reader.js';
import { lookUpOffsets } from './offset-lookup.js';
import { unknownTopic } from './unknown-topic.js';
import { UntilEnd } from './until-end.js';

const POLL_WAIT_MS_MAX = 30_000;

export class TypedConsumer<K, V> implements Consumer<K, V> {
  readonly #client: LogClient;
  readonly #consumer: LogConsumer;
  readonly #groupId: string | undefined;
  readonly #isolation: Isolation;
  readonly #autoCommit: AutoCommit;
  readonly #onClose: () => void;
  readonly #progress = new ConsumerProgress();
  readonly #fetched: FetchBuffer<K, V>;
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
    this.#fetched = new FetchBuffer(keySerde, valueSerde);
    this.#groupId = options.groupId;
    this.#isolation = options.isolation ?? 'read_committed';
    this.#autoCommit = new AutoCommit(options, env.clock, this.#progress, () => this.commit());
    this.#onClose = onClose;
    this.#consumer = client.consumer(portOptions(options));
  }

  async subscribe(topics: readonly string[] | RegExp, listener?: RebalanceListener): Promise<void> {
    if (this.#groupId === undefined)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        "subscribe needs a groupId: log.consumer({ groupId: 'my-group', ... }). Without a group, use assign.",
      );
    if (!(topics instanceof RegExp)) {
      requireArray(topics, 'subscribe', "['order']");
      await this.#requireTopics(topics);
    }
    this.#reads = topics instanceof RegExp || topics.length > 0;
    this.#consumer.subscribe(topics, {
      onPartitionsAssigned: async (partitions) => listener?.onPartitionsAssigned(partitions),
      onPartitionsRevoked: async (partitions) => {
        await listener?.onPartitionsRevoked(partitions);
        await this.#autoCommit.run();
        this.#forget(partitions);
      },
      onPartitionsLost: async (partitions) => {
        this.#forget(partitions);
        if (listener?.onPartitionsLost === undefined)
          await listener?.onPartitionsRevoked(partitions);
        else await listener.onPartitionsLost(partitions);
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
    const known = [...this.#progress.partitions(), ...this.#fetched.partitions()];
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
    this.#fetched.drop(partition);
    this.#progress.moveTo(partition, offset);
  }

  async seekToBeginning(partitions = this.assignment()): Promise<void> {
    await this.#seekTo(partitions, 'earliest');
  }

  async seekToEnd(partitions = this.assignment()): Promise<void> {
    await this.#seekTo(partitions, 'latest');
  }

  async offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<(number | undefined)[]> {
    requireArray(times, 'offsetsForTimes', "[{ topic: 'order', partition: 0, timestamp: 0 }]");
    const admin = this.#client.admin();
    const found = await Promise.all(
      times.map((at) => lookUpOffsets(admin, [at], at.timestamp, this.#isolation)),
    );
    return found.map(([offset = -1]) => (offset < 0 ? undefined : offset));
  }

  async lag(partition: TopicPartition): Promise<number> {
    const position = await this.position(partition);
    const admin = this.#client.admin();
    const [end = 0] = await lookUpOffsets(admin, [partition], 'latest', this.#isolation);
    return Math.max(0, end - position);
  }

  position(partition: TopicPartition): Promise<number> {
    const offset = this.#progress.offset(partition);
    if (offset !== undefined) return Promise.resolve(offset);
    const fetched = this.#fetched.firstOffset(partition);
    return fetched === undefined ? this.#consumer.position(partition) : Promise.resolve(fetched);
  }

  positions(): PartitionOffsetAndMetadata[] {
    return this.#progress.open();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#consumer.pause(partitions);
    this.#fetched.pause(partitions);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#consumer.resume(partitions);
    this.#fetched.resume(partitions);
    this.#consumer.wakeup(); // A loop may wait while everything it has was paused.
  }

  async commit(offsets: readonly PartitionOffsetAndMetadata[] = this.positions()): Promise<void> {
    this.#autoCommit.restart();
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
      const reader = this.#fetched.next(
        (at) => until === undefined || until.endOf(at) !== undefined,
      );
      if (reader !== undefined) return reader;
      if (!this.#reads) throw notSubscribed();
      /* oxlint-disable no-await-in-loop -- one poll at a time */
      if (until === undefined) await this.#poll(this.#autoCommit.waitMs(POLL_WAIT_MS_MAX));
      else if (await until.isReached(this.assignment(), (at) => this.#readUpTo(at)))
        return undefined;
      else await this.#pollUntil(until);
      /* oxlint-enable no-await-in-loop */
    }
  }

  /** With nothing fetched and not handed out, the log's consumer knows better: records may have been deleted. */
  #readUpTo(at: TopicPartition): Promise<number> {
    const fetched = this.#fetched.firstOffset(at) !== undefined;
    return fetched ? this.position(at) : this.#consumer.position(at);
  }

  /** Partitions that are read to their end are left alone: nobody would take what they bring. */
  async #pollUntil(until: UntilEnd): Promise<void> {
    const mayHold = (at: TopicPartition): boolean =>
      until.endOf(at) === undefined && !this.#fetched.isPaused(at);
    this.#consumer.pause(this.assignment().filter(mayHold));
    try {
      await this.#poll(this.#autoCommit.waitMs(POLL_WAIT_MS_MAX));
    } finally {
      this.#consumer.resume(this.assignment().filter(mayHold));
    }
  }

  #finish(reader: FetchReader<K, V>): void {
    this.#progress.moveTo(reader.fetched, reader.fetched.nextOffset); // Past markers and aborted records behind the last one.
    this.#fetched.finish(reader);
  }

  async #poll(maxWaitMs: number): Promise<void> {
    await this.#autoCommit.runIfDue();
    if (this.#closed !== undefined) return;
    this.#fetched.add(await this.#consumer.poll(maxWaitMs));
  }

  async #seekTo(
    partitions: readonly TopicPartition[],
    where: 'earliest' | 'latest',
  ): Promise<void> {
    const admin = this.#client.admin();
    const offsets = await lookUpOffsets(admin, partitions, where, this.#isolation);
    for (const [i, partition] of partitions.entries()) this.seek(partition, offsets[i] ?? 0);
  }

  #forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#fetched.forget(partition);
      this.#progress.forget(partition);
    }
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
      await this.#autoCommit.run();
      await this.#consumer.close();
    } finally {
      this.#onClose();
    }
  }
}

/** What the log's consumer is told: everything but what this one does itself. */
function portOptions<K, V>(options: ConsumerOptions<K, V>): LogConsumerOptions {
  const { groupId, isolation, assignor, groupInstanceId, clientId } = options;
  const { maxPartitionBytes, maxBytes, maxPollInterval, fromBeginning } = options;
  const offsetReset = options.offsetReset ?? (fromBeginning === true ? 'earliest' : 'latest');
  return {
    offsetReset,
    ...(groupId === undefined ? {} : { groupId }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(assignor === undefined ? {} : { assignor }),
    ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(maxPartitionBytes === undefined ? {} : { maxPartitionBytes }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(maxPollInterval === undefined
      ? {}
      : { maxPollIntervalMs: durationMs(maxPollInterval, 'maxPollInterval') }),
  };
}
