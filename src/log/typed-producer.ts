/**
 * The producer over any log: encodes with the serdes, chooses the partition as Java does, and gives every send its
 * offset. Sends of one turn of the event loop share batches and one flush. Encoded bytes are taken by the log before
 * a send returns its promise; records of one caller keep their order.
 */
import type { Env } from '../env/env.js';
import { StreamsError } from '../errors.js';
import { GrowableByteWriter } from '../serde/byte-writer.js';
import { serializeTo } from '../serde/define-serde.js';
import type { Serde } from '../serde/serde.js';
import { reason } from '../serde/serde-errors.js';
import type {
  AppendCallback,
  LogClient,
  LogProducer,
  RecordHeader,
  TopicWriter,
  TransactionOutcome,
} from './client.js';
import { partitionForKey } from './murmur2.js';
import type {
  BatchRecord,
  Producer,
  ProducerOptions,
  ProducerRecord,
  SentRecord,
  Transaction,
} from './producer.js';
import { OpenTransaction, transactionStateError } from './open-transaction.js';
import { noBatch, noTopic, noValue } from './refused-record.js';
import { withTopicHint } from './unknown-topic.js';

/** Bytes that may wait for the device before sends wait too. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
const NO_HEADERS: readonly RecordHeader[] = [];
const NULL = -1;

/** A topic being written, and the partition that keyless records stick to for now. */
interface Target {
  readonly writer: TopicWriter;
  sticky: number;
  /** Single sends of this turn went there: the next turn goes on to the next partition. */
  usedThisTurn: boolean;
}

/** Ends of the encoded key and value of one record in the shared buffer, `NULL` for null. */
interface Encoded {
  keyEnd: number;
  valueEnd: number;
}

