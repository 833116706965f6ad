/** What the workloads eat: the bundled text, and keyed records from a seeded generator; as objects and as batches. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';
import { dirname, join } from 'node:path';
import type { Log } from 'millrace';
import { Serdes } from 'millrace';
import { BatchWriter } from './limits/batch.js';

/** The repository, from build/bench. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const START = 1.7e12;
export const KEYS = 100_000;

export interface Entry {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly timestamp: number;
}

/** xorshift32: the same numbers on every machine. */
export function generator(seed: number): () => number {
  let x = seed | 0 || 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

export const keyOf = (n: number) => Buffer.from(String(n).padStart(16, '0'), 'latin1');

/** 16-byte keys drawn from `KEYS`, 100-byte values. */
export function keyed(records: number): Entry[] {
  const next = generator(11);
  const value = Buffer.alloc(100, 'a');
  return Array.from({ length: records }, (_, i) => ({
    key: keyOf(next() % KEYS),
    value,
    timestamp: START + i,
  }));
}

/** The King James Bible, 31,102 lines, `repeat` times. */
export function text(repeat: number): Entry[] {
  const bytes = gunzipSync(readFileSync(join(root, 'examples/text/kjv.txt.gz')));
  const lines = bytes.toString('latin1').trimEnd().split('\n');
  const values = lines.map((line) => Buffer.from(line, 'latin1'));
  const entries: Entry[] = [];
  for (let r = 0; r < repeat; r++) {
    for (const value of values)
      entries.push({ key: null, value, timestamp: START + entries.length });
  }
  return entries;
}

const EMPTY = Buffer.alloc(0);

/** Encoded batches per partition, for the hand-written side; entry i goes to partition i mod `partitions`. */
export function asBatches(entries: readonly Entry[], partitions: number): Buffer[][] {
  const writers = Array.from({ length: partitions }, () => new BatchWriter());
  const batches: Buffer[][] = writers.map(() => []);
  entries.forEach(({ key, value, timestamp }, i) => {
    const p = i % partitions;
    const writer = writers[p]!;
    writer.append(timestamp, key ?? EMPTY, 0, key?.length ?? -1, value, 0, value.length);
    if (writer.full) batches[p]!.push(writer.finish(0));
  });
  writers.forEach((writer, p) => {
    if (writer.records > 0) batches[p]!.push(writer.finish(0));
  });
  return batches;
}

/** The same records through a producer, into a topic of the log. */
export async function asTopic(
  log: Log,
  topic: string,
  entries: readonly Entry[],
  partitions: number,
): Promise<void> {
  await log.admin().createTopics([{ topic, partitions }]);
  const producer = log.producer({ key: Serdes.bytes(), value: Serdes.bytes() });
  const chunk = 10_000;
  for (let from = 0; from < entries.length; from += chunk) {
    const records = entries.slice(from, from + chunk).map(({ key, value, timestamp }, i) => {
      return { key, value, timestamp, partition: (from + i) % partitions };
    });
    await producer.sendBatch(topic, records);
  }
  await producer.close();
}
