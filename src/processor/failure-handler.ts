/**
 * What happens when a node's user code throws or a record cannot be decoded: the error gets its place and Kafka's
 * words, once, and the policy decides whether it stops the task, is counted, or goes to a dead letter topic.
 */
import type { TellDropped } from './dropped-record.js';
import { AssertionFailed, StreamsError, type ErrorCode } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { reason } from '../serde/serde-errors.js';
import { BYTES } from '../serde/text.js';
import type { RecordOrigin } from '../state/store.js';
import type { RecordCollector } from './collector.js';
import {
  deadLetterHeaders,
  decide,
  isDecision,
  type ErrorDecision,
  type ErrorPolicy,
  type FailedRecord,
} from './error-policy.js';
import type { TaskConfig } from './task-config.js';

/** Failures of the log or the producer: no policy for user code may swallow them. */
const BEYOND_POLICY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PRODUCE_FAILED',
  'RECORD_TOO_LARGE',
  'MISSING_SINK_TOPIC',
  'UNKNOWN_TOPIC',
  'PRODUCER_FENCED',
  'OUT_OF_ORDER_SEQUENCE',
  'INVALID_TRANSACTION_STATE',
  'TRANSACTION_TIMEOUT',
  'OUTCOME_UNKNOWN',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER',
  'REBALANCE_IN_PROGRESS',
  'CORRUPT_RECORD',
  'LOG_CORRUPT',
  'LOG_READ_ONLY',
  'LOG_CLOSED',
  'DISK_FULL',
  'DIRECTORY_READ_ONLY',
  'IO_FAILED',
]);

/**
 * A promise of `process()` itself did not settle in time. The function may still go on, and what it then forwards or
 * stores would count for a later record: only going back, which takes its context away, is safe.
 */
class ProcessUnfinished extends StreamsError {}

/** `ofProcess`: the promise is the one that a `process()` or a punctuator returned. */
export function notSettled(task: string, timeoutMs: number, ofProcess: boolean): StreamsError {
  const message = `A promise of user code did not settle within ${timeoutMs} ms (parkTimeout).`;
  if (!ofProcess) return new StreamsError('PROCESS_TIMEOUT', message, { task });
  const why = 'errors.process cannot let it through, since the function may still go on.';
  return new ProcessUnfinished('PROCESS_TIMEOUT', `${message} ${why}`, { task });
}

export class FailureHandler {
  readonly #taskId: string;
  readonly #config: TaskConfig;
  readonly #collector: RecordCollector;
  readonly #recordDropped: TellDropped;
  /** The error on its way up the stack: callers pass it on instead of wrapping it again. */
  #failure: unknown;

  constructor(
    taskId: string,
    config: TaskConfig,
    collector: RecordCollector,
    recordDropped: TellDropped,
  ) {
    this.#taskId = taskId;
    this.#config = config;
    this.#collector = collector;
    this.#recordDropped = recordDropped;
  }

