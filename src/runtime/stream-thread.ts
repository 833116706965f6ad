/**
 * The loop. One turn of it: poll, hand what came to the tasks, process a bounded slice, punctuate, hand sent
 * records to the log (other tasks read them in the next turn, inside the open transaction), commit if it is time,
 * let the host breathe. The loop awaits once per poll and once per commit, never per record; while a commit runs
 * nothing is processed. It knows nothing of topics, plans and states of the application.
 */
import type { Clock, Timers } from '../env/env.js';
import { StreamsError } from '../errors.js';
import type { Assembly } from './assembly.js';
import { type CommitInfo, CommitSchedule } from './commit-schedule.js';
import { commitAtLeastOnce, commitExactlyOnce } from './commit.js';
import type { StreamsConfig } from './config.js';
import { isFatal, toFailure } from './failure.js';
import { RepartitionPurge } from './repartition-purge.js';

/** A slice of processing, and how long the loop may keep the host's timers waiting. */
const SLICE_MS = 10;
/** Longest wait for input, hence the resolution of wall-clock punctuation and of `parkTimeout`. */
const POLL_MS = 100;
const BACKOFF_MS_FIRST = 10;
const BACKOFF_MS_MAX = 10_000;

export interface StreamThreadParts {
  readonly config: StreamsConfig;
  readonly assembly: Assembly;
  onCommit(info: CommitInfo): void;
  /** Before the policy for uncaught errors decides. */
  onError(failure: StreamsError): void;
  /** Going back to the last commit, and running again. */
  onReplacing(): void;
  onReplaced(): void;
}

export class StreamThread {
  readonly #parts: StreamThreadParts;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #schedule: CommitSchedule;
  readonly #purge: RepartitionPurge;
  readonly #exactlyOnce: boolean;
  #untilCaughtUp = false;
  #stopAt: number | undefined;
  /** Something was processed since the last commit. */
  #uncommitted = false;
  /** A commit was due and a parked task blocked it: nothing is begun any more that could block it again. */
  #commitOwed = false;
  #wakeRequested = false;
  #interruptPause: (() => void) | undefined;
  #waitMs = 0;
  #yieldedAt = 0;
  #failuresInRow = 0;

  constructor(parts: StreamThreadParts) {
    this.#parts = parts;
    const { config, assembly } = parts;
    this.#clock = config.env.clock;
    this.#timers = config.env.timers;
    this.#exactlyOnce = config.processingGuarantee === 'exactly-once';
    this.#schedule = new CommitSchedule(config, this.#clock);
    this.#purge = new RepartitionPurge(assembly, config, this.#clock);
  }

