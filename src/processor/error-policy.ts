/**
 * What happens to a record that cannot be decoded, processed or produced: fail the task, drop it, or drop it and
 * keep a copy in a dead letter topic. One shape for all three places, plus a function that decides case by case.
 */
import type { StreamsError } from '../errors.js';
import type { RecordHeader } from './record.js';

/** Made by `deadLetter(topic)`. */
export interface DeadLetter {
  readonly deadLetter: string;
}

/** The record an error is about, as it stands in its source topic. Bytes belong to the log: copy what you keep. */
export interface FailedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

export type ErrorDecision = 'fail' | 'continue' | DeadLetter;

/** `fail` stops the application (default), `continue` drops the record and counts it as dropped. */
export type ErrorPolicy =
  | ErrorDecision
  | ((error: StreamsError, record: FailedRecord | undefined) => ErrorDecision);

/**
 * Drops the record and writes its source key, value, headers and timestamp to `topic`, with Kafka's headers
 * `__streams.errors.exception`, `.message`, `.stacktrace`, `.topic`, `.partition` and `.offset` (KIP-1034).
 *
 * @example
 * const app = new KafkaStreams(topology, { applicationId, log, errors: { deserialize: deadLetter('bad-orders') } });
 */
export function deadLetter(topic: string): DeadLetter {
  return { deadLetter: topic };
}

/** Policies are user code: they may answer anything. */
export function isDecision(answer: unknown): answer is ErrorDecision {
  if (answer === 'fail' || answer === 'continue') return true;
  return (
    typeof answer === 'object' &&
    answer !== null &&
    typeof (answer as { deadLetter?: unknown }).deadLetter === 'string'
  );
}

export function decide(
  policy: ErrorPolicy,
  error: StreamsError,
  record: FailedRecord | undefined,
): ErrorDecision {
  return typeof policy === 'function' ? policy(error, record) : policy;
}

/** The headers of a dead letter record: those of the source record, then Kafka's. */
export function deadLetterHeaders(
  error: StreamsError,
  record: FailedRecord | undefined,
): RecordHeader[] {
  const cause = error.cause instanceof Error ? error.cause : error;
  // User code may have put anything into the fields of its error.
  const header = (name: string, text: unknown): RecordHeader => ({
    key: `__streams.errors.${name}`,
    value: Buffer.from(String(text)),
  });
  return [
    ...(record?.headers ?? []),
    header('exception', cause.name),
    header('message', cause.message),
    header('stacktrace', cause.stack ?? ''),
    header('topic', record?.topic ?? error.where.topic ?? ''),
    header('partition', String(record?.partition ?? error.where.partition ?? -1)),
    header('offset', String(record?.offset ?? error.where.offset ?? -1)),
  ];
}
