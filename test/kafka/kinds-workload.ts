/**
 * A log with every kind of topic that we can make, filled on virtual time over several lives, crashes between them,
 * and laid out as files. What a reader of the log gets is kept beside it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SeededRandom } from '../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';
import type { CompressionType, TopicConfig } from '../../src/log/client.js';
import { zstdParts } from '../../src/log/compression/zstd.js';
import { openLog, type Log } from '../../src/log/log.js';
import type { BatchRecord, Producer, RecordSender } from '../../src/log/producer.js';
import { Serdes } from '../../src/serde/serdes.js';

const LIVES = 4;
const ROUNDS = 16;
const HOUR_MS = 3_600_000;
const SEGMENT_BYTES = 1_048_576;
const LARGE = 'x'.repeat(300_000);

/** Codecs that this Node can write. */
export const WRITTEN: readonly CompressionType[] =
  zstdParts().compress === undefined
    ? ['none', 'gzip', 'snappy', 'lz4']
    : ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

interface Kind {
  readonly topic: string;
  readonly config?: TopicConfig;
  /** Codecs of its producers. */
  readonly sends?: readonly CompressionType[];
  readonly keyed?: boolean;
  /** Some of its records are so large that a few of them fill a segment. */
  readonly large?: boolean;
}

const compacted: TopicConfig = {
  'cleanup.policy': 'compact',
  'segment.ms': HOUR_MS,
  'min.cleanable.dirty.ratio': 0,
  'delete.retention.ms': 6 * HOUR_MS,
};

const KINDS: readonly Kind[] = [
  ...WRITTEN.map((type) => ({ topic: `sent-${type}`, sends: [type] })),
  ...WRITTEN.slice(1).map((type) => ({
    topic: `stored-${type}`,
    config: { 'compression.type': type },
    sends: ['none', 'gzip'] as const,
  })),
  {
    topic: 'stamped',
    config: { 'message.timestamp.type': 'LogAppendTime', 'compression.type': 'lz4' },
  },
  { topic: 'compacted', config: compacted, keyed: true, large: true },
  { topic: 'compacted-mixed', config: compacted, sends: WRITTEN, keyed: true },
  {
    topic: 'compacted-stamped',
    config: { ...compacted, 'message.timestamp.type': 'LogAppendTime' },
    sends: ['gzip'],
    keyed: true,
  },
  {
    topic: 'compacted-deleted',
    config: { ...compacted, 'cleanup.policy': 'compact,delete', 'retention.ms': 10 * HOUR_MS },
    keyed: true,
  },
  { topic: 'retained', config: { 'retention.ms': 5 * HOUR_MS, 'segment.ms': 2 * HOUR_MS } },
  { topic: 'bounded', config: { 'retention.bytes': SEGMENT_BYTES }, large: true },
  { topic: 'trimmed', config: { 'segment.ms': 3 * HOUR_MS } },
  { topic: 'grown' },
];

/** What a consumer of everything reads at the end. */
export interface ReadPartition {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly records: readonly ReadRecord[];
}

export interface ReadRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headerKeys: readonly string[];
}

type Text = BatchRecord<string, string>;

/** Fills the log, and writes its files below `directory`. */
export async function fillKinds(directory: string, seed: number): Promise<ReadPartition[]> {
  const workload = new Workload(seed);
  for (let life = 0; life < LIVES; life++) await workload.live(life);
  const read = await workload.read();
  workload.layOut(directory);
  return read;
}

class Workload {
  /** Of this life: what the last one left running is gone with it. */
  #env: SimulatedEnv;
  readonly #random: SeededRandom;
  #sent = 0;

  constructor(seed: number) {
    this.#env = new SimulatedEnv({ seed });
    this.#random = new SeededRandom(seed);
  }

  async live(life: number): Promise<void> {
    const log = await this.#open();
    if (life === 0) await this.#run(log.admin().createTopics(KINDS.map(newTopic)));
    const senders = KINDS.map((kind) => new KindSender(log, kind, life));
    for (let round = 0; round < ROUNDS; round++) {
      for (const sender of senders) {
        const records = this.#records(sender.kind, round);
        await this.#run(sender.send(records, this.#random.below(10)));
      }
      await this.#pass(HOUR_MS * (1 + this.#random.below(2)));
    }
    await this.#change(log, life);
    // An odd life ends as it should, an even one in a power cut.
    if (life % 2 === 1) await this.#run(log.close());
    else this.#env.files.crash();
  }

