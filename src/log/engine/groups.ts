/**
 * Consumer groups of this process: join, sync and generations as Kafka has them, the eager way. Members have no
 * heartbeat; one that does not poll for its max.poll.interval is taken out.
 *
 *     outside --join--> joined --all joined: generation + 1--> assigned --taken--> stable
 *                          ^                                                         |
 *                          +---- given up ---- revoking <--- another joins, leaves, topics change
 */
import type { Env } from '../../env/env.js';
import { assert, StreamsError } from '../../errors.js';
import type {
  ConsumerGroupMetadata,
  GroupDescription,
  GroupState,
  TopicPartition,
} from '../client.js';
import { assignRanges } from './range-assignor.js';
import { Reaper } from './reaper.js';
import type { Topics } from './topics.js';

export type MemberState = 'outside' | 'joined' | 'assigned' | 'stable' | 'revoking';

/** One consumer's place in a group. The consumer acts on `state` inside poll; the group sets it. */
export class GroupMember {
  readonly groupId: string;
  readonly maxPollIntervalMs: number;
  topics: readonly string[];
  memberId = '';
  generationId = -1;
  state: MemberState = 'outside';
  /** What the group decided, and in which generation; the consumer takes it when the state is `assigned`. */
  assignment: readonly TopicPartition[] = [];
  assignedGenerationId = -1;
  /** Monotonic time at which it is taken out; Infinity while it polls. */
  pollDeadline = Number.POSITIVE_INFINITY;
  readonly wake: () => void;

  constructor(
    groupId: string,
    topics: readonly string[],
    maxPollIntervalMs: number,
    wake: () => void,
  ) {
    this.groupId = groupId;
    this.topics = topics;
    this.maxPollIntervalMs = maxPollIntervalMs;
    this.wake = wake;
  }

  /** From here on the member acts, and commits, in the new generation; until then its commits are those of the old one. */
  take(): readonly TopicPartition[] {
    this.state = 'stable';
    this.generationId = this.assignedGenerationId;
    return this.assignment;
  }

  metadata(): ConsumerGroupMetadata {
    return { groupId: this.groupId, generationId: this.generationId, memberId: this.memberId };
  }
}

interface Group {
  generation: number;
  rebalancing: boolean;
  readonly members: Map<string, GroupMember>;
}

export class Groups {
  readonly #topics: Topics;
  readonly #env: Env;
  readonly #groups = new Map<string, Group>();
  readonly #reaper: Reaper;

  constructor(topics: Topics, env: Env) {
    this.#topics = topics;
    this.#env = env;
    this.#reaper = new Reaper(env.clock, env.timers, (now) => this.#expire(now));
  }

