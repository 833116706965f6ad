/**
 * Kafka's cooperative sticky assignor (KIP-429): the sticky assignment, except that a partition which another member
 * still holds is given to nobody. Its holder gives it up after this rebalance and asks for the next one, which finds
 * it free and gives it out; everything else is read on meanwhile.
 */
import { assignSticky } from './sticky-assignor.js';
import { ownersOf, partitionKey, type Assignment, type Subscription } from './subscription.js';

export function assignCooperatively(
  members: readonly Subscription[],
  partitionsOf: (topic: string) => number,
): Assignment {
  const owners = ownersOf(members);
  const assignment = assignSticky(members, partitionsOf);
  for (const [memberId, partitions] of assignment) {
    const free = partitions.filter((partition) => {
      const owner = owners.get(partitionKey(partition));
      return owner === undefined || owner === memberId;
    });
    assignment.set(memberId, free);
  }
  return assignment;
}
