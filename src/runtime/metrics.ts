/** Counters of one application. Reading them costs a walk over the tasks; keeping them costs nothing per record. */
import type { Clock } from '../env/env.js';
import type { KafkaStreamsState } from './app-state.js';
import type { Assembly } from './assembly.js';
import type { CommitInfo } from './commit-schedule.js';

export interface TaskMetrics {
  readonly task: string;
  readonly processedRecords: number;
  /** Left out: late, without key, undecodable under a policy that goes on, ... */
  readonly droppedRecords: number;
  readonly parked: boolean;
}

export interface ApplicationMetrics {
  readonly state: KafkaStreamsState;
  readonly uptimeMs: number;
  readonly processedRecords: number;
  readonly droppedRecords: number;
  readonly commits: number;
  readonly commitMsAverage: number;
  readonly commitMsMax: number;
  /** Errors that no policy took. */
  readonly failures: number;
  /** Records read and not yet fetched, over all source partitions, as of the last fetches. */
  readonly lag: number;
  readonly tasks: readonly TaskMetrics[];
}

export class MetricsCollector {
  readonly #clock: Clock;
  readonly #startedAt: number;
  #commits = 0;
  #commitMs = 0;
  #commitMsMax = 0;
  #failures = 0;
  /** Of tasks that were closed when the topics changed. */
  #processedBefore = 0;
  #droppedBefore = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
  }

  committed(info: CommitInfo): void {
    this.#commits++;
    this.#commitMs += info.durationMs;
    this.#commitMsMax = Math.max(this.#commitMsMax, info.durationMs);
  }

  failed(): void {
    this.#failures++;
  }

  /** The tasks go, and others come in their place. */
  retired({ tasks: { tasks }, globals }: Assembly): void {
    this.#droppedBefore += globals.droppedRecords;
    for (const { metrics } of tasks) {
      this.#processedBefore += metrics.processedRecords;
      this.#droppedBefore += metrics.droppedRecords;
    }
  }

  read(state: KafkaStreamsState, assembly: Assembly | undefined): ApplicationMetrics {
    const tasks = (assembly?.tasks.tasks ?? []).map((task) => ({
      task: task.id,
      processedRecords: task.metrics.processedRecords,
      droppedRecords: task.metrics.droppedRecords,
      parked: task.parked,
    }));
    return {
      state,
      uptimeMs: this.#clock.monotonic() - this.#startedAt,
      processedRecords: tasks.reduce(
        (sum, task) => sum + task.processedRecords,
        this.#processedBefore,
      ),
      droppedRecords: tasks.reduce(
        (sum, task) => sum + task.droppedRecords,
        this.#droppedBefore + (assembly?.globals.droppedRecords ?? 0),
      ),
      commits: this.#commits,
      commitMsAverage: this.#commits === 0 ? 0 : this.#commitMs / this.#commits,
      commitMsMax: this.#commitMsMax,
      failures: this.#failures,
      lag: (assembly?.intake.lanes ?? []).reduce(
        (sum, lane) => sum + Math.max(0, lane.endOffset - lane.position),
        0,
      ),
      tasks,
    };
  }
}
