/**
 * A random life of one compacted partition: puts, tombstones, transactions that commit or abort, rolls, cleanings,
 * restarts, crashes, time. The model is every record that was ever appended with its fate; `check` compares it with
 * what readers see. Everything goes through the broker, where offsets are known at once.
 */
// oxlint-disable vitest/no-standalone-expect -- called from tests
import { expect } from 'vitest';
import type { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import { RecordBatchBuilder, type BatchProducer } from '../../../src/log/record-batch.js';
import { batchLastOffset } from '../../../src/log/batch-header.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { MemoryStorage } from '../../../src/log/engine/memory-storage.js';
import type { TransactionSession } from '../../../src/log/engine/transaction-session.js';
import type { Partition } from '../../../src/log/engine/partition.js';

export interface LifeOptions {
  readonly durable: boolean;
  readonly keys: number;
  readonly mapBytes?: number;
  readonly deleteRetentionMs?: number;
  readonly config?: Readonly<{ [name: string]: string | number }>;
}

export interface ModelRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  fate: 'committed' | 'aborted' | 'open';
  /** When it was cleaned first, as a tombstone that stayed. */
  cleanedAt: number;
}

interface Open {
  readonly session: TransactionSession;
  readonly records: ModelRecord[];
  sequence: number;
}

const text = (bytes: Buffer | null) => bytes?.toString() ?? null;

export class CompactedLife {
  env = new SimulatedEnv();
  readonly records: ModelRecord[] = [];
  readonly #random: SeededRandom;
  readonly #options: LifeOptions;
  readonly #open: Open[] = [];
  #engine: LogEngine | undefined;
  #ids = 0;
  readonly #writer = { producerId: -1, sequence: 0 };

  constructor(random: SeededRandom, options: LifeOptions) {
    this.#random = random;
    this.#options = options;
  }

