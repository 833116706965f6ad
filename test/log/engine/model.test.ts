/**
 * Random interleavings of transactional and plain producers, fencings, a slow device, crashes and readers, against
 * a naive oracle: it folds the entries that are durable, batch by batch, and knows nothing of watermarks. Checked
 * after every step: what a reader has seen is a prefix of what the oracle allows; at the end it is all of it, each
 * transaction is there whole or not at all, and what was told as committed or acknowledged is there.
 */
// oxlint-disable vitest/no-standalone-expect -- the world that the one test runs checks itself after every step
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import {
  batchProducerEpoch,
  batchProducerId,
  isControlBatch,
  isTransactionalBatch,
} from '../../../src/log/batch-header.js';
import type { LogConsumer, LogProducer } from '../../../src/log/client.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import type { JournalEntry } from '../../../src/log/engine/storage.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';
import { recordsOf, send } from '../client-suite-records.js';
import { StagedStorage } from './staged-storage.js';

const PARTITIONS = 2;
const IDS = 3;

type Step =
  | {
      readonly do: 'send' | 'seal' | 'commit' | 'abort' | 'init';
      readonly id: number;
      readonly partition: number;
    }
  | { readonly do: 'plain'; readonly id: number; readonly partition: number }
  | {
      readonly do: 'complete' | 'turn' | 'crash' | 'stage' | 'poll';
      readonly id: number;
      readonly partition: number;
    };

const step: fc.Arbitrary<Step> = fc.record({
  do: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.constantFrom('send', 'plain', 'poll', 'complete', 'turn') as fc.Arbitrary<
        Step['do']
      >,
    },
    {
      weight: 4,
      arbitrary: fc.constantFrom('seal', 'commit', 'abort') as fc.Arbitrary<Step['do']>,
    },
    { weight: 1, arbitrary: fc.constantFrom('init', 'crash', 'stage') as fc.Arbitrary<Step['do']> },
  ),
  id: fc.nat(IDS - 1),
  partition: fc.nat(PARTITIONS - 1),
}) as fc.Arbitrary<Step>;

/** Values of one partition that a reader may have seen, from what is on the device. */
function oracle(
  durable: readonly JournalEntry[],
  partition: number,
  committedOnly: boolean,
): string[] {
  const batches = durable
    .filter((entry) => entry.type === 'batch')
    .filter((entry) => entry.partition === partition);
  const name = (bytes: Buffer) => `${batchProducerId(bytes, 0)}/${batchProducerEpoch(bytes, 0)}`;
  const decided = new Map<string, boolean>();
  for (const { bytes } of batches)
    if (isControlBatch(bytes, 0)) decided.set(name(bytes), bytes[69] === 1);
  const seen: string[] = [];
  const cursor = new RecordCursor();
  for (const { bytes } of batches) {
    if (isControlBatch(bytes, 0)) continue;
    if (committedOnly && isTransactionalBatch(bytes, 0)) {
      const committed = decided.get(name(bytes));
      if (committed === undefined) return seen;
      if (!committed) continue;
    }
    cursor.reset(bytes, 0);
    while (cursor.next()) seen.push(cursor.value()?.toString() ?? '');
  }
  return seen;
}

interface Reader {
  readonly consumer: LogConsumer;
  readonly committedOnly: boolean;
  readonly seen: string[][];
}

class World {
  env = new SimulatedEnv();
  storage = new StagedStorage();
  engine: LogEngine | undefined;
  producers: LogProducer[] = [];
  plain: LogProducer | undefined;
  readers: Reader[] = [];
  /** Open transaction of each id: the values sent. */
  open: (string[] | undefined)[] = [];
  ending: boolean[] = [];
  readonly transactions: string[][] = [];
  readonly promised = new Set<string>();
  readonly never = new Set<string>();
  #next = 0;

