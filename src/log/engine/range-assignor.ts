/**
 * Kafka's range assignor: per topic, the members that want it, sorted by id, get consecutive partitions; the first
 * ones get one more when it does not divide. Topics with equal partition counts are dealt out alike, so that
 * partition p of each goes to the same member (co-partitioning).
 */
import type { TopicPartition } from '../client.js';

export interface Subscription {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Partitions by member id; every member has an entry. */
export function assignRanges(
  members: readonly Subscription[],
  partitionsOf: (topic: string) => number,
): Map<string, TopicPartition[]> {
  const assignment = new Map<string, TopicPartition[]>();
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  for (const member of sorted) assignment.set(member.memberId, []);
  const topics = [...new Set(sorted.flatMap((member) => member.topics))].sort();
  for (const topic of topics) {
    const takers = sorted.filter((member) => member.topics.includes(topic));
    const partitions = partitionsOf(topic);
    const share = Math.floor(partitions / takers.length);
    const extra = partitions % takers.length;
    let next = 0;
    takers.forEach((member, index) => {
      const end = next + share + (index < extra ? 1 : 0);
      for (; next < end; next++) assignment.get(member.memberId)?.push({ topic, partition: next });
    });
  }
  return assignment;
}
