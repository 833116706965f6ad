/**
 * Forgets committed offsets by Kafka's rules (KIP-211): those of a group without members when its last member went,
 * or they were committed, longer ago than the retention; of a group with members those of topics that nobody in it
 * reads, by the age of the commit. What an open transaction is about to commit is kept.
 *
 * When the last member goes, the group's offsets are committed again as they are: their time is then the time since
 * which the group is empty, and it is durable.
 */
import type { Env } from '../../env/env.js';
import type { Durability } from './durability.js';
import type { EngineLogger, EngineSettings } from './engine-options.js';
import type { Groups } from './groups.js';
import type { GroupOffset, GroupOffsets } from './offsets.js';
import { Reaper } from './reaper.js';
import { BelievedClock } from './retention.js';
import type { Topics } from './topics.js';
import type { Transactions } from './transactions.js';

export interface OffsetsExpiryParts {
  readonly env: Env;
  readonly topics: Topics;
  readonly durability: Durability;
  readonly offsets: GroupOffsets;
  readonly groups: Groups;
  readonly settings: EngineSettings;
  readonly logger: EngineLogger | undefined;
  readonly transactions: Transactions;
}

export class OffsetsExpiry {
  readonly #parts: OffsetsExpiryParts;
  readonly #reaper: Reaper;
  /** One that is years ahead must not forget every offset; retention tells of it. */
  readonly #clock: BelievedClock;
  /** Nobody knows when the members of groups went if the log was not closed: then it was now. */
  #emptySince = Number.NEGATIVE_INFINITY;

  constructor(parts: OffsetsExpiryParts) {
    this.#parts = parts;
    this.#clock = new BelievedClock(parts.env.clock, () => {});
    this.#reaper = new Reaper(parts.env.clock, parts.env.timers, () => this.#check());
  }

  recovered(cleanShutdown: boolean): void {
    if (!cleanShutdown) this.#emptySince = this.#parts.env.clock.now();
    if (this.#parts.offsets.groupIds().next().done !== true) this.#watch(0);
  }

  /** Offsets were written; nothing of it is due before the retention is over. */
  written(): void {
    this.#watch(this.#parts.settings.offsetsRetentionMs);
  }

  /** The last member of the group went. */
  emptied(groupId: string): void {
    const { offsets, durability, env } = this.#parts;
    if (!offsets.has(groupId)) return this.#watch(0); // Then nothing keeps the group itself.
    if (durability.failure !== undefined) return;
    const entry = offsets.renewal(groupId, env.clock.now());
    try {
      offsets.write(entry);
      durability.syncSoon();
    } catch {
      // The log became read-only, which it has told its logger; nothing expires until it is opened again.
    }
  }

  close(): void {
    this.#reaper.close();
  }

  #watch(delayMs: number): void {
    if (delayMs === Number.POSITIVE_INFINITY) return;
    const { env, settings } = this.#parts;
    const wait = Math.max(delayMs, settings.offsetsRetentionCheckMs);
    this.#reaper.watch(env.clock.monotonic() + wait);
  }

  /** Returns when to look again. */
  #check(): number {
    const { env, offsets, groups, settings, durability } = this.#parts;
    if (durability.failure !== undefined) return Number.POSITIVE_INFINITY;
    const { offsetsRetentionMs, offsetsRetentionCheckMs } = settings;
    const now = this.#clock.now();
    let nextAt = Number.POSITIVE_INFINITY;
    for (const groupId of offsets.groupIds()) {
      const dueAt = this.#expire(groupId, now - offsetsRetentionMs, now) + offsetsRetentionMs;
      nextAt = Math.min(nextAt, dueAt);
    }
    for (const groupId of groups.groupIds())
      if (groups.size(groupId) === 0 && !offsets.has(groupId)) groups.forget(groupId);
    return env.clock.monotonic() + Math.max(nextAt - now, offsetsRetentionCheckMs);
  }

  /** Forgets what was last needed at `before` or earlier; returns the earliest such time that is left. */
  #expire(groupId: string, before: number, now: number): number {
    const { offsets, groups, durability, transactions, logger } = this.#parts;
    const hasMembers = groups.size(groupId) > 0;
    const stable = groups.state(groupId, true) === 'Stable';
    const expired: GroupOffset[] = [];
    let earliest = Number.POSITIVE_INFINITY;
    for (const offset of offsets.appended(groupId)) {
      const since = hasMembers ? offset.timestamp : Math.max(offset.timestamp, this.#emptySince);
      const inUse = hasMembers && (!stable || this.#isRead(groupId, offset));
      if (inUse) earliest = Math.min(earliest, now);
      else if (since > before) earliest = Math.min(earliest, since);
      else if (transactions.commitsOffset(groupId, offset.topicId, offset.partition))
        earliest = Math.min(earliest, now);
      else expired.push(offset);
    }
    if (expired.length === 0) return earliest;
    try {
      offsets.write(offsets.removal(groupId, expired));
      durability.syncSoon();
    } catch {
      return Number.POSITIVE_INFINITY; // The log became read-only, which it has told its logger.
    }
    logger?.info(
      `millrace log: group '${groupId}' was without members for longer than its offsets are kept; forgot ${expired.length} committed ${expired.length === 1 ? 'offset' : 'offsets'}.`,
    );
    return earliest;
  }

  #isRead(groupId: string, { topicId }: GroupOffset): boolean {
    const topic = this.#parts.topics.byId(topicId);
    return topic !== undefined && this.#parts.groups.reads(groupId, topic.name);
  }
}
