/**
 * Fills a log with everything a segment file can hold, in several lives, and remembers what every offset must be:
 * single records and large batches, nulls, empty values, headers, late timestamps, producers with and without
 * transactions side by side, transactions committed and aborted.
 */
import { SeededRandom } from '../../src/env/seeded-random.js';
import { openLog, type Log } from '../../src/log/log.js';
import type { BatchRecord, Producer, RecordSender } from '../../src/log/producer.js';
import { Serdes } from '../../src/serde/serdes.js';

export const PARTITIONS = 2;
const LIVES = 3;
const STEPS_PER_LIFE = 60;
const SEGMENT_BYTES = 1_048_576;
const START_TIME = 1_700_000_000_000;
/** Latest timestamp that Kafka's int64 and our doubles hold alike. */
const FAR_FUTURE = 2 ** 52 - 1;

export interface HeldRecord {
  readonly offset: number;
  /** Undefined: the log's own time. */
  readonly timestamp: number | undefined;
  readonly key: string | null;
  readonly value: string | null;
  readonly headerKeys: readonly string[];
  /** Name of the producer within its life; names differ between lives. */
  readonly producer: string;
  /** Number of the transaction in the whole workload. */
  readonly transaction: number | undefined;
}

export interface HeldEnd {
  readonly producer: string;
  readonly transaction: number;
  readonly type: 'COMMIT' | 'ABORT';
}

export interface HeldPartition {
  readonly topic: string;
  readonly partition: number;
  readonly records: HeldRecord[];
  /** How its transactions ended; those of one producer in their order. */
  readonly ends: HeldEnd[];
  endOffset: number;
}

type Text = BatchRecord<string, string>;

const KEYS = ['han', 'choi', 'kim', 'An', '', '키', 'a key: with payload: in it', null];
const HEADERS = [
  [],
  [],
  [{ key: 'trace', value: Buffer.from('1') }],
  [
    { key: 'trace', value: null },
    { key: 'trace', value: Buffer.alloc(0) },
    { key: 'Überschrift', value: Buffer.alloc(300, 7) },
  ],
];

/** Topics: `orders` (several segments), `stamped` (log append time), `edges` (a few odd ones). */
export async function fillLog(directory: string, seed: number): Promise<HeldPartition[]> {
  const workload = new Workload(seed);
  for (let life = 0; life < LIVES; life++) {
    await using log = await openLog(directory, { durability: 'os' });
    if (life === 0) await createTopics(log);
    await workload.live(log, life);
  }
  return workload.partitions();
}

async function createTopics(log: Log): Promise<void> {
  // Records have the times of years ago, markers that of now: neither shall go, nor make segments of a few batches.
  const config = {
    'segment.bytes': SEGMENT_BYTES,
    'segment.ms': '9223372036854775807',
    'retention.ms': -1,
  };
  await log.admin().createTopics([
    { topic: 'orders', partitions: PARTITIONS, config },
    {
      topic: 'stamped',
      partitions: 1,
      config: { ...config, 'message.timestamp.type': 'LogAppendTime' },
    },
    // Its records come from the far future too.
    {
      topic: 'edges',
      partitions: 1,
      config: { ...config, 'message.timestamp.after.max.ms': '9223372036854775807' },
    },
  ]);
}

class Workload {
  readonly #random: SeededRandom;
  readonly #held = new Map<string, HeldPartition>();
  #transactions = 0;
  #time = START_TIME;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  partitions(): HeldPartition[] {
    return [...this.#held.values()];
  }

  async live(log: Log, life: number): Promise<void> {
    const serdes = { key: Serdes.string(), value: Serdes.string() };
    const plain = ['a', 'b'].map(() => log.producer({ ...serdes, batchBytes: 60_000 }));
    const transactional = ['x', 'y'].map((id) => log.producer({ ...serdes, transactionalId: id }));
    await this.#edges(log.producer(serdes), `edge${life}`);
    for (let step = 0; step < STEPS_PER_LIFE; step++) {
      const which = this.#random.below(2);
      const ends = this.#random.below(10);
      // Two transactions open at once, with a plain producer between them: their batches and markers interleave.
      if (ends < 4) await this.#plain(plain[which], `plain${life}${which}`);
      else
        await Promise.all([
          this.#transaction(transactional[which], `transactional${life}${which}`, ends < 7),
          this.#plain(plain[which], `plain${life}${which}`),
          this.#transaction(transactional[1 - which], `transactional${life}${1 - which}`, true),
        ]);
    }
    for (const held of this.#held.values()) {
      const { topic, partition } = held;
      const ends = await log
        .admin()
        .listOffsets(topic, 'latest', { isolation: 'read_uncommitted' });
      held.endOffset = ends.find((end) => end.partition === partition)?.offset ?? -1;
    }
  }

