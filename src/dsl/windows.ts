/**
 * How time is cut into windows. Plain immutable data with Kafka's rules: a time window is [start, end), aligned to the
 * epoch; a sliding window is [start, end], as long as the difference, and begins or ends with a record; a session is
 * [first record, last record], ended by a gap. `grace` is how long a window waits for late records after its end, by
 * the stream's own time. There is no default for it: a window either waits or does not, and somebody has to say.
 */
import { requireOptions } from '../arguments.js';
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';

/** Stands for Java's Long.MAX_VALUE: a window without end. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

/** Windows that can be counted off for a time: of one size, a fixed step apart. */
export interface FixedWindows {
  /** FOREVER for a window without end. */
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;
  /** Start of the first window that holds `timestamp`; above `timestamp`: none does. */
  firstStart(timestamp: number): number;
}

export interface TimeWindowsOptions {
  /** Length of a window. */
  readonly size: Duration;
  /** A window begins every so often; default is the size (tumbling), less makes them overlap (hopping). */
  readonly advance?: Duration;
  /** How long a window waits for late records after its end. 0: not at all. */
  readonly grace: Duration;
}

/**
 * Tumbling and hopping windows: [start, end), aligned to the epoch. A record is in `size / advance` of them.
 *
 * @example
 * ```ts
 * const perMinute = TimeWindows.of({ size: '1m', grace: '10s' });
 * const lastFiveMinutesEveryMinute = TimeWindows.of({ size: '5m', advance: '1m', grace: 0 });
 * ```
 */
export class TimeWindows implements FixedWindows {
  readonly kind = 'time';
  readonly sizeMs: number;
  readonly advanceMs: number;
  readonly graceMs: number;

  private constructor(sizeMs: number, advanceMs: number, graceMs: number) {
    this.sizeMs = sizeMs;
    this.advanceMs = advanceMs;
    this.graceMs = graceMs;
  }

  /** Throws `INVALID_ARGUMENT` unless 0 < advance <= size. */
  static of(options: TimeWindowsOptions): TimeWindows {
    const call = 'TimeWindows.of()';
    requireOptions(options, ['size', 'advance', 'grace'], call);
    const sizeMs = positive(options.size, 'size', call);
    const advanceMs =
      options.advance === undefined ? sizeMs : positive(options.advance, 'advance', call);
    if (advanceMs > sizeMs)
      throw invalid(
        call,
        `AdvanceInterval must lie within interval (0, ${sizeMs}], but is ${advanceMs}: records between two windows would be in none.`,
      );
    return Object.freeze(new TimeWindows(sizeMs, advanceMs, grace(options.grace, call)));
  }

  firstStart(timestamp: number): number {
    const { sizeMs, advanceMs } = this;
    return Math.floor(Math.max(0, timestamp - sizeMs + advanceMs) / advanceMs) * advanceMs;
  }
}

export interface UnlimitedWindowsOptions {
  /** Records before it are in no window. Milliseconds since the epoch; default 0. */
  readonly startOn?: number;
}

/**
 * One window without end. It never closes, so nothing that waits for its end ever comes.
 *
 * @example
 * ```ts
 * const sinceNewYear = UnlimitedWindows.of({ startOn: Date.UTC(2026, 0, 1) });
 * ```
 */
export class UnlimitedWindows implements FixedWindows {
  readonly kind = 'unlimited';
  readonly sizeMs = FOREVER;
  readonly advanceMs = FOREVER;
  readonly graceMs = 0;
  readonly startMs: number;

  private constructor(startMs: number) {
    this.startMs = startMs;
  }

  /** Throws `INVALID_ARGUMENT` when startOn is negative. */
  static of(options: UnlimitedWindowsOptions = {}): UnlimitedWindows {
    const call = 'UnlimitedWindows.of()';
    requireOptions(options, ['startOn'], call);
    return Object.freeze(
      new UnlimitedWindows(durationMs(options.startOn ?? 0, `${call}: startOn`)),
    );
  }

  firstStart(_timestamp: number): number {
    return this.startMs;
  }
}

export interface SlidingWindowsOptions {
  /** Records at most so far apart are in one window. */
  readonly difference: Duration;
  /** How long a window waits for late records after its end. 0: not at all. */
  readonly grace: Duration;
}

/**
 * A window for every group of records that are at most `difference` apart: [start, end], ends with a record or begins
 * right behind one (KIP-450).
 *
 * @example
 * ```ts
 * const withinTenSeconds = SlidingWindows.of({ difference: '10s', grace: '1s' });
 * ```
 */
export class SlidingWindows {
  readonly kind = 'sliding';
  readonly differenceMs: number;
  readonly graceMs: number;

  private constructor(differenceMs: number, graceMs: number) {
    this.differenceMs = differenceMs;
    this.graceMs = graceMs;
  }

  /** Throws `INVALID_ARGUMENT` unless difference > 0: Kafka takes 0, and then fails at the first record. */
  static of(options: SlidingWindowsOptions): SlidingWindows {
    const call = 'SlidingWindows.of()';
    requireOptions(options, ['difference', 'grace'], call);
    const differenceMs = positive(options.difference, 'difference', call);
    return Object.freeze(new SlidingWindows(differenceMs, grace(options.grace, call)));
  }
}

export interface SessionWindowsOptions {
  /** A session ends when nothing came for longer than this. */
  readonly gap: Duration;
  /** How long a session waits for late records after its gap. 0: not at all. */
  readonly grace: Duration;
}

/**
 * Windows of activity: records of a key that are at most `gap` apart are one session.
 *
 * @example
 * ```ts
 * const visits = SessionWindows.of({ gap: '30m', grace: '1m' });
 * ```
 */
export class SessionWindows {
  readonly kind = 'session';
  readonly gapMs: number;
  readonly graceMs: number;

  private constructor(gapMs: number, graceMs: number) {
    this.gapMs = gapMs;
    this.graceMs = graceMs;
  }

  /** Throws `INVALID_ARGUMENT` unless gap > 0. */
  static of(options: SessionWindowsOptions): SessionWindows {
    const call = 'SessionWindows.of()';
    requireOptions(options, ['gap', 'grace'], call);
    return Object.freeze(
      new SessionWindows(positive(options.gap, 'gap', call), grace(options.grace, call)),
    );
  }
}

function grace(given: Duration, call: string): number {
  if (given === undefined)
    throw invalid(
      call,
      "grace is missing: how long does a window wait for late records after its end? Give grace: 0 for not at all, or a duration such as grace: '10s'.",
    );
  return durationMs(given, `${call}: grace`);
}

function positive(given: Duration, option: string, call: string): number {
  const ms = durationMs(required(given, option, call), `${call}: ${option}`);
  if (ms > 0) return ms;
  throw invalid(call, `${option} must be larger than 0 ms.`);
}

function required(given: Duration | undefined, option: string, call: string): Duration {
  if (given !== undefined) return given;
  throw invalid(call, `${option} is missing.`);
}

function invalid(call: string, what: string): StreamsError {
  return new StreamsError('INVALID_ARGUMENT', `${call}: ${what}`);
}

/** For `windowedBy()`, which plain JavaScript may call with anything. Throws `INVALID_ARGUMENT`. */
export function requireWindows(windows: unknown): void {
  const known = [TimeWindows, SlidingWindows, SessionWindows, UnlimitedWindows];
  if (known.some((kind) => windows instanceof kind)) return;
  throw invalid(
    'windowedBy()',
    "these are no windows. Give TimeWindows.of({ size: '1m', grace: 0 }), SlidingWindows, SessionWindows or UnlimitedWindows.",
  );
}
