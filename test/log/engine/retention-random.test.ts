/**
 * Random lives of a durable log under retention: plain writes, transactions that stay open, time that passes,
 * crashes and clean restarts. Whatever happens, nothing that is young, undecided or not durable is deleted, a log
 * start never goes back, and what is old is gone after a check. The seed is printed on failure; FC_SEED replays it.
 */
import { strict as assert } from 'node:assert';
import { describe, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import type { LogProducer } from '../../../src/log/client.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { send } from '../client-suite-records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RETENTION = 6 * HOUR;
const CHECK = DEFAULT_SETTINGS.retentionCheckMs;
/** A check that comes in slices, and the time of the writes between two. */
const SLACK = CHECK + MINUTE;

class Life {
  readonly #seed: number;
  readonly #random: SeededRandom;
  #env: SimulatedEnv;
  #engine!: LogEngine;
  #producer!: LogProducer;
  #open: LogProducer | undefined;
  #start = 0;
  /** By offset, what was acknowledged; holes are markers and what a crash took. */
  readonly #timestamps: number[] = [];

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new SeededRandom(seed);
    this.#env = new SimulatedEnv({ seed });
  }

  async run(steps: number): Promise<void> {
    await this.#begin();
    await this.#env.run(
      this.#engine.admin().createTopics([
        {
          topic: 'a',
          partitions: 1,
          config: { 'retention.ms': RETENTION, 'segment.ms': HOUR },
        },
      ]),
    );
    for (let step = 0; step < steps; step++) {
      // oxlint-disable-next-line no-await-in-loop -- a life is one thing after the other
      await this.#step();
      this.#check();
    }
    await this.#end(false);
  }

  async #begin(): Promise<void> {
    const env = this.#env;
    const storage = openJournalStorage({
      directory: '/log',
      env,
      thread: 'inline',
      journalBytesMax: 20_000,
    });
    this.#engine = await env.run(openEngine({ storage, env, features: { durable: true } }));
    this.#producer = this.#engine.producer();
    await env.run(this.#producer.init());
    this.#open = undefined;
  }

  async #end(crash: boolean): Promise<void> {
    if (crash) this.#env.files.crash('none');
    else await this.#env.run(this.#engine.close());
  }

  async #step(): Promise<void> {
    const dice = this.#random.float();
    const env = this.#env;
    if (dice < 0.5) {
      const timestamp = env.clock.now() - (this.#random.uint32() % (2 * MINUTE));
      send(this.#producer, 'a', 'k', 'x'.repeat(this.#random.uint32() % 300), {
        timestamp,
        acknowledged: (error, offset) => {
          if (error === undefined) this.#timestamps[offset] = timestamp;
        },
      });
      await env.run(this.#producer.flush());
    } else if (dice < 0.55) await this.#transact();
    else if (dice < 0.6) await this.#checkOld();
    else if (dice < 0.95) {
      env.advance(this.#random.uint32() % (2 * HOUR));
      await env.settle();
    } else {
      await this.#end(this.#random.float() < 0.7);
      this.#env = new SimulatedEnv({
        files: env.files,
        startMs: env.clock.now(),
        seed: this.#random.uint32(),
      });
      await this.#begin();
    }
  }

  async #transact(): Promise<void> {
    if (this.#open !== undefined) {
      const open = this.#open;
      this.#open = undefined;
      if (this.#random.float() < 0.5) await this.#env.run(open.commit());
      else await this.#env.run(open.abort());
      return;
    }
    this.#open = this.#engine.producer({
      transactionalId: 't',
      transactionTimeoutMs: Number.POSITIVE_INFINITY,
    });
    await this.#env.run(this.#open.init());
    this.#open.begin();
    send(this.#open, 'a', 'k', 'open', { timestamp: this.#env.clock.now() });
    this.#open.seal();
  }

  #check(): void {
    const topic = this.#engine.broker.topics.find('a');
    if (topic === undefined) return;
    const partition = topic.partition(0);
    const { startOffset, lastStableOffset, highWatermark } = partition;
    const now = this.#env.clock.now();
    this.#is(startOffset >= this.#start, 'the log start went back');
    this.#is(startOffset <= lastStableOffset, 'undecided records were deleted');
    this.#is(lastStableOffset <= highWatermark, 'what is not durable is stable');
    for (let offset = this.#start; offset < startOffset; offset++) {
      const timestamp = this.#timestamps[offset];
      if (timestamp === undefined) continue;
      this.#is(timestamp < now - RETENTION, `offset ${offset} was deleted, it was young`);
    }
    this.#start = startOffset;
  }

  /** After a check the oldest segment is young, or an open transaction keeps it. */
  async #checkOld(): Promise<void> {
    this.#env.advance(SLACK);
    await this.#env.settle();
    const partition = this.#engine.broker.topics.get('a').partition(0);
    const [oldest] = partition.storage.segments();
    if (oldest === undefined || oldest.endOffset <= partition.startOffset) return;
    if (oldest.endOffset > partition.lastStableOffset) return;
    const youngest = this.#env.clock.now() - RETENTION - SLACK;
    this.#is(oldest.maxTimestamp > youngest, `the segment at ${oldest.baseOffset} is old`);
  }

  #is(condition: boolean, what: string): void {
    assert(condition, `seed ${this.#seed}: ${what}`);
  }
}

const seeds =
  process.env['FC_SEED'] === undefined
    ? Array.from({ length: 12 }, (_, index) => 100 + index)
    : [Number(process.env['FC_SEED'])];

describe('retention under random lives', () => {
  it.each(seeds)('deletes what is old and nothing else (seed %i)', async (seed) => {
    await new Life(seed).run(400);
  });
});
