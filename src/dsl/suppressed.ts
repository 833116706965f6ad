/** `Suppressed`: what a table holds back, and for how long. Kafka's Suppressed and BufferConfig as one options object. */
import { requireOptions } from '../arguments.js';
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import type { Windowed } from '../serde/windowed.js';

/** How much is held back, and what happens when it is more. Without limits the buffer grows with the number of keys. */
export interface SuppressionBuffer {
  /** Updates of so many keys at most. */
  readonly maxRecords?: number;
  /** So many bytes at most, of keys, values and where they came from. */
  readonly maxBytes?: number;
  /** `emit`: the oldest come out early. `shutDown`: the application fails (`BUFFER_FULL`) rather than to say what is not final. */
  readonly onFull?: 'emit' | 'shutDown';
  /** Default true: what is held back survives a restart, through a changelog topic. */
  readonly logging?: boolean;
}

/** Where results must be final nothing can come out early. */
export interface StrictSuppressionBuffer extends SuppressionBuffer {
  readonly onFull?: 'shutDown';
}

const KNOWN = ['maxRecords', 'maxBytes', 'onFull', 'logging'];

/**
 * What `KTable.suppress` takes. Made by `untilWindowCloses` and `untilTimeLimit`. Immutable, and good for any number of
 * tables. Kafka's Suppressed (KIP-328).
 *
 * @example
 * ```ts
 * const perMinute = clicks.groupByKey().windowedBy(TimeWindows.of({ size: '1m', grace: '10s' })).count();
 * perMinute.suppress(Suppressed.untilWindowCloses()).toStream(); // one count for each window
 * accounts.suppress(Suppressed.untilTimeLimit('5s', { maxRecords: 1000, onFull: 'emit' })); // fewer updates
 * ```
 */
export class Suppressed<in K> {
  /** @internal Undefined: until the window closes, which the table knows. */
  readonly waitMs: number | undefined;
  /** @internal */
  readonly maxRecords: number;
  /** @internal */
  readonly maxBytes: number;
  /** @internal */
  readonly onFull: 'emit' | 'shutDown';
  /** @internal */
  readonly logging: boolean;
  /** Only for the compiler. */
  declare readonly keyType?: ((key: K) => void) | undefined;

  private constructor(waitMs: number | undefined, buffer: SuppressionBuffer, call: string) {
    requireOptions(buffer, KNOWN, call);
    const { onFull, logging = true } = buffer;
    this.waitMs = waitMs;
    this.maxRecords = limit(buffer.maxRecords, 'maxRecords', call);
    this.maxBytes = limit(buffer.maxBytes, 'maxBytes', call);
    if (onFull !== undefined && onFull !== 'emit' && onFull !== 'shutDown')
      throw invalid(call, `onFull is ${JSON.stringify(onFull)}, expected 'emit' or 'shutDown'.`);
    if (waitMs === undefined && onFull === 'emit')
      throw invalid(
        call,
        "onFull 'emit' would send results that are not final. Leave it out, or use untilTimeLimit().",
      );
    this.onFull = onFull ?? (waitMs === undefined ? 'shutDown' : 'emit');
    this.logging = logging;
  }

  /**
   * Only the last result of each window, when it closes: after its end and the grace of its windows, by the stream's own
   * time. Of a windowed table, or of tables made of it. Time moves with what reaches `suppress`: what a filter before it
   * leaves out closes nothing. A full buffer fails with `BUFFER_FULL`. Throws `INVALID_ARGUMENT`.
   */
  static untilWindowCloses(buffer: StrictSuppressionBuffer = {}): Suppressed<Windowed<unknown>> {
    return Object.freeze(
      new Suppressed<Windowed<unknown>>(undefined, buffer, 'Suppressed.untilWindowCloses()'),
    );
  }

  /**
   * At most one update of a key in so much of the stream's own time (milliseconds or `'5s'`), counted from the first one
   * that is held back; 0 holds nothing back. A full buffer emits its oldest, unless `onFull` says otherwise. Throws
   * `INVALID_ARGUMENT`.
   */
  static untilTimeLimit(timeToWait: Duration, buffer: SuppressionBuffer = {}): Suppressed<unknown> {
    const call = 'Suppressed.untilTimeLimit()';
    return Object.freeze(
      new Suppressed<unknown>(durationMs(timeToWait, `${call}: timeToWait`), buffer, call),
    );
  }
}

function limit(given: number | undefined, option: string, call: string): number {
  if (given === undefined) return Number.POSITIVE_INFINITY;
  if (Number.isSafeInteger(given) && given >= 0) return given;
  throw invalid(call, `${option} is ${String(given)}, expected a whole number >= 0.`);
}

function invalid(call: string, what: string): StreamsError {
  return new StreamsError('INVALID_ARGUMENT', `${call}: ${what}`);
}
