/** `millrace consume`: prints the records of topics, and goes on until it is told to stop. */
import { durationMs, type Duration } from '../../duration.js';
import { StreamsError } from '../../errors.js';
import type { Isolation } from '../../log/client.js';
import type { Log } from '../../log/log.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import { counted } from '../counted.js';
import { withLog } from '../opened-log.js';
import { FIELDS, printedFields, RecordPrinter } from './record-printer.js';
import { partitionsOf, RecordReader, type ReadPlan } from './record-reader.js';
import { SERDE_NAMES } from './record-serdes.js';

export const consume = defineCommand({
  words: ['consume'],
  summary: 'print the records of topics',
  notes: [
    'It follows the topics until Ctrl-C, which commits (with --group) and ends it with exit code 0; --max, --timeout and --until-end stop it earlier. It begins at the committed offset of the group, else at the end, or with --from-beginning at the beginning. While it runs it has the log open: no other process can write.',
  ],
  args: [
    { name: 'topic', summary: 'names of the topics', many: true, optional: true, option: 'topic' },
  ],
  options: {
    pattern: {
      kind: 'text',
      value: 'REGEX',
      summary: 'all topics whose whole name matches, instead of names',
    },
    'from-beginning': {
      kind: 'flag',
      summary: 'without a committed offset, begin at the first record',
    },
    group: {
      kind: 'text',
      value: 'GROUP',
      summary: 'read as a member of this group, and commit for it',
    },
    partition: { kind: 'number', value: 'N', min: 0, summary: 'only this partition' },
    offset: {
      kind: 'text',
      value: 'OFFSET',
      summary: 'with --partition, where to begin: a number, earliest or latest',
    },
    print: {
      kind: 'text',
      value: 'FIELDS',
      default: 'value',
      summary: `what to print, with commas between: ${FIELDS.join(', ')}`,
    },
    separator: { kind: 'text', value: 'TEXT', summary: 'stands between fields; default: a tab' },
    'null-text': {
      kind: 'text',
      value: 'TEXT',
      default: 'null',
      summary: 'stands for a key or value that is null',
    },
    'key-serde': {
      kind: 'text',
      value: 'SERDE',
      choices: SERDE_NAMES,
      default: 'string',
      summary: 'how keys were written',
    },
    'value-serde': {
      kind: 'text',
      value: 'SERDE',
      choices: SERDE_NAMES,
      default: 'string',
      summary: 'how values were written',
    },
    max: { kind: 'number', value: 'N', min: 1, summary: 'stop after so many records' },
    timeout: {
      kind: 'text',
      value: 'TIME',
      summary: 'stop when no record came for so long: 10s, 500ms, or milliseconds',
    },
    'until-end': { kind: 'flag', summary: 'stop at the end that the topics have now' },
    isolation: {
      kind: 'text',
      value: 'LEVEL',
      choices: ['read_committed', 'read_uncommitted'],
      default: 'read_committed',
      summary: 'whether records of open and aborted transactions are left out',
    },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: 'one line per record: { topic, partition, offset, timestamp, key, value, headers: [[NAME, VALUE]] }; a long beyond 2^53 is text',
  examples: [
    'millrace consume order --from-beginning --until-end --print key,value',
    'millrace consume word-counts --from-beginning --print key --value-serde long',
  ],
  async run({ args, options }, io) {
    const printer = new RecordPrinter({
      fields: printedFields(options.print),
      separator: options.separator ?? '\t',
      nullText: options['null-text'],
      json: options.json,
      keySerde: options['key-serde'],
      valueSerde: options['value-serde'],
    });
    const wanted: Wanted = {
      topics: args.topic,
      pattern: topicPattern(args.topic, options.pattern),
      group: options.group,
      partition: options.partition,
      offset: startOffset(options.offset),
      fromBeginning: options['from-beginning'],
      isolation: options.isolation,
      max: options.max ?? Number.POSITIVE_INFINITY,
      timeoutMs: timeoutMs(options.timeout),
      untilEnd: options['until-end'],
    };
    requireSense(wanted);
    return withLog(io, options, async (log) => {
      const reader = new RecordReader(io, log, await planOf(log, wanted), (cursor, at) =>
        printer.line(cursor, at.topic, at.partition),
      );
      await reader.run();
      await io.err.write(`${counted(reader.count, 'record')}.\n`);
      return 0;
    });
  },
});

interface Wanted {
  readonly topics: readonly string[];
  readonly pattern: RegExp | undefined;
  readonly group: string | undefined;
  readonly partition: number | undefined;
  readonly offset: number | 'earliest' | 'latest' | undefined;
  readonly fromBeginning: boolean;
  readonly isolation: Isolation;
  readonly max: number;
  readonly timeoutMs: number;
  readonly untilEnd: boolean;
}

function requireSense({ topics, pattern, group, partition, offset, fromBeginning }: Wanted): void {
  if (topics.length === 0 && pattern === undefined)
    throw new UsageError('TOPIC is missing; or say --pattern REGEX.');
  if (partition !== undefined && (pattern !== undefined || topics.length > 1))
    throw new UsageError('--partition needs one topic by its name.');
  if (partition !== undefined && group !== undefined)
    throw new UsageError(
      '--partition and --group do not go together: a group shares its partitions out by itself.',
    );
  if (offset !== undefined && partition === undefined)
    throw new UsageError('--offset needs --partition: an offset belongs to one partition.');
  if (offset !== undefined && fromBeginning)
    throw new UsageError('--offset and --from-beginning both say where to begin.');
}

async function planOf(log: Log, wanted: Wanted): Promise<ReadPlan> {
  const { topics, pattern, group, partition, offset } = wanted;
  const fromStart = wanted.fromBeginning || offset === 'earliest';
  const plan = {
    groupId: group,
    isolation: wanted.isolation,
    offsetReset: fromStart ? ('earliest' as const) : ('latest' as const),
    max: wanted.max,
    untilEnd: wanted.untilEnd,
    timeoutMs: wanted.timeoutMs,
  };
  if (group !== undefined) {
    if (pattern === undefined) await log.admin().describeTopics(topics);
    return { ...plan, source: { kind: 'subscribed', topics: pattern ?? topics } };
  }
  const names = pattern === undefined ? topics : await matching(log, pattern);
  return {
    ...plan,
    source: {
      kind: 'assigned',
      partitions: await partitionsOf(log, names, partition),
      offset: typeof offset === 'number' ? offset : undefined,
    },
  };
}

async function matching(log: Log, pattern: RegExp): Promise<string[]> {
  const names = (await log.admin().listTopics()).filter((name) => pattern.test(name));
  if (names.length > 0) return names;
  throw new StreamsError('UNKNOWN_TOPIC', `No topic matches the pattern ${pattern.source}.`);
}

function topicPattern(topics: readonly string[], pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined;
  if (topics.length > 0) throw new UsageError('give topics by name or --pattern, not both.');
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    throw new UsageError(`--pattern: ${(error as Error).message}.`);
  }
}

function startOffset(text: string | undefined): Wanted['offset'] {
  if (text === undefined || text === 'earliest' || text === 'latest') return text;
  const offset = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(offset)) return offset;
  throw new UsageError(`--offset: '${text}' is neither earliest nor latest nor a number >= 0.`);
}

function timeoutMs(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  try {
    // The pattern of a duration is checked there; digits alone are milliseconds.
    return durationMs(/^\d+$/.test(text) ? Number(text) : (text as Duration), '--timeout');
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
