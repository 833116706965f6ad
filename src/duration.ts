/** Durations: milliseconds as a number, or text with a unit. */
import { StreamsError } from './errors.js';

/** `250` (ms), `'250ms'`, `'10s'`, `'5m'`, `'24h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The duration in whole milliseconds. Throws `INVALID_ARGUMENT` naming `option` when it is not a duration >= 0. */
export function durationMs(duration: Duration, option: string): number {
  const parsed = typeof duration === 'number' ? duration : parse(duration);
  if (!(parsed >= 0) || !Number.isSafeInteger(parsed)) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${option}: ${JSON.stringify(duration)} is not a duration. Give whole milliseconds >= 0, or text like '250ms', '10s', '5m', '24h', '7d'.`,
    );
  }
  return parsed;
}

function parse(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? Number.NaN);
}
