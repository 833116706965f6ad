/**
 * Whole lives of a compacted partition against a model (see `compacted-life.ts`). `COMPACTION_SEED` runs another set
 * of them.
 */
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { expectWhole } from '../inspect/whole-log.js';
import { CompactedLife, type LifeOptions } from './compacted-life.js';

const SEED = Number(process.env.COMPACTION_SEED ?? 1);
const LIVES = Number(process.env.COMPACTION_LIVES ?? 12);
const STEPS = 120;

async function live(seed: number, options: LifeOptions): Promise<CompactedLife> {
  const life = new CompactedLife(new SeededRandom(seed), options);
  try {
    await life.open();
    for (let step = 0; step < STEPS; step++) {
      await life.step(); // oxlint-disable-line no-await-in-loop -- a life is one step after the other
      if (step % 10 === 0) {
        await life.flush(); // oxlint-disable-line no-await-in-loop -- as above
        await life.check(); // oxlint-disable-line no-await-in-loop -- as above
      }
    }
    await life.clean();
    await life.check();
    if (!options.durable) return life;
    const { lastStableOffset } = life.partition;
    const before = await life.visible('read_committed');
    await life.restart(false);
    await life.check();
    const after = await life.visible('read_committed');
    // What was undecided then is decided now.
    const same = after.filter(({ offset }) => offset < lastStableOffset);
    expect(same.map(({ offset }) => offset)).toEqual(before.map(({ offset }) => offset));
    await life.env.run(life.engine.close());
    await expectWhole(life.env.files, `seed ${seed}`);
    return life;
  } catch (error) {
    throw new Error(`seed ${seed}, ${JSON.stringify(options)}`, { cause: error });
  }
}

describe('a compacted partition', () => {
  for (const durable of [false, true]) {
    const where = durable ? 'on a simulated disk' : 'in memory';
    it(`keeps the last value of every key, whatever happens, ${where}`, async () => {
      let cleaned = 0;
      for (let i = 0; i < LIVES; i++) {
        // oxlint-disable-next-line no-await-in-loop -- one life after the other
        const life = await live(SEED * 1000 + i, { durable, keys: 8 });
        cleaned += life.partition.storage.cleanedTo;
      }
      expect(cleaned).toBeGreaterThan(LIVES * 50);
    }, 120_000);

    it(`with more keys than the map holds, ${where}`, async () => {
      for (let i = 0; i < LIVES; i++) {
        // Five keys at a time. oxlint-disable-next-line no-await-in-loop -- one life after the other
        await live(SEED * 1000 + 500 + i, { durable, keys: 60, mapBytes: 6 * 24 });
      }
    }, 120_000);
  }
});
