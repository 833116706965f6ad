/**
 * `JoinWindows`: which records of two streams meet. Plain immutable data: the records of one key whose times are close
 * enough, seen from the left side, and how long a record waits for a partner that comes late.
 *
 *     left record at t      right records from t - before to t + after, both inclusive
 *     right record at t     left records from t - after to t + before, both inclusive
 */
import { requireOptions } from '../arguments.js';
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';

interface Grace {
  /** How long after the end of its window a record still waits for a partner, by stream time. 0: not at all. */
  readonly grace: Duration;
}

export type JoinWindowsOptions = Grace &
  (
    | {
        /** How far apart two records may be, in both directions. */
        readonly within: Duration;
        /** How much earlier than the left record the right one may be, instead of `within`. */
        readonly before?: Duration | undefined;
        /** How much later than the left record the right one may be, instead of `within`. */
        readonly after?: Duration | undefined;
      }
    | {
        readonly within?: undefined;
        /** Negative: the right record must be so much later. */
        readonly before: Duration;
        /** Negative: the right record must be so much earlier. */
        readonly after: Duration;
      }
  );

/**
 * The window of a stream-stream join.
 *
 * @example
 * ```ts
 * const closeInTime = JoinWindows.of({ within: '5s', grace: '1s' });
 * const upToAnHourLater = JoinWindows.of({ before: 0, after: '1h', grace: '5m' });
 * ```
 */
export class JoinWindows {
  readonly kind = 'join';
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly graceMs: number;

  private constructor(beforeMs: number, afterMs: number, graceMs: number) {
    this.beforeMs = beforeMs;
    this.afterMs = afterMs;
    this.graceMs = graceMs;
  }

  /** Throws `INVALID_ARGUMENT` unless before + after >= 0, and when something is missing. */
  static of(options: JoinWindowsOptions): JoinWindows {
    requireOptions(options, ['within', 'before', 'after', 'grace'], CALL);
    const { within, before = within, after = within, grace } = options;
    const beforeMs = signedMs(before, 'before');
    const afterMs = signedMs(after, 'after');
    if (within !== undefined) durationMs(within, `${CALL}: within`);
    if (beforeMs + afterMs < 0)
      throw invalid(
        `Window interval (ie, before + after) must not be negative, but before is ${beforeMs} ms and after is ${afterMs} ms: no record could be in it.`,
      );
    if (grace === undefined)
      throw invalid(
        "grace is missing: how long does a record wait for a partner that comes late? Give grace: 0 for not at all, or a duration such as grace: '10s'.",
      );
    return Object.freeze(new JoinWindows(beforeMs, afterMs, durationMs(grace, `${CALL}: grace`)));
  }

  /** Length of the window. */
  get sizeMs(): number {
    return this.beforeMs + this.afterMs;
  }
}

const CALL = 'JoinWindows.of()';

function signedMs(given: Duration | undefined, option: string): number {
  if (given === undefined)
    throw invalid(
      `${option} is missing: give within, such as { within: '5s', grace: 0 }, or both before and after.`,
    );
  const where = `${CALL}: ${option}`;
  if (typeof given === 'number')
    return given < 0 ? -durationMs(-given, where) : durationMs(given, where);
  const negative = typeof given === 'string' && given.startsWith('-');
  // What stands behind the sign is a duration, or refused as none.
  return negative ? -durationMs(given.slice(1) as Duration, where) : durationMs(given, where);
}

function invalid(what: string): StreamsError {
  return new StreamsError('INVALID_ARGUMENT', `${CALL}: ${what}`);
}
