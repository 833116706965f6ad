/**
 * Makes the schedule of a failure short: operations are dropped, first many at once, then one by one, for as long as
 * the log still breaks a promise. What is left is what the failure needs.
 */
import { Coverage } from './coverage.js';
import type { Operation, Plan } from './plan.js';
import { simulate, type Failure } from './simulate.js';
import type { DiskMaker } from './world.js';

/** Runs that are spent on it. */
const RUNS_MAX = 400;

export interface Minimised {
  readonly plan: Plan;
  readonly failure: Failure;
}

export async function minimise(plan: Plan, failure: Failure, disk?: DiskMaker): Promise<Minimised> {
  let best: Minimised = { plan, failure };
  let runs = 0;
  for (let size = Math.ceil(plan.operations.length / 2); size >= 1; size = size >> 1) {
    for (let at = 0; at < best.plan.operations.length && runs < RUNS_MAX;) {
      runs++;
      const operations = without(best.plan.operations, at, size);
      const shorter = { ...best.plan, operations };
      // oxlint-disable-next-line no-await-in-loop -- each run decides about the next
      const found = await simulate(shorter, new Coverage(), disk);
      if (found === undefined) at += size;
      else best = { plan: shorter, failure: found };
    }
  }
  return best;
}

const without = (operations: readonly Operation[], at: number, size: number): Operation[] => [
  ...operations.slice(0, at),
  ...operations.slice(at + size),
];

/** What a person needs to look into it. */
export function describeFailure({ plan, failure }: Minimised): string {
  const { operations, ...parameters } = plan;
  const where = failure.step < 0 ? 'at the end' : `after operation ${failure.step}`;
  return [
    `FAILED seed ${failure.seed}, ${where}: ${failure.error.stack ?? failure.error.message}`,
    `again: npm run simulate:log -- --seed ${failure.seed}`,
    `${operations.length} operations are needed, with ${JSON.stringify(parameters)}:`,
    ...operations.map(
      ({ step, action, turns }) =>
        `  ${step}: ${JSON.stringify(action)}${turns < 0 ? '' : ` then ${turns} turns`}`,
    ),
  ].join('\n');
}