  /** Runs until `stop`, or until the inputs as they were at the call are processed and committed. Rejects with the error that ended it. */
  async run(untilCaughtUp: boolean): Promise<void> {
    try {
      this.#untilCaughtUp = untilCaughtUp;
      if (untilCaughtUp) await this.#takeTargets();
      this.#uncommitted = this.#parts.assembly.tasks.commitNeeded;
      while (this.#stopAt === undefined) {
        try {
          await this.#turn();
        } catch (error) {
          await this.#recover(error);
        }
      }
      try {
        await this.#finish(this.#stopAt);
      } catch (error) {
        // What was not committed is left to the next start, which is all that going back can mean here.
        await this.#recover(error);
      }
    } catch (error) {
      await this.#abandon();
      throw toFailure(error, this.#parts.config.applicationId);
    } finally {
      await this.#close();
    }
  }

  /** Ends the loop after the turn in progress; what cannot be committed until `deadline` (monotonic ms) is given up to the next start. */
  stop(deadline: number): void {
    this.#stopAt = Math.min(this.#stopAt ?? Infinity, deadline);
    this.wake();
  }

  /** There is something to do: ends a waiting poll or pause. */
  wake(): void {
    this.#wakeRequested = true;
    this.#parts.assembly.consumer.wakeup();
    this.#interruptPause?.();
  }

  async #turn(): Promise<void> {
    const { consumer, producer, intake, tasks, globals } = this.#parts.assembly;
    const waitMs = this.#wakeRequested ? 0 : this.#waitMs;
    this.#wakeRequested = false;
    const fetched = await consumer.poll(waitMs);
    const now = this.#clock.monotonic();
    if (waitMs > 0) this.#yieldedAt = now;
    globals.applyNews();
    intake.add(fetched);
    if (waitMs > 0 && fetched.length === 0) intake.nothingMore();
    this.#commitOwed ||= this.#uncommitted && this.#schedule.isOverdue(tasks, producer);
    const throttleMs = producer.throttleMs;
    const holding = throttleMs > 0 || (tasks.blocksCommit && this.#schedule.isFull(tasks));
    const worked = holding
      ? tasks.processParked()
      : tasks.process(now + SLICE_MS, this.#commitOwed);
    const fired = tasks.punctuate(this.#commitOwed);
    tasks.expireParked();
    if (worked || fired) {
      this.#uncommitted = true;
      producer.seal();
    }
    intake.resumeDrained();
    const idle = !worked && !fired && fetched.length === 0;
    const committed = await this.#commitIfDue(idle);
    if (idle && !committed && this.#untilCaughtUp && this.#caughtUp) this.stop(Infinity);
    this.#waitMs = (idle || throttleMs > 0) && !committed ? this.#idleMs(throttleMs) : 0;
    await this.#yieldIfLong();
  }

  /** How long to wait for input: not beyond the next commit, punctuation, end of a wait for an idle partition or of a throttle. */
  #idleMs(throttleMs: number): number {
    const { tasks } = this.#parts.assembly;
    const untilCommit = this.#uncommitted ? this.#schedule.untilDueMs(tasks) : Infinity;
    const untilFree = throttleMs > 0 ? throttleMs : Infinity;
    return Math.max(1, Math.min(POLL_MS, untilCommit, untilFree, tasks.msUntilDue));
  }

  async #commitIfDue(idle: boolean): Promise<boolean> {
    const { tasks, producer } = this.#parts.assembly;
    if (!this.#uncommitted) return false;
    const due = this.#commitOwed
      ? !tasks.blocksCommit
      : this.#schedule.isDue(tasks, producer, idle);
    return due && this.#commit();
  }

  async #commit(): Promise<boolean> {
    const { assembly, config } = this.#parts;
    const { producer, consumer, tasks, intake } = assembly;
    const startedAt = this.#clock.monotonic();
    const commit = this.#exactlyOnce ? commitExactlyOnce : commitAtLeastOnce;
    const offsets = await commit({
      applicationId: config.applicationId,
      tasks: tasks.tasks,
      producer,
      consumer,
    });
    if (offsets === undefined) {
      this.#commitOwed = true;
      return false;
    }
    this.#failuresInRow = 0;
    this.#uncommitted = false;
    this.#commitOwed = false;
    intake.committed(offsets);
    this.#begin();
    this.#parts.onCommit(this.#schedule.committed(startedAt, offsets));
    this.#purge.committed();
    return true;
  }

  /** Whatever is sent next belongs to the next commit. */
  #begin(): void {
    if (this.#exactlyOnce) this.#parts.assembly.producer.begin();
  }

  /** Everything that was in the inputs at the start is processed, has come through every hop, and is committed. */
  get #caughtUp(): boolean {
    const { tasks, intake } = this.#parts.assembly;
    return !tasks.commitNeeded && !tasks.inFlight && intake.reachedTargets && intake.isEmpty;
  }

  async #takeTargets(): Promise<void> {
    const { admin, intake } = this.#parts.assembly;
    const topics = new Set(
      intake.lanes.filter((lane) => !lane.repartition).map((lane) => lane.topic),
    );
    for (const topic of topics)
      intake.setTargets(
        topic,
        await admin.listOffsets(topic, 'latest', { isolation: 'read_committed' }),
      );
  }

