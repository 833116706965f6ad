/** A few seeds of the simulated log, the same each time; `npm run simulate:log` lives as many as there is time for. SIMULATION_SEED begins elsewhere. */
import { describe, expect, it } from 'vitest';
import { Coverage } from './coverage.js';
import { describeFailure, minimise } from './minimise.js';
import { drawPlan } from './plan.js';
import { simulate } from './simulate.js';

const SEED = Number(process.env['SIMULATION_SEED'] ?? 1);
const SEEDS = 60;

describe('a log of random lives', () => {
  it('keeps every promise', async () => {
    const coverage = new Coverage();
    for (let seed = SEED; seed < SEED + SEEDS; seed++) {
      const plan = drawPlan(seed);
      const failure = await simulate(plan, coverage);
      if (failure !== undefined) expect.fail(describeFailure(await minimise(plan, failure)));
    }
    expect(coverage.counts.crashes).toBeGreaterThan(10);
    expect(coverage.counts['transactions committed']).toBeGreaterThan(10);
  }, 60_000);

  it('is the same life each time', async () => {
    const counts = async () => {
      const coverage = new Coverage();
      await simulate(drawPlan(SEED + 1), coverage);
      return coverage.counts;
    };
    expect(await counts()).toEqual(await counts());
  });
});
