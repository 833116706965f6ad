/**
 * The only door to the outside world: time, timers, randomness, ids, files and the process. Everything that
 * runs receives an `Env`; a simulated one (virtual time, seeded randomness, simulated disk) drives the same code.
 */
import type { FileSystem } from './file-system.js';

export interface Clock {
  /** Wall clock, ms since the epoch. May jump in either direction. */
  now(): number;
  /** Milliseconds that never go backwards; the origin means nothing. */
  monotonic(): number;
}

export interface Timer {
  cancel(): void;
}

export interface Timers {
  /** Calls `callback` once after `delayMs` (clamped to what the host's timers can do). `background` timers do not keep the process alive. */
  after(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer;
  /** Lets the host's timers, I/O callbacks and HTTP handlers run once (setImmediate). */
  yield(): Promise<void>;
  /** Calls back on the next turn of the host's loop. */
  immediate(callback: () => void): Timer;
}

export interface Random {
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform 32-bit unsigned integer. */
  uint32(): number;
  uuid(): string;
  /** An independent stream, so that new draws in one component do not reshuffle another one. */
  fork(label: string): Random;
}

export type SignalName = 'SIGINT' | 'SIGTERM';

export interface Process {
  /** Registers a handler and returns the function that removes it. */
  onSignal(signal: SignalName, handler: () => void): () => void;
  exit(code: number): void;
  /** Tells the person who runs the process what nobody in the program listens to (standard error). */
  warn(message: string): void;
  readonly pid: number;
  readonly host: string;
}

export interface Env {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly process: Process;
  readonly files: FileSystem;
}
