/**
 * One broker in this process: topics, partitions, transactions, groups and offsets over one storage, behind a
 * batch-shaped interface that knows no producer or consumer object. The ports of `client.ts` are made of it
 * (`engine.ts`), and an endpoint for Kafka's protocol can be: every rule of the log is enforced here.
 */
import type { Env } from '../../env/env.js';
import { StreamsError } from '../../errors.js';
import {
  assignOffset,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  isControlBatch,
  isTransactionalBatch,
} from '../batch-header.js';
import type { ConfigChange, CustomCodecs, NewTopic } from '../client.js';
import { buildControlBatch } from '../record-batch.js';
import { BatchRules, stampAppendTime } from './batch-rules.js';
import { LogCleaner } from './compaction/cleaner.js';
import { Durability } from './durability.js';
import {
  DEFAULT_SETTINGS,
  type EngineLogger,
  type EngineOptions,
  type EngineSettings,
} from './engine-options.js';
import { Groups } from './groups.js';
import { Maintenance, PRODUCER_ID_EXPIRATION_MS } from './maintenance.js';
import { GroupOffsets } from './offsets.js';
import { OffsetsExpiry } from './offsets-expiry.js';
import type { Partition } from './partition.js';
import { ProducerIds } from './producer-ids.js';
import { ProducerQuotas } from './producer-quotas.js';
import type { JournalEntry, LogStorage, RecoveryReport } from './storage.js';
import { recompressed } from './topic-compression.js';
import { Topics, type Topic, type TopicParts } from './topics.js';
import { Transactions } from './transactions.js';

export class Broker {
  readonly env: Env;
  readonly logger: EngineLogger | undefined;
  readonly settings: EngineSettings;
  readonly durability: Durability;
  readonly topics = new Topics();
  readonly offsets: GroupOffsets;
  readonly groups: Groups;
  readonly producerIds: ProducerIds;
  readonly quotas: ProducerQuotas;
  /** Codecs that the user brought. */
  readonly codecs: CustomCodecs | undefined;
  readonly transactions: Transactions;
  readonly cleaner: LogCleaner;
  readonly recovery: RecoveryReport;
  readonly #storage: LogStorage;
  readonly #rules: BatchRules;
  readonly #offsetsExpiry: OffsetsExpiry;
  readonly #maintenance: Maintenance;
  #closed = false;

