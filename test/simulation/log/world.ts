/**
 * The simulated machine with its disk, and the log's process on it: it dies and starts again, calls of the disk fail,
 * and after each death the files are checked before they are opened.
 */
import type { Env } from '../../../src/env/env.js';
import { SeededRandom } from '../../../src/env/seeded-random.js';
import { SimulatedEnv } from '../../../src/env/simulated-env.js';
import {
  SimulatedCrash,
  SimulatedFiles,
  type FileOperation,
  type OperationKind,
} from '../../../src/env/simulated-files.js';
import { StreamsError } from '../../../src/errors.js';
import { DEFAULT_SETTINGS } from '../../../src/log/engine/engine-options.js';
import { openEngine, type LogEngine } from '../../../src/log/engine/engine.js';
import { openJournalStorage } from '../../../src/log/engine/journal-storage.js';
import { CLEANED_SUFFIX } from '../../../src/log/engine/log-directory.js';
import { faultsOf } from '../../log/inspect/whole-log.js';
import type { Coverage } from './coverage.js';
import { Violation, type Ledger } from './ledger.js';
import type { FaultKind, Plan, Restart } from './plan.js';

const CRASH_MODES = ['none', 'all', 'prefix', 'subset'] as const;
const OPENS_MAX = 8;
export const START_MS = 1_704_067_200_000;

/** A disk on which something can be wrong beyond what the plan asks for: how the checkers are checked. */
export type DiskMaker = (random: SeededRandom, coverage: Coverage) => SimulatedFiles;

/** A disk that counts what tells of the log's inner life. */
export class WatchedFiles extends SimulatedFiles {
  readonly #coverage: Coverage;

  constructor(random: SeededRandom, coverage: Coverage) {
    super({ random });
    this.#coverage = coverage;
  }

  override change(kind: OperationKind, path: string, torn?: () => void): void {
    super.change(kind, path, torn);
    if (kind === 'rename' && path.includes('/journal-')) this.#coverage.add('journal files begun');
    if (kind === 'create' && ROLLED.test(path)) this.#coverage.add('segments rolled');
    if (kind === 'create' && path.endsWith(CLEANED_SUFFIX)) this.#coverage.add('segments cleaned');
  }
}

/** A segment that is not the first of its partition. */
const ROLLED = /\/\d*[1-9]\d*\.log$/;

export class World {
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly coverage: Coverage;
  readonly files: SimulatedFiles;
  env: SimulatedEnv;
  /** How often the process was started; what belongs to an earlier one says nothing any more. */
  life = 0;
  /** The latest time that the wall clock showed. */
  latestMs = START_MS;
  /** The earliest time that it showed after a jump. */
  earliestMs = START_MS;
  /** The first broken promise. */
  violation: Error | undefined;
  #engine: LogEngine | undefined;
  #sinceFailure = 0;

  constructor(plan: Plan, ledger: Ledger, coverage: Coverage, disk: DiskMaker) {
    this.plan = plan;
    this.ledger = ledger;
    this.coverage = coverage;
    this.files = disk(new SeededRandom(plan.seed).fork('disk'), coverage);
    this.env = new SimulatedEnv({ seed: plan.seed, files: this.files, startMs: START_MS });
  }