  /** Joins for the first time, or again after giving up the partitions of the last generation. */
  join(member: GroupMember): void {
    let group = this.#groups.get(member.groupId);
    if (group === undefined)
      this.#groups.set(
        member.groupId,
        (group = { generation: 0, rebalancing: false, members: new Map() }),
      );
    if (member.state === 'outside') {
      member.memberId = `member-${this.#env.random.uuid()}`;
      member.pollDeadline = Number.POSITIVE_INFINITY;
      group.members.set(member.memberId, member);
    }
    member.state = 'joined';
    if (group.rebalancing) this.#completeIfAllJoined(group);
    else this.#rebalance(group);
  }

  /** The member wants other topics than before. */
  subscriptionChanged(member: GroupMember): void {
    const group = this.#groups.get(member.groupId);
    if (group !== undefined && member.state !== 'outside') this.#rebalance(group);
  }

  leave(member: GroupMember): void {
    const group = this.#groups.get(member.groupId);
    if (group === undefined || member.state === 'outside') return;
    this.#remove(group, member);
    if (group.members.size === 0) group.rebalancing = false;
    else this.#rebalance(group);
  }

  /** The member is in a poll: it cannot expire. */
  pollBegins(member: GroupMember): void {
    member.pollDeadline = Number.POSITIVE_INFINITY;
  }

  pollEnds(member: GroupMember): void {
    member.pollDeadline = this.#env.clock.monotonic() + member.maxPollIntervalMs;
    if (member.pollDeadline < Number.POSITIVE_INFINITY) this.#reaper.watch(member.pollDeadline);
  }

  /** Partitions appeared or went: groups that read the topic share out anew. */
  topicChanged(topic: string): void {
    for (const group of this.#groups.values()) {
      for (const member of group.members.values()) {
        if (!member.topics.includes(topic)) continue;
        this.#rebalance(group);
        break;
      }
    }
  }

  /** Throws `UNKNOWN_MEMBER` or `ILLEGAL_GENERATION` unless this member may commit for the group. */
  check(metadata: ConsumerGroupMetadata): void {
    const group = this.#groups.get(metadata.groupId);
    if (metadata.generationId < 0) {
      if (group === undefined || group.members.size === 0) return;
      throw new StreamsError(
        'UNKNOWN_MEMBER',
        `Group '${metadata.groupId}' has ${group.members.size} subscribed members; offsets cannot be committed from outside. Use another groupId for manual assignment.`,
      );
    }
    if (group === undefined || !group.members.has(metadata.memberId)) {
      throw new StreamsError(
        'UNKNOWN_MEMBER',
        `Member '${metadata.memberId}' is not in group '${metadata.groupId}' any more: it left, or did not poll within its maxPollIntervalMs. Poll again to rejoin; records since the last commit are read again.`,
      );
    }
    if (metadata.generationId !== group.generation) {
      throw new StreamsError(
        'ILLEGAL_GENERATION',
        `Group '${metadata.groupId}' is at generation ${group.generation}; a commit of generation ${metadata.generationId} is refused, its partitions may belong to another member. Poll to get the new assignment.`,
      );
    }
  }

  groupIds(): IterableIterator<string> {
    return this.#groups.keys();
  }

  has(groupId: string): boolean {
    return this.#groups.has(groupId);
  }

  /** Members, static ones that are away included. */
  size(groupId: string): number {
    return this.#groups.get(groupId)?.members.size ?? 0;
  }

  /** A member of the group is subscribed to the topic. */
  reads(groupId: string, topic: string): boolean {
    for (const member of this.#groups.get(groupId)?.members.values() ?? [])
      if (member.topics.includes(topic)) return true;
    return false;
  }

  /** The group has no members and is deleted. */
  forget(groupId: string): void {
    assert(this.size(groupId) === 0, 'only a group without members is deleted');
    this.#groups.delete(groupId);
  }

  describe(groupId: string, hasOffsets: boolean): GroupDescription {
    const group = this.#groups.get(groupId);
    const members = [...(group?.members.values() ?? [])];
    return {
      groupId,
      state: stateOf(group, hasOffsets),
      generationId: group?.generation ?? 0,
      assignor: members.length === 0 ? '' : 'range',
      members: members.map(({ memberId, assignment }) => ({
        memberId,
        clientId: 'millrace',
        assignment,
      })),
    };
  }

  close(): void {
    this.#reaper.close();
  }

  /** Every member has to give up what it has and join again. */
  #rebalance(group: Group): void {
    group.rebalancing = true;
    for (const member of group.members.values()) {
      if (member.state === 'stable') member.state = 'revoking';
      // An assignment that was never taken need not be given up.
      else if (member.state === 'assigned') member.state = 'joined';
      member.wake();
    }
    this.#completeIfAllJoined(group);
  }

  #completeIfAllJoined(group: Group): void {
    for (const member of group.members.values()) if (member.state !== 'joined') return;
    group.generation++;
    group.rebalancing = false;
    const ranges = assignRanges(
      [...group.members.values()],
      (topic) => this.#topics.find(topic)?.partitions.length ?? 0,
    );
    for (const member of group.members.values()) {
      member.assignment = ranges.get(member.memberId) ?? [];
      member.assignedGenerationId = group.generation;
      member.state = 'assigned';
      member.wake();
    }
  }

  #remove(group: Group, member: GroupMember): void {
    group.members.delete(member.memberId);
    member.state = 'outside';
    member.assignment = [];
  }

  #expire(now: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const group of this.#groups.values()) {
      let removed = false;
      for (const member of group.members.values()) {
        if (member.pollDeadline <= now) {
          this.#remove(group, member);
          removed = true;
        } else next = Math.min(next, member.pollDeadline);
      }
      if (removed && group.members.size > 0) this.#rebalance(group);
      else if (removed) group.rebalancing = false;
    }
    return next;
  }
}

/** Kafka's states; an assignment that a member has not taken yet is one that the group still completes. */
function stateOf(group: Group | undefined, hasOffsets: boolean): GroupState {
  if (group === undefined) return hasOffsets ? 'Empty' : 'Dead';
  if (group.members.size === 0) return 'Empty';
  if (group.rebalancing) return 'PreparingRebalance';
  for (const member of group.members.values())
    if (member.state === 'assigned') return 'CompletingRebalance';
  return 'Stable';
}
