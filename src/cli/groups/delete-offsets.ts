/** `millrace groups delete-offsets`: forgets committed offsets of a group. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import { counted } from '../counted.js';
import { withLog } from '../opened-log.js';
import { knownGroups } from './known-groups.js';
import { partitionScope } from './partition-scope.js';

export const deleteGroupOffsets = defineCommand({
  words: ['groups', 'delete-offsets'],
  summary: 'forget committed offsets of a group',
  args: [{ name: 'group', summary: 'name of the group', option: 'group' }],
  options: {
    topic: { kind: 'list', value: 'TOPIC[:0,1]', summary: 'the topic, or some of its partitions' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, partition }]',
  async run({ args, options }, io) {
    if (options.topic.length === 0) throw new UsageError('say which offsets: --topic TOPIC.');
    const forgotten = await withLog(io, options, async (log) => {
      const admin = log.admin();
      await knownGroups(admin, [args.group]);
      const scope = await partitionScope(admin, options.topic);
      await admin.deleteGroupOffsets(args.group, scope);
      return scope;
    });
    await io.out.write(
      options.json
        ? `${JSON.stringify(forgotten)}\n`
        : `Group ${args.group} has no offsets for ${counted(forgotten.length, 'partition')} now.\n`,
    );
    return 0;
  },
});
