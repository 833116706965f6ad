/**
 * The group coordinator: consumer groups of this process with Kafka's classic protocol: join, sync, generations, the
 * eager and the cooperative way, static members. There is no heartbeat; a member that does not poll for its
 * max.poll.interval is taken out. What a member goes through is drawn in `group-member.ts`.
 */
import type { Env } from '../../env/env.js';
import { assert } from '../../errors.js';
import type { ConsumerGroupMetadata, GroupDescription, GroupState } from '../client.js';
import {
  fencedInstance,
  groupFull,
  illegalGeneration,
  inconsistentProtocol,
  notFromOutside,
  rebalanceInProgress,
  tooManyGroups,
  unknownMember,
} from './group-errors.js';
import type { GroupMember } from './group-member.js';
import { Reaper } from './reaper.js';
import type { Topics } from './topics.js';

/** Kafka's group.max.size. */
const MEMBERS_MAX = 1000;

export interface Group {
  readonly groupId: string;
  generation: number;
  rebalancing: boolean;
  readonly members: Map<string, GroupMember>;
}

export class Groups {
  readonly #topics: Topics;
  readonly #env: Env;
  readonly #emptied: (groupId: string) => void;
  readonly #groupsMax: number;
  readonly #groups = new Map<string, Group>();
  readonly #reaper: Reaper;

  /** `emptied`: the last member of a group went. */
  constructor(topics: Topics, env: Env, groupsMax: number, emptied: (groupId: string) => void) {
    this.#topics = topics;
    this.#env = env;
    this.#groupsMax = groupsMax;
    this.#emptied = emptied;
    this.#reaper = new Reaper(env.clock, env.timers, (now) => this.#expire(now));
  }