  async #plain(producer: Producer<string, string> | undefined, name: string): Promise<void> {
    if (producer !== undefined) await this.#sendBatches(producer, name, undefined);
  }

  async #transaction(
    producer: Producer<string, string> | undefined,
    name: string,
    commits: boolean,
  ): Promise<void> {
    const number = this.#transactions++;
    const touched = new Set<HeldPartition>();
    const run = producer?.transaction(async (sender) => {
      for (const held of await this.#sendBatches(sender, name, number)) touched.add(held);
      if (!commits) throw new Aborted();
    });
    await run?.catch((error: unknown) => {
      if (!(error instanceof Aborted)) throw error;
    });
    for (const held of touched)
      held.ends.push({
        producer: name,
        transaction: number,
        type: commits ? 'COMMIT' : 'ABORT',
      });
  }

  /** A batch for each of some partitions; they are all under way at once. */
  async #sendBatches(
    sender: RecordSender<string, string>,
    producer: string,
    transaction: number | undefined,
  ): Promise<HeldPartition[]> {
    const targets = [
      this.#partition('orders', 0),
      this.#partition('orders', 1),
      this.#partition('stamped', 0),
    ].filter(() => this.#random.below(3) > 0);
    const large = this.#random.below(3) === 0;
    await Promise.all(
      targets.map((held) => {
        const count = 1 + this.#random.below(large ? 40 : 3);
        const records = Array.from({ length: count }, () => this.#record(large));
        return this.#send(sender, held, records, producer, transaction);
      }),
    );
    return targets;
  }

  /** Timestamps and sizes at the ends of their ranges; a batch of its own each, and all of them in one. */
  async #edges(producer: Producer<string, string>, name: string): Promise<void> {
    const held = this.#partition('edges', 0);
    const odd: Text[] = [
      { key: 'zero', value: '', timestamp: 0 },
      { key: null, value: null, timestamp: 1 },
      { key: '', value: null, timestamp: FAR_FUTURE },
      { key: 'large', value: '쌀'.repeat(100_000), timestamp: 2 },
      { key: 'lines', value: 'one\n| offset: 1 key: k\n', timestamp: 3 },
    ];
    for (const record of odd) await this.#send(producer, held, [record], name, undefined);
    await this.#send(producer, held, odd, name, undefined);
    await producer.close();
  }

  async #send(
    sender: RecordSender<string, string>,
    held: HeldPartition,
    records: readonly Text[],
    producer: string,
    transaction: number | undefined,
  ): Promise<void> {
    const { topic, partition } = held;
    const sent = await sender.sendBatch(
      topic,
      records.map((record) => ({ ...record, partition })),
    );
    records.forEach(({ key = null, value, timestamp, headers = [] }, index) => {
      held.records.push({
        offset: sent[index]?.offset ?? -1,
        timestamp: topic === 'stamped' ? undefined : timestamp,
        key,
        value,
        headerKeys: headers.map((header) => header.key),
        producer,
        transaction,
      });
    });
  }

  #record(large: boolean): Text {
    const random = this.#random;
    this.#time += random.below(20);
    // A fifth of the records is late.
    const timestamp = this.#time - (random.below(5) === 0 ? random.below(5000) : 0);
    const kind = random.below(8);
    const length = random.below(large ? 3000 : 60);
    const value = kind === 0 ? null : kind === 1 ? '' : `${kind} é `.repeat(length / 4);
    const key = KEYS[random.below(KEYS.length)] ?? null;
    return { key, value, timestamp, headers: HEADERS[random.below(HEADERS.length)] ?? [] };
  }

  #partition(topic: string, partition: number): HeldPartition {
    const name = `${topic}-${partition}`;
    const known = this.#held.get(name);
    if (known !== undefined) return known;
    const held: HeldPartition = { topic, partition, records: [], ends: [], endOffset: 0 };
    this.#held.set(name, held);
    return held;
  }
}

class Aborted extends Error {}
