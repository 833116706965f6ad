/**
 * The producers of the bundled log. A sealed batch goes to the broker at once. Outside a transaction its records
 * are acknowledged when they are durable, and open batches are sealed on the next turn of the host's loop, so that
 * all producers of a turn share one sync. Inside a transaction they are acknowledged when accepted, and only the
 * commit waits for the device.
 */
import { StreamsError } from '../../errors.js';
import type {
  AppendCallback,
  ConsumerGroupMetadata,
  LogProducer,
  LogProducerOptions,
  PartitionOffsetAndMetadata,
  TopicWriter,
  TransactionOutcome,
} from '../client.js';
import type { Timer } from '../../env/env.js';
import type { Broker } from './broker.js';
import type { ProducerIdentity } from './partition.js';
import type { ByteQuota } from './producer-quotas.js';
import { requireCompression } from '../compression/record-codecs.js';
import type { BatchCompression } from '../record-batch.js';
import { SentBatch, type BatchSender } from './sent-batch.js';
import { EngineTopicWriter, type BatchOwner, type OpenBatch } from './topic-writer.js';
import type { Topic } from './topics.js';
import type { TransactionSession } from './transaction-session.js';

const DEFAULT_BATCH_BYTES = 16_384;
const DEFAULT_TRANSACTION_TIMEOUT_MS = 60_000;
const SEQUENCE_MODULUS = 2_147_483_648;
const DEFAULT_CLIENT_ID = 'millrace';
/** A text in Kafka's protocol has no more. */
const NAME_LENGTH_MAX = 32_767;
const NOBODY: ProducerIdentity = { producerId: -1, epoch: -1 };

export class EngineProducer implements LogProducer, BatchOwner, BatchSender {
  readonly #broker: Broker;
  readonly #options: LogProducerOptions;
  readonly #batchBytes: number;
  readonly #quota: ByteQuota | undefined;
  readonly #onClose: (producer: EngineProducer) => void;
  readonly #writers = new Map<string, EngineTopicWriter>();
  /** Batches with records in them. */
  #open: OpenBatch[] = [];
  #session: TransactionSession | undefined;
  #plain: ProducerIdentity | undefined;
  /** Set when nothing can be sent any more: closed, or the log cannot be written. */
  #refusal: StreamsError | undefined;
  /** The first failed batch since the last flush or transaction. */
  #failure: StreamsError | undefined;
  #handedBytes = 0;
  #turn: Timer | undefined;
  #closed = false;

