/**
 * The commit, in numbered steps, at-least-once and exactly-once side by side. It takes finished records only and
 * never waits for a parked one; a task that cannot be cut at a record boundary now (`blocksCommit`) defers it.
 * An error in any step leaves the decision to the caller: abort and roll back, or stop. No step is ever half done:
 * exactly-once everything becomes visible in step 3 or nothing does, at-least-once offsets follow durable output.
 */
import { StreamsError } from '../errors.js';
import type {
  LogConsumer,
  LogProducer,
  PartitionOffsetAndMetadata,
  TransactionOutcome,
} from '../log/client.js';
import type { StreamTask } from '../processor/stream-task.js';

export interface CommitParts {
  readonly applicationId: string;
  readonly tasks: readonly StreamTask[];
  readonly producer: LogProducer;
  readonly consumer: LogConsumer;
}

/** The offsets that were committed, or undefined when a task deferred the commit. */
export type Commit = (
  parts: CommitParts,
) => Promise<readonly PartitionOffsetAndMetadata[] | undefined>;

/** Outputs, changelogs, repartition records and input offsets become visible and durable at one instant. */
export const commitExactlyOnce: Commit = async (parts) => {
  const { producer, consumer } = parts;
  const tasks = tasksToCommit(parts);
  // 1. Caches forward what they hold back, until still. It becomes part of this transaction.
  if (!flushCaches(tasks)) return undefined;
  // 2. Everything sent is accepted; the first send that failed is raised before anything is decided.
  await producer.flush();
  // 3. Input offsets, with the stream times in their metadata, join the transaction; then it is decided.
  const offsets = committableOffsets(tasks);
  if (offsets.length > 0) producer.sendOffsets(offsets, consumer.groupMetadata());
  requireCommitted(await producer.commit(), parts.applicationId);
  // 4. What the stores hold as uncommitted is committed now, in memory too.
  for (const task of tasks) task.postCommit();
  return offsets;
};

/** Offsets are committed after the output is durable: a crash in between repeats records, never loses one. */
export const commitAtLeastOnce: Commit = async (parts) => {
  const { producer, consumer } = parts;
  const tasks = tasksToCommit(parts);
  // 1. Caches forward what they hold back, until still.
  if (!flushCaches(tasks)) return undefined;
  // 2. Everything sent is durable, or the first failure is raised.
  await producer.flush();
  // 3. Input offsets, with the stream times in their metadata.
  const offsets = committableOffsets(tasks);
  if (offsets.length > 0) await consumer.commit(offsets);
  // 4. Promote.
  for (const task of tasks) task.postCommit();
  return offsets;
};

function tasksToCommit({ tasks }: CommitParts): StreamTask[] {
  return tasks.filter((task) => task.commitNeeded);
}

/** False when a task cannot be committed now: its cache is dirty, or has begun to forward, while it waits for a promise. */
function flushCaches(tasks: readonly StreamTask[]): boolean {
  if (tasks.some((task) => task.blocksCommit)) return false;
  for (const task of tasks) task.prepareCommit();
  return !tasks.some((task) => task.blocksCommit);
}

function committableOffsets(tasks: readonly StreamTask[]): PartitionOffsetAndMetadata[] {
  return tasks.flatMap((task) => task.committableOffsets());
}

function requireCommitted(result: TransactionOutcome, applicationId: string): void {
  if (result.outcome === 'committed') return;
  if (result.outcome === 'fenced') throw fencedError(applicationId, result.error);
  throw new StreamsError(
    'OUTCOME_UNKNOWN',
    `The last commit of '${applicationId}' may or may not have happened: ${result.error.message} The application stops here, because going on could repeat or lose it. ` +
      'Close the log, open it again and start the application: it settles the transaction and continues exactly where the log stands.',
    { cause: result.error },
  );
}

export function fencedError(applicationId: string, cause: unknown): StreamsError {
  return new StreamsError(
    'PRODUCER_FENCED',
    `Another application with applicationId '${applicationId}' was started on this log and took over; this one has stopped, and nothing of its open transaction is visible. ` +
      'One application id runs once per log: give the second application its own applicationId, or close the first one before starting it again.',
    { cause },
  );
}
