/**
 * The log as a user sees it: typed producers, consumers and an admin over any `LogClient`. Programs are written
 * against `Log`; whether it is a directory, memory or a cluster is decided by the call that opens it.
 */
import { resolve } from 'node:path';
import type { Env } from '../env/env.js';
import { systemEnv } from '../env/system-env.js';
import { StreamsError } from '../errors.js';
import { Serdes } from '../serde/serdes.js';
import type { Serde } from '../serde/serde.js';
import { checkConsumerOptions, checkProducerOptions } from './checked-options.js';
import type { LogClient } from './client.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import { memoryEngine, openEngine } from './engine/engine.js';
import { openJournalStorage } from './engine/journal-storage.js';
import type { RecoveryReport } from './engine/storage.js';
import {
  guardedLogger,
  memoryLogSettings,
  openLogSettings,
  type LogLogger,
  type MemoryLogOptions,
  type OpenLogOptions,
} from './log-options.js';
import type { Producer, ProducerOptions } from './producer.js';
import { TypedAdmin, type Admin } from './typed-admin.js';
import { TypedConsumer } from './typed-consumer.js';
import { TypedProducer } from './typed-producer.js';

/** A log that is open. Close it when done: `await using` does. */
export interface Log {
  /** Makes, lists and describes topics, groups and offsets. */
  admin(): Admin;
  /** A producer of typed records; without serdes keys and values are bytes. Lives until it or the log is closed. */
  producer<K = Uint8Array, V = Uint8Array>(options?: ProducerOptions<K, V>): Producer<K, V>;
  /** A consumer of typed records; without serdes keys and values are bytes. Lives until it or the log is closed. */
  consumer<K = Uint8Array, V = Uint8Array>(options?: ConsumerOptions<K, V>): Consumer<K, V>;
  /** Closes the producers and consumers that are still open, makes everything durable, and releases the directory. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  /** The port beneath, in bytes and batches: what the runtime works with. */
  readonly client: LogClient;
}

/**
 * Opens the durable log in a directory, or makes one. What was acknowledged is there again, whatever ended the process
 * before; what was half written is cut off, and transactions without an end are aborted. One process at a time.
 *
 * Throws `LOG_LOCKED` (names the holder), `LOG_CORRUPT` (names file and offset; nothing is skipped), `LOG_FORMAT_NEWER`,
 * `DIRECTORY_READ_ONLY`, `DISK_FULL`, `IO_FAILED`.
 *
 * @example
 * ```ts
 * import { openLog, Serdes } from 'millrace';
 *
 * await using log = await openLog('./data');
 * await log.admin().createTopics([{ topic: 'order', partitions: 3 }], { ifNotExists: true });
 * await log.producer({ value: Serdes.string() }).send({ topic: 'order', value: 'phone' });
 * ```
 */
export async function openLog(directory: string, options: OpenLogOptions = {}): Promise<Log> {
  const settings = openLogSettings(options);
  const { durability = 'fsync', env, codecs } = options;
  const told = guardedLogger(options.logger);
  if (typeof directory !== 'string' || directory === '')
    throw new StreamsError(
      'INVALID_ARGUMENT',
      "openLog needs the path of a directory, for example openLog('./data').",
    );
  const world = env ?? systemEnv();
  // A simulated disk is reached by calls in place; the real one by a thread of its own, so that nobody waits for it.
  const thread = env === undefined ? 'worker' : 'inline';
  // Files are opened as long as the log lives, and the working directory may be another one by then.
  const place = env === undefined ? resolve(directory) : directory;
  const engine = await openEngine({
    storage: openJournalStorage({
      directory: place,
      env: world,
      durability,
      thread,
      openFilesMax: settings.openFilesMax,
    }),
    env: world,
    features: { durable: true },
    settings,
    ...told,
    ...(codecs === undefined ? {} : { codecs }),
  });
  if (told.logger !== undefined) reportRecovery(directory, engine.recovery, told.logger);
  return new TypedLog(engine, world);
}

function reportRecovery(directory: string, recovery: RecoveryReport, logger: LogLogger): void {
  const { cleanShutdown, replayedEntries, replayedBytes, tornBytes } = recovery;
  if (!cleanShutdown)
    logger.info(
      `millrace log: ${directory} was not closed properly; replayed ${replayedEntries} entries (${replayedBytes} bytes).`,
    );
  if (tornBytes > 0)
    logger.warn(
      `millrace log: cut ${tornBytes} bytes that were half written at the end of ${directory}; nothing acknowledged was among them.`,
    );
}

/**
 * A log in the memory of this process, gone with it. The same code as the durable one.
 *
 * @example
 * ```ts
 * import { memoryLog, Serdes } from 'millrace';
 *
 * await using log = memoryLog();
 * await log.admin().createTopics([{ topic: 'order', partitions: 3 }]);
 * await log.producer({ key: Serdes.string(), value: Serdes.string() }).send({ topic: 'order', key: 'han', value: 'phone' });
 * ```
 */
export function memoryLog(options: MemoryLogOptions = {}): Log {
  const settings = memoryLogSettings(options);
  const { env = systemEnv(), logger, codecs } = options;
  const engine = memoryEngine({
    env,
    settings,
    ...guardedLogger(logger),
    ...(codecs === undefined ? {} : { codecs }),
  });
  return new TypedLog(engine, env);
}

interface Closable {
  close(): Promise<void>;
}

/** `Log` over any port. */
export class TypedLog implements Log {
  readonly client: LogClient;
  readonly #env: Env;
  readonly #consumers = new Set<Closable>();
  readonly #producers = new Set<Closable>();
  #closed: Promise<void> | undefined;

  constructor(client: LogClient, env: Env = systemEnv()) {
    this.client = client;
    this.#env = env;
  }

  admin(): Admin {
    return new TypedAdmin(this.client.admin());
  }

  producer<K = Uint8Array, V = Uint8Array>(options: ProducerOptions<K, V> = {}): Producer<K, V> {
    checkProducerOptions(options);
    const producer: Producer<K, V> = new TypedProducer<K, V>(
      this.client,
      this.#env,
      orBytes(options.key),
      orBytes(options.value),
      options,
      () => this.#producers.delete(producer),
    );
    this.#producers.add(producer);
    return producer;
  }

  consumer<K = Uint8Array, V = Uint8Array>(options: ConsumerOptions<K, V> = {}): Consumer<K, V> {
    checkConsumerOptions(options);
    const consumer: Consumer<K, V> = new TypedConsumer<K, V>(
      this.client,
      this.#env,
      orBytes(options.key),
      orBytes(options.value),
      options,
      () => this.#consumers.delete(consumer),
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // Consumers first: their last commits need the log. The first failure is reported, but nothing stays open for it.
    const results = await Promise.allSettled(
      [...this.#consumers, ...this.#producers].map((open) => open.close()),
    );
    await this.client.close();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/** Without a serde the type parameter is its default, bytes. */
function orBytes<T>(serde: Serde<T> | undefined): Serde<T> {
  return serde ?? (Serdes.bytes() as unknown as Serde<T>);
}
