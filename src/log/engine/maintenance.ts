/**
 * What the log does for itself while it is open: retention, and forgetting producers and transactional ids that
 * nobody used for long. It looks at a bounded number of partitions per turn of the host's loop, on background
 * timers (a process may end without it), and a failure is told and tried again at the next check: nothing that
 * happens here ends a process. The cleaner of compacted topics has a schedule of its own.
 *
 * The first check comes at once after the log was opened and takes the topics that were there, so that a process
 * that opens the log now and then and never stays keeps its disk in bounds too.
 */
import type { Env, Timer } from '../../env/env.js';
import type { Durability } from './durability.js';
import type { EngineLogger } from './engine-options.js';
import type { Partition } from './partition.js';
import { BelievedClock, Retention } from './retention.js';
import type { Topic, Topics } from './topics.js';
import type { Transactions } from './transactions.js';

/** Partitions that one turn looks at. */
const SLICE = 128;
/** Between two slices the host does its own work. */
const SLICE_DELAY_MS = 1;
/** Kafka's producer.id.expiration.ms. */
export const PRODUCER_ID_EXPIRATION_MS = 86_400_000;
/** Kafka's transactional.id.expiration.ms. */
export const TRANSACTIONAL_ID_EXPIRATION_MS = 7 * 86_400_000;

export interface MaintenanceParts {
  readonly env: Env;
  readonly logger: EngineLogger | undefined;
  readonly topics: Topics;
  readonly durability: Durability;
  readonly transactions: Transactions;
  readonly checkMs: number;
  /** Raises the log start, in the journal and in memory. */
  raiseStart(partition: Partition, offset: number): void;
}

export class Maintenance {
  readonly #parts: MaintenanceParts;
  readonly #retention = new Retention();
  readonly #clock: BelievedClock;
  /** Where the check under way goes on. */
  #walk: Iterator<Looked> | undefined;
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    this.#clock = new BelievedClock(parts.env.clock, (message) => parts.logger?.warn(message));
  }

  start(): void {
    const found = [...this.#parts.topics.all()];
    if (found.length === 0) this.#after(this.#parts.checkMs);
    else {
      this.#walk = looks(found);
      this.#after(SLICE_DELAY_MS);
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #after(delayMs: number): void {
    if (this.#closed) return;
    this.#timer = this.#parts.env.timers.after(delayMs, () => this.#run(), { background: true });
  }

  #run(): void {
    if (this.#closed) return;
    // A log that cannot be written keeps what it has.
    if (this.#parts.durability.failure !== undefined) return;
    let done = true;
    try {
      done = this.#slice();
    } catch (error) {
      this.#walk = undefined;
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#parts.logger?.warn(`millrace log: retention failed, it is tried again later: ${why}`);
    }
    this.#after(done ? this.#parts.checkMs : SLICE_DELAY_MS);
  }

  /** True when the check is complete. */
  #slice(): boolean {
    this.#walk ??= looks(this.#parts.topics.all());
    const now = this.#clock.now();
    let raised = false;
    for (let looked = 0; looked < SLICE; looked++) {
      const next = this.#walk.next();
      if (next.done === true) {
        this.#walk = undefined;
        this.#parts.transactions.forgetIds(now - TRANSACTIONAL_ID_EXPIRATION_MS, now);
        break;
      }
      if (this.#check(next.value, now)) raised = true;
    }
    // Nobody waits for it, but files go only when it is durable.
    if (raised) this.#parts.durability.syncNow();
    return this.#walk === undefined;
  }

  #check({ topic, partition }: Looked, now: number): boolean {
    if (topic.deleted) return false;
    partition.forgetProducers(now - PRODUCER_ID_EXPIRATION_MS, now);
    const start = this.#retention.startAfter(partition, topic.settings, now);
    if (start <= partition.startOffset) return false;
    const segments = partition.storage.segments();
    // The active segment can only go when it is not the active one any more.
    if (start === segments.at(-1)?.endOffset) partition.storage.roll();
    this.#parts.raiseStart(partition, start);
    this.#parts.logger?.info(
      `millrace log: retention deleted ${topic.name}-${partition.partition} up to offset ${start}.`,
    );
    return true;
  }
}

interface Looked {
  readonly topic: Topic;
  readonly partition: Partition;
}

function* looks(topics: Iterable<Topic>): Generator<Looked, undefined> {
  for (const topic of topics) for (const partition of topic.partitions) yield { topic, partition };
}
