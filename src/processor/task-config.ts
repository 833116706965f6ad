/** The part of the application's configuration that one task needs, parsed and frozen by whoever makes tasks. */
import type { StreamsError } from '../errors.js';
import type { DroppedRecord } from './dropped-record.js';
import type { ErrorPolicy } from './error-policy.js';
import { failOnInvalidTimestamp, type TimestampExtractor } from './timestamp-extractor.js';

/** What a task has to say that is not an error: skipped records, late closes. */
export interface TaskLogger {
  warn(message: string, error?: StreamsError | Error): void;
}

export interface TaskConfig {
  /** For sources without an extractor of their own. */
  readonly timestamps: TimestampExtractor;
  readonly onDeserializeError: ErrorPolicy;
  readonly onProcessError: ErrorPolicy;
  /** Record cache of this task in bytes; 0: no cache layer, every update is logged and forwarded at once. */
  readonly cacheMaxBytes: number;
  /** How long a promise of user code may take. */
  readonly parkTimeoutMs: number;
  /** Kafka's `max.task.idle.ms`; -1: never wait for a partition. */
  readonly maxTaskIdleMs: number;
  readonly logger?: TaskLogger;
  /** Told of every record that is left out. */
  readonly onDropped?: (dropped: DroppedRecord) => void;
}

/** Kafka's defaults, with the record cache off. */
export const DEFAULT_TASK_CONFIG: TaskConfig = Object.freeze({
  timestamps: failOnInvalidTimestamp,
  onDeserializeError: 'fail',
  onProcessError: 'fail',
  cacheMaxBytes: 0,
  parkTimeoutMs: 300_000,
  maxTaskIdleMs: 0,
});
