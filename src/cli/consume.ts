/**
 * `millrace consume`: prints the committed records of a topic, from its beginning to its end. It ends there, because
 * this process holds the directory: nobody else can write to it meanwhile.
 */
import type { Log } from '../log/log.js';
import type { FetchedRecords, RecordHeader, TopicPartition } from '../log/client.js';
import { didYouMean } from '../nearest-name.js';
import { RecordCursor } from '../log/record-cursor.js';
import {
  type Command,
  type CommandIo,
  LOG_OPTION,
  onlyArgument,
  parsed,
  UsageError,
  wholeNumber,
  withLog,
} from './command.js';

const FIELDS = ['key', 'value', 'timestamp', 'partition', 'offset', 'headers'] as const;
type Field = (typeof FIELDS)[number];

const POLL_MS = 1000;

interface ConsumeOptions {
  readonly topic: string;
  readonly fields: readonly Field[];
  readonly json: boolean;
  readonly max: number;
}

export const consume: Command = {
  name: 'consume',
  summary: 'print the records of a topic',
  usage: `millrace consume TOPIC --from-beginning [--max N] [--print ${FIELDS.join(',')}] [--json] [--log DIR]`,
  async run(args, io) {
    const { values, positionals } = parsed(args, {
      ...LOG_OPTION,
      'from-beginning': { type: 'boolean', default: false },
      max: { type: 'string' },
      print: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
    });
    const topic = onlyArgument('the name of the topic', positionals);
    const max =
      values.max === undefined ? Number.POSITIVE_INFINITY : wholeNumber('max', values.max, 1);
    const options = { topic, fields: printed(values.print), json: values.json, max };
    if (!values['from-beginning']) {
      throw new UsageError(
        'without --from-beginning there is nothing to print: no other process can write while this one holds the directory.',
      );
    }
    return withLog(io, values.log, false, (log) => print(log, options, io));
  },
};

/** The value is always printed, last; the other fields in the order asked for. */
function printed(text: string): Field[] {
  const asked = text.split(',').filter((field) => field !== '');
  for (const field of asked) {
    if (!FIELDS.some((known) => known === field))
      throw new UsageError(
        `--print: there is no field '${field}', only ${FIELDS.join(', ')}.${didYouMean(field, FIELDS)}`,
      );
  }
  const others = FIELDS.filter((field) => field !== 'value' && asked.includes(field));
  return [...others.toSorted((left, right) => asked.indexOf(left) - asked.indexOf(right)), 'value'];
}

async function print(log: Log, options: ConsumeOptions, io: CommandIo): Promise<number> {
  const { topic } = options;
  const ends = await log.admin().listOffsets(topic, 'latest');
  const starts = await log.admin().listOffsets(topic, 'earliest');
  const open = new Map<number, number>();
  ends.forEach(({ partition, offset }, index) => {
    if (offset > (starts[index]?.offset ?? 0)) open.set(partition, offset);
  });
  const consumer = log.client.consumer({ isolation: 'read_committed', offsetReset: 'earliest' });
  consumer.assign([...open.keys()].map((partition): TopicPartition => ({ topic, partition })));
  let count = 0;
  try {
    while (open.size > 0 && count < options.max) {
      for (const fetched of await consumer.poll(POLL_MS)) {
        count += printFetched(fetched, options, options.max - count, io);
        if (fetched.nextOffset >= (open.get(fetched.partition) ?? 0))
          open.delete(fetched.partition);
      }
    }
  } finally {
    await consumer.close();
  }
  io.err(`${count} record${count === 1 ? '' : 's'}.\n`);
  return 0;
}

function printFetched(
  fetched: FetchedRecords,
  options: ConsumeOptions,
  limit: number,
  io: CommandIo,
): number {
  const cursor = new RecordCursor();
  let text = '';
  let count = 0;
  for (const batch of fetched.batches) {
    cursor.reset(batch.bytes, batch.start, fetched);
    while (count < limit && cursor.next()) {
      if (cursor.offset < fetched.firstOffset) continue;
      text += line(cursor, fetched.partition, options);
      count++;
    }
  }
  io.out(text);
  return count;
}

function line(cursor: RecordCursor, partition: number, options: ConsumeOptions): string {
  const record = {
    partition,
    offset: cursor.offset,
    timestamp: cursor.timestamp,
    key: cursor.key()?.toString('utf8') ?? null,
    value: cursor.value()?.toString('utf8') ?? null,
    headers: cursor.headers().map(headerText),
  };
  if (options.json) return `${JSON.stringify({ topic: options.topic, ...record })}\n`;
  return `${options.fields.map((field) => fieldText(field, record)).join('\t')}\n`;
}

function fieldText(field: Field, record: Readonly<Record<Field, unknown>>): string {
  const value = record[field];
  if (Array.isArray(value)) return value.map(([key, text]) => `${key}:${text}`).join(',');
  return String(value);
}

const headerText = (header: RecordHeader): [string, string | null] => [
  header.key,
  header.value === null ? null : Buffer.from(header.value).toString('utf8'),
];