  get engine(): LogEngine {
    if (this.#engine === undefined) throw new Error('the log is open between restarts');
    return this.#engine;
  }

  /** The log cannot be written for some operations already: time to open it again. */
  get mustReopen(): boolean {
    if (this.#engine?.broker.durability.failure === undefined) return false;
    return this.#sinceFailure++ > 3;
  }

  /** Runs what a client does; only errors that name an operating condition are the log's right. */
  guard(call: () => Promise<void> | void): void {
    const { life } = this;
    const fail = (error: unknown) => {
      if (life !== this.life) return;
      if (error instanceof SimulatedCrash) return;
      if (error instanceof StreamsError && !error.code.includes('CORRUPT')) return;
      this.violation ??= error instanceof Error ? error : new Error(String(error));
    };
    try {
      // oxlint-disable-next-line promise/prefer-await-to-then -- nobody waits for what clients do
      call()?.then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  }

  /** Makes a call of the disk fail, `after` calls from now. */
  arrange(fault: FaultKind, after: number): void {
    if (fault === 'disk-full') {
      this.coverage.add('full disks');
      this.files.capacityBytes = 0;
      const free = this.files.freeBytes();
      this.files.capacityBytes = after - free;
      return;
    }
    let left = after;
    this.files.inject((operation) => {
      if (fault === 'sync-fails' && !operation.kind.includes('sync')) return undefined;
      if (fault === 'write-fails' && operation.kind.includes('sync')) return undefined;
      if (left-- > 0) return undefined;
      if (fault === 'crash') return this.#crashIn(operation);
      if (left < -1) return undefined;
      this.coverage.add(fault === 'sync-fails' ? 'failed syncs' : 'failed writes');
      return 'EIO';
    });
  }

  async start(): Promise<void> {
    await this.#open(new SeededRandom(this.plan.seed));
  }

  /** Ends the process, checks what it left, and starts it again. `salt` decides what a crash keeps. */
  async restart(how: Restart | 'crashed', salt: number): Promise<void> {
    const random = new SeededRandom(this.plan.seed).fork(`restart ${salt}`);
    this.files.capacityBytes = Number.POSITIVE_INFINITY;
    const end = how === 'close' ? await this.#close() : how;
    if (end === 'crashed' || end === 'power') this.#lose(random);
    else this.files.kill();
    if (end === 'kill') this.coverage.add('process kills');
    this.#ended();
    await this.checkFiles(`after '${how}'`, false);
    await this.#open(random);
  }

  /** Closes the log for good; nothing may be wrong with its files then. */
  async finish(): Promise<void> {
    await this.env.run(this.engine.close());
    this.files.kill();
    this.#ended();
    await this.checkFiles('after the end', true);
  }

  async checkFiles(when: string, strict: boolean): Promise<void> {
    this.coverage.add('log checks');
    const faults = await faultsOf(this.files, '/log', strict);
    if (faults.length > 0) throw new Violation(`${when} the check found\n${faults.join('\n')}`);
  }

  #ended(): void {
    this.latestMs = Math.max(this.latestMs, this.env.clock.now());
    this.coverage.add('transactions cut by a crash', this.ledger.openTransactions);
    this.life++;
    this.#engine = undefined;
    this.ledger.lifeEnded();
  }

  async #close(): Promise<Restart | 'crashed'> {
    try {
      await this.env.run(this.engine.close());
      this.coverage.add('clean restarts');
      return 'close';
    } catch (error) {
      if (error instanceof SimulatedCrash) return 'crashed';
      if (error instanceof StreamsError) return 'kill';
      throw error;
    }
  }

  /** The machine loses its power. */
  #lose(random: SeededRandom): void {
    const mode =
      this.plan.durability === 'os' ? 'all' : CRASH_MODES[random.below(CRASH_MODES.length)]!;
    this.coverage.add('crashes');
    if (mode === 'prefix' || mode === 'subset') this.coverage.add('torn writes');
    if (mode === 'none' || mode === 'subset') this.coverage.add('lost writes');
    this.files.crash(mode);
  }

  #crashIn({ kind }: FileOperation): 'crash' {
    if (kind === 'write') this.coverage.add('crashes in write');
    if (kind === 'datasync') this.coverage.add('crashes in datasync');
    if (kind === 'sync-directory') this.coverage.add('crashes in directory sync');
    return 'crash';
  }

  /** Opens the log, crashing in recovery now and then. */
  async #open(random: SeededRandom): Promise<void> {
    for (let attempt = 0; attempt < OPENS_MAX; attempt++) {
      this.env = new SimulatedEnv({
        seed: this.plan.seed + this.life,
        files: this.files,
        startMs: this.latestMs,
      });
      const crashes = attempt < 2 && random.below(4) === 0;
      if (crashes) this.arrange('crash', random.below(25));
      try {
        // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
        await this.#openOnce();
        if (crashes) this.files.inject(undefined);
        this.coverage.add('lives');
        return;
      } catch (error) {
        if (!(error instanceof SimulatedCrash)) throw asViolation(error);
        this.coverage.add('crashes in recovery');
        this.#lose(random);
        // oxlint-disable-next-line no-await-in-loop -- as above
        await this.checkFiles('after a crash in recovery', false);
      }
    }
    throw new Violation('the log did not open');
  }

  async #openOnce(): Promise<void> {
    const { env, plan } = this;
    const storage = openJournalStorage({
      directory: '/log',
      env: plan.diskMs === 0 ? env : slowDisk(env, plan.diskMs),
      durability: plan.durability,
      thread: 'inline',
      journalBytesMax: plan.journalBytesMax,
    });
    this.#engine = await env.run(
      openEngine({
        storage,
        env,
        features: { durable: true },
        settings: { ...DEFAULT_SETTINGS, retentionCheckMs: 3000, cleanerBackoffMs: 1000 },
      }),
    );
    this.#sinceFailure = 0;
    if (plan.diskMs > 0) this.coverage.add('slow disks');
    if (this.#engine.recovery.tornBytes > 0) this.coverage.add('tails cut');
  }
}

/** Each step of the disk takes its time. */
function slowDisk(env: SimulatedEnv, ms: number): Env {
  const { clock, random, process, files, timers } = env;
  return {
    clock,
    random,
    process,
    files,
    timers: {
      after: (delayMs, callback) => timers.after(delayMs, callback),
      yield: () => timers.yield(),
      immediate: (callback) => timers.after(ms, callback),
    },
  };
}

function asViolation(error: unknown): Error {
  if (error instanceof StreamsError)
    return new Violation(`the log did not open: ${error.code}: ${error.message}`);
  return error instanceof Error ? error : new Error(String(error));
}
