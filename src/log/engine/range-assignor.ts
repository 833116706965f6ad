/**
 * Kafka's range assignor: per topic, the members that want it, in their order, get consecutive partitions; the first
 * ones get one more when it does not divide. Topics with equal partition counts are dealt out alike, so that
 * partition p of each goes to the same member (co-partitioning).
 */
import {
  noAssignment,
  sortedMembers,
  wantedTopics,
  type Assignment,
  type Subscription,
} from './subscription.js';

export function assignRanges(
  members: readonly Subscription[],
  partitionsOf: (topic: string) => number,
): Assignment {
  const sorted = sortedMembers(members);
  const assignment = noAssignment(sorted);
  const takers = takersByTopic(sorted);
  for (const topic of wantedTopics(sorted)) {
    const shares = takers.get(topic) ?? [];
    const partitions = partitionsOf(topic);
    const share = Math.floor(partitions / shares.length);
    const extra = partitions % shares.length;
    let next = 0;
    shares.forEach((memberId, index) => {
      const end = next + share + (index < extra ? 1 : 0);
      for (; next < end; next++) assignment.get(memberId)?.push({ topic, partition: next });
    });
  }
  return assignment;
}

/** The ids of the members that want each topic, in the order of the members. */
function takersByTopic(members: readonly Subscription[]): Map<string, string[]> {
  const takers = new Map<string, string[]>();
  for (const { memberId, topics } of members) {
    for (const topic of topics) {
      const list = takers.get(topic);
      if (list === undefined) takers.set(topic, [memberId]);
      else list.push(memberId);
    }
  }
  return takers;
}
