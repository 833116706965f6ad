/**
 * The bundled log in this process: the ports of `client.ts` over a broker and its storage. It keeps track of what
 * was handed out, so that closing the log ends it in order: producers first, then consumers, then the storage.
 */
import type { Env } from '../../env/env.js';
import type {
  CustomCodecs,
  LogClient,
  LogConsumerOptions,
  LogFeatures,
  LogProducerOptions,
} from '../client.js';
import { EngineAdmin } from './admin.js';
import { Broker } from './broker.js';
import { EngineConsumer } from './consumer.js';
import type { EngineLogger, EngineOptions, EngineSettings } from './engine-options.js';
import { MemoryStorage } from './memory-storage.js';
import { EngineProducer } from './producer.js';
import type { RecoveryReport } from './storage.js';

export type { EngineLogger, EngineOptions } from './engine-options.js';

/** Recovers what the storage holds; when it resolves, unfinished transactions are durably aborted. Rejects with what the storage found. */
export async function openEngine(options: EngineOptions): Promise<LogEngine> {
  try {
    const engine = new LogEngine(options);
    await engine.recovered();
    return engine;
  } catch (error) {
    // The directory must be free for the next attempt; why the first one failed says more than how its end did.
    await options.storage.close().catch(() => undefined);
    throw error;
  }
}

/** A log that lives as long as the process, usable at once. */
export function memoryEngine(options: {
  readonly env: Env;
  readonly logger?: EngineLogger;
  readonly settings?: EngineSettings;
  readonly codecs?: CustomCodecs;
}): LogEngine {
  const storage = new MemoryStorage(options.settings?.memoryBytesMax);
  return new LogEngine({ ...options, storage, features: { durable: false } });
}

export class LogEngine implements LogClient {
  readonly features: LogFeatures;
  /** The log without the ports: batch-shaped, as an endpoint for Kafka's protocol needs it. */
  readonly broker: Broker;
  readonly #producers = new Set<EngineProducer>();
  readonly #consumers = new Set<EngineConsumer>();
  #closing: Promise<void> | undefined;

  /** Use `openEngine` or `memoryEngine`. */
  constructor(options: EngineOptions) {
    this.features = { readThrough: true, commitWhenIdle: true, durable: options.features.durable };
    this.broker = new Broker(options);
  }

  get recovery(): RecoveryReport {
    return this.broker.recovery;
  }

  /** Resolves when the markers of recovery are durable. */
  recovered(): Promise<void> {
    const { durability } = this.broker;
    if (durability.idle) return Promise.resolve();
    return new Promise((resolve, reject) => {
      durability.wait({ durable: (error) => (error === undefined ? resolve() : reject(error)) });
      durability.syncNow();
    });
  }

  admin(): EngineAdmin {
    this.broker.assertOpen();
    return new EngineAdmin(this.broker);
  }

  consumer(options: LogConsumerOptions = {}): EngineConsumer {
    this.broker.assertOpen();
    const consumer = new EngineConsumer(this.broker, options, (closed) =>
      this.#consumers.delete(closed),
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  producer(options: LogProducerOptions = {}): EngineProducer {
    this.broker.assertOpen();
    const producer = new EngineProducer(this.broker, options, (closed) =>
      this.#producers.delete(closed),
    );
    this.#producers.add(producer);
    return producer;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // A producer whose last records cannot be written has told its callbacks; the log is closed all the same.
    await Promise.allSettled([...this.#producers].map((producer) => producer.close()));
    for (const consumer of this.#consumers) consumer.stop();
    this.#consumers.clear();
    await this.recovered().catch(() => undefined);
    await this.broker.close();
  }
}
