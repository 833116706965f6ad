/** Small real workloads on the bundled log in memory: produce text, run an application, read what is committed. */
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import { systemEnv } from '../../src/env/system-env.js';
import type { Env } from '../../src/env/env.js';
import type { Isolation, LogClient } from '../../src/log/client.js';
import { memoryEngine } from '../../src/log/engine/engine.js';
import { RecordCursor } from '../../src/log/record-cursor.js';
import type { ProcessorContext } from '../../src/processor/processor.js';
import type { Record, RecordHeader } from '../../src/processor/record.js';
import { Topology } from '../../src/processor/topology.js';
import { KafkaStreams } from '../../src/runtime/kafka-streams.js';
import type { KafkaStreamsOptions } from '../../src/runtime/config.js';
import type { Serde } from '../../src/serde/serde.js';
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';

export const text = Serdes.string();
export const count = Serdes.long();

export interface TextRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

export function newLog(env: Env = systemEnv()): LogClient {
  return memoryEngine({ env });
}

export function simulated(): { readonly env: SimulatedEnv; readonly log: LogClient } {
  const env = new SimulatedEnv();
  return { env, log: memoryEngine({ env }) };
}

/** Records have timestamps from 1970 on; they are kept all the same. */
export async function createTopics(
  log: LogClient,
  topics: { readonly [topic: string]: number },
): Promise<void> {
  const config = { 'retention.ms': -1 };
  await log
    .admin()
    .createTopics(
      Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions, config })),
    );
}

export interface Input {
  readonly key?: string;
  readonly value: string | Uint8Array;
  readonly timestamp?: number;
  readonly partition?: number;
}

/** Values in order; without partition they go round. Durable when it resolves. */
export async function produce(
  log: LogClient,
  topic: string,
  inputs: readonly (string | Input)[],
): Promise<void> {
  const producer = log.producer();
  await producer.init();
  const writer = producer.topic(topic);
  inputs.forEach((input, index) => {
    const {
      key,
      value,
      timestamp = index,
      partition = index % writer.partitions,
    } = typeof input === 'string' ? { value: input } : input;
    const keyBytes = key === undefined ? null : Buffer.from(key);
    const valueBytes = typeof value === 'string' ? Buffer.from(value) : value;
    writer.append(
      partition,
      timestamp,
      keyBytes,
      0,
      keyBytes?.length ?? 0,
      valueBytes,
      0,
      valueBytes.length,
      [],
    );
  });
  await producer.flush();
  await producer.close();
}

/** Everything a reader of that isolation sees, partition by partition in offset order. */
export async function read<V>(
  log: LogClient,
  topic: string,
  value: Serde<V>,
  isolation: Isolation = 'read_committed',
): Promise<(Omit<TextRecord, 'value'> & { readonly value: V | null })[]> {
  const consumer = log.consumer({ isolation });
  const ends = await log.admin().listOffsets(topic, 'latest', { isolation });
  const records: (Omit<TextRecord, 'value'> & { readonly value: V | null })[] = [];
  const cursor = new RecordCursor();
  for (const { partition, offset: end } of ends) {
    consumer.assign([{ topic, partition }]);
    while ((await consumer.position({ topic, partition })) < end) {
      for (const { batches } of await consumer.poll(0)) {
        for (const { bytes, start } of batches) {
          cursor.reset(bytes, start);
          while (cursor.next()) {
            const [keyBytes, valueBytes] = [cursor.key(), cursor.value()];
            records.push({
              partition,
              offset: cursor.offset,
              key: keyBytes === null ? null : keyBytes.toString(),
              value: valueBytes === null ? null : value.deserialize(valueBytes, topic),
              timestamp: cursor.timestamp,
              headers: cursor.headers(),
            });
          }
        }
      }
    }
  }
  await consumer.close();
  return records;
}

export const countsStore = Stores.keyValue({ name: 'counts', key: text, value: count });

/** lines -> words -> repartition by word -> counts -> out; `onWord` may throw. */
export function wordCount(onWord: (word: string) => void = () => undefined): Topology {
  return new Topology()
    .addSource('lines', 'lines', { value: text })
    .addProcessor(
      'split',
      (context: ProcessorContext<string, string>) => ({
        process(record: Record<unknown, string>) {
          for (const word of record.value.split(' '))
            context.forward({ ...record, key: word, value: word });
        },
      }),
      'lines',
    )
    .addRepartitionTopic('words-repartition')
    .addSink('words-sink', 'words-repartition', 'split', { key: text, value: text })
    .addSource('words', 'words-repartition', { key: text, value: text })
    .addProcessor(
      'count',
      (context: ProcessorContext<string, number>) => {
        const store = context.getStateStore(countsStore);
        return {
          process(record: Record<string, string>) {
            onWord(record.key);
            const next = (store.get(record.key) ?? 0) + 1;
            store.put(record.key, next);
            context.forward({ ...record, value: next });
          },
        };
      },
      'words',
      { stores: [countsStore] },
    )
    .addSink('out', 'out', 'count', { key: text, value: count });
}

/** Runs until everything that is in the inputs now is processed and committed. */
export async function runToEnd(
  topology: Topology,
  options: KafkaStreamsOptions,
): Promise<KafkaStreams> {
  const app = new KafkaStreams(topology, options);
  await app.run({ until: 'caughtUp' });
  return app;
}

export const lastCounts = (
  records: readonly { readonly key: string | null; readonly value: number | null }[],
): { readonly [word: string]: number } =>
  Object.fromEntries(records.map(({ key, value }) => [String(key), value ?? 0]));

export function naiveCounts(lines: readonly string[]): { readonly [word: string]: number } {
  const counts: { [word: string]: number } = {};
  for (const word of lines.flatMap((line) => line.split(' ')))
    counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
