/** Reads the log after the last round and says what is wrong with it, in sentences; nothing is the right answer. */
import {
  checkLog,
  KafkaStreams,
  Serdes,
  openLog,
  StreamsError,
  type ConsumerOptions,
  type ConsumerRecord,
  type Log,
} from 'millrace';
import { APPLICATION, INPUT, naiveCounts, OUTPUT, PARTITIONS, wordCount } from './plan.js';

export interface Findings {
  readonly problems: readonly string[];
  readonly lines: number;
  readonly words: number;
  readonly distinct: number;
  readonly acknowledged: number;
  readonly outputs: number;
}

export async function check(
  directory: string,
  lines: readonly string[],
  acknowledged: string,
): Promise<Findings> {
  const log = await openLog(directory);
  const expected = naiveCounts(lines);
  const acks = acknowledged.trimEnd().split('\n').filter(Boolean);
  const problems = [...(await checkInput(log, lines, acks))];
  const output = await checkOutput(log, expected);
  problems.push(...output.problems, ...(await checkStore(log, expected)));
  await log.close();
  problems.push(...(await checkFiles(directory)));
  let words = 0;
  for (const count of expected.values()) words += count;
  return {
    problems,
    lines: lines.length,
    words,
    distinct: expected.size,
    acknowledged: acks.length,
    outputs: output.records,
  };
}

/** What the check of the log's files finds; a directory that is no log yet has nothing to check. */
export async function checkFiles(directory: string): Promise<string[]> {
  try {
    const { findings } = await checkLog(directory);
    return findings
      .filter(({ severity }) => severity === 'error')
      .map(({ kind, file, position, what }) => `${kind}: ${file} at ${position ?? '?'}: ${what}`);
  } catch (error) {
    if (error instanceof StreamsError && error.code === 'INVALID_ARGUMENT') return [];
    throw error;
  }
}

/** Every committed record of a topic, per partition in order. */
async function readAll<K, V>(
  log: Log,
  topic: string,
  options: ConsumerOptions<K, V>,
  each: (record: ConsumerRecord<K, V>) => void,
): Promise<void> {
  const consumer = log.consumer({ ...options, fromBeginning: true });
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }));
  await consumer.assign(partitions);
  for await (const record of consumer.untilEnd()) each(record);
  await consumer.close();
}

/** Every line stands in the input once, at its place, and nothing that was acknowledged is missing. */
async function checkInput(log: Log, lines: readonly string[], acks: readonly string[]) {
  const problems: string[] = [];
  const found = new Set<string>();
  let records = 0;
  await readAll(log, INPUT, { value: Serdes.string() }, ({ partition, offset, value }) => {
    records++;
    found.add(`${partition} ${offset}`);
    const line = lines[offset * PARTITIONS + partition];
    if (value !== line) problems.push(`input ${partition}@${offset} is '${value}', not '${line}'`);
  });
  if (records !== lines.length)
    problems.push(`${records} input records instead of ${lines.length}`);
  for (const ack of acks) {
    if (!found.has(ack)) problems.push(`acknowledged record ${ack.replace(' ', '@')} is lost`);
  }
  return problems;
}

/** Per word, in the order of the log: 1, 2, 3, ... up to its count. */
async function checkOutput(log: Log, expected: ReadonlyMap<string, number>) {
  const problems: string[] = [];
  const last = new Map<string, number>();
  let records = 0;
  await readAll(log, OUTPUT, { key: Serdes.string(), value: Serdes.long() }, ({ key, value }) => {
    records++;
    const word = key ?? '';
    const before = last.get(word) ?? 0;
    if (value !== before + 1) problems.push(`output of '${word}': ${value} after ${before}`);
    last.set(word, value ?? 0);
  });
  for (const [word, count] of expected) {
    if (last.get(word) !== count)
      problems.push(`'${word}' ends at ${last.get(word)}, not ${count}`);
  }
  for (const word of last.keys()) {
    if (!expected.has(word)) problems.push(`'${word}' was counted and never sent`);
  }
  return { problems, records };
}

/** The store of an application that starts once more holds the same counts. */
async function checkStore(log: Log, expected: ReadonlyMap<string, number>) {
  const problems: string[] = [];
  const { builder, counts } = wordCount();
  const app = new KafkaStreams(builder.build(), { applicationId: APPLICATION, log });
  await app.start();
  const store = app.store(counts);
  for (const [word, count] of expected) {
    const stored = store.get(word);
    if (stored !== count) problems.push(`the store has ${stored} for '${word}', not ${count}`);
  }
  await app.close();
  return problems;
}
