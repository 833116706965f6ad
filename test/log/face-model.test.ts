/**
 * The typed face against a list per partition: random sends, transactions that commit or abort, and a group's
 * consumer that reads one by one or in batches, is closed and replaced. Whatever happens, the consumer hands out the
 * committed records of a partition in order, each once. A failure prints its seed; FC_SEED repeats it.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Consumer } from '../../src/log/consumer.js';
import { memoryLog, type Log } from '../../src/log/log.js';
import { Serdes } from '../../src/serde/serdes.js';

const SEED = process.env['FC_SEED'];
const PARTITIONS = 2;

interface Write {
  readonly do: 'send' | 'commit' | 'abort';
  readonly partitions: readonly number[];
}

type Step =
  | Write
  | { readonly do: 'take'; readonly count: number }
  | { readonly do: 'batch' | 'replace' };

const partitions = fc.array(fc.nat({ max: PARTITIONS - 1 }), { minLength: 1, maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record<Write>({ do: fc.constantFrom('send', 'commit', 'abort'), partitions }),
  fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constantFrom('batch' as const, 'replace' as const) }),
);

class World {
  readonly #log: Log;
  readonly #expected: number[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly #seen: number[] = Array.from({ length: PARTITIONS }, () => 0);
  readonly #plain;
  readonly #transactional;
  #consumer: Consumer<Uint8Array, number> | undefined;
  #next = 0;

  constructor(log: Log) {
    this.#log = log;
    this.#plain = log.producer({ value: Serdes.integer() });
    this.#transactional = log.producer({ value: Serdes.integer(), transactionalId: 'x' });
  }

  async run(next: Step): Promise<void> {
    switch (next.do) {
      case 'take':
        return this.#take(next.count);
      case 'batch':
        return this.#takeBatch();
      case 'replace':
        return this.#replace();
      default:
        return this.#write(next.do, next.partitions);
    }
  }

  /** Reads what is left; returns how many records are missing. */
  async finish(): Promise<number> {
    await this.#replace();
    await this.#take(Number.MAX_SAFE_INTEGER);
    return this.#available();
  }

  async #write(kind: 'send' | 'commit' | 'abort', targets: readonly number[]): Promise<void> {
    const records = targets.map((partition) => ({ partition, value: this.#next++ }));
    if (kind === 'send') {
      await Promise.all(records.map((record) => this.#plain.send({ topic: 't', ...record })));
    } else {
      const done = this.#transactional.transaction(async (tx) => {
        await tx.sendBatch('t', records);
        if (kind === 'abort') throw new Error('abort');
      });
      if (kind === 'abort') return assert.rejects(done, /abort/);
      await done;
    }
    for (const { partition, value } of records) this.#expected[partition]!.push(value);
  }

  async #take(count: number): Promise<void> {
    let left = Math.min(count, this.#available());
    if (left === 0) return;
    for await (const { partition, value } of await this.#reader()) {
      this.#check(partition, value);
      if (--left === 0) break;
    }
  }

  async #takeBatch(): Promise<void> {
    if (this.#available() === 0) return;
    const consumer = await this.#reader();
    for await (const { partition, records } of consumer.batches()) {
      for (const { value } of records) this.#check(partition, value);
      break;
    }
  }

  #available(): number {
    return this.#expected.reduce((sum, values, i) => sum + values.length - this.#seen[i]!, 0);
  }

  #check(partition: number, value: number | null): void {
    assert.equal(value, this.#expected[partition]![this.#seen[partition]!]);
    this.#seen[partition]!++;
  }

  async #replace(): Promise<void> {
    await this.#consumer?.close();
    this.#consumer = undefined;
  }

  async #reader(): Promise<Consumer<Uint8Array, number>> {
    if (this.#consumer !== undefined) return this.#consumer;
    this.#consumer = this.#log.consumer({
      groupId: 'g',
      fromBeginning: true,
      value: Serdes.integer(),
    });
    await this.#consumer.subscribe(['t']);
    return this.#consumer;
  }
}

test('a group reads every committed record of a partition once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await using log = memoryLog();
      await log.admin().createTopics([{ topic: 't', partitions: PARTITIONS }]);
      const world = new World(log);
      // oxlint-disable-next-line no-await-in-loop -- the steps are a history
      for (const next of steps) await world.run(next);
      expect(await world.finish()).toBe(0);
    }),
    { numRuns: 60, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
  );
});