export class TypedProducer<K, V> implements Producer<K, V> {
  readonly #client: LogClient;
  readonly #env: Env;
  readonly #producer: LogProducer;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #transactional: boolean;
  /** Parts without a serde of their own: they are bytes. */
  readonly #withoutSerde: ReadonlySet<'key' | 'value'>;
  readonly #onClose: () => void;
  readonly #bytes = new GrowableByteWriter(4096);
  readonly #targets = new Map<string, Target>();
  #initialized: Promise<void> | undefined;
  #ready = false;
  /** Sends that wait for `init` or for room; while there are any, later ones queue up behind them. */
  #waiting = 0;
  #gate: Promise<void> = Promise.resolve();
  readonly #opening = () => this.#open();
  #sealScheduled = false;
  #transaction: OpenTransaction<K, V> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    client: LogClient,
    env: Env,
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    options: ProducerOptions<K, V>,
    onClose: () => void,
  ) {
    this.#client = client;
    this.#env = env;
    this.#keySerde = keySerde;
    this.#valueSerde = valueSerde;
    this.#transactional = options.transactionalId !== undefined;
    this.#withoutSerde = new Set(
      (['key', 'value'] as const).filter((part) => options[part] === undefined),
    );
    this.#onClose = onClose;
    this.#producer = client.producer({
      ...(options.transactionalId === undefined
        ? {}
        : { transactionalId: options.transactionalId }),
      ...(options.transactionTimeoutMs === undefined
        ? {}
        : { transactionTimeoutMs: options.transactionTimeoutMs }),
      ...(options.batchBytes === undefined ? {} : { batchBytes: options.batchBytes }),
      ...(options.compression === undefined ? {} : { compression: options.compression }),
      ...(options.compressionLevel === undefined
        ? {}
        : { compressionLevel: options.compressionLevel }),
      ...(options.clientId === undefined ? {} : { clientId: options.clientId }),
    });
  }

  send(record: ProducerRecord<K, V>): Promise<SentRecord> {
    return this.#outsideTransaction() ?? this.sendNow(record);
  }

  sendBatch(topic: string, records: readonly BatchRecord<K, V>[]): Promise<SentRecord[]> {
    return this.#outsideTransaction() ?? this.sendBatchNow(topic, records);
  }

  async transaction<R>(run: (transaction: Transaction<K, V>) => Promise<R> | R): Promise<R> {
    if (!this.#transactional)
      throw transactionStateError(
        "A transaction needs a producer with a transactionalId: log.producer({ ..., transactionalId: 'my-id' }).",
      );
    if (this.#transaction !== undefined)
      throw transactionStateError(
        'This producer has an open transaction. Wait for it, or use another producer with its own transactionalId.',
      );
    const transaction = new OpenTransaction<K, V>(this, this.#producer);
    this.#transaction = transaction;
    try {
      await this.#init();
      this.#producer.begin();
      return await this.#runTransaction(transaction, run);
    } finally {
      transaction.end();
      this.#transaction = undefined;
    }
  }

  async flush(): Promise<void> {
    if (this.#waiting > 0) await this.#gate;
    if (this.#ready) await this.#producer.flush();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal `send` without the check for a transaction. */
  sendNow(record: ProducerRecord<K, V>): Promise<SentRecord> {
    return this.#passes() ? this.#append(record) : this.#afterGate(() => this.#append(record));
  }

  /** @internal */
  sendBatchNow(topic: string, records: readonly BatchRecord<K, V>[]): Promise<SentRecord[]> {
    return this.#passes()
      ? this.#appendBatch(topic, records)
      : this.#afterGate(() => this.#appendBatch(topic, records));
  }

  async #runTransaction<R>(
    transaction: OpenTransaction<K, V>,
    run: (transaction: Transaction<K, V>) => Promise<R> | R,
  ): Promise<R> {
    let result: R;
    let outcome: TransactionOutcome;
    try {
      result = await run(transaction);
      transaction.end();
      await this.flush(); // A send that nobody waited for must not be missing from what is committed.
      outcome = await this.#producer.commit();
    } catch (error) {
      // When even the abort fails (fenced, log closed), what came first says more; the log aborts by itself.
      await this.#producer.abort().catch(() => undefined);
      throw error;
    }
    if (outcome.outcome !== 'committed') throw outcome.error;
    return result;
  }

  /** A rejection when the call is not allowed now, else undefined. */
  #outsideTransaction(): Promise<never> | undefined {
    if (this.#closed !== undefined)
      return Promise.reject(
        new StreamsError('INVALID_STATE', 'The producer is closed; make a new one.'),
      );
    if (!this.#transactional) return undefined;
    return Promise.reject(
      transactionStateError(
        'A transactional producer sends inside a transaction only: await producer.transaction(async (tx) => { await tx.send(...); }).',
      ),
    );
  }

  #passes(): boolean {
    return this.#ready && this.#waiting === 0 && this.#hasRoom;
  }

  get #hasRoom(): boolean {
    return this.#producer.pendingBytes < PENDING_BYTES_MAX && this.#producer.throttleMs === 0;
  }

  /** Runs `action` after everything that waits already, once the producer is ready and has room. */
  #afterGate<R>(action: () => Promise<R>): Promise<R> {
    // One after the other, because each one takes room from those behind it.
    this.#gate =
      this.#waiting++ === 0 ? this.#open() : this.#gate.then(this.#opening, this.#opening);
    return this.#gate.then(
      () => {
        this.#waiting--;
        return action();
      },
      (error: unknown) => {
        this.#waiting--;
        throw error;
      },
    );
  }

  /** Resolves when the next send may go. */
  async #open(): Promise<void> {
    if (!this.#ready) await this.#init();
    // What cannot be made durable is reported by the sends it belongs to.
    if (this.#producer.pendingBytes >= PENDING_BYTES_MAX)
      await this.#producer.flush().catch(() => undefined);
    for (;;) {
      const ms = this.#producer.throttleMs;
      if (ms === 0) return;
      await new Promise<void>((resolve) => void this.#env.timers.after(ms, resolve));
    }
  }

  #init(): Promise<void> {
    this.#initialized ??= this.#initOnce();
    return this.#initialized;
  }

  async #initOnce(): Promise<void> {
    try {
      await this.#producer.init();
      this.#ready = true;
    } catch (error) {
      this.#initialized = undefined; // The next call tries again.
      throw error;
    }
  }

  #append(record: ProducerRecord<K, V>): Promise<SentRecord> {
    if (typeof record?.topic !== 'string') return Promise.reject(noTopic(record));
    return new Promise<SentRecord>((resolve, reject) => {
      try {
        const target = this.#target(record.topic);
        this.#bytes.reset();
        const encoded = this.#encode(record.topic, record);
        const partition = this.#partition(target, record, 0, encoded.keyEnd);
        target.usedThisTurn = true;
        this.#write(target, partition, record, 0, encoded, (error, offset) =>
          error === undefined ? resolve({ partition, offset }) : reject(error),
        );
        this.#scheduleSeal();
      } catch (error) {
        this.#failed(record.topic, error, reject);
      }
    });
  }

  #appendBatch(topic: string, records: readonly BatchRecord<K, V>[]): Promise<SentRecord[]> {
    if (typeof topic !== 'string' || !Array.isArray(records)) return Promise.reject(noBatch());
    if (records.length === 0) return Promise.resolve([]);
    return new Promise<SentRecord[]>((resolve, reject) => {
      try {
        const target = this.#target(topic);
        this.#bytes.reset();
        // All are encoded before the first is handed over, so that one bad record sends none.
        const encoded = records.map((record) => this.#encode(topic, record));
        const sent: SentRecord[] = Array.from({ length: records.length });
        let missing = records.length;
        let start = 0;
        records.forEach((record, i) => {
          const ends = encoded[i]!;
          const partition = this.#partition(target, record, start, ends.keyEnd);
          this.#write(target, partition, record, start, ends, (error, offset) => {
            if (error !== undefined) return reject(error);
            sent[i] = { partition, offset };
            if (--missing === 0) resolve(sent);
          });
          start = Math.max(start, ends.keyEnd, ends.valueEnd);
        });
        rotate(target);
        this.#scheduleSeal();
      } catch (error) {
        this.#scheduleSeal(); // Records before a refused one may have been handed over.
        this.#failed(topic, error, reject);
      }
    });
  }

  /** Encodes behind what is in the buffer already. */
  #encode(topic: string, record: BatchRecord<K, V>): Encoded {
    if (record?.value === undefined) throw noValue(record, topic);
    const keyEnd = this.#encodePart(topic, 'key', record.key ?? null, this.#keySerde);
    const valueEnd = this.#encodePart(topic, 'value', record.value, this.#valueSerde);
    return { keyEnd, valueEnd };
  }

  #encodePart<T>(topic: string, part: 'key' | 'value', value: T | null, serde: Serde<T>): number {
    if (value === null) return NULL;
    try {
      serializeTo(serde, value, topic, this.#bytes);
    } catch (cause) {
      const why = this.#withoutSerde.has(part)
        ? `is not bytes, and the producer has no \`${part}\` serde. Give it one: log.producer({ ${part}: Serdes.string() }).`
        : `cannot be written by the serde '${serde.name ?? 'custom'}': ${reason(cause)}`;
      throw new StreamsError(
        'SERIALIZE_FAILED',
        `The ${part} of a record for topic '${topic}' ${why}`,
        { topic, cause },
      );
    }
    return this.#bytes.length;
  }

  #partition(target: Target, record: BatchRecord<K, V>, start: number, keyEnd: number): number {
    if (record.partition !== undefined) return record.partition;
    return keyEnd === NULL
      ? target.sticky
      : partitionForKey(this.#bytes.buffer, start, keyEnd, target.writer.partitions);
  }

  #write(
    target: Target,
    partition: number,
    record: BatchRecord<K, V>,
    start: number,
    { keyEnd, valueEnd }: Encoded,
    acknowledged: AppendCallback,
  ): void {
    const { buffer } = this.#bytes;
    const valueStart = keyEnd === NULL ? start : keyEnd;
    target.writer.append(
      partition,
      record.timestamp ?? this.#env.clock.now(),
      keyEnd === NULL ? null : buffer,
      start,
      keyEnd === NULL ? start : keyEnd,
      valueEnd === NULL ? null : buffer,
      valueStart,
      valueEnd === NULL ? valueStart : valueEnd,
      record.headers ?? NO_HEADERS,
      acknowledged,
    );
  }

  #target(topic: string): Target {
    const known = this.#targets.get(topic);
    if (known !== undefined) return known;
    const writer = this.#producer.topic(topic);
    const sticky = this.#env.random.uint32() % writer.partitions;
    const target = { writer, sticky, usedThisTurn: false };
    this.#targets.set(topic, target);
    return target;
  }

  #failed(topic: string, error: unknown, reject: (error: unknown) => void): void {
    if (error instanceof StreamsError && error.code === 'UNKNOWN_TOPIC')
      this.#targets.delete(topic); // It may be made anew.
    void withTopicHint(this.#client.admin(), topic, error).then(reject);
  }

  /** Hands over all sends of this turn together: they share batches and one fdatasync. */
  #scheduleSeal(): void {
    if (this.#sealScheduled) return;
    this.#sealScheduled = true;
    this.#env.timers.immediate(() => {
      this.#sealScheduled = false;
      for (const target of this.#targets.values()) if (target.usedThisTurn) rotate(target);
      this.#producer.seal();
    });
  }

  async #close(): Promise<void> {
    try {
      await this.#gate.catch(() => undefined);
      await this.#producer.close();
    } finally {
      this.#onClose();
    }
  }
}

/** Records without a key go to the next partition from here on. */
function rotate(target: Target): void {
  target.sticky = (target.sticky + 1) % target.writer.partitions;
  target.usedThisTurn = false;
}
