/**
 * The real world: this machine's clock, timers, randomness, process and disk. Timers take any delay, although the
 * host's fire at once beyond 2^31-1 ms.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Clock, Env, Process, Random, SignalName, Timer, Timers } from './env.js';
import { NodeFileSystem } from './node-file-system.js';

/** The longest delay that Node's timers take; a longer one would fire after 1 ms. */
const DELAY_MS_MAX = 2_147_483_647;
const RANDOM_POOL_BYTES = 4096;

/** The env of a real process. Holds nothing that must be closed. */
export function systemEnv(): Env {
  const random = new SystemRandom();
  return Object.freeze({
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random,
    process: new SystemProcess(),
    files: new NodeFileSystem({ pid: process.pid, host: hostname(), nonce: () => random.uuid() }),
  });
}

class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }
}

class SystemTimers implements Timers {
  after(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer {
    return new SystemTimer(delayMs, callback, options?.background === true);
  }

  yield(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  immediate(callback: () => void): Timer {
    const handle = setImmediate(callback);
    return { cancel: () => clearImmediate(handle) };
  }
}

/** A delay beyond the host's longest is waited for in parts; an infinite one never fires. */
class SystemTimer implements Timer {
  readonly #callback: () => void;
  readonly #background: boolean;
  readonly #due: number;
  #handle: NodeJS.Timeout | undefined;

  constructor(delayMs: number, callback: () => void, background: boolean) {
    this.#callback = callback;
    this.#background = background;
    this.#due = performance.now() + delayMs;
    this.#wait(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #wait(delayMs: number): void {
    if (delayMs <= DELAY_MS_MAX) this.#handle = setTimeout(this.#callback, delayMs);
    else this.#handle = setTimeout(() => this.#wait(this.#due - performance.now()), DELAY_MS_MAX);
    if (this.#background) this.#handle.unref();
  }
}

class SystemRandom implements Random {
  #pool = randomBytes(RANDOM_POOL_BYTES);
  #at = 0;

  float(): number {
    return (this.uint32() * 2_097_152 + (this.uint32() >>> 11)) / 9_007_199_254_740_992;
  }

  uint32(): number {
    if (this.#at + 4 > this.#pool.length) {
      this.#pool = randomBytes(RANDOM_POOL_BYTES);
      this.#at = 0;
    }
    const value = this.#pool.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  uuid(): string {
    return uuidOf(this);
  }

  fork(_label: string): Random {
    return new SystemRandom();
  }
}

/** A version 4 UUID from 128 random bits. */
export function uuidOf(random: Random): string {
  const bytes = Buffer.allocUnsafe(16);
  for (let i = 0; i < 16; i += 4) bytes.writeUInt32BE(random.uint32(), i);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

class SystemProcess implements Process {
  readonly pid = process.pid;
  readonly host = hostname();

  onSignal(signal: SignalName, handler: () => void): () => void {
    process.on(signal, handler);
    return () => {
      process.off(signal, handler);
    };
  }

  exit(code: number): void {
    process.exit(code);
  }

  warn(message: string): void {
    process.emitWarning(message, 'millrace');
  }
}