  /** Recovers what the storage holds. Transactions that were open when the last run ended get abort markers, not yet durable. */
  constructor(options: EngineOptions) {
    this.env = options.env;
    this.logger = options.logger;
    this.codecs = options.codecs;
    this.#rules = new BatchRules(options.codecs);
    this.settings = options.settings ?? DEFAULT_SETTINGS;
    this.#storage = options.storage;
    this.durability = new Durability(options.storage, options.env.timers, options.logger);
    const { groupsMax } = this.settings;
    this.offsets = new GroupOffsets(this.topics, this.durability, groupsMax, () =>
      this.#offsetsExpiry.written(),
    );
    this.groups = new Groups(this.topics, this.env, groupsMax, (groupId) =>
      this.#offsetsExpiry.emptied(groupId),
    );
    this.producerIds = new ProducerIds(this.durability);
    this.quotas = new ProducerQuotas(this.settings, this.env.clock);
    this.transactions = new Transactions({
      env: this.env,
      durability: this.durability,
      groups: this.groups,
      offsets: this.offsets,
      producerIds: this.producerIds,
      appendMarker: (partition, bytes, timestamp) => this.#store(partition, bytes, 1, timestamp),
    });
    this.#offsetsExpiry = new OffsetsExpiry({
      env: this.env,
      topics: this.topics,
      durability: this.durability,
      offsets: this.offsets,
      groups: this.groups,
      transactions: this.transactions,
      settings: this.settings,
      logger: this.logger,
    });
    this.#maintenance = new Maintenance({
      env: this.env,
      logger: this.logger,
      topics: this.topics,
      durability: this.durability,
      transactions: this.transactions,
      checkMs: this.settings.retentionCheckMs,
      raiseStart: (partition, offset) => this.deleteRecords(partition, offset),
    });
    this.cleaner = new LogCleaner({
      env: this.env,
      settings: this.settings,
      logger: this.logger,
      storage: this.#storage,
      topics: () => this.topics.all(),
      ...(options.codecs === undefined ? {} : { codecs: options.codecs }),
    });
    this.recovery = this.#storage.open({
      replay: (entry) => this.#replay(entry),
      snapshot: () => this.#snapshot(),
    });
    this.#recovered();
    this.#offsetsExpiry.recovered(this.recovery.cleanShutdown);
    this.#maintenance.start();
    this.cleaner.start();
  }

  /** Throws `LOG_CLOSED`. */
  assertOpen(): void {
    if (this.#closed)
      throw new StreamsError('LOG_CLOSED', 'The log is closed; open it again to use it.');
  }

  /** What the storage has taken and not yet worked off. */
  get pendingBytes(): number {
    return this.#storage.pendingBytes;
  }

  get closed(): boolean {
    return this.#closed;
  }

  createTopics(topics: readonly NewTopic[], ifNotExists: boolean): void {
    const made = this.topics.create(topics, ifNotExists, this.#topicParts());
    for (const topic of made) this.groups.topicChanged(topic.name);
  }

  createPartitions(
    counts: readonly { readonly topic: string; readonly partitions: number }[],
  ): void {
    for (const topic of this.topics.createPartitions(counts, this.#topicParts()))
      this.groups.topicChanged(topic.name);
  }

  alterConfigs(changes: readonly ConfigChange[]): void {
    this.topics.alterConfigs(changes, this.#topicParts());
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic, this.durability);
    this.#deleted(topic);
    this.groups.topicChanged(topic.name);
  }

  /** Raises the log start; the caller checked the offset. */
  deleteRecords(partition: Partition, offset: number): void {
    if (offset <= partition.startOffset) return;
    this.durability.append({
      type: 'log-start',
      topicId: partition.topicId,
      partition: partition.partition,
      offset,
    });
    partition.raiseStart(offset);
  }

  /**
   * Appends one undamaged record batch v2, exactly filling `bytes`, which the log keeps. Returns its
   * base offset; for a batch that is already in the log the offset it has there. It is readable by its own
   * transaction at once, by others when durable and decided. `keyed`: the caller knows that each record has a key.
   */
  appendBatch(topic: Topic, partitionNumber: number, bytes: Buffer, keyed = false): number {
    this.assertOpen();
    this.durability.assertWritable();
    const partition = topic.partition(partitionNumber);
    if (topic.deleted)
      throw new StreamsError('UNKNOWN_TOPIC', `Topic '${topic.name}' was deleted.`, {
        topic: topic.name,
      });
    const now = this.env.clock.now();
    this.#rules.check(topic, partitionNumber, bytes, now, keyed);
    if (topic.settings.compression !== undefined) bytes = this.#compressed(partition, topic, bytes);
    const producerId = batchProducerId(bytes, 0);
    if (producerId >= 0) {
      const duplicateOf = partition.checkSequence(bytes);
      if (duplicateOf >= 0) return duplicateOf;
    }
    if (bytes.length > this.#storage.freeBytes) throw this.#memoryFull(partition, bytes.length);
    if (isControlBatch(bytes, 0))
      throw new StreamsError('INVALID_ARGUMENT', 'Markers are written by the log itself.', {
        topic: topic.name,
      });
    if (isTransactionalBatch(bytes, 0))
      this.transactions.register(producerId, batchProducerEpoch(bytes, 0), partition);
    else this.#refuseMixed(producerId, partition);
    if (topic.settings.logAppendTime) stampAppendTime(bytes, now);
    const baseOffset = partition.endOffset;
    this.#store(partition, bytes, batchRecordCount(bytes, 0), batchMaxTimestamp(bytes, 0));
    this.durability.relieve();
    return baseOffset;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#maintenance.close();
    this.cleaner.close();
    this.groups.close();
    this.#offsetsExpiry.close();
    this.transactions.close();
    await this.#storage.close();
  }

  #store(partition: Partition, bytes: Buffer, count: number, maxTimestamp: number): void {
    const baseOffset = partition.endOffset;
    assignOffset(bytes, 0, baseOffset, 0);
    const entry = {
      type: 'batch' as const,
      topicId: partition.topicId,
      partition: partition.partition,
      baseOffset,
      lastOffset: baseOffset + count - 1,
      maxTimestamp,
      bytes,
    };
    this.durability.append(entry, bytes.length);
    this.durability.moved(partition);
    partition.appended(entry);
  }

  #compressed(partition: Partition, topic: Topic, bytes: Buffer): Buffer {
    const { codecs } = this;
    const place = { topic: topic.name, partition: partition.partition };
    return recompressed(topic, bytes, codecs === undefined ? place : { ...place, codecs });
  }

  /** A transaction's own producer id outside of it would make its batches look decided. */
  #refuseMixed(producerId: number, partition: Partition): void {
    if (producerId < 0 || !partition.hasOpenTransaction(producerId)) return;
    throw new StreamsError(
      'INVALID_TRANSACTION_STATE',
      `Producer id ${producerId} has an open transaction in ${partition.topic}-${partition.partition}; a plain batch of it is refused.`,
      {
        topic: partition.topic,
        partition: partition.partition,
      },
    );
  }

  #topicParts(): TopicParts {
    return {
      durability: this.durability,
      storage: this.#storage,
      random: this.env.random,
      partitionsMax: this.settings.partitionsMax,
    };
  }

  #memoryFull(partition: Partition, bytes: number): StreamsError {
    return new StreamsError(
      'LIMIT_EXCEEDED',
      `The log in memory is full: a batch of ${bytes} bytes for ${partition.topic}-${partition.partition} would exceed memoryBytesMax (${this.settings.memoryBytesMax}). Nothing was appended: set retention.bytes or retention.ms, delete records or topics, or raise memoryBytesMax.`,
      { topic: partition.topic, partition: partition.partition },
    );
  }

  #deleted(topic: Topic): void {
    this.offsets.topicDeleted(topic.topicId);
    this.transactions.topicDeleted(topic.partitions);
  }

  #replay(entry: JournalEntry): void {
    switch (entry.type) {
      case 'topic-created':
        this.topics.replayCreated(entry, undefined);
        break;
      case 'topic-deleted':
        this.topics.replayDeleted(entry.topicId);
        this.offsets.topicDeleted(entry.topicId);
        break;
      case 'topic-config':
        this.topics.replayConfig(entry);
        break;
      case 'topic-partitions':
        this.topics.replayPartitions(entry, undefined);
        break;
      case 'log-start':
        this.topics.byId(entry.topicId)?.partition(entry.partition).raiseStart(entry.offset);
        break;
      case 'producer-ids':
        this.producerIds.replay(entry);
        break;
      case 'transactional-id':
        this.transactions.replay(entry);
        break;
      case 'group-offsets':
        this.offsets.replay(entry);
        break;
      case 'batch': {
        const partition = this.topics.byId(entry.topicId)?.partition(entry.partition);
        // What lies below the end is already part of the state that a snapshot brought.
        if (partition !== undefined && entry.baseOffset >= partition.endOffset)
          partition.appended(entry);
        break;
      }
      case 'partition-state':
        this.topics.byId(entry.topicId)?.partition(entry.partition).restore(entry.state);
        break;
    }
  }

  #recovered(): void {
    let aborted = 0;
    this.topics.attach(this.#storage);
    for (const topic of this.topics.all()) {
      for (const partition of topic.partitions) {
        partition.recovered();
        for (const { producerId, epoch } of partition.openTransactions()) {
          const now = this.env.clock.now();
          this.#store(partition, buildControlBatch('abort', producerId, epoch, now), 1, now);
          aborted++;
        }
      }
    }
    if (aborted > 0)
      this.logger?.info(`millrace log: recovery aborted ${aborted} unfinished transaction parts.`);
  }

  /** Everything that was appended, durable or not: the storage calls this between two groups. */
  #snapshot(): JournalEntry[] {
    const entries: JournalEntry[] = [this.producerIds.snapshot(), ...this.transactions.snapshot()];
    for (const topic of this.topics.all()) {
      entries.push({
        type: 'topic-created',
        topicId: topic.topicId,
        topic: topic.name,
        partitions: topic.partitions.length,
        config: topic.config,
      });
    }
    entries.push(...this.offsets.snapshot());
    const seenSince = this.env.clock.now() - PRODUCER_ID_EXPIRATION_MS;
    for (const topic of this.topics.all()) {
      for (const partition of topic.partitions) {
        entries.push({
          type: 'partition-state',
          topicId: topic.topicId,
          partition: partition.partition,
          state: partition.snapshot(seenSince),
        });
      }
    }
    return entries;
  }
}
