/** `millrace produce`: each line of standard input becomes a record. An error names the line. */
import { StreamsError } from '../errors.js';
import type { BatchRecord } from '../log/producer.js';
import { Serdes } from '../serde/serdes.js';
import { type Command, LOG_OPTION, onlyArgument, parsed, UsageError, withLog } from './command.js';

/** Lines that are sent at once. */
const BATCH_LINES = 500;

export const produce: Command = {
  name: 'produce',
  summary: 'write the lines of standard input to a topic',
  usage: 'millrace produce TOPIC [--key-separator TEXT] [--log DIR] < FILE',
  async run(args, io) {
    const { values, positionals } = parsed(args, {
      ...LOG_OPTION,
      'key-separator': { type: 'string' },
    });
    const topic = onlyArgument('the name of the topic', positionals);
    const separator = values['key-separator'];
    if (separator === '') throw new UsageError('--key-separator is empty.');
    return withLog(io, values.log, false, async (log) => {
      await log.admin().describeTopics([topic]);
      const producer = log.producer({ key: Serdes.string(), value: Serdes.string() });
      let sent = 0;
      let batch: BatchRecord<string, string>[] = [];
      const flush = async (): Promise<void> => {
        try {
          await producer.sendBatch(topic, batch);
        } catch (error) {
          throw atLines(error, sent + 1, sent + batch.length);
        }
        sent += batch.length;
        batch = [];
      };
      for await (const line of io.lines()) {
        batch.push(record(line, separator, sent + batch.length + 1));
        if (batch.length === BATCH_LINES) await flush();
      }
      if (batch.length > 0) await flush();
      await producer.close();
      io.err(`Wrote ${sent} record${sent === 1 ? '' : 's'} to ${topic}.\n`);
      return 0;
    });
  },
};

function record(
  line: string,
  separator: string | undefined,
  number: number,
): BatchRecord<string, string> {
  if (separator === undefined) return { value: line };
  const at = line.indexOf(separator);
  if (at < 0)
    throw new UsageError(
      `line ${number} has no key separator '${separator}'. Lines before this batch were written.`,
    );
  return { key: line.slice(0, at), value: line.slice(at + separator.length) };
}

function atLines(error: unknown, from: number, to: number): unknown {
  if (!(error instanceof StreamsError)) return error;
  return new StreamsError(error.code, `Lines ${from} to ${to}: ${error.message}`, {
    ...error.where,
    cause: error,
  });
}
