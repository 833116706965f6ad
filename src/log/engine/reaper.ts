/** One background timer for many deadlines: it is set to the earliest one and asks its owner what has expired. */
import type { Clock, Timer, Timers } from '../../env/env.js';

export class Reaper {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #reap: (now: number) => number;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** `reap` ends what expired at or before `now` (monotonic) and returns the earliest deadline left, or Infinity. */
  constructor(clock: Clock, timers: Timers, reap: (now: number) => number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#reap = reap;
  }

  /** Makes sure that the owner is asked at `deadline`. A deadline that was put off costs one early look, not a timer each. */
  watch(deadline: number): void {
    if (deadline >= this.#at) return;
    this.#timer?.cancel();
    this.#at = deadline;
    const delayMs = Math.max(1, Math.ceil(deadline - this.#clock.monotonic()));
    this.#timer = this.#timers.after(delayMs, () => this.#fire(), { background: true });
  }

  close(): void {
    this.#timer?.cancel();
    this.#at = Number.NEGATIVE_INFINITY;
  }

  #fire(): void {
    this.#at = Number.POSITIVE_INFINITY;
    this.watch(this.#reap(this.#clock.monotonic()));
  }
}