  /**
   * Joins for the first time, or again after giving up what has to be given up. Throws
   * `INCONSISTENT_GROUP_PROTOCOL`, `LIMIT_EXCEEDED`.
   */
  join(member: GroupMember): void {
    const group = this.#groups.get(member.groupId) ?? this.#create(member.groupId);
    if (member.state === 'outside' && this.#admit(group, member)) return;
    member.state = 'joined';
    if (group.rebalancing) this.#completeIfAllJoined(group);
    else this.#rebalance(group);
  }

  /** The member wants other topics than before, or gave up what another one is to get. */
  rejoin(member: GroupMember): void {
    const group = this.#groupOf(member);
    if (group !== undefined) this.#rebalance(group);
  }

  leave(member: GroupMember): void {
    const group = this.#groupOf(member);
    if (group === undefined) return;
    this.#remove(group, member);
    this.#shrunk(group);
  }

  /** A static member that closes stays a member until its time is over: it may come back. */
  goAway(member: GroupMember): void {
    if (this.#groupOf(member) !== undefined) this.pollEnds(member);
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
    for (const group of this.#groups.values())
      if (this.reads(group.groupId, topic)) this.#rebalance(group);
  }

  /** Throws unless this member may commit for the group: `UNKNOWN_MEMBER`, `ILLEGAL_GENERATION`, `REBALANCE_IN_PROGRESS`, `FENCED_INSTANCE_ID`. */
  check(metadata: ConsumerGroupMetadata): void {
    const group = this.#groups.get(metadata.groupId);
    const members = group?.members.size ?? 0;
    if (metadata.generationId < 0) {
      if (members === 0) return;
      throw notFromOutside(metadata.groupId, members);
    }
    const member = group?.members.get(metadata.memberId);
    if (group === undefined || member === undefined) {
      const { groupInstanceId } = metadata;
      if (groupInstanceId !== undefined && staticMember(group, groupInstanceId) !== undefined)
        throw fencedInstance(metadata.groupId, groupInstanceId);
      throw unknownMember(metadata);
    }
    if (metadata.generationId === group.generation) return;
    // It goes on with what it has, and is told of the new generation by the next poll.
    if (member.assignor.cooperative && metadata.generationId === member.generationId)
      throw rebalanceInProgress(metadata);
    throw illegalGeneration(metadata, group.generation);
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
      if (member.wants(topic)) return true;
    return false;
  }

  /** The group has no members and is deleted. */
  forget(groupId: string): void {
    assert(this.size(groupId) === 0, 'only a group without members is deleted');
    this.#groups.delete(groupId);
  }

  /** Kafka's states; while a member has not taken its part, the group still completes the rebalance. */
  state(groupId: string, hasOffsets: boolean): GroupState {
    const group = this.#groups.get(groupId);
    if (group === undefined) return hasOffsets ? 'Empty' : 'Dead';
    if (group.members.size === 0) return 'Empty';
    if (group.rebalancing) return 'PreparingRebalance';
    for (const member of group.members.values())
      if (member.state === 'assigned') return 'CompletingRebalance';
    return 'Stable';
  }

  describe(groupId: string, hasOffsets: boolean): GroupDescription {
    const group = this.#groups.get(groupId);
    const members = [...(group?.members.values() ?? [])];
    return {
      groupId,
      state: this.state(groupId, hasOffsets),
      generationId: group?.generation ?? 0,
      assignor: members[0]?.assignorName ?? '',
      members: members.map((member) => member.describe()),
    };
  }

  /** The log is closed: what had members has none from now on. */
  close(): void {
    this.#reaper.close();
    for (const { groupId, members } of this.#groups.values())
      if (members.size > 0) this.#emptied(groupId);
  }

  #create(groupId: string): Group {
    if (this.#groups.size >= this.#groupsMax) throw tooManyGroups(groupId, this.#groupsMax);
    const group = { groupId, generation: 0, rebalancing: false, members: new Map() };
    this.#groups.set(groupId, group);
    return group;
  }

  #groupOf(member: GroupMember): Group | undefined {
    const group = this.#groups.get(member.groupId);
    return group?.members.get(member.memberId) === member ? group : undefined;
  }

  /** True when a static member came back in time and has its part again: then there is nothing to rebalance. */
  #admit(group: Group, member: GroupMember): boolean {
    const former = staticMember(group, member.groupInstanceId);
    for (const other of group.members.values()) {
      if (other === former || other.assignorName === member.assignorName) continue;
      throw inconsistentProtocol(member, other.assignorName);
    }
    if (former === undefined && group.members.size >= MEMBERS_MAX)
      throw groupFull(group.groupId, MEMBERS_MAX);
    member.memberId = `${member.groupInstanceId ?? member.clientId}-${this.#env.random.uuid()}`;
    member.pollDeadline = Number.POSITIVE_INFINITY;
    group.members.set(member.memberId, member);
    return former !== undefined && this.#replace(group, former, member);
  }

  #replace(group: Group, former: GroupMember, member: GroupMember): boolean {
    // What a cooperative member still holds and must give up would be nobody's for ever if nobody asked for a rebalance.
    const settled = former.state === 'stable' || !former.assignor.cooperative;
    const keeps =
      settled &&
      !group.rebalancing &&
      former.assignorName === member.assignorName &&
      former.wantsTheSameAs(member);
    const { assignment, owned, ownedGeneration } = former;
    group.members.delete(former.memberId);
    former.removed('fenced');
    if (keeps) {
      member.assignment = assignment;
      member.assignedGenerationId = group.generation;
      member.state = 'assigned';
    } else if (!member.assignor.cooperative) {
      // A hint for the sticky assignor. A cooperative member must not claim what it does not hold.
      member.owned = owned;
      member.ownedGeneration = ownedGeneration;
    }
    return keeps;
  }

  /** Every member has to join again. */
  #rebalance(group: Group): void {
    group.rebalancing = true;
    for (const member of group.members.values()) {
      if (member.state === 'stable') member.state = 'rebalancing';
      // An assignment that was never taken need not be given up.
      else if (member.state === 'assigned') member.state = 'joined';
      member.wake();
    }
    this.#completeIfAllJoined(group);
  }

  #completeIfAllJoined(group: Group): void {
    for (const member of group.members.values()) if (member.state !== 'joined') return;
    const members = [...group.members.values()];
    const first = members[0];
    assert(first !== undefined, 'a rebalance completes with at least one member');
    group.generation++;
    group.rebalancing = false;
    let names: readonly string[] | undefined;
    const existing = (): readonly string[] =>
      (names ??= [...this.#topics.all()].map((topic) => topic.name));
    const assignment = first.assignor.assign(
      members.map((member) => member.subscription(existing)),
      (topic) => this.#topics.find(topic)?.partitions.length ?? 0,
    );
    for (const member of members) {
      member.assignment = assignment.get(member.memberId) ?? [];
      member.assignedGenerationId = group.generation;
      member.state = 'assigned';
      member.wake();
    }
  }

  #remove(group: Group, member: GroupMember): void {
    group.members.delete(member.memberId);
    member.removed('outside');
  }

  #shrunk(group: Group): void {
    if (group.members.size > 0) return this.#rebalance(group);
    group.rebalancing = false;
    this.#emptied(group.groupId);
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
      if (removed) this.#shrunk(group);
    }
    return next;
  }
}

function staticMember(
  group: Group | undefined,
  groupInstanceId: string | undefined,
): GroupMember | undefined {
  if (groupInstanceId === undefined) return undefined;
  for (const member of group?.members.values() ?? [])
    if (member.groupInstanceId === groupInstanceId) return member;
  return undefined;
}