  constructor(
    broker: Broker,
    options: LogProducerOptions,
    onClose: (producer: EngineProducer) => void,
  ) {
    this.#broker = broker;
    this.#options = options;
    checkNameLength('clientId', options.clientId);
    checkNameLength('transactionalId', options.transactionalId);
    this.#batchBytes = checkBatchBytes(options.batchBytes ?? DEFAULT_BATCH_BYTES);
    this.#quota = broker.quotas.of(options.clientId ?? DEFAULT_CLIENT_ID);
    this.#onClose = onClose;
    const { transactionTimeoutMs, compression = 'none', compressionLevel } = options;
    const { codecs } = broker;
    requireCompression(compression, compressionLevel, codecs === undefined ? {} : { codecs });
    if (transactionTimeoutMs !== undefined && !(transactionTimeoutMs > 0))
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `transactionTimeoutMs is ${transactionTimeoutMs}, expected a number of milliseconds above 0.`,
      );
  }

  /** Producer id and epoch of the open (or next) transaction. */
  get identity(): ProducerIdentity {
    return this.#session ?? this.#plain ?? NOBODY;
  }

  get refuses(): boolean {
    const session = this.#session;
    if (session === undefined) return this.#plain === undefined || this.#refusal !== undefined;
    return session.state !== 'open' || session.failure !== undefined || this.#refusal !== undefined;
  }

  refusal(): StreamsError {
    const failure = this.#session?.failure ?? this.#refusal;
    if (failure !== undefined) return failure;
    const { transactionalId } = this.#options;
    if (this.#session === undefined) return notInitialised('append');
    return new StreamsError(
      'INVALID_TRANSACTION_STATE',
      `No transaction of '${transactionalId}' is open; call begin() before sending.`,
    );
  }

  get pendingBytes(): number {
    let bytes = this.#handedBytes;
    for (const batch of this.#open) bytes += batch.builder.bytes;
    // A storage that falls behind slows down everybody who writes to it.
    return Math.max(bytes, this.#broker.pendingBytes);
  }

  get throttleMs(): number {
    return this.#quota?.throttleMs ?? 0;
  }

  async init(): Promise<void> {
    this.#assertOpen();
    if (this.#session !== undefined || this.#plain !== undefined)
      throw new StreamsError(
        'INVALID_STATE',
        'The producer is initialised already; make a new producer instead.',
      );
    const { transactionalId, transactionTimeoutMs } = this.#options;
    const { durability } = this.#broker;
    if (transactionalId === undefined) this.#initPlain();
    else
      this.#session = this.#broker.transactions.init(
        transactionalId,
        transactionTimeoutMs ?? DEFAULT_TRANSACTION_TIMEOUT_MS,
      );
    await new Promise<void>((resolve, reject) => {
      durability.wait({ durable: (error) => (error === undefined ? resolve() : reject(error)) });
      durability.syncNow();
    });
  }

  topic(name: string): TopicWriter {
    this.#assertOpen();
    if (this.#options.transactionalId === undefined && this.#plain === undefined) this.#initPlain();
    const topic = this.#broker.topics.get(name);
    const known = this.#writers.get(topic.topicId);
    if (known !== undefined) return known;
    for (const [topicId, { deleted }] of this.#writers) if (deleted) this.#writers.delete(topicId);
    const writer = new EngineTopicWriter(topic, this, this.#batchBytes);
    this.#writers.set(topic.topicId, writer);
    return writer;
  }

  begin(): void {
    this.#broker.transactions.begin(this.#transaction('begin'));
    this.#failure = undefined;
  }

  sendOffsets(offsets: readonly PartitionOffsetAndMetadata[], group: ConsumerGroupMetadata): void {
    this.#broker.transactions.addOffsets(this.#transaction('sendOffsets'), offsets, group);
  }

  seal(): void {
    this.#turn?.cancel();
    this.#turn = undefined;
    if (this.#open.length === 0) return;
    const open = this.#open;
    this.#open = [];
    for (const batch of open) this.#hand(batch);
    if (this.#session === undefined) this.#broker.durability.syncSoon();
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    this.seal();
    if (this.#session === undefined && this.#handedBytes > 0) {
      const { durability } = this.#broker;
      await new Promise<void>((resolve) => {
        durability.wait({ durable: () => resolve() });
        durability.syncNow();
      });
    }
    const failure = this.#failure;
    // A failed transaction stays failed until it is aborted.
    if (this.#session === undefined) this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  async commit(): Promise<TransactionOutcome> {
    const session = this.#transaction('commit');
    if (session.failure === undefined) this.seal();
    else this.#discard(session.failure);
    if (session.failure === undefined && this.#failure !== undefined) throw this.#failure;
    const outcome = this.#broker.transactions.commit(session);
    return await outcome;
  }

  async abort(): Promise<void> {
    const session = this.#transaction('abort');
    this.#discard(
      session.failure ??
        new StreamsError(
          'INVALID_TRANSACTION_STATE',
          'The transaction was aborted before this record was sent.',
        ),
    );
    const aborted = this.#broker.transactions.abort(session);
    this.#failure = undefined;
    await aborted;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const flushed = this.#session === undefined && !this.#broker.closed ? this.flush() : undefined;
    this.#closed = true;
    this.#refusal = new StreamsError('INVALID_STATE', 'The producer is closed; make a new one.');
    this.#discard(
      new StreamsError('INVALID_STATE', 'The producer was closed before this record was sent.'),
    );
    if (this.#session !== undefined) await this.#release(this.#session);
    this.#onClose(this);
    await flushed;
    for (const writer of this.#writers.keys()) {
      const topic = this.#broker.topics.byId(writer);
      if (this.#plain === undefined || topic === undefined) continue;
      for (const partition of topic.partitions) partition.forgetProducer(this.#plain.producerId);
    }
  }

  opened(batch: OpenBatch): void {
    this.#open.push(batch);
    if (this.#session !== undefined || this.#turn !== undefined) return;
    this.#turn = this.#broker.env.timers.immediate(() => this.seal());
  }

  full(batch: OpenBatch): void {
    const at = this.#open.indexOf(batch);
    this.#open[at] = this.#open[this.#open.length - 1]!;
    this.#open.pop();
    this.#hand(batch);
    if (this.#session === undefined) this.#broker.durability.syncSoon();
  }

  /** Seals one batch and gives it to the broker. A failure is kept for flush and told to the records' callbacks. */
  #hand(batch: OpenBatch): void {
    const { builder, callbacks } = batch;
    batch.callbacks = undefined;
    const identity = this.identity;
    if (identity.epoch !== batch.epoch || identity.producerId !== batch.producerId) {
      batch.producerId = identity.producerId;
      batch.epoch = identity.epoch;
      batch.sequence = 0;
    }
    const count = builder.count;
    let bytes: Buffer;
    let baseOffset: number;
    try {
      bytes = this.#seal(batch, identity);
      this.#quota?.take(bytes.length);
      baseOffset = this.#broker.appendBatch(batch.topic, batch.partition, bytes, batch.keyed);
    } catch (error) {
      builder.discard();
      if (!(error instanceof StreamsError)) throw error;
      this.#failed(error, callbacks);
      return;
    }
    batch.sequence = (batch.sequence + count) % SEQUENCE_MODULUS;
    const sent = new SentBatch(
      this,
      batch,
      baseOffset,
      baseOffset + count - 1,
      bytes.length,
      callbacks,
    );
    this.#handedBytes += bytes.length;
    this.#broker.durability.wait(sent);
    if (this.#session !== undefined) sent.acknowledge(undefined);
  }

  #seal(batch: OpenBatch, { producerId, epoch }: ProducerIdentity): Buffer {
    const { builder, compression, sequence } = batch;
    const recordBytes = builder.bytes;
    const transactional = this.#session !== undefined;
    const bytes = builder.seal({ producerId, epoch, sequence, transactional }, compression);
    if (compression !== undefined) batch.compressed(recordBytes, bytes.length);
    return bytes;
  }

  /** What the topic wants, else what this producer was told. The broker would compress anew what comes otherwise. */
  compressionOf(topic: Topic, partition: number): BatchCompression | undefined {
    const own = this.#options.compression ?? 'none';
    const wanted = topic.settings.compression ?? { type: own };
    const { type } = wanted;
    if (type === 'none') return undefined;
    const { codecs } = this.#broker;
    const place = { topic: topic.name, partition, ...(codecs === undefined ? {} : { codecs }) };
    const level = type === own ? this.#options.compressionLevel : wanted.level;
    return { type, level, place };
  }

  /** Called by a batch when its fate is known. */
  settled(batch: SentBatch, error: StreamsError | undefined): void {
    this.#handedBytes -= batch.bytes;
    if (this.#session !== undefined) return;
    if (error !== undefined) this.#failure ??= error;
    batch.acknowledge(error);
  }

  /** Calls back user code; what it throws is its own affair and must not stop the log. */
  tell(callback: AppendCallback, error: StreamsError | undefined, offset: number): void {
    try {
      callback(error, offset);
    } catch (thrown) {
      this.#threw('an acknowledgement callback', thrown);
    }
  }

  tellBatch(topic: string, partition: number, baseOffset: number, lastOffset: number): void {
    const { onBatch } = this.#options;
    if (onBatch === undefined) return;
    try {
      onBatch(topic, partition, baseOffset, lastOffset);
    } catch (thrown) {
      this.#threw('onBatch', thrown);
    }
  }

  #threw(what: string, thrown: unknown): void {
    this.#broker.logger?.error(
      `millrace log: ${what} threw: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`,
    );
  }

  #failed(
    error: StreamsError,
    callbacks: readonly (AppendCallback | undefined)[] | undefined,
  ): void {
    this.#failure ??= error;
    // On a log that cannot be written, later records are refused one by one instead of piling up.
    if (error.code === 'LOG_READ_ONLY') this.#refusal = error;
    if (callbacks === undefined) return;
    for (const callback of callbacks) if (callback !== undefined) this.tell(callback, error, -1);
  }

  /** Forgets open batches; their records are told. */
  #discard(error: StreamsError): void {
    this.#turn?.cancel();
    this.#turn = undefined;
    const open = this.#open;
    this.#open = [];
    for (const batch of open) {
      const { callbacks } = batch;
      batch.callbacks = undefined;
      batch.builder.discard();
      if (callbacks !== undefined) this.#failed(error, callbacks);
    }
  }

  async #release(session: TransactionSession): Promise<void> {
    const { transactions, durability } = this.#broker;
    const wasOpen =
      session.state === 'open' && session.partitions.size > 0 && session.failure === undefined;
    if (this.#broker.closed) return;
    transactions.release(session);
    if (!wasOpen || durability.failure !== undefined) return;
    await new Promise<void>((resolve) => {
      durability.wait({ durable: () => resolve() });
      durability.syncNow();
    });
  }

  #initPlain(): void {
    this.#plain = { producerId: this.#broker.producerIds.next(), epoch: 0 };
  }

  #transaction(call: string): TransactionSession {
    this.#assertOpen();
    if (this.#session !== undefined) return this.#session;
    throw this.#options.transactionalId === undefined
      ? new StreamsError(
          'INVALID_TRANSACTION_STATE',
          `${call}() needs a transactional producer; give it a transactionalId.`,
        )
      : notInitialised(call);
  }

  #assertOpen(): void {
    this.#broker.assertOpen();
    if (this.#closed)
      throw new StreamsError('INVALID_STATE', 'The producer is closed; make a new one.');
  }
}

function notInitialised(call: string): StreamsError {
  return new StreamsError(
    'INVALID_STATE',
    `${call}() needs an initialised producer: await init() first.`,
  );
}

function checkNameLength(what: string, name: string | undefined): void {
  if (name === undefined || name.length <= NAME_LENGTH_MAX) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `A ${what} has at most ${NAME_LENGTH_MAX} characters; '${name.slice(0, 40)}...' has ${name.length}.`,
  );
}

function checkBatchBytes(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= 1) return bytes;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `batchBytes is ${bytes}, expected a whole number >= 1.`,
  );
}