  async start(): Promise<void> {
    // The timers of a crashed process die with it.
    this.env = new SimulatedEnv();
    this.storage.atOnce = true;
    const engine = await openEngine({
      storage: this.storage,
      env: this.env,
      features: { durable: true },
    });
    this.engine = engine;
    await this.env.run(
      engine.admin().createTopics([{ topic: 'a', partitions: PARTITIONS }], { ifNotExists: true }),
    );
    this.producers = [];
    for (let id = 0; id < IDS; id++) {
      // oxlint-disable-next-line no-await-in-loop -- in a fixed order
      await this.init(id);
    }
    this.plain = engine.producer();
    await this.env.run(this.plain.init());
    this.readers = [true, false].map((committedOnly) => {
      const consumer = engine.consumer({
        isolation: committedOnly ? 'read_committed' : 'read_uncommitted',
        maxPartitionBytes: 150,
      });
      consumer.assign(
        Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'a', partition })),
      );
      return { consumer, committedOnly, seen: Array.from({ length: PARTITIONS }, () => []) };
    });
  }

  /** A newer producer of the id; the older one's open transaction can never commit. */
  async init(id: number): Promise<void> {
    const atOnce = this.storage.atOnce;
    this.storage.atOnce = true;
    for (let i = 0; i < 3; i++) this.storage.complete();
    const producer = this.engine!.producer({ transactionalId: `id-${id}` });
    await this.env.run(producer.init());
    this.storage.atOnce = atOnce;
    for (const value of this.open[id] ?? []) this.never.add(value);
    this.open[id] = undefined;
    this.ending[id] = false;
    this.producers[id] = producer;
  }

  async run(one: Step): Promise<void> {
    const producer = this.producers[one.id]!;
    switch (one.do) {
      case 'send': {
        if (this.ending[one.id]) return;
        if (this.open[one.id] === undefined) {
          producer.begin();
          this.open[one.id] = [];
          this.transactions.push(this.open[one.id]!);
        }
        const value = `t${this.#next++}`;
        this.open[one.id]!.push(value);
        send(producer, 'a', null, value, { partition: one.partition });
        return;
      }
      case 'seal':
        return producer.seal();
      case 'commit':
      case 'abort':
        return this.#end(one.id, producer, one.do);
      case 'init':
        return this.init(one.id);
      case 'plain': {
        const value = `p${this.#next++}`;
        send(this.plain!, 'a', null, value, {
          partition: one.partition,
          acknowledged: (error) => error === undefined && this.promised.add(value),
        });
        return;
      }
      case 'turn':
        return this.env.settle();
      case 'complete':
        return this.storage.complete();
      case 'stage':
        this.storage.atOnce = !this.storage.atOnce;
        return;
      case 'poll':
        return void (await this.poll());
      case 'crash':
        for (const values of this.open) for (const value of values ?? []) this.never.add(value);
        this.open = [];
        this.ending = [];
        this.storage = this.storage.crashed();
        return this.start();
    }
  }

  #end(id: number, producer: LogProducer, how: 'commit' | 'abort'): void {
    const values = this.open[id];
    if (values === undefined || this.ending[id]) return;
    this.open[id] = undefined;
    this.ending[id] = true;
    const ended = () => {
      if (this.producers[id] === producer) this.ending[id] = false;
    };
    if (how === 'abort') {
      for (const value of values) this.never.add(value);
      // oxlint-disable-next-line promise/no-callback-in-promise -- the device decides when
      producer.abort().then(ended, ended);
      return;
    }
    // oxlint-disable-next-line promise/no-callback-in-promise -- the device decides when
    producer.commit().then(({ outcome }) => {
      if (outcome === 'committed') for (const value of values) this.promised.add(value);
      ended();
    }, ended);
  }

  async poll(): Promise<number> {
    let polled = 0;
    for (const reader of this.readers) {
      // oxlint-disable-next-line no-await-in-loop -- in a fixed order
      const fetched = await reader.consumer.poll(0);
      polled += fetched.length;
      for (const record of recordsOf(fetched))
        reader.seen[record.partition]!.push(record.value ?? '');
    }
    for (const reader of this.readers) {
      reader.seen.forEach((seen, partition) => {
        expect(seen).toEqual(
          oracle(this.storage.durable, partition, reader.committedOnly).slice(0, seen.length),
        );
      });
    }
    return polled;
  }

  /** Everything comes to rest; then all must be there. */
  async finish(): Promise<void> {
    this.storage.atOnce = true;
    for (let i = 0; i < 3; i++) this.storage.complete();
    await this.env.settle();
    this.producers.forEach((producer, id) => this.#end(id, producer, 'commit'));
    await this.env.settle();
    for (let polled = 1; polled > 0;) {
      // oxlint-disable-next-line no-await-in-loop -- until nothing comes
      polled = await this.poll();
    }
    for (const reader of this.readers) {
      reader.seen.forEach((seen, partition) =>
        expect(seen).toEqual(oracle(this.storage.durable, partition, reader.committedOnly)),
      );
    }
    const visible = new Set(
      Array.from({ length: PARTITIONS }, (_, partition) =>
        oracle(this.storage.durable, partition, true),
      ).flat(),
    );
    for (const value of this.promised) expect(visible).toContain(value);
    for (const value of this.never) expect(visible).not.toContain(value);
    for (const values of this.transactions) {
      const there = values.filter((value) => visible.has(value)).length;
      expect([0, values.length]).toContain(there);
    }
  }
}

it('any interleaving shows readers exactly what is durable and decided', async () => {
  const seed = process.env['FC_SEED'];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
      const world = new World();
      await world.start();
      for (const one of steps) {
        // oxlint-disable-next-line no-await-in-loop -- steps follow each other
        await world.run(one);
      }
      await world.finish();
    }),
    { numRuns: 150, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
});