  async open(): Promise<void> {
    const { durable, mapBytes = 65_536 } = this.#options;
    const { env } = this;
    const storage = durable
      ? openJournalStorage({ directory: '/log', env, thread: 'inline', journalBytesMax: 4000 })
      : new MemoryStorage();
    const settings = {
      ...DEFAULT_SETTINGS,
      cleanerBackoffMs: 1_000_000_000,
      cleanerDedupeBufferBytes: mapBytes,
    };
    this.#engine = await env.run(openEngine({ storage, env, features: { durable }, settings }));
    if (this.engine.broker.topics.find('c') === undefined) this.#createTopic();
    if (this.#writer.producerId < 0)
      this.#writer.producerId = this.engine.broker.producerIds.next();
  }

  get engine(): LogEngine {
    return this.#engine!;
  }

  get partition(): Partition {
    return this.engine.broker.topics.get('c').partition(0);
  }

  async step(): Promise<void> {
    const draw = this.#random.below(100);
    if (draw < 45) this.put();
    else if (draw < 60) this.#transact();
    else if (draw < 72) await this.#end();
    else if (draw < 80) this.partition.storage.roll();
    else if (draw < 86) this.env.advance(this.#random.below(400));
    else if (draw < 96) await this.clean();
    else if (this.#options.durable) await this.restart(draw < 98);
    if (this.#random.below(3) === 0) this.env.runImmediates();
  }

  put(key = this.#key(), value = this.#value(key)): void {
    const plain = this.#random.below(2) === 0;
    const count = 1 + this.#random.below(3);
    const producer: BatchProducer | undefined = plain
      ? undefined
      : {
          producerId: this.#writer.producerId,
          epoch: 0,
          sequence: this.#writer.sequence,
          transactional: false,
        };
    this.#append([[key, value], ...this.#pairs(count - 1)], producer, 'committed');
    if (!plain) this.#writer.sequence += count;
  }

  /** Ends what is open, so that everything below the end can be cleaned. */
  async decide(): Promise<void> {
    while (this.#open.length > 0) await this.#end(); // oxlint-disable-line no-await-in-loop -- one after the other
  }

  async flush(): Promise<void> {
    this.engine.broker.durability.syncNow();
    await this.env.settle();
  }

  /** All that can be cleaned. Tombstones that stay begin to count their time. */
  async clean(): Promise<void> {
    await this.flush();
    const now = this.env.clock.now();
    await this.env.run(this.engine.broker.cleaner.cleanNow());
    const { cleanedTo } = this.partition.storage;
    for (const record of this.records)
      if (record.offset < cleanedTo && record.cleanedAt < 0) record.cleanedAt = now;
  }

  async restart(crash: boolean): Promise<void> {
    await this.flush();
    for (const { records } of this.#open.splice(0))
      for (const record of records) record.fate = 'aborted';
    if (crash) this.env.files.crash();
    else await this.env.run(this.engine.close());
    await this.#reopen();
  }

  /** After a crash that came by itself, or a close: what was undecided is aborted. */
  async revive(): Promise<void> {
    for (const { records } of this.#open.splice(0))
      for (const record of records) record.fate = 'aborted';
    this.env.files.crash();
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    const now = this.env.clock.now();
    const { files } = this.env;
    this.env = new SimulatedEnv({ files, startMs: now });
    await this.open();
    await this.flush();
  }

  /** What a consumer sees, in the order in which it sees it. */
  async visible(isolation: 'read_committed' | 'read_uncommitted'): Promise<ModelRecord[]> {
    const place = { topic: 'c', partition: 0 };
    const consumer = this.engine.consumer({
      isolation,
      maxPartitionBytes: 1 + this.#random.below(400),
    });
    consumer.assign([place]);
    consumer.seek(place, this.partition.startOffset);
    const { lastStableOffset, highWatermark } = this.partition;
    const end = isolation === 'read_committed' ? lastStableOffset : highWatermark;
    const seen: ModelRecord[] = [];
    const cursor = new RecordCursor();
    for (let position = this.partition.startOffset; position < end;) {
      // oxlint-disable-next-line no-await-in-loop -- a poll after the other
      const [fetched] = await this.env.run(consumer.poll(0));
      expect(fetched!.nextOffset, 'a poll moves the position').toBeGreaterThan(position);
      position = fetched!.nextOffset;
      for (const { bytes, start } of fetched!.batches) {
        cursor.reset(bytes, start);
        while (cursor.next()) {
          if (cursor.offset < fetched!.firstOffset) continue;
          const key = text(cursor.key())!;
          const record = { offset: cursor.offset, key, value: text(cursor.value()) };
          seen.push({ ...record, fate: 'committed', cleanedAt: -1 });
          expect(cursor.offset).toBeLessThanOrEqual(batchLastOffset(bytes, start));
        }
      }
    }
    await this.env.run(consumer.close());
    return seen;
  }

  async check(): Promise<void> {
    const { lastStableOffset, storage } = this.partition;
    const committed = this.records.filter(
      ({ fate, offset }) => fate === 'committed' && offset < lastStableOffset,
    );
    const byOffset = new Map(committed.map((record) => [record.offset, record]));
    const latest = new Map<string, ModelRecord>();
    for (const record of committed) latest.set(record.key, record);
    const seen = await this.visible('read_committed');
    const offsets = seen.map(({ offset }) => offset);
    expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b));
    const cleanKeys = new Set<string>();
    for (const { offset, key, value } of seen) {
      const record = byOffset.get(offset);
      expect({ offset, key, value }).toEqual({ offset, key: record?.key, value: record?.value });
      if (offset >= storage.cleanedTo) continue;
      expect(cleanKeys.has(key), `${key} is there twice below ${storage.cleanedTo}`).toBe(false);
      cleanKeys.add(key);
    }
    const present = new Set(offsets);
    const now = this.env.clock.now();
    const { deleteRetentionMs = 1000 } = this.#options;
    for (const { offset, value, cleanedAt, key } of latest.values()) {
      const mayBeGone = value === null && cleanedAt >= 0 && now >= cleanedAt + deleteRetentionMs;
      if (!mayBeGone)
        expect(present.has(offset), `the last of ${key}, offset ${offset}`).toBe(true);
    }
    for (const record of committed)
      if (record.offset >= storage.cleanedTo) expect(present.has(record.offset)).toBe(true);
    this.#checkTimes(seen);
  }

  #checkTimes(seen: readonly ModelRecord[]): void {
    const { storage, endOffset } = this.partition;
    const first = storage.findTimestamp(0, endOffset);
    if (seen.length > 0) expect(first!.offset).toBeLessThanOrEqual(seen[0]!.offset);
    expect(storage.findTimestamp(this.env.clock.now() + 1, endOffset)).toBeUndefined();
  }

  #createTopic(): void {
    const { deleteRetentionMs = 1000, config = {} } = this.#options;
    this.engine.broker.createTopics(
      [
        {
          topic: 'c',
          partitions: 1,
          config: {
            'cleanup.policy': 'compact',
            'delete.retention.ms': deleteRetentionMs,
            'segment.ms': 700,
            ...config,
          },
        },
      ],
      false,
    );
  }

  #transact(): void {
    const { transactions } = this.engine.broker;
    let open = this.#open[this.#random.below(3)];
    if (open === undefined) {
      const session = transactions.init(`t${this.#ids++}`, Number.POSITIVE_INFINITY);
      transactions.begin(session);
      this.#open.push((open = { session, records: [], sequence: 0 }));
    }
    const { session } = open;
    const pairs = this.#pairs(1 + this.#random.below(3));
    const producer = {
      producerId: session.producerId,
      epoch: session.epoch,
      sequence: open.sequence,
      transactional: true,
    };
    open.records.push(...this.#append(pairs, producer, 'open'));
    open.sequence += pairs.length;
  }

  async #end(): Promise<void> {
    const [open] = this.#open.splice(0, 1);
    if (open === undefined) return;
    const { transactions } = this.engine.broker;
    const commits = this.#random.below(2) === 0;
    if (commits) await this.env.run(transactions.commit(open.session));
    else await this.env.run(transactions.abort(open.session));
    for (const record of open.records) record.fate = commits ? 'committed' : 'aborted';
  }

  #append(
    pairs: readonly (readonly [string, string | null])[],
    producer: BatchProducer | undefined,
    fate: ModelRecord['fate'],
  ): ModelRecord[] {
    const builder = new RecordBatchBuilder(256);
    const now = this.env.clock.now();
    for (const [key, value] of pairs) {
      const keyBytes = Buffer.from(key);
      const bytes = value === null ? null : Buffer.from(value);
      builder.append(now, keyBytes, 0, keyBytes.length, bytes, 0, bytes?.length ?? 0);
    }
    const base = this.engine.broker.appendBatch(
      this.engine.broker.topics.get('c'),
      0,
      builder.seal(producer),
    );
    const made = pairs.map(([key, value], i) => ({
      offset: base + i,
      key,
      value,
      fate,
      cleanedAt: -1,
    }));
    this.records.push(...made);
    return made;
  }

  #pairs(count: number): (readonly [string, string | null])[] {
    return Array.from({ length: count }, () => {
      const key = this.#key();
      return [key, this.#value(key)] as const;
    });
  }

  #key(): string {
    return `k${this.#random.below(this.#options.keys)}`;
  }

  #value(key: string): string | null {
    return this.#random.below(4) === 0 ? null : `${key}=${this.records.length}`;
  }
}
