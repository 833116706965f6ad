/**
 * A world in which nothing happens by itself: time stands still until `advance`, immediates wait for
 * `runImmediates`, randomness is seeded and the disk is a `SimulatedFiles`. What ran once runs again the same way.
 */
import type { Clock, Env, Process, SignalName, Timer, Timers } from './env.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedFiles } from './simulated-files.js';

/** 2024-01-01T00:00:00Z, so that timestamps look like timestamps. */
const START_MS = 1_704_067_200_000;
/** More turns than this without coming to rest is a loop that never ends. */
const TURNS_MAX = 1_000_000;

export interface SimulatedEnvOptions {
  readonly seed?: number;
  readonly startMs?: number;
  /** A disk that survived an earlier simulated process. */
  readonly files?: SimulatedFiles;
}

export class SimulatedEnv implements Env {
  readonly clock: SimulatedClock;
  readonly timers: SimulatedTimers;
  readonly random: SeededRandom;
  readonly process = new SimulatedProcess();
  readonly files: SimulatedFiles;

  constructor(options: SimulatedEnvOptions = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    this.clock = new SimulatedClock(options.startMs ?? START_MS);
    this.timers = new SimulatedTimers(this.clock);
    this.files = options.files ?? new SimulatedFiles({ random: this.random.fork('files') });
  }

  /** Lets `ms` of virtual time pass: timers fire in order of their due time, immediates after each of them. */
  advance(ms: number): void {
    this.timers.advance(ms);
  }

  /** Runs immediates, and those they make, until none is left. */
  runImmediates(): void {
    this.timers.runImmediates();
  }

  /** Runs immediates and promise callbacks until nothing is left to do at this instant. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      // oxlint-disable-next-line no-await-in-loop -- each turn depends on the one before it
      await hostTurn();
      if (!this.timers.hasImmediates) {
        // A second host turn: continuations may have made immediates of their own.
        // oxlint-disable-next-line no-await-in-loop -- as above
        await hostTurn();
        if (!this.timers.hasImmediates) return;
      }
      this.timers.runOneTurn();
    }
    throw new Error(`The simulation did not come to rest in ${TURNS_MAX} turns.`);
  }

  /** Waits for `promise`, letting virtual time jump to the next timer whenever there is nothing else to do. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let pending = true;
    const done = () => {
      pending = false;
    };
    // oxlint-disable-next-line promise/no-callback-in-promise -- only notes that it settled; the caller gets the promise
    promise.then(done, done);
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      // oxlint-disable-next-line no-await-in-loop -- time may only move when nothing is left to do
      await this.settle();
      if (!pending) return promise;
      const wait = this.timers.nextDelayMs();
      if (wait === undefined)
        throw new Error('The simulation is stuck: a promise is pending and no timer is set.');
      this.advance(wait);
    }
    throw new Error(`The promise did not settle in ${TURNS_MAX} timers.`);
  }
}

class SimulatedClock implements Clock {
  #monotonic = 0;
  #wall: number;

  constructor(startMs: number) {
    this.#wall = startMs;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Both clocks go on together. */
  pass(ms: number): void {
    this.#monotonic += ms;
    this.#wall += ms;
  }

  /** The wall clock is set, as an operator or NTP does; `monotonic` and timers do not notice. */
  jump(ms: number): void {
    this.#wall += ms;
  }
}

interface Waiting {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

class SimulatedTimers implements Timers {
  readonly #clock: SimulatedClock;
  #timers: Waiting[] = [];
  #immediates: (() => void)[] = [];
  #order = 0;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  get hasImmediates(): boolean {
    return this.#immediates.length > 0;
  }

  after(delayMs: number, callback: () => void): Timer {
    // A callback never runs inside the call that sets its timer, and not in the same instant for ever.
    const timer: Waiting = {
      due: this.#clock.monotonic() + Math.max(1, delayMs),
      order: this.#order++,
      callback,
    };
    let at = this.#timers.length;
    while (at > 0 && this.#timers[at - 1]!.due > timer.due) at--;
    this.#timers.splice(at, 0, timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  yield(): Promise<void> {
    return new Promise((resolve) => {
      this.#immediates.push(resolve);
    });
  }

  immediate(callback: () => void): Timer {
    this.#immediates.push(callback);
    return {
      cancel: () => {
        this.#immediates = this.#immediates.filter((other) => other !== callback);
      },
    };
  }

  nextDelayMs(): number | undefined {
    const next = this.#timers[0];
    return next === undefined || next.due === Number.POSITIVE_INFINITY
      ? undefined
      : next.due - this.#clock.monotonic();
  }

  advance(ms: number): void {
    const until = this.#clock.monotonic() + ms;
    this.runImmediates();
    for (
      let next = this.#timers[0];
      next !== undefined && next.due <= until;
      next = this.#timers[0]
    ) {
      this.#timers.shift();
      this.#clock.pass(Math.max(0, next.due - this.#clock.monotonic()));
      next.callback();
      this.runImmediates();
    }
    this.#clock.pass(Math.max(0, until - this.#clock.monotonic()));
  }

  /** The immediates that wait now; those they make wait for the next turn. */
  runOneTurn(): void {
    // One by one from the list, because a callback may cancel one that comes after it.
    let left = this.#immediates.length;
    while (left-- > 0 && this.#immediates.length > 0) this.#immediates.shift()!();
  }

  runImmediates(): void {
    for (let turn = 0; this.#immediates.length > 0; turn++) {
      if (turn >= TURNS_MAX) throw new Error(`Immediates made new ones for ${TURNS_MAX} turns.`);
      this.runOneTurn();
    }
  }
}

class SimulatedProcess implements Process {
  readonly pid = 4242;
  readonly host = 'simulated';
  readonly #handlers = new Map<SignalName, Set<() => void>>();
  /** What `exit` was called with. */
  exitCode: number | undefined;
  /** What `warn` was called with. */
  readonly warnings: string[] = [];

  onSignal(signal: SignalName, handler: () => void): () => void {
    const handlers = this.#handlers.get(signal) ?? new Set();
    this.#handlers.set(signal, handlers.add(handler));
    return () => {
      handlers.delete(handler);
    };
  }

  /** Delivers a signal to whoever listens. */
  signal(signal: SignalName): void {
    for (const handler of this.#handlers.get(signal) ?? []) handler();
  }

  exit(code: number): void {
    this.exitCode = code;
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
}

/** One turn of the real host loop: every promise callback that is due has run afterwards. */
function hostTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
