/**
 * Kafka's round robin assignor: all partitions of all topics, in order, are dealt out to the members in turn; a
 * member that does not want the topic is passed over. With equal subscriptions no member has two more than another.
 */
import {
  noAssignment,
  sortedMembers,
  wantedTopics,
  type Assignment,
  type Subscription,
} from './subscription.js';

export function assignRoundRobin(
  members: readonly Subscription[],
  partitionsOf: (topic: string) => number,
): Assignment {
  const sorted = sortedMembers(members);
  const assignment = noAssignment(sorted);
  const wanted = sorted.map(({ topics }) => new Set(topics));
  let turn = 0;
  for (const topic of wantedTopics(sorted)) {
    const partitions = partitionsOf(topic);
    for (let partition = 0; partition < partitions; partition++) {
      while (!wanted[turn]!.has(topic)) turn = (turn + 1) % sorted.length;
      assignment.get(sorted[turn]!.memberId)?.push({ topic, partition });
      turn = (turn + 1) % sorted.length;
    }
  }
  return assignment;
}