  /** User code of `node` threw. Returns when the policy lets the task go on without this node's subtree. */
  processFailed(
    node: string,
    error: unknown,
    origin: RecordOrigin,
    record: FailedRecord | undefined,
  ): void {
    if (error === this.#failure && error !== undefined) throw error;
    if (
      error instanceof AssertionFailed ||
      (error instanceof StreamsError && BEYOND_POLICY.has(error.code))
    ) {
      throw this.#raise(error);
    }
    const { topic, partition, offset } = origin;
    const task = this.#taskId;
    const timedOut = error instanceof StreamsError && error.code === 'PROCESS_TIMEOUT';
    const message =
      partition < 0
        ? `Exception caught while punctuating processor '${node}'. taskId=${task}`
        : `Exception caught in process. taskId=${task}, processor=${node}, topic=${topic}, partition=${partition}, offset=${offset}`;
    const where = partition < 0 ? { task, node } : { task, node, topic, partition, offset };
    const wrapped = timedOut
      ? new StreamsError('PROCESS_TIMEOUT', `${error.message} ${message}`, where)
      : new StreamsError('PROCESS_FAILED', `${message}: ${reason(error)}`, {
          cause: error,
          ...where,
        });
    if (error instanceof ProcessUnfinished || isBufferFull(error)) throw this.#raise(wrapped);
    this.#apply(this.#config.onProcessError, wrapped, record);
  }

  /** A record could not be decoded. Returns when it is to be skipped. */
  deserializeFailed(error: unknown, part: 'key' | 'value', record: FailedRecord): void {
    const { topic, partition, offset } = record;
    const wrapped = new StreamsError(
      'DESERIALIZE_FAILED',
      `Cannot decode the ${part} of the record at topic=${topic}, partition=${partition}, offset=${offset}: ${sentence(reason(error))} Give the source the serde its topic was written with, or set \`errors.deserialize\` to 'continue' or a dead letter topic.`,
      { cause: error, task: this.#taskId, topic, partition, offset },
    );
    this.#apply(this.#config.onDeserializeError, wrapped, record);
  }

  /** Forgets the last failure, so that its error object is not kept. */
  clear(): void {
    this.#failure = undefined;
  }

  #apply(policy: ErrorPolicy, error: StreamsError, record: FailedRecord | undefined): void {
    const decision = this.#decide(policy, error, record);
    if (decision === 'fail') throw this.#raise(error);
    this.#recordDropped(error.where.node ?? '', 'errorPolicy', record);
    if (decision === 'continue') {
      this.#config.logger?.warn('A record was dropped by the error policy.', error);
      return;
    }
    const { deadLetter } = decision;
    this.#config.logger?.warn(`A record was sent to the dead letter topic '${deadLetter}'.`, error);
    this.#sendDeadLetter(deadLetter, error, record);
  }

  #sendDeadLetter(topic: string, error: StreamsError, record: FailedRecord | undefined): void {
    try {
      this.#collector.send(
        topic,
        record?.key ?? null,
        record?.value ?? null,
        Math.max(record?.timestamp ?? 0, 0),
        deadLetterHeaders(error, record),
        NULLABLE_BYTES,
        NULLABLE_BYTES,
        undefined,
      );
    } catch (cause) {
      if (!(cause instanceof StreamsError) || cause.code !== 'MISSING_SINK_TOPIC') throw cause;
      const message = `${cause.message} It is the dead letter topic chosen for: ${error.message}`;
      throw this.#raise(
        new StreamsError('MISSING_SINK_TOPIC', message, { ...error.where, cause: error }),
      );
    }
  }

  /** A policy that throws, or answers with something else than a decision, fails the task like no policy. */
  #decide(
    policy: ErrorPolicy,
    error: StreamsError,
    record: FailedRecord | undefined,
  ): ErrorDecision {
    let answer: unknown;
    try {
      answer = decide(policy, error, record);
    } catch (cause) {
      const message = `Fatal user code error in the error policy, which was asked about: ${error.message}`;
      throw this.#raise(new StreamsError('PROCESS_FAILED', message, { cause, ...error.where }));
    }
    if (isDecision(answer)) return answer;
    throw this.#raise(
      new StreamsError(
        'INVALID_ARGUMENT',
        `The error policy answered ${String(answer)} instead of 'fail', 'continue' or deadLetter(topic) when it was asked about: ${error.message}`,
        { cause: error, ...error.where },
      ),
    );
  }

  #raise(error: unknown): unknown {
    this.#failure = error;
    return error;
  }
}

/** Whoever limits a buffer with `shutDown` wants no results rather than some that are not final. */
const isBufferFull = (error: unknown): boolean =>
  error instanceof StreamsError && error.code === 'BUFFER_FULL';

/** With its full stop, before another sentence. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

// The collector never asks a serde for the bytes of null.
const NULLABLE_BYTES = BYTES as Serde<Uint8Array | null>;
