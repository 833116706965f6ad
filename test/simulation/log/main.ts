/**
 * `npm run simulate:log -- --seeds N [--from S] [--seconds T] [--jobs J]` lives N seeds, or as many as fit into T
 * seconds; `--seed S` lives one and shows what it did. Prints how often everything happened and fails when a promise
 * was broken, or when in a long run some kind of fault or feature never came up.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { CLASSES, Coverage } from './coverage.js';
import { describeFailure, minimise } from './minimise.js';
import { drawPlan } from './plan.js';
import { simulate } from './simulate.js';

/** So many seeds must show every class. */
const LONG_RUN = 1000;
const FAILURES_MAX = 3;

interface Share {
  readonly from: number;
  readonly step: number;
  readonly until: number;
  readonly seconds: number;
  /** Ends with the first failure, as it is. */
  readonly first: boolean;
}

interface Told {
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
}

/** The seeds of one worker. */
async function liveShare({ from, step, until, seconds, first }: Share): Promise<Told> {
  const coverage = new Coverage();
  const failures: string[] = [];
  const end = performance.now() + seconds * 1000;
  for (let seed = from; seed < until && performance.now() < end; seed += step) {
    const plan = drawPlan(seed);
    // oxlint-disable-next-line no-await-in-loop -- seed after seed
    const failure = await simulate(plan, coverage);
    if (failure === undefined) continue;
    if (first) {
      failures.push(describeFailure({ plan, failure }));
      break;
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    failures.push(describeFailure(await minimise(plan, failure)));
    if (failures.length >= FAILURES_MAX) break;
  }
  return { counts: coverage.counts, failures };
}

function startWorker(share: Share): Promise<Told> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: share });
    worker.once('message', (told: Told) => resolve(told));
    worker.once('error', reject);
  });
}

async function liveMany(share: Share, jobs: number) {
  const started = performance.now();
  const told = await Promise.all(
    Array.from({ length: jobs }, (_, job) =>
      startWorker({ ...share, from: share.from + job, step: jobs }),
    ),
  );
  const coverage = new Coverage();
  for (const { counts } of told) coverage.merge(counts);
  const tookSeconds = (performance.now() - started) / 1000;
  for (const name of CLASSES) console.log(`${name.padEnd(32)} ${coverage.counts[name]}`);
  const lived = coverage.counts.seeds;
  console.log(
    `${lived} seeds in ${tookSeconds.toFixed(1)} s: ${(lived / tookSeconds).toFixed(1)} seeds/s`,
  );
  const failures = told.flatMap((part) => part.failures);
  for (const failure of failures) console.log(failure);
  const missing = lived >= LONG_RUN ? coverage.missing() : [];
  if (missing.length > 0) console.log(`FAILED: never happened: ${missing.join(', ')}`);
  if (failures.length > 0 || missing.length > 0) process.exitCode = 1;
}

async function liveOne(seed: number) {
  const plan = drawPlan(seed);
  const coverage = new Coverage();
  const failure = await simulate(plan, coverage);
  console.log(Object.fromEntries(Object.entries(coverage.counts).filter(([, count]) => count > 0)));
  if (failure === undefined) {
    console.log(`seed ${seed}: every promise was kept`);
    return;
  }
  console.log(describeFailure(await minimise(plan, failure)));
  process.exitCode = 1;
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string', default: `${(Date.now() % 2 ** 30) | 1}` },
      seconds: { type: 'string' },
      first: { type: 'boolean', default: false },
      jobs: { type: 'string', default: `${availableParallelism()}` },
    },
  });
  if (values.seed === undefined) {
    const bounded = values.seeds !== undefined || values.seconds !== undefined;
    const seeds = Number(values.seeds ?? (bounded ? Number.MAX_SAFE_INTEGER / 2 : 1000));
    console.log(`seeds from ${values.from} on`);
    const from = Number(values.from);
    const seconds = Number(values.seconds ?? Number.POSITIVE_INFINITY);
    await liveMany(
      { from, step: 1, until: from + seeds, seconds, first: values.first },
      Number(values.jobs),
    );
  } else await liveOne(Number(values.seed));
} else {
  // Given by `startWorker` alone.
  parentPort?.postMessage(await liveShare(workerData as Share));
}
