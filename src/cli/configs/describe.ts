/** `millrace configs describe`: the configs of topics with where each value comes from. */
import { defineCommand, JSON_OPTION, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';
import { table } from '../terminal/table.js';

const HEADER = ['TOPIC', 'NAME', 'VALUE', 'SOURCE'];

export const describeConfigs = defineCommand({
  words: ['configs', 'describe'],
  summary: 'print the configs of topics',
  args: [{ name: 'topic', summary: 'names of the topics', many: true, option: 'topic' }],
  options: {
    all: { kind: 'flag', summary: 'also those that have their default' },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '[{ topic, configs: [{ name, value, source, type, documentation }] }]; source is DYNAMIC_TOPIC_CONFIG (set for this topic) or DEFAULT_CONFIG',
  examples: ['millrace configs describe --topic hello.kafka --all'],
  async run({ args, options }, io) {
    const described = await withLog(io, options, (log) => log.admin().describeConfigs(args.topic));
    const data = args.topic.map((topic, i) => ({
      topic,
      configs: (described[i] ?? []).filter(
        ({ source }) => options.all || source !== 'DEFAULT_CONFIG',
      ),
    }));
    if (options.json) {
      await io.out.write(`${JSON.stringify(data)}\n`);
      return 0;
    }
    const rows = data.flatMap(({ topic, configs }) =>
      configs.map(({ name, value, source }) => [topic, name, value, source]),
    );
    await io.out.write(
      rows.length === 0
        ? 'No config is set; --all shows the defaults too.\n'
        : table(HEADER, rows, io.out),
    );
    return 0;
  },
});
