/** `millrace groups delete`: groups with their committed offsets. */
import { defineCommand, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';
import { knownGroups } from './known-groups.js';

export const deleteGroups = defineCommand({
  words: ['groups', 'delete'],
  summary: 'delete groups that have no members, with their committed offsets',
  args: [{ name: 'group', summary: 'names of the groups', many: true, option: 'group' }],
  options: { ...LOG_OPTIONS },
  async run({ args, options }, io) {
    await withLog(io, options, async (log) => {
      const admin = log.admin();
      await knownGroups(admin, args.group);
      await admin.deleteGroups(args.group);
    });
    for (const group of args.group) await io.out.write(`Deleted group ${group}.\n`);
    return 0;
  },
});
