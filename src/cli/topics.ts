/** `millrace topics create | list | describe`: the topics of a log directory, in the words of Kafka's own tool. */
import { didYouMean } from '../nearest-name.js';
import {
  type Command,
  type CommandIo,
  LOG_OPTION,
  onlyArgument,
  parsed,
  table,
  UsageError,
  wholeNumber,
  withLog,
} from './command.js';

const ACTIONS = ['create', 'list', 'describe'];
const USAGE = `millrace topics create TOPIC [--partitions N] [--config NAME=VALUE]... [--if-not-exists] [--log DIR]
millrace topics list [--json] [--log DIR]
millrace topics describe [TOPIC...] [--json] [--log DIR]`;

export const topics: Command = {
  name: 'topics',
  summary: 'create, list and describe topics',
  usage: USAGE,
  async run([action, ...args], io) {
    if (action === 'create') return create(args, io);
    if (action === 'list') return list(args, io);
    if (action === 'describe') return describe(args, io);
    throw new UsageError(
      action === undefined
        ? 'topics: say create, list or describe.'
        : `topics: there is no '${action}', only create, list and describe.${didYouMean(action, ACTIONS)}`,
    );
  },
};

async function create(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsed(args, {
    ...LOG_OPTION,
    partitions: { type: 'string', default: '1' },
    config: { type: 'string', multiple: true, default: [] },
    'if-not-exists': { type: 'boolean', default: false },
  });
  const topic = onlyArgument('the name of the topic', positionals);
  const partitions = wholeNumber('partitions', values.partitions, 1);
  const config = Object.fromEntries(values.config.map(configEntry));
  return withLog(io, values.log, true, async (log) => {
    await log
      .admin()
      .createTopics([{ topic, partitions, config }], { ifNotExists: values['if-not-exists'] });
    io.out(`Created topic ${topic} with ${partitions} partition${partitions === 1 ? '' : 's'}.\n`);
    return 0;
  });
}

function configEntry(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new UsageError(`--config: '${text}' is not NAME=VALUE.`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

async function list(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsed(args, {
    ...LOG_OPTION,
    json: { type: 'boolean', default: false },
  });
  if (positionals.length > 0) throw new UsageError(`'${positionals[0]}' is one argument too many.`);
  return withLog(io, values.log, false, async (log) => {
    const names = await log.admin().listTopics();
    io.out(values.json ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(''));
    return 0;
  });
}

async function describe(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parsed(args, {
    ...LOG_OPTION,
    json: { type: 'boolean', default: false },
  });
  return withLog(io, values.log, false, async (log) => {
    const admin = log.admin();
    const descriptions = await admin.describeTopics(
      positionals.length === 0 ? undefined : positionals,
    );
    const rows = [['TOPIC', 'PARTITION', 'START', 'END', 'CONFIG']];
    const data: object[] = [];
    for (const { topic, partitions, config } of descriptions) {
      const starts = await admin.listOffsets(topic, 'earliest');
      const ends = await admin.listOffsets(topic, 'latest');
      const text = Object.entries(config)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ');
      ends.forEach(({ partition, offset }, index) => {
        rows.push([
          topic,
          String(partition),
          String(starts[index]?.offset ?? 0),
          String(offset),
          index === 0 ? text : '',
        ]);
      });
      data.push({
        topic,
        partitions,
        config,
        offsets: ends.map((end, index) => ({
          partition: end.partition,
          start: starts[index]?.offset ?? 0,
          end: end.offset,
        })),
      });
    }
    io.out(values.json ? `${JSON.stringify(data)}\n` : table(rows));
    return 0;
  });
}
