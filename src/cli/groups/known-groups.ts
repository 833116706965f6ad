/** The groups that a command line names, or an error that names the nearest one. */
import { StreamsError } from '../../errors.js';
import type { GroupDescription } from '../../log/client.js';
import type { Admin } from '../../log/typed-admin.js';
import { didYouMean } from '../../nearest-name.js';

/** Descriptions of the groups, all of them when none is named. Throws `UNKNOWN_GROUP`. */
export async function knownGroups(
  admin: Admin,
  groupIds: readonly string[] | undefined,
): Promise<GroupDescription[]> {
  const described = await admin.describeGroups(groupIds);
  for (const { groupId, state } of described)
    if (state === 'Dead') throw await unknownGroup(admin, groupId);
  return described;
}

async function unknownGroup(admin: Admin, groupId: string): Promise<StreamsError> {
  const known = await admin.listGroups();
  const there = known.length === 0 ? ' The log has no groups yet.' : didYouMean(groupId, known);
  return new StreamsError('UNKNOWN_GROUP', `Consumer group '${groupId}' does not exist.${there}`);
}
