/** `millrace log dump`: what one file of a log holds, as Kafka's DumpLogSegments prints it. */
import { StreamsError } from '../../errors.js';
import { dumpLines, dumpSegment } from '../../log/inspect/inspect.js';
import { defineCommand, JSON_OPTION } from '../command.js';

/** Text that is handed over at once. */
const TEXT_LENGTH = 65_536;

export const dumpLogFile = defineCommand({
  words: ['log', 'dump'],
  summary: 'print what a segment, an index or a journal file holds',
  notes: [
    "Prints as Kafka's DumpLogSegments does. Exit code 1 when the file is damaged; what can be made out is printed all the same.",
  ],
  args: [
    {
      name: 'file',
      summary: 'a .log, .index or .timeindex file, or a journal file',
      many: true,
      option: 'files',
    },
  ],
  options: {
    'deep-iteration': { kind: 'flag', summary: 'print the records of each batch' },
    'print-data-log': { kind: 'flag', summary: 'print the records with their keys and values' },
    ...JSON_OPTION,
  },
  json: 'one line per batch, entry or group: { file, kind, position, ... }; keys and values are base64',
  async run({ args, options }, io) {
    const printData = options['print-data-log'];
    const records = printData || options['deep-iteration'];
    const stop = io.interruption();
    let damaged = false;
    for (const file of args.file) {
      if (!io.env.files.exists(file))
        throw new StreamsError('INVALID_ARGUMENT', `There is no file ${file}.`, { file });
      let text = options.json ? '' : heading(file);
      for await (const entry of dumpSegment(file, { env: io.env, records })) {
        if (stop.aborted) return 0;
        damaged ||= entry.kind === 'damage' || (entry.kind === 'batch' && !entry.isValid);
        if (options.json) text += `${JSON.stringify({ file, ...entry }, asJson)}\n`;
        else for (const line of dumpLines(entry, { printData })) text += `${line}\n`;
        if (text.length < TEXT_LENGTH) continue;
        await io.out.write(text);
        text = '';
      }
      await io.out.write(text);
    }
    return damaged ? 1 : 0;
  },
});

/** Kafka's first lines. */
function heading(file: string): string {
  const [, base] = /(\d{20})\.log$/.exec(file) ?? [];
  const start = base === undefined ? '' : `Log starting offset: ${Number(base)}\n`;
  return `Dumping ${file}\n${start}`;
}

/** Bytes as base64; a `Buffer` comes here in its own JSON form. */
function asJson(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const { type, data } = value as { readonly type?: unknown; readonly data?: unknown };
  if (type === 'Buffer' && Array.isArray(data))
    return Buffer.from(data as number[]).toString('base64');
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}
