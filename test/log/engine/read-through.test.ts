/**
 * A reader of its own producer's open transaction among other producers, a slow device and aborts, in any order.
 * What it has seen is always a prefix of the log without aborted records; of others it sees only what is durable
 * and decided; an abort of its producer takes it back to the last commit, as the runtime does.
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
import { openEngine } from '../../../src/log/engine/engine.js';
import type { JournalEntry } from '../../../src/log/engine/storage.js';
import { CONTROL_TYPE_AT } from '../../../src/log/record-batch.js';
import { RecordCursor } from '../../../src/log/record-cursor.js';
import { recordsOf, send } from '../client-suite-records.js';
import { StagedStorage } from './staged-storage.js';

const A0 = { topic: 'a', partition: 0 };
const STEPS = ['own', 'other', 'plain', 'poll', 'complete', 'turn'] as const;
const ENDS = ['commit', 'abort', 'otherCommit', 'otherAbort'] as const;
type Step = (typeof STEPS)[number] | (typeof ENDS)[number];

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...STEPS) },
  { weight: 2, arbitrary: fc.constantFrom(...ENDS) },
);

/** Transactions by producer id and epoch: true for committed, false for aborted. */
function decisions(entries: readonly JournalEntry[]): Map<string, boolean> {
  const decided = new Map<string, boolean>();
  for (const entry of entries) {
    if (entry.type !== 'batch' || !isControlBatch(entry.bytes, 0)) continue;
    decided.set(transactionOf(entry.bytes), entry.bytes[CONTROL_TYPE_AT] === 1);
  }
  return decided;
}

const transactionOf = (bytes: Buffer): string =>
  `${batchProducerId(bytes, 0)}/${batchProducerEpoch(bytes, 0)}`;

function valuesOf(entries: readonly JournalEntry[], keep: (bytes: Buffer) => boolean): string[] {
  const values: string[] = [];
  const cursor = new RecordCursor();
  for (const entry of entries) {
    if (entry.type !== 'batch' || isControlBatch(entry.bytes, 0) || !keep(entry.bytes)) continue;
    cursor.reset(entry.bytes, 0);
    while (cursor.next()) values.push(cursor.value()?.toString() ?? '');
  }
  return values;
}

class ThroughWorld {
  readonly env = new SimulatedEnv();
  readonly storage = new StagedStorage();
  own!: LogProducer;
  other!: LogProducer;
  plain!: LogProducer;
  reader!: LogConsumer;
  seen: string[] = [];
  /** Where the reader stood at the last commit. */
  #committed = { position: 0, seen: 0 };
  #ending = false;
  #otherState: 'ready' | 'open' | 'ending' = 'ready';
  #next = 0;

  async start(): Promise<void> {
    const engine = await openEngine({
      storage: this.storage,
      env: this.env,
      features: { durable: true },
    });
    await this.env.run(engine.admin().createTopics([{ topic: 'a', partitions: 1 }]));
    this.own = engine.producer({ transactionalId: 'own' });
    this.other = engine.producer({ transactionalId: 'other' });
    this.plain = engine.producer();
    await this.env.run(Promise.all([this.own.init(), this.other.init(), this.plain.init()]));
    this.reader = engine.consumer({ readThrough: { producer: this.own, topics: new Set(['a']) } });
    this.reader.assign([A0]);
    this.storage.atOnce = false;
    this.own.begin();
  }

  async run(one: Step): Promise<void> {
    switch (one) {
      case 'own':
        if (this.#ending) return;
        send(this.own, 'a', null, `own ${this.#next++}`);
        return this.own.seal();
      case 'other':
        if (this.#otherState === 'ending') return;
        if (this.#otherState === 'ready') this.other.begin();
        this.#otherState = 'open';
        send(this.other, 'a', null, `other ${this.#next++}`);
        return this.other.seal();
      case 'plain':
        send(this.plain, 'a', null, `plain ${this.#next++}`);
        return this.plain.seal();
      case 'poll':
        return this.poll();
      case 'complete':
        return this.storage.complete();
      case 'turn':
        return this.env.settle();
      case 'commit':
      case 'abort':
        return this.#end(one);
      case 'otherCommit':
      case 'otherAbort': {
        if (this.#otherState !== 'open') return;
        this.#otherState = 'ending';
        const ready = () => void (this.#otherState = 'ready');
        // oxlint-disable-next-line promise/no-callback-in-promise -- the device decides when
        (one === 'otherCommit' ? this.other.commit() : this.other.abort()).then(ready, ready);
      }
    }
  }

  async #end(how: 'commit' | 'abort'): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    if (how === 'abort') {
      this.reader.seek(A0, this.#committed.position);
      this.seen.length = this.#committed.seen;
    } else this.#committed = { position: await this.reader.position(A0), seen: this.seen.length };
    const next = () => {
      this.#ending = false;
      this.own.begin();
    };
    // oxlint-disable-next-line promise/no-callback-in-promise -- the device decides when
    (how === 'commit' ? this.own.commit() : this.own.abort()).then(next, next);
  }

  async poll(): Promise<void> {
    for (const record of recordsOf(await this.reader.poll(0))) this.seen.push(record.value ?? '');
    const decided = decisions(this.storage.appended);
    const log = valuesOf(
      this.storage.appended,
      (bytes) => decided.get(transactionOf(bytes)) !== false,
    );
    expect(this.seen).toEqual(log.slice(0, this.seen.length));
    const durable = decisions(this.storage.durable);
    const settled = new Set(
      valuesOf(
        this.storage.durable,
        (bytes) => !isTransactionalBatch(bytes, 0) || durable.get(transactionOf(bytes)) === true,
      ),
    );
    for (const value of this.seen) if (!value.startsWith('own')) expect(settled).toContain(value);
  }

  /** With nothing of others undecided, the reader gets to the end without any device. */
  async finish(): Promise<void> {
    this.storage.atOnce = true;
    for (let i = 0; i < 3; i++) {
      this.storage.complete();
      // oxlint-disable-next-line no-await-in-loop -- what was ended may be followed by what waited
      await this.env.settle();
    }
    await this.run('otherCommit');
    await this.env.run(this.plain.flush());
    await this.env.settle();
    this.storage.atOnce = false;
    await this.run('own');
    await this.poll();
    const decided = decisions(this.storage.appended);
    expect(this.seen).toEqual(
      valuesOf(this.storage.appended, (bytes) => decided.get(transactionOf(bytes)) !== false),
    );
    expect(this.seen.at(-1)).toMatch(/^own/);
  }
}

it('own records are read at once, those of others when they are durable and decided', async () => {
  const seed = process.env['FC_SEED'];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const world = new ThroughWorld();
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
