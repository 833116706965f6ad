/**
 * One consumer's place in a group. The group sets `state`; the consumer acts on it inside poll.
 *
 *     outside --join--> joined --all joined: generation + 1--> assigned --take--> stable
 *                          ^                                                        |
 *                          +-------- join ------- rebalancing <-- others come, go --+
 *
 *     any --expired--> outside          any --another consumer took its groupInstanceId--> fenced
 */
import { assert } from '../../errors.js';
import type {
  AssignorName,
  ConsumerGroupMetadata,
  GroupMemberDescription,
  TopicPartition,
} from '../client.js';
import { assignorNamed, type Assignor } from './assignors.js';
import type { Subscription } from './subscription.js';

export type MemberState = 'outside' | 'joined' | 'assigned' | 'stable' | 'rebalancing' | 'fenced';

export interface MemberOptions {
  readonly groupId: string;
  readonly clientId: string;
  readonly groupInstanceId: string | undefined;
  readonly assignor: AssignorName;
  readonly maxPollIntervalMs: number;
  /** The state changed: whoever waits in a poll looks again. */
  readonly wake: () => void;
}

export class GroupMember {
  readonly groupId: string;
  readonly clientId: string;
  readonly groupInstanceId: string | undefined;
  readonly assignorName: AssignorName;
  readonly assignor: Assignor;
  readonly maxPollIntervalMs: number;
  readonly wake: () => void;
  memberId = '';
  generationId = -1;
  state: MemberState = 'outside';
  /** What the group decided, and in which generation; the consumer takes it when the state is `assigned`. */
  assignment: readonly TopicPartition[] = [];
  assignedGenerationId = -1;
  /** What it holds (cooperative), or held last (eager: it gave everything up before it joined again). */
  owned: readonly TopicPartition[] = [];
  ownedGeneration = -1;
  /** Monotonic time at which it is taken out; Infinity while it polls. */
  pollDeadline = Number.POSITIVE_INFINITY;
  #topics: ReadonlySet<string>;
  #pattern: RegExp | undefined;

  constructor(options: MemberOptions, topics: readonly string[] | RegExp) {
    this.groupId = options.groupId;
    this.clientId = options.clientId;
    this.groupInstanceId = options.groupInstanceId;
    this.assignorName = options.assignor;
    this.assignor = assignorNamed(options.assignor);
    this.maxPollIntervalMs = options.maxPollIntervalMs;
    this.wake = options.wake;
    this.#topics = new Set();
    this.subscribe(topics);
  }

  subscribe(topics: readonly string[] | RegExp): void {
    const isPattern = topics instanceof RegExp;
    this.#topics = new Set(isPattern ? [] : topics);
    this.#pattern = isPattern ? wholeName(topics) : undefined;
  }

  /** Kafka's `unsubscribe`: a subscription to nothing. */
  get unsubscribed(): boolean {
    return this.#pattern === undefined && this.#topics.size === 0;
  }

  wants(topic: string): boolean {
    return this.#pattern?.test(topic) ?? this.#topics.has(topic);
  }

  wantsTheSameAs(other: GroupMember): boolean {
    const [pattern, theirs] = [this.#pattern, other.#pattern];
    if (pattern !== undefined || theirs !== undefined)
      return pattern?.source === theirs?.source && pattern?.flags === theirs?.flags;
    if (this.#topics.size !== other.#topics.size) return false;
    for (const topic of this.#topics) if (!other.#topics.has(topic)) return false;
    return true;
  }

  /** `existing`: the names of all topics, for a pattern. */
  subscription(existing: () => readonly string[]): Subscription {
    const { memberId, groupInstanceId, owned, ownedGeneration } = this;
    const pattern = this.#pattern;
    const topics =
      pattern === undefined ? [...this.#topics] : existing().filter((topic) => pattern.test(topic));
    return { memberId, groupInstanceId, topics, owned, ownedGeneration };
  }

  /** From here on the member acts, and commits, in the new generation; until then its commits are those of the old one. */
  take(): readonly TopicPartition[] {
    assert(this.state === 'assigned', 'an assignment is taken once');
    this.state = 'stable';
    this.generationId = this.assignedGenerationId;
    this.owned = this.assignment;
    this.ownedGeneration = this.assignedGenerationId;
    return this.assignment;
  }

  /** It leaves with what it holds, which nobody else was given: until then it commits in the last generation, taken or not. */
  catchUp(): void {
    this.generationId = this.assignedGenerationId;
  }

  /** It is in no group any more, and has nothing. */
  removed(state: 'outside' | 'fenced'): void {
    this.state = state;
    this.assignment = [];
    this.owned = [];
    this.ownedGeneration = -1;
    this.wake();
  }

  describe(): GroupMemberDescription {
    const { memberId, clientId, groupInstanceId, assignment } = this;
    return {
      memberId,
      clientId,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      assignment,
    };
  }

  metadata(): ConsumerGroupMetadata {
    const { groupId, generationId, memberId, groupInstanceId } = this;
    return {
      groupId,
      generationId,
      memberId,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
    };
  }
}

/** As Java's `matches`: the pattern is for the whole name. A sticky or global one would remember where it stood. */
function wholeName(pattern: RegExp): RegExp {
  return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replaceAll(/[gy]/g, ''));
}
