/** `millrace groups delete`: groups with their committed offsets. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';
import { knownGroups } from './known-groups.js';

export const deleteGroups = defineCommand({
  words: ['groups', 'delete'],
  summary: 'delete groups that have no members, with their committed offsets',
  args: [{ name: 'group', summary: 'names of the groups', many: true, option: 'group' }],
  options: { ...JSON_OPTION, ...LOG_OPTIONS },
  json: '[{ groupId }]',
  async run({ args, options }, io) {
    await withLog(io, options, async (log) => {
      const admin = log.admin();
      await knownGroups(admin, args.group);
      await admin.deleteGroups(args.group);
    });
    if (options.json) {
      const gone = args.group.map((groupId) => ({ groupId }));
      await io.out.write(`${JSON.stringify(gone)}\n`);
      return 0;
    }
    for (const group of args.group) await io.out.write(`Deleted group ${group}.\n`);
    return 0;
  },
});
