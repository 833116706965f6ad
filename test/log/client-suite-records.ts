/** What the suite of the log's ports writes and reads with: text in, text out, and the harness it runs in. */
import type {
  AppendCallback,
  FetchedRecords,
  LogClient,
  LogConsumer,
  LogConsumerOptions,
  LogProducer,
  LogProducerOptions,
  RecordHeader,
  TopicPartition,
} from '../../src/log/client.js';
import { RecordCursor } from '../../src/log/record-cursor.js';

/** A log and the world it lives in. */
export interface LogClientHarness {
  readonly client: LogClient;
  /** Waits for `promise`; under a simulated env lets virtual time pass while nothing else can happen. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Lets time pass, and everything that is due happen. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly RecordHeader[];
}

export interface SendOptions {
  readonly partition?: number;
  readonly timestamp?: number;
  readonly headers?: readonly RecordHeader[];
  readonly acknowledged?: AppendCallback;
}

export const bytesOf = (text: string): Buffer => Buffer.from(text);

export function send(
  producer: LogProducer,
  topic: string,
  key: string | null,
  value: string | null,
  options: SendOptions = {},
): void {
  const keyBytes = key === null ? null : bytesOf(key);
  const valueBytes = value === null ? null : bytesOf(value);
  const { partition = 0, timestamp = 1000, headers = [], acknowledged } = options;
  producer
    .topic(topic)
    .append(
      partition,
      timestamp,
      keyBytes,
      0,
      keyBytes?.length ?? 0,
      valueBytes,
      0,
      valueBytes?.length ?? 0,
      headers,
      acknowledged,
    );
}

export function recordsOf(fetched: readonly FetchedRecords[]): ReadRecord[] {
  const records: ReadRecord[] = [];
  const cursor = new RecordCursor();
  for (const { topic, partition, batches, firstOffset } of fetched) {
    for (const batch of batches) {
      cursor.reset(batch.bytes, batch.start);
      while (cursor.next()) {
        if (cursor.offset < firstOffset) continue;
        const { offset, timestamp } = cursor;
        records.push({
          topic,
          partition,
          offset,
          timestamp,
          key: cursor.key()?.toString() ?? null,
          value: cursor.value()?.toString() ?? null,
          headers: cursor.headers(),
        });
      }
    }
  }
  return records;
}

export const values = (records: readonly ReadRecord[]): (string | null)[] =>
  records.map((record) => record.value);

/** The pieces of a test: each call is short, so that a test reads as given, when, then. */
export class Bench {
  readonly harness: LogClientHarness;

  constructor(harness: LogClientHarness) {
    this.harness = harness;
  }

  get client(): LogClient {
    return this.harness.client;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.harness.run(promise);
  }

  async topic(
    topic: string,
    partitions = 1,
    config: { readonly [name: string]: string | number } = {},
  ): Promise<void> {
    await this.run(this.client.admin().createTopics([{ topic, partitions, config }]));
  }

  async producer(options: LogProducerOptions = {}): Promise<LogProducer> {
    const producer = this.client.producer(options);
    await this.run(producer.init());
    return producer;
  }

  async transactional(
    transactionalId = 'app',
    options: LogProducerOptions = {},
  ): Promise<LogProducer> {
    return this.producer({ ...options, transactionalId });
  }

  /** Sends values and waits until they are durable. */
  async produce(topic: string, ...texts: string[]): Promise<void> {
    const producer = await this.producer();
    for (const text of texts) send(producer, topic, null, text);
    await this.run(producer.flush());
    await this.run(producer.close());
  }

  reader(
    partitions: readonly TopicPartition[] | string,
    options: LogConsumerOptions = {},
  ): LogConsumer {
    const consumer = this.client.consumer(options);
    consumer.assign(
      typeof partitions === 'string' ? [{ topic: partitions, partition: 0 }] : partitions,
    );
    return consumer;
  }

  /** Everything the consumer can read now. */
  async drain(consumer: LogConsumer): Promise<ReadRecord[]> {
    const all: ReadRecord[] = [];
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one poll after the other
      const fetched = await this.run(consumer.poll(0));
      if (fetched.length === 0) return all;
      all.push(...recordsOf(fetched));
    }
  }

  /** All values of partition 0 that a fresh reader sees. */
  async read(topic: string, options: LogConsumerOptions = {}): Promise<(string | null)[]> {
    const consumer = this.reader(topic, options);
    const records = await this.drain(consumer);
    await this.run(consumer.close());
    return values(records);
  }
}
