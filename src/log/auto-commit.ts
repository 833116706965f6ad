/**
 * When a consumer commits by itself, and what it makes of the answer: that another member owns the partitions by now
 * is no failure (it will hand the records out again), and a topic that is gone keeps no other from being committed.
 */
import { durationMs } from '../duration.js';
import type { Clock } from '../env/env.js';
import { StreamsError } from '../errors.js';
import type { ConsumerOptions } from './consumer.js';
import type { ConsumerProgress } from './consumer-progress.js';

const AUTO_COMMIT_INTERVAL = '5s';
const GROUP_MOVED_ON: ReadonlySet<string> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER',
  'FENCED_INSTANCE_ID',
  'REBALANCE_IN_PROGRESS',
]);

type AutoCommitOptions = Pick<
  ConsumerOptions<unknown, unknown>,
  'groupId' | 'autoCommit' | 'autoCommitInterval'
>;

export class AutoCommit {
  readonly enabled: boolean;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #progress: ConsumerProgress;
  readonly #commit: () => Promise<void>;
  #lastMs: number;

  /** Throws `INVALID_ARGUMENT`. */
  constructor(
    options: AutoCommitOptions,
    clock: Clock,
    progress: ConsumerProgress,
    commit: () => Promise<void>,
  ) {
    const { groupId, autoCommit, autoCommitInterval } = options;
    this.enabled = autoCommit ?? groupId !== undefined;
    if (this.enabled && groupId === undefined)
      throw new StreamsError(
        'INVALID_ARGUMENT',
        'autoCommit needs a groupId: offsets are committed for a group.',
      );
    this.#intervalMs = durationMs(autoCommitInterval ?? AUTO_COMMIT_INTERVAL, 'autoCommitInterval');
    this.#clock = clock;
    this.#progress = progress;
    this.#commit = commit;
    this.#lastMs = clock.monotonic();
  }

  /** Somebody commits now, whoever it is: the next one is an interval away. */
  restart(): void {
    this.#lastMs = this.#clock.monotonic();
  }

  /** How long a wait may be, so that it ends in time for the next commit, if there is something to commit. */
  waitMs(waitMsMax: number): number {
    if (!this.enabled || this.#progress.open().length === 0) return waitMsMax;
    const dueMs = this.#lastMs + this.#intervalMs - this.#clock.monotonic();
    return Math.min(waitMsMax, Math.max(0, dueMs));
  }

  async runIfDue(): Promise<void> {
    if (this.#clock.monotonic() - this.#lastMs >= this.#intervalMs) await this.run();
  }

  /** Commits, unless it is switched off. */
  async run(): Promise<void> {
    while (this.enabled) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- once more only when a topic is gone
        return await this.#commit();
      } catch (error) {
        if (!(error instanceof StreamsError)) throw error;
        if (GROUP_MOVED_ON.has(error.code)) return;
        const { topic } = error.where;
        if (error.code !== 'UNKNOWN_TOPIC' || topic === undefined) throw error;
        this.#progress.forgetTopic(topic);
      }
    }
  }
}
