/** What a task is made with, and what it counts. */
import type { Clock } from '../env/env.js';
import type { StateStore } from '../state/store.js';
import type { RecordCollector } from './collector.js';
import type { StoreDefinition, Subtopology } from './node-definition.js';
import type { TaskConfig } from './task-config.js';

export interface StreamTaskOptions {
  /** `<sub-topology>_<partition>`. */
  readonly id: string;
  readonly partition: number;
  readonly applicationId: string;
  /** One; the test driver gives all that are not global. */
  readonly subtopologies: readonly Subtopology[];
  /** Adds the application id to internal topics; user topics stay as they are. */
  topicName(name: string): string;
  /** The topic a store is restored from, and logged to unless it is a source topic; `undefined`: logging is off. */
  changelogTopic(store: StoreDefinition): string | undefined;
  readonly collector: RecordCollector;
  readonly globalStores: ReadonlyMap<string, StateStore>;
  readonly clock: Clock;
  readonly config: TaskConfig;
  /** Called when a parked task can be driven again: call `process`. */
  onReady(): void;
}

/** Counted since the task was made; the task counts, others read. */
export interface TaskMetrics {
  processedRecords: number;
  droppedRecords: number;
  punctuations: number;
}
