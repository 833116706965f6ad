/**
 * Device flushes must not grow with partitions. One round sends a record to every partition of a counting application
 * and waits until all its results can be read: one acknowledged write and the commits that follow it. This is a program
 * of its own (`flushes.js DIRECTORY`, prints JSON), started by `countFlushes` with the counter preloaded into all threads.
 */
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaStreams, Serdes, StreamsBuilder, openLog } from 'millrace';
import { flushCount } from '../flush-counter.js';

export interface FlushResult {
  readonly partitions: number;
  readonly rounds: number;
  readonly perRound: number;
}

const ROUNDS = 50;
const WARM_UP = 10;

async function flushesWith(directory: string, partitions: number): Promise<FlushResult> {
  const path = join(directory, 'flushes');
  await rm(path, { recursive: true, force: true });
  const log = await openLog(path);
  await log.admin().createTopics([
    { topic: 'records', partitions },
    { topic: 'counted', partitions },
  ]);
  const strings = { key: Serdes.string(), value: Serdes.string() };
  const builder = new StreamsBuilder();
  builder.stream('records', strings).groupByKey().count({ as: 'counts' }).toStream().to('counted');
  const app = new KafkaStreams(builder.build(), { applicationId: 'flushes', log });
  await app.start();
  const producer = log.producer(strings);
  const consumer = log.consumer({ groupId: 'reader', fromBeginning: true, key: Serdes.string() });
  await consumer.subscribe(['counted']);
  const batch = Array.from({ length: partitions }, (_, p) => ({
    key: `${p}`,
    value: '',
    partition: p,
  }));
  let before = 0;
  let received = 0;
  const send = () => producer.sendBatch('records', batch);
  await send();
  for await (const _ of consumer) {
    received++;
    if (received % partitions !== 0) continue;
    const rounds = received / partitions;
    if (rounds === WARM_UP) before = flushCount();
    if (rounds === WARM_UP + ROUNDS) break;
    await send();
  }
  const perRound = (flushCount() - before) / ROUNDS;
  await consumer.close();
  await app.close();
  await log.close();
  await rm(path, { recursive: true });
  return { partitions, rounds: ROUNDS, perRound };
}

/** Starts this file as a program; only NODE_OPTIONS reach the worker threads of a library. */
export function countFlushes(directory: string): FlushResult[] {
  const counter = new URL('../flush-counter.js', import.meta.url).href;
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), directory], {
    env: { ...process.env, NODE_OPTIONS: `--import ${counter}` },
    encoding: 'utf8',
  });
  const results: FlushResult[] = JSON.parse(output);
  return results;
}

const [, program, directory] = process.argv;
if (program === fileURLToPath(import.meta.url) && directory !== undefined) {
  const results: FlushResult[] = [];
  for (const partitions of [1, 8, 64]) results.push(await flushesWith(directory, partitions));
  console.log(JSON.stringify(results));
}
