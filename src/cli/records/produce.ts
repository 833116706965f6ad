/** `millrace produce`: each line of standard input or of a file becomes a record. */
import type { CompressionType } from '../../log/client.js';
import type { Log } from '../../log/log.js';
import type { RecordSender } from '../../log/producer.js';
import { defineCommand, JSON_OPTION, LOG_OPTIONS, UsageError } from '../command.js';
import type { CommandIo } from '../command-io.js';
import { counted } from '../counted.js';
import { withLog } from '../opened-log.js';
import { percent, Progress } from '../terminal/progress.js';
import { fileChunks } from '../text-file.js';
import { LineParser, type LineFormat } from './line-parser.js';
import { LineProducer } from './line-producer.js';
import { SERDE_NAMES } from './record-serdes.js';

const PROMPT = '> ';
/** Chunks of a file or pipe that are sent before the first is acknowledged. A person waits for each line. */
const CHUNKS_MAX = 32;

export const produce = defineCommand({
  words: ['produce'],
  summary: 'write the lines of standard input or of a file to a topic',
  notes: [
    'With --headers a line is HEADERS, a tab, and the rest; HEADERS are NAME:VALUE,NAME:VALUE. An error names the line; the lines before it are written. With --transactional-id all lines become visible together, or none.',
  ],
  args: [
    { name: 'topic', summary: 'name of the topic', option: 'topic' },
    { name: 'file', summary: 'the file; standard input when it is left out or -', optional: true },
  ],
  options: {
    'key-separator': { kind: 'text', value: 'TEXT', summary: 'lines are KEY, this text, VALUE' },
    headers: { kind: 'flag', summary: 'lines begin with headers' },
    'null-marker': {
      kind: 'text',
      value: 'TEXT',
      summary: 'a key or value that is this text is null',
    },
    partition: { kind: 'number', value: 'N', min: 0, summary: 'write to this partition' },
    timestamp: {
      kind: 'number',
      value: 'MS',
      min: 0,
      summary: 'time of the records, milliseconds since 1970; default: now',
    },
    'key-serde': {
      kind: 'text',
      value: 'SERDE',
      choices: SERDE_NAMES,
      default: 'string',
      summary: 'how keys are written',
    },
    'value-serde': {
      kind: 'text',
      value: 'SERDE',
      choices: SERDE_NAMES,
      default: 'string',
      summary: 'how values are written',
    },
    compression: {
      kind: 'text',
      value: 'CODEC',
      choices: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
      default: 'none',
      summary: 'how batches are compressed',
    },
    'transactional-id': {
      kind: 'text',
      value: 'ID',
      summary: 'write all lines in one transaction',
    },
    ...JSON_OPTION,
    ...LOG_OPTIONS,
  },
  json: '{ topic, records }, when all is written',
  examples: [
    'echo han:phone | millrace produce order --key-separator :',
    'millrace produce order lines.txt',
  ],
  async run({ args, options }, io) {
    const separator = options['key-separator'];
    if (separator === '') throw new UsageError('--key-separator is empty.');
    const format: LineFormat = {
      topic: args.topic,
      keySeparator: separator,
      headers: options.headers,
      nullMarker: options['null-marker'],
      keySerde: options['key-serde'],
      valueSerde: options['value-serde'],
      partition: options.partition,
      timestamp: options.timestamp,
    };
    const file = args.file === '-' ? undefined : args.file;
    return withLog(io, options, async (log) => {
      await log.admin().describeTopics([args.topic]);
      const sent = await send(log, format, file, options, io);
      if (options.json)
        await io.out.write(`${JSON.stringify({ topic: args.topic, records: sent })}\n`);
      else await io.err.write(`Wrote ${counted(sent, 'record')} to ${args.topic}.\n`);
      return 0;
    });
  },
});

interface SendOptions {
  readonly json: boolean;
  readonly compression: CompressionType;
  readonly 'transactional-id': string | undefined;
}

async function send(
  log: Log,
  format: LineFormat,
  file: string | undefined,
  options: SendOptions,
  io: CommandIo,
): Promise<number> {
  const transactionalId = options['transactional-id'];
  const input = lines(file, options.json, io);
  const progress = new Progress(io);
  const producer = log.producer({
    compression: options.compression,
    clientId: 'millrace-produce',
    ...(transactionalId === undefined
      ? {}
      : { transactionalId, transactionTimeoutMs: Number.POSITIVE_INFINITY }),
  });
  const sendTo = async (sender: RecordSender<Uint8Array, Uint8Array>) => {
    const writer = new LineProducer(
      format.topic,
      new LineParser(format),
      sender,
      input.prompts ? 1 : CHUNKS_MAX,
    );
    await writer.run(input.chunks, (bytes, sent) => {
      if (input.prompts) void io.out.write(PROMPT);
      else progress.show(() => `${counted(sent, 'record')} ${percent(bytes, input.size)}`);
    });
    return writer.sent;
  };
  try {
    if (input.prompts) void io.out.write(PROMPT);
    return await (transactionalId === undefined ? sendTo(producer) : producer.transaction(sendTo));
  } finally {
    progress.done();
    if (input.prompts) void io.out.write('\n');
    await producer.close();
  }
}

interface Lines {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** 0: not known. */
  readonly size: number;
  /** A person types them. */
  readonly prompts: boolean;
}

function lines(file: string | undefined, json: boolean, io: CommandIo): Lines {
  const stop = io.interruption();
  if (file !== undefined) return { ...fileChunks(io.env, file, stop), prompts: false };
  const prompts = !json && io.input.isTerminal && io.out.terminal !== undefined;
  return { chunks: io.input.chunks(), size: 0, prompts };
}
