/**
 * The log as a user sees it: typed producers, consumers and an admin over any `LogClient`. Programs are written
 * against `Log`; whether it is a directory, memory or a cluster is decided by the call that opens it.
 */
import type { Env } from '../env/env.js';
import { systemEnv } from '../env/system-env.js';
import { Serdes } from '../serde/serdes.js';
import type { Serde } from '../serde/serde.js';
import type { LogClient } from './client.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import { memoryEngine, type EngineLogger } from './engine/engine.js';
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

/** Where the log tells what an operator should know (what recovery did, for example). `console` fits. */
export type LogLogger = EngineLogger;

export interface MemoryLogOptions {
  readonly logger?: LogLogger;
  /** Clock, timers and randomness; tests pass a simulated one. Default: this machine's. */
  readonly env?: Env;
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
  const { env = systemEnv(), logger } = options;
  return new TypedLog(memoryEngine({ env, ...(logger === undefined ? {} : { logger }) }), env);
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
