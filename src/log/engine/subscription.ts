/** What an assignor is told of a member and what it answers, and the order of members and partitions that all four share. */
import type { TopicPartition } from '../client.js';

export interface Subscription {
  readonly memberId: string;
  /** Static members come back under it with another member id. */
  readonly groupInstanceId?: string | undefined;
  /** Without repetition. */
  readonly topics: readonly string[];
  /** What the member holds, or held last. Only the sticky assignors look at it. */
  readonly owned: readonly TopicPartition[];
  /** The generation in which it got `owned`; of two members that name a partition, the later one is believed. */
  readonly ownedGeneration: number;
}

/** Partitions by member id; every member has an entry. */
export type Assignment = Map<string, TopicPartition[]>;

/** Kafka's order: static members by instance id, then the others by member id, so that a restart changes nothing. */
export function sortedMembers(members: readonly Subscription[]): Subscription[] {
  return [...members].sort((a, b) => {
    const [x, y] = [a.groupInstanceId, b.groupInstanceId];
    if (x !== undefined && y !== undefined) return x < y ? -1 : 1;
    if (x !== undefined || y !== undefined) return x !== undefined ? -1 : 1;
    return a.memberId < b.memberId ? -1 : 1;
  });
}

/** Every topic that a member wants, sorted. */
export function wantedTopics(members: readonly Subscription[]): string[] {
  const topics = new Set<string>();
  for (const member of members) for (const topic of member.topics) topics.add(topic);
  return [...topics].sort();
}

/** An entry for each member, in the order of the members. */
export function noAssignment(members: readonly Subscription[]): Assignment {
  return new Map(members.map(({ memberId }) => [memberId, []]));
}

export function partitionKey({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** Who has each partition by key: of two members the one of the later generation; '' when nobody can tell which. */
export function ownersOf(members: readonly Subscription[]): Map<string, string> {
  const owners = new Map<string, string>();
  const generations = new Map<string, number>();
  for (const { memberId, owned, ownedGeneration } of members) {
    for (const partition of owned) {
      const key = partitionKey(partition);
      const other = generations.get(key) ?? -Infinity;
      if (other > ownedGeneration || owners.get(key) === memberId) continue;
      owners.set(key, other === ownedGeneration ? '' : memberId);
      generations.set(key, ownedGeneration);
    }
  }
  return owners;
}
