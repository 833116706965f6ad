/** `millrace topics list`: names, one a line. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';

export const listTopics = defineCommand({
  words: ['topics', 'list'],
  summary: 'print the names of the topics',
  args: [],
  options: { ...JSON_OPTION, ...LOG_OPTIONS },
  json: '["TOPIC", ...]',
  async run({ options }, io) {
    const names = await withLog(io, options, (log) => log.admin().listTopics());
    await io.out.write(
      options.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''),
    );
    return 0;
  },
});
