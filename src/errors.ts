/**
 * What every room throws. An operating error is a `StreamsError` with a stable `code`, the place where it
 * happened and, where there is one, the cause. `assert` is for our own mistakes and stays on in production.
 */

/** Stable codes. A code never changes its meaning; a new situation gets a new code. */
export type ErrorCode =
  // building and starting
  | 'INVALID_TOPOLOGY' // the graph is wrong: duplicate node, unknown parent, co-partitioning, ...
  | 'INVALID_ARGUMENT' // a call with a value that can never work
  | 'INVALID_CONFIG'
  | 'MISSING_SERDE'
  | 'MISSING_SOURCE_TOPIC'
  | 'MISSING_SINK_TOPIC'
  | 'INVALID_STATE' // the call is not allowed in this state (closed, not started, ...)
  | 'UNKNOWN_STORE'
  | 'STORE_NOT_CONNECTED'
  | 'READ_ONLY_STORE'
  // running
  | 'DESERIALIZE_FAILED'
  | 'SERIALIZE_FAILED'
  | 'INVALID_TIMESTAMP'
  | 'PROCESS_FAILED' // user code threw or rejected
  | 'PROCESS_TIMEOUT' // a promise of user code did not settle within parkTimeout
  | 'PROCESSOR_INIT_FAILED'
  | 'ASYNC_NOT_SUPPORTED' // a promise where only a value can be used
  | 'UNKNOWN_CHILD'
  | 'LATE_FORWARD' // forward or put after the record ended
  | 'PRODUCE_FAILED'
  | 'RESTORE_FAILED'
  | 'BUFFER_FULL'
  // log
  | 'UNKNOWN_TOPIC'
  | 'UNKNOWN_PARTITION'
  | 'TOPIC_EXISTS'
  | 'INVALID_TOPIC'
  | 'INVALID_PARTITIONS'
  | 'RECORD_TOO_LARGE'
  | 'OFFSET_OUT_OF_RANGE'
  | 'PRODUCER_FENCED'
  | 'OUT_OF_ORDER_SEQUENCE'
  | 'INVALID_TRANSACTION_STATE'
  | 'TRANSACTION_TIMEOUT'
  | 'OUTCOME_UNKNOWN' // a write or commit may or may not have happened
  | 'ILLEGAL_GENERATION'
  | 'UNKNOWN_MEMBER'
  | 'REBALANCE_IN_PROGRESS'
  | 'FENCED_INSTANCE_ID' // a newer consumer has this groupInstanceId
  | 'INCONSISTENT_GROUP_PROTOCOL' // members of one group name different assignors
  | 'UNKNOWN_GROUP'
  | 'GROUP_NOT_EMPTY' // the change needs a group without members
  | 'INVALID_GROUP' // not a group id
  | 'OFFSET_METADATA_TOO_LARGE'
  | 'POLICY_VIOLATION' // the topic's cleanup policy does not allow the call
  | 'INVALID_RECORD' // a record that its topic cannot keep: without key in a compacted topic
  | 'QUOTA_EXCEEDED' // a producer would have to wait longer than it may
  | 'LIMIT_EXCEEDED' // a limit of the log: open files, memory, topics, groups
  | 'UNSUPPORTED_COMPRESSION'
  | 'COMPRESSION_FAILED' // a codec that the user brought threw
  | 'CORRUPT_RECORD'
  | 'LOG_CORRUPT' // damage before the fsync watermark: names file and offset
  | 'LOG_LOCKED' // another process has the directory: names the holder
  | 'LOG_FORMAT_NEWER'
  | 'LOG_READ_ONLY' // a journal write failed: the engine serves reads until it is reopened
  | 'DISK_FULL'
  | 'DIRECTORY_READ_ONLY'
  | 'IO_FAILED'
  | 'LOG_CLOSED';

/** Where an error happened; every field is set that is known. */
export interface ErrorLocation {
  readonly task?: string;
  readonly node?: string;
  readonly store?: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly file?: string;
}

export interface StreamsErrorOptions extends ErrorLocation {
  readonly cause?: unknown;
}

/** The one operating error. Branch on `code`, show `message`: it says what happened and what to try. */
export class StreamsError extends Error {
  override readonly name: string = 'StreamsError';
  readonly code: ErrorCode;
  readonly where: ErrorLocation;

  constructor(code: ErrorCode, message: string, options: StreamsErrorOptions = {}) {
    const { cause, ...where } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.where = where;
  }
}

/** The topology cannot be built or cannot run on these topics. Kafka's class of the same name. */
export class TopologyException extends StreamsError {
  override readonly name = 'TopologyException';

  constructor(message: string, options: StreamsErrorOptions = {}) {
    super('INVALID_TOPOLOGY', `Invalid topology: ${message}`, options);
  }
}

/** A broken promise of our own code. Never for user mistakes. */
export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}
