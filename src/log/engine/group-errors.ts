/** What the group coordinator refuses, in Kafka's words, and the rules for the names of groups and their members. */
import { StreamsError } from '../../errors.js';
import type { ConsumerGroupMetadata } from '../client.js';
import type { GroupMember } from './group-member.js';

/** What a string may have in Kafka's protocol. */
const GROUP_ID_LENGTH_MAX = 32_767;
/** Kafka's rule for instance ids is the one for topic names. */
const INSTANCE_ID_LENGTH_MAX = 249;

/** Throws `INVALID_GROUP`. */
export function checkGroupId(groupId: unknown): asserts groupId is string {
  if (typeof groupId === 'string' && groupId !== '' && groupId.length <= GROUP_ID_LENGTH_MAX)
    return;
  const given = typeof groupId === 'string' && groupId !== '' ? 'a longer one' : String(groupId);
  throw new StreamsError(
    'INVALID_GROUP',
    `A groupId is a text of 1 to ${GROUP_ID_LENGTH_MAX} characters, not ${groupId === '' ? "''" : given}.`,
  );
}

/** Throws `INVALID_ARGUMENT`. */
export function checkInstanceId(groupInstanceId: unknown, groupId: string | undefined): void {
  if (groupInstanceId === undefined) return;
  if (groupId === undefined)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      'groupInstanceId needs a groupId: it names a member of a group.',
    );
  const valid =
    typeof groupInstanceId === 'string' &&
    groupInstanceId.length <= INSTANCE_ID_LENGTH_MAX &&
    /^[A-Za-z0-9._-]+$/.test(groupInstanceId) &&
    groupInstanceId !== '.' &&
    groupInstanceId !== '..';
  if (valid) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(groupInstanceId)} is not a groupInstanceId: 1 to ${INSTANCE_ID_LENGTH_MAX} letters, digits, '.', '_' or '-' are allowed, and not '.' or '..'.`,
  );
}

export function fencedInstance(groupId: string, groupInstanceId: string): StreamsError {
  return new StreamsError(
    'FENCED_INSTANCE_ID',
    `A newer consumer joined group '${groupId}' as '${groupInstanceId}', so this one is out for good. Most likely two programs have the same groupInstanceId: give each its own, and close this consumer.`,
  );
}

export function inconsistentProtocol(member: GroupMember, others: string): StreamsError {
  return new StreamsError(
    'INCONSISTENT_GROUP_PROTOCOL',
    `The members of group '${member.groupId}' share partitions out by '${others}', this one by '${member.assignorName}'. Give all members the same assignor; to change it, close all of them first.`,
  );
}

export function groupFull(groupId: string, membersMax: number): StreamsError {
  return new StreamsError(
    'LIMIT_EXCEEDED',
    `Group '${groupId}' has ${membersMax} members, and no more fit. Close some, or let each read more partitions.`,
  );
}

export function tooManyGroups(groupId: string, groupsMax: number): StreamsError {
  return new StreamsError(
    'LIMIT_EXCEEDED',
    `The log has ${groupsMax} groups, its limit, so group '${groupId}' cannot be made. Delete groups that nobody needs (deleteGroups), or open the log with a higher groupsMax.`,
  );
}

export function notFromOutside(groupId: string, members: number): StreamsError {
  return new StreamsError(
    'UNKNOWN_MEMBER',
    `Group '${groupId}' has ${members} subscribed members; offsets cannot be committed from outside. Use another groupId for manual assignment.`,
  );
}

export function unknownMember({ groupId, memberId }: ConsumerGroupMetadata): StreamsError {
  return new StreamsError(
    'UNKNOWN_MEMBER',
    `Member '${memberId}' is not in group '${groupId}' any more: it left, or did not poll within its maxPollInterval. Poll again to rejoin; records since the last commit are read again.`,
  );
}

export function illegalGeneration(
  { groupId, generationId }: ConsumerGroupMetadata,
  current: number,
): StreamsError {
  return new StreamsError(
    'ILLEGAL_GENERATION',
    `Group '${groupId}' is at generation ${current}; a commit of generation ${generationId} is refused, its partitions may belong to another member. Poll to get the new assignment.`,
  );
}

export function rebalanceInProgress({ groupId }: ConsumerGroupMetadata): StreamsError {
  return new StreamsError(
    'REBALANCE_IN_PROGRESS',
    `Group '${groupId}' has shared out anew, and this member has not taken its part yet. Poll, then commit again what it still has.`,
  );
}
