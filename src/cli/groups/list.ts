/** `millrace groups list`: the consumer groups of a log. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';
import { table } from '../terminal/table.js';

export const listGroups = defineCommand({
  words: ['groups', 'list'],
  summary: 'print the names of the consumer groups',
  args: [],
  options: {
    state: { kind: 'flag', summary: 'print their states too' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ groupId, state }]',
  async run({ options }, io) {
    const groups = await withLog(io, options, async (log) =>
      (await log.admin().describeGroups()).map(({ groupId, state }) => ({ groupId, state })),
    );
    if (options.json) await io.out.write(`${JSON.stringify(groups)}\n`);
    else if (options.state)
      await io.out.write(
        table(
          ['GROUP', 'STATE'],
          groups.map(({ groupId, state }) => [groupId, state]),
          io.out,
        ),
      );
    else await io.out.write(groups.map(({ groupId }) => `${groupId}\n`).join(''));
    return 0;
  },
});
