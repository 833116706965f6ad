/** Lives one seed: runs its plan against a simulated world and compares, after each restart and at the end, what is there with what was promised. */
import { SimulatedCrash } from '../../../src/env/simulated-files.js';
import { Clients } from './clients.js';
import { Coverage } from './coverage.js';
import { Ledger } from './ledger.js';
import type { Operation, Plan } from './plan.js';
import { verify } from './verify.js';
import { WatchedFiles, World, type DiskMaker } from './world.js';

export interface Failure {
  readonly seed: number;
  /** The operation after which it was noticed; -1 at the end. */
  readonly step: number;
  readonly error: Error;
}

const watchedDisk: DiskMaker = (random, coverage) => new WatchedFiles(random, coverage);

/** The first broken promise of this plan, or undefined. Counts what happened. */
export async function simulate(
  plan: Plan,
  coverage: Coverage = new Coverage(),
  disk: DiskMaker = watchedDisk,
): Promise<Failure | undefined> {
  const world = new World(plan, new Ledger(), coverage, disk);
  coverage.add('seeds');
  let step = -1;
  try {
    await world.start();
    let clients = new Clients(world);
    for (const operation of plan.operations) {
      ({ step } = operation);
      coverage.add('operations');
      // oxlint-disable-next-line no-await-in-loop -- what happens in a life happens in order
      const restarted = await perform(world, clients, operation);
      if (world.violation !== undefined) throw world.violation;
      if (restarted) clients = new Clients(world);
    }
    step = -1;
    await end(world);
    if (world.violation !== undefined) throw world.violation;
    return undefined;
  } catch (error) {
    return {
      seed: plan.seed,
      step,
      error: error instanceof Error ? error : new Error(String(error)),
    };
  }
}

/** True when the process was started again. */
async function perform(
  world: World,
  clients: Clients,
  { step, action, turns }: Operation,
): Promise<boolean> {
  try {
    if (action.do === 'restart') {
      await world.restart(action.how, step);
      await verify(world, true, step);
      return true;
    }
    if (action.do === 'fault') world.arrange(action.fault, action.after);
    else if (action.do === 'wait') await pass(world, action.ms);
    else if (action.do === 'jump') {
      world.env.clock.jump(action.ms);
      world.earliestMs = Math.min(world.earliestMs, world.env.clock.now());
      world.coverage.add('clock jumps');
    } else if (action.do === 'verify') {
      await world.env.settle();
      await verify(world, false, step);
    } else clients.begin(action);
    await turn(world, turns);
    if (!world.mustReopen) return false;
    world.coverage.add('read-only logs');
    await world.restart(step % 2 === 0 ? 'kill' : 'power', step);
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
    await world.restart('crashed', step);
  }
  await verify(world, true, step);
  return true;
}

async function turn(world: World, turns: number): Promise<void> {
  if (turns < 0) return world.env.settle();
  for (let i = 0; i < turns; i++) {
    await Promise.resolve(); // oxlint-disable-line no-await-in-loop -- turn after turn
    world.env.timers.runOneTurn();
  }
}

/** Time passes in parts, so that what is due can go on. */
async function pass(world: World, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    world.env.advance(Math.min(left, 1000));
    await world.env.settle(); // oxlint-disable-line no-await-in-loop -- part after part
  }
  world.latestMs = Math.max(world.latestMs, world.env.clock.now());
}

/** No more faults: the log opens, shows what was promised, closes, and its files are whole. */
async function end(world: World): Promise<void> {
  try {
    await world.restart('close', -1);
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
    await world.restart('crashed', -2);
  }
  await verify(world, true, -1);
  await world.finish();
}