  /** Lets timers, I/O and HTTP handlers of the host run after a slice of work. */
  async #yieldIfLong(): Promise<void> {
    if (this.#clock.monotonic() - this.#yieldedAt < SLICE_MS) return;
    await this.#timers.yield();
    this.#yieldedAt = this.#clock.monotonic();
  }

  /** Goes back to the last commit and goes on, or throws what ends the loop. */
  async #recover(error: unknown): Promise<void> {
    const { config } = this.#parts;
    const failure = toFailure(error, config.applicationId);
    this.#parts.onError(failure);
    const fatal = isFatal(failure) || this.#parts.assembly.globals.hasFailed;
    if (fatal || this.#decide(failure) !== 'replace') throw failure;
    config.logger.warn(`Going back to the last commit after: ${failure.message}`, failure);
    this.#parts.onReplacing();
    await this.#rollBack();
    if (this.#failuresInRow > 0 && this.#stopAt === undefined)
      await this.#pause(
        Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** (this.#failuresInRow - 1)),
      );
    this.#failuresInRow++;
    this.#waitMs = 0;
    if (this.#stopAt === undefined) this.#parts.onReplaced();
  }

  #decide(failure: StreamsError): unknown {
    const { onUncaughtError, logger } = this.#parts.config;
    if (typeof onUncaughtError !== 'function') return onUncaughtError;
    let decision: unknown;
    try {
      decision = onUncaughtError(failure);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StreamsError(
        'PROCESS_FAILED',
        `onUncaughtError threw '${reason}' when it was asked about: ${failure.message}`,
        { cause, ...failure.where },
      );
    }
    if (decision !== 'replace' && decision !== 'shutdown')
      logger.error(
        `onUncaughtError answered ${String(decision)} instead of 'replace' or 'shutdown'; the application shuts down.`,
      );
    return decision;
  }

  async #rollBack(): Promise<void> {
    const { producer, tasks, intake } = this.#parts.assembly;
    if (this.#exactlyOnce) await producer.abort();
    // Without transaction nothing sent can be taken back; what is on its way settles before it is sent again.
    else await producer.flush().catch((error: unknown) => this.#warn('A send failed', error));
    // Before processors are made anew: their suppliers may write stores.
    this.#begin();
    tasks.rollback();
    intake.rewind();
    this.#uncommitted = tasks.commitNeeded;
    this.#commitOwed = false;
  }

  /** Waits for `ms`, or until `wake`. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#timers.after(ms, resolve);
      this.#interruptPause = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#interruptPause = undefined;
  }

  /** The last commit. A task that blocks it gets until `deadline`; then its work is left to the next start. */
  async #finish(deadline: number): Promise<void> {
    const { tasks } = this.#parts.assembly;
    while (tasks.commitNeeded) {
      if (!tasks.blocksCommit && (await this.#commit())) return;
      const left = deadline - this.#clock.monotonic();
      if (left <= 0 || !tasks.blocksCommit) break;
      await this.#pause(Math.min(left, POLL_MS));
      tasks.processParked();
      tasks.expireParked();
    }
    if (this.#exactlyOnce) await this.#parts.assembly.producer.abort();
  }

  /** After an error that ends the loop: nothing of the open transaction stays. The error itself is reported by the caller. */
  async #abandon(): Promise<void> {
    if (!this.#exactlyOnce) return;
    await this.#parts.assembly.producer
      .abort()
      .catch((error: unknown) => this.#warn('The open transaction could not be aborted', error));
  }

  async #close(): Promise<void> {
    const { assembly } = this.#parts;
    await this.#purge.settled();
    try {
      assembly.tasks.close();
    } catch (error) {
      this.#warn('A processor could not be closed', error);
    }
    for (const resource of [assembly.globals, assembly.consumer, assembly.producer]) {
      await resource.close().catch((error: unknown) => this.#warn('Closing failed', error));
    }
  }

  #warn(what: string, error: unknown): void {
    this.#parts.config.logger.warn(what, error instanceof Error ? error : new Error(String(error)));
  }
}
