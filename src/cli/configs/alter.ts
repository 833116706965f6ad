/** `millrace configs alter`: sets configs of a topic, and takes them back to their defaults. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import { assignments } from '../command-line.js';
import { withLog } from '../opened-log.js';

export const alterConfigs = defineCommand({
  words: ['configs', 'alter'],
  summary: 'set configs of topics, or take them back to their defaults',
  notes: ['All changes are made, or none. They are in force when the command ends.'],
  args: [{ name: 'topic', summary: 'names of the topics', many: true, option: 'topic' }],
  options: {
    set: { kind: 'list', value: 'NAME=VALUE', summary: 'the config gets this value' },
    unset: { kind: 'list', value: 'NAME', summary: 'the config gets its default again' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, set: { NAME: VALUE }, unset: [NAME] }]',
  examples: [
    'millrace configs alter --topic hello.kafka --set retention.ms=86400000 --unset cleanup.policy',
  ],
  async run({ args, options }, io) {
    const set = assignments('set', options.set);
    const { unset } = options;
    if (Object.keys(set).length + unset.length === 0)
      throw new UsageError('say what to alter: --set NAME=VALUE or --unset NAME.');
    await withLog(io, options, (log) =>
      log.admin().alterConfigs(args.topic.map((topic) => ({ topic, set, unset }))),
    );
    if (options.json) {
      const altered = args.topic.map((topic) => ({ topic, set, unset }));
      await io.out.write(`${JSON.stringify(altered)}\n`);
      return 0;
    }
    for (const topic of args.topic) await io.out.write(`Altered configs of topic ${topic}.\n`);
    return 0;
  },
});
