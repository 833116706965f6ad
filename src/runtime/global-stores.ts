/**
 * The global tables of this instance: every partition of their topics is read completely before the first task
 * starts, then kept up. A poll of its own is always under way; what it brings waits until the loop takes it
 * (`applyNews`), so that stores change only between slices. Reads committed records, commits no offsets: the next
 * start reads from the beginning.
 */
import { StreamsError } from '../errors.js';
import type { FetchedRecords, LogConsumer, TopicPartition } from '../log/client.js';
import { GlobalTask } from '../processor/global-task.js';
import type { StateStore } from '../state/store.js';
import type { StreamsConfig } from './config.js';
import type { PlannedSubtopology } from './topic-plan.js';

const POLL_MS = 1000;
const STALL_MS_MAX = 60_000;
const SLICE_MS = 10;

export interface GlobalStoresParts {
  readonly config: StreamsConfig;
  readonly subtopologies: readonly PlannedSubtopology[];
  /** Something waits for `applyNews`. */
  onNews(): void;
}

export class GlobalStores {
  readonly #parts: GlobalStoresParts;
  readonly #task: GlobalTask;
  readonly #consumer: LogConsumer | undefined;
  readonly #partitions: readonly TopicPartition[];
  #news: readonly FetchedRecords[] = [];
  #failure: unknown;
  #applied: (() => void) | undefined;
  #following: Promise<void> | undefined;
  #closed = false;

  constructor(parts: GlobalStoresParts) {
    this.#parts = parts;
    const { config, subtopologies } = parts;
    this.#task = new GlobalTask({
      applicationId: config.applicationId,
      subtopologies: subtopologies.map((subtopology) => subtopology.definition),
      clock: config.env.clock,
      config: config.task,
    });
    this.#partitions = subtopologies.flatMap(({ sources }) =>
      sources.flatMap(({ topic, partitions }) =>
        Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
      ),
    );
    if (this.#partitions.length > 0)
      this.#consumer = config.client.consumer({
        isolation: 'read_committed',
        offsetReset: 'earliest',
      });
  }

  get stores(): ReadonlyMap<string, StateStore> {
    return this.#task.stores;
  }

  get droppedRecords(): number {
    return this.#task.metrics.droppedRecords;
  }

  /** Reads every partition to its end as of now, then follows in the background. */
  async bootstrap(stopping: () => boolean): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === undefined) return;
    const { clock, timers } = this.#parts.config.env;
    consumer.assign(this.#partitions);
    const remaining = await this.#ends(consumer);
    let progressAt = clock.monotonic();
    let yieldedAt = progressAt;
    while (remaining.size > 0) {
      if (stopping())
        throw new StreamsError(
          'INVALID_STATE',
          'The application was closed while it read its global tables.',
        );
      const fetched = await consumer.poll(POLL_MS);
      for (const records of fetched) {
        this.#task.addRecords(records);
        const name = `${records.topic}-${records.partition}`;
        if (records.nextOffset >= (remaining.get(name) ?? 0)) remaining.delete(name);
      }
      const now = clock.monotonic();
      if (fetched.length > 0) progressAt = now;
      else if (now - progressAt > STALL_MS_MAX) throw stalled(remaining);
      if (now - yieldedAt < SLICE_MS) continue;
      await timers.yield();
      yieldedAt = now;
    }
    this.#following = this.#follow(consumer);
  }

  /** Nothing can be caught up any more: what failed is not read again before the next start. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Brings the stores up to what has been read meanwhile. Throws what reading or a processor threw. */
  applyNews(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#news.length === 0) return;
    const news = this.#news;
    this.#news = [];
    try {
      for (const records of news) this.#task.addRecords(records);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#applied?.();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#consumer?.wakeup();
    this.#applied?.();
    await this.#following;
    await this.#consumer?.close();
    this.#task.close();
  }

  async #ends(consumer: LogConsumer): Promise<Map<string, number>> {
    const admin = this.#parts.config.client.admin();
    const remaining = new Map<string, number>();
    for (const topic of new Set(this.#partitions.map((partition) => partition.topic))) {
      for (const { partition, offset } of await admin.listOffsets(topic, 'latest', {
        isolation: 'read_committed',
      })) {
        if ((await consumer.position({ topic, partition })) < offset)
          remaining.set(`${topic}-${partition}`, offset);
      }
    }
    return remaining;
  }

  async #follow(consumer: LogConsumer): Promise<void> {
    try {
      while (!this.#closed) {
        const fetched = await consumer.poll(POLL_MS);
        if (fetched.length === 0 || this.#closed) continue;
        this.#news = fetched;
        this.#parts.onNews();
        // One batch waits at a time: the loop sets the pace.
        await new Promise<void>((resolve) => {
          this.#applied = resolve;
        });
        this.#applied = undefined;
      }
    } catch (error) {
      this.#failure = error;
      this.#parts.onNews();
    }
  }
}

function stalled(remaining: ReadonlyMap<string, number>): StreamsError {
  const [[partition, end] = ['', 0]] = remaining;
  return new StreamsError(
    'RESTORE_FAILED',
    `A global table could not be read: ${partition} delivered nothing for ${STALL_MS_MAX / 1000} s before its end offset ${end}.`,
  );
}