  /** Everything, aborted records too. */
  async read(): Promise<ReadPartition[]> {
    const log = await this.#open();
    await this.#pass(HOUR_MS);
    const read: ReadPartition[] = [];
    for (const { topic } of KINDS) {
      const ends = await log.admin().listOffsets(topic, 'latest');
      const starts = await log.admin().listOffsets(topic, 'earliest');
      for (const [index, { partition, offset: endOffset }] of ends.entries()) {
        const startOffset = starts[index]?.offset ?? 0;
        const records = await this.#run(readPartition(log, topic, partition));
        read.push({ topic, partition, startOffset, endOffset, records });
      }
    }
    await this.#run(log.close());
    return read;
  }

  layOut(directory: string): void {
    const { files } = this.#env;
    for (const path of files.paths()) {
      const target = join(directory, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, files.bytes(path));
    }
  }

  #open(): Promise<Log> {
    const { files, clock } = this.#env;
    const seed = this.#random.uint32();
    this.#env = new SimulatedEnv({ seed, files, startMs: clock.now() + 1000 });
    return this.#run(openLog('log', { env: this.#env, cleanerBackoff: '1m' }));
  }

  #run<T>(promise: Promise<T>): Promise<T> {
    return this.#env.run(promise);
  }

  /** Retention and cleaner get their turns. */
  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 60_000) {
      this.#env.advance(60_000);
      await this.#env.settle();
    }
  }

  async #change(log: Log, life: number): Promise<void> {
    const admin = log.admin();
    if (life === 1) await this.#run(admin.createPartitions([{ topic: 'grown', partitions: 3 }]));
    const [end] = await admin.listOffsets('trimmed', 'latest');
    const offset = Math.floor((end?.offset ?? 0) * 0.4);
    await this.#run(admin.deleteRecords([{ topic: 'trimmed', partition: 0, offset }]));
  }

  #records({ keyed = false, large = false }: Kind, round: number): Text[] {
    const random = this.#random;
    const count = 1 + random.below(random.below(4) === 0 ? 60 : 4);
    return Array.from({ length: count }, () => {
      const number = this.#sent++;
      const key = keyed || random.below(3) > 0 ? `key ${random.below(25)} é` : null;
      const kind = random.below(12);
      const value =
        kind === 0
          ? null
          : kind === 2
            ? ''
            : `${number} of round ${round}${large && kind < 4 ? LARGE : ''}`;
      const headers =
        kind < 9
          ? []
          : [
              { key: 'trace', value: Buffer.from(String(number)) },
              { key: 'leer', value: null },
            ];
      // Some are late.
      const late = kind === 5 ? { timestamp: this.#env.clock.now() - random.below(1e7) } : {};
      return { key, value, headers, ...late };
    });
  }
}

const newTopic = ({ topic, config = {} }: Kind) => ({
  topic,
  partitions: 1,
  config: { 'segment.bytes': SEGMENT_BYTES, ...config },
});

/** The producers of one topic in one life. */
class KindSender {
  readonly kind: Kind;
  readonly #plain: Producer<string, string>[] = [];
  readonly #transactional: Producer<string, string>[] = [];
  #turn = 0;

  constructor(log: Log, kind: Kind, life: number) {
    this.kind = kind;
    const serdes = { key: Serdes.string(), value: Serdes.string() };
    for (const compression of kind.sends ?? ['none']) {
      this.#plain.push(log.producer({ ...serdes, compression, batchBytes: 8192 }));
      const transactionalId = `${kind.topic}-${compression}-${life % 2}`;
      this.#transactional.push(log.producer({ ...serdes, compression, transactionalId }));
    }
  }

  /** `way` 0 to 2: in a transaction that aborts, 3 to 5: in one that commits. */
  async send(records: readonly Text[], way: number): Promise<void> {
    const { topic } = this.kind;
    const turn = this.#turn++;
    const plain = this.#plain[turn % this.#plain.length];
    const transactional = this.#transactional[turn % this.#transactional.length];
    if (way > 5) {
      await plain?.sendBatch(topic, records);
      return;
    }
    const run = async (sender: RecordSender<string, string>): Promise<void> => {
      await sender.sendBatch(topic, records);
      if (way < 3) throw new Aborted();
    };
    const ended = transactional?.transaction(run).catch((error: unknown) => {
      if (!(error instanceof Aborted)) throw error;
    });
    // Plain records between those of the transaction and its marker.
    await Promise.all([ended, plain?.sendBatch(topic, records.slice(0, 2))]);
  }
}

async function readPartition(log: Log, topic: string, partition: number): Promise<ReadRecord[]> {
  await using consumer = log.consumer({
    key: Serdes.string(),
    value: Serdes.string(),
    fromBeginning: true,
    isolation: 'read_uncommitted',
  });
  await consumer.assign([{ topic, partition }]);
  const records: ReadRecord[] = [];
  for await (const { offset, timestamp, key, value, headers } of consumer.untilEnd())
    records.push({
      offset,
      timestamp,
      key,
      value,
      headerKeys: headers.map((header) => header.key),
    });
  return records;
}

class Aborted extends Error {}
