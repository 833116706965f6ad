/**
 * One initialised transactional producer and its open transaction, and the errors that can end it. The session is
 * changed by the coordinator (`transactions.ts`) only; producers look at it.
 */
import { StreamsError } from '../../errors.js';
import type { ConsumerGroupMetadata, TransactionOutcome } from '../client.js';
import type { OffsetToCommit } from './offsets.js';
import type { Partition, ProducerIdentity } from './partition.js';

type SessionState = 'ready' | 'open' | 'ending';

interface OffsetsOfGroup {
  group: ConsumerGroupMetadata;
  readonly offsets: Map<string, OffsetToCommit>;
}

export class TransactionSession implements ProducerIdentity {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  producerId: number;
  epoch: number;
  state: SessionState = 'ready';
  /** Set once: this producer can never write again. */
  failure: StreamsError | undefined;
  readonly partitions = new Set<Partition>();
  readonly offsets = new Map<string, OffsetsOfGroup>();
  /** Monotonic; Infinity until the transaction has something in the log. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(transactionalId: string, producerId: number, epoch: number, timeoutMs: number) {
    this.transactionalId = transactionalId;
    this.producerId = producerId;
    this.epoch = epoch;
    this.timeoutMs = timeoutMs;
  }
}

/** How a commit of a session that failed before ends. */
export function failed(error: StreamsError): TransactionOutcome {
  const fenced = error.code === 'PRODUCER_FENCED' || error.code === 'TRANSACTION_TIMEOUT';
  return { outcome: fenced ? 'fenced' : 'unknown', error };
}

export function fencedByNewer(transactionalId: string): StreamsError {
  return new StreamsError(
    'PRODUCER_FENCED',
    `A newer producer with transactional id '${transactionalId}' exists, so this one is fenced and its open transaction was aborted. Most likely a second application runs with the same applicationId: stop one of them, or give it its own id.`,
  );
}

export function timedOut(session: TransactionSession): StreamsError {
  return new StreamsError(
    'TRANSACTION_TIMEOUT',
    `The transaction of '${session.transactionalId}' was open for more than ${session.timeoutMs} ms and was aborted; nothing of it was committed. Commit more often or raise transactionTimeoutMs, and go on with a new producer.`,
  );
}

export function unknownOutcome(cause: unknown): StreamsError {
  if (cause instanceof StreamsError && cause.code === 'OUTCOME_UNKNOWN') return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StreamsError(
    'OUTCOME_UNKNOWN',
    `The transaction may or may not have been committed: the journal failed while it was written (${why}) Reopen the log, init a new producer, then read the committed offsets.`,
    { cause },
  );
}

export function invalidState(session: TransactionSession, call: string, why: string): StreamsError {
  return new StreamsError(
    'INVALID_TRANSACTION_STATE',
    `${call}() of transactional id '${session.transactionalId}' is not possible: ${why}.`,
  );
}
