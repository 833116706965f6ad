/** `millrace delete-records`: makes the records below given offsets unreadable; the file has the layout of Kafka's tool. */
import { StreamsError } from '../../errors.js';
import { defineCommand, LOG_OPTIONS } from '../command.js';
import { withLog } from '../opened-log.js';
import { smallTextFile, smallTextInput } from '../text-file.js';

interface Deletion {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export const deleteRecords = defineCommand({
  words: ['delete-records'],
  summary: 'delete the records below given offsets',
  notes: [
    'FILE holds {"partitions": [{"topic": "hello.kafka", "partition": 0, "offset": 50}], "version": 1}: records of that partition below offset 50 are gone for every reader. Offset -1 deletes up to the end.',
  ],
  args: [{ name: 'file', summary: 'a JSON file; - is standard input', option: 'json' }],
  options: {
    'print-json': { kind: 'flag', summary: 'print JSON for programs' },
    ...LOG_OPTIONS,
  },
  json: '(here --print-json) [{ topic, partition, lowWatermark }]',
  examples: ['millrace delete-records --json delete.json'],
  async run({ args, options }, io) {
    const text = await (args.file === '-'
      ? smallTextInput(io.input)
      : smallTextFile(io.env, args.file));
    const deletions = parseDeletions(text, args.file === '-' ? 'Standard input' : args.file);
    const done = await withLog(io, options, async (log) => {
      const admin = log.admin();
      const topics = [...new Set(deletions.map(({ topic }) => topic))];
      await admin.describeTopics(topics);
      await admin.deleteRecords(deletions);
      const starts = new Map<string, number>();
      for (const topic of topics)
        for (const { partition, offset } of await admin.listOffsets(topic, 'earliest'))
          starts.set(`${topic}-${partition}`, offset);
      return deletions.map(({ topic, partition }) => ({
        topic,
        partition,
        lowWatermark: starts.get(`${topic}-${partition}`) ?? 0,
      }));
    });
    await io.out.write(
      options['print-json']
        ? `${JSON.stringify(done)}\n`
        : `Records delete operation completed:\n${done
            .map(
              (at) => `partition: ${at.topic}-${at.partition}\tlow_watermark: ${at.lowWatermark}\n`,
            )
            .join('')}`,
    );
    return 0;
  },
});

function parseDeletions(text: string, file: string): Deletion[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw wrong(file, `it is not JSON: ${(error as Error).message}.`);
  }
  const { partitions, version = 1 } = (json ?? {}) as { partitions?: unknown; version?: unknown };
  if (version !== 1) throw wrong(file, `its version is ${JSON.stringify(version)}, expected 1.`);
  if (!Array.isArray(partitions)) throw wrong(file, 'it has no array `partitions`.');
  if (partitions.length === 0) throw wrong(file, 'its `partitions` are empty.');
  const seen = new Set<string>();
  return (partitions as readonly unknown[]).map((entry, i) => {
    const { topic, partition, offset } = (entry ?? {}) as { readonly [name: string]: unknown };
    const place = `partitions[${i}]`;
    if (typeof topic !== 'string') throw wrong(file, `${place} has no text \`topic\`.`);
    if (!isWholeNumber(partition, 0)) throw wrong(file, `${place} has no \`partition\` >= 0.`);
    if (!isWholeNumber(offset, -1)) throw wrong(file, `${place} has no \`offset\` >= -1.`);
    if (seen.has(`${topic}-${partition}`))
      throw wrong(file, `${place} names partition ${topic}-${partition} again.`);
    seen.add(`${topic}-${partition}`);
    return { topic, partition, offset };
  });
}

function isWholeNumber(value: unknown, min: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= min;
}

function wrong(file: string, what: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `${file} is no list of records to delete: ${what} Expected {"partitions":[{"topic":"T","partition":0,"offset":50}],"version":1}.`,
    { file },
  );
}
