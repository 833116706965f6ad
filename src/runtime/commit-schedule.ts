/**
 * When to commit. With a `commitInterval` it is Kafka's rule. Without one: whenever no input waits (from start to
 * start not sooner than 3 ms and 1.25 times the duration of the last commit), and at least every 100 ms under load
 * that never pauses. In both cases early when a processor asked for it or when too much is uncommitted. Intervals
 * are measured on the monotonic clock: a wall clock that jumps changes nothing.
 */
import type { Clock } from '../env/env.js';
import type { LogProducer, PartitionOffsetAndMetadata } from '../log/client.js';
import type { StreamsConfig } from './config.js';
import type { TaskManager } from './task-manager.js';

const SPACING_MS_MIN = 3;
/**
 * Of the duration of the last commit. Committing costs waiting, not work, and nothing else waits: a larger factor
 * only adds to the latency of what arrives meanwhile, and one slow flush of the device would hold up several commits.
 */
const SPACING_COMMITS = 1.25;
/** Without `commitInterval`, under load that never pauses. */
const BUSY_INTERVAL_MS = 100;

export interface CommitInfo {
  /** Input offsets the commit covers. */
  readonly offsets: readonly PartitionOffsetAndMetadata[];
  readonly durationMs: number;
}

export class CommitSchedule {
  readonly #intervalMs: number | undefined;
  readonly #uncommittedMaxBytes: number;
  readonly #clock: Clock;
  #lastAt: number;
  #spacingMs = SPACING_MS_MIN;

  constructor(config: StreamsConfig, clock: Clock) {
    this.#intervalMs =
      config.commitIntervalMs ??
      (config.client.features.commitWhenIdle ? undefined : BUSY_INTERVAL_MS);
    this.#uncommittedMaxBytes = config.uncommittedMaxBytes;
    this.#clock = clock;
    this.#lastAt = clock.monotonic();
  }

  isDue(tasks: TaskManager, producer: LogProducer, idle: boolean): boolean {
    return tasks.commitNeeded && !tasks.blocksCommit && this.#isTime(tasks, producer, idle);
  }

  /** It would be time, but a task blocks it. */
  isOverdue(tasks: TaskManager, producer: LogProducer): boolean {
    return tasks.blocksCommit && this.#isTime(tasks, producer, false);
  }

  #isTime(tasks: TaskManager, producer: LogProducer, idle: boolean): boolean {
    const elapsed = this.#clock.monotonic() - this.#lastAt;
    if (tasks.commitRequested && elapsed >= this.#spacingMs) return true;
    if (elapsed >= this.#busyIntervalMs(idle)) return true;
    return producer.pendingBytes + tasks.uncommittedBytes > this.#uncommittedMaxBytes;
  }

  /** Twice as much is uncommitted as should be: no more input is taken until a commit is possible. */
  isFull(tasks: TaskManager): boolean {
    return tasks.uncommittedBytes > 2 * this.#uncommittedMaxBytes;
  }

  /** How long an idle loop may wait for input before a commit is due. */
  untilDueMs(tasks: TaskManager): number {
    if (!tasks.commitNeeded || tasks.blocksCommit) return Infinity;
    const elapsed = this.#clock.monotonic() - this.#lastAt;
    return Math.max(1, Math.ceil(this.#busyIntervalMs(true) - elapsed));
  }

  committed(startedAt: number, offsets: readonly PartitionOffsetAndMetadata[]): CommitInfo {
    const durationMs = this.#clock.monotonic() - startedAt;
    this.#lastAt = startedAt;
    this.#spacingMs = Math.max(SPACING_MS_MIN, SPACING_COMMITS * durationMs);
    return { offsets, durationMs };
  }

  #busyIntervalMs(idle: boolean): number {
    return (
      this.#intervalMs ?? (idle ? this.#spacingMs : Math.max(BUSY_INTERVAL_MS, this.#spacingMs))
    );
  }
}
