/** Points in time and durations as people type them, into milliseconds. Kafka's rule: without a zone it is UTC. */
import { durationMs, type Duration } from '../../duration.js';
import { UsageError } from '../command.js';

const DATE_TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,3}))?)?)?(Z|[+-]\d\d:?\d\d)?$/;
const DAY_MS = 86_400_000;

/** `2026-11-21T10:00:00.000`, `2026-11-21`, `2026-11-21T10:00:00+09:00`: milliseconds since 1970. */
export function dateTimeMs(option: string, text: string): number {
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone = 'Z'] =
    DATE_TIME.exec(text) ?? [];
  const date = { year: Number(year), month: Number(month), day: Number(day) };
  const inRange =
    year !== undefined &&
    date.month >= 1 &&
    date.month <= 12 &&
    date.day >= 1 &&
    date.day <= daysOf(date.year, date.month) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60;
  if (!inRange)
    throw new UsageError(
      `--${option}: '${text}' is no date and time. Give YYYY-MM-DDTHH:MM:SS.sss, with Z or +09:00 behind it, else it is UTC.`,
    );
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
  return (
    daysSince1970(date.year, date.month, date.day) * DAY_MS +
    time +
    Number(fraction.padEnd(3, '0')) -
    zoneMs(zone)
  );
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function daysSince1970(year: number, month: number, day: number): number {
  const before = year - 1;
  let days =
    before * 365 + Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400);
  for (let m = 1; m < month; m++) days += daysOf(year, m);
  return days + day - 1 - 719_162; // Days from the year 1 to 1970.
}

/** `PnDTnHnMnS` as Kafka takes it, or `7d`, `1h`. */
export function periodMs(option: string, text: string): number {
  const [whole, days = '0', hours = '0', minutes = '0', seconds = '0'] =
    /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/.exec(text) ?? [];
  if (whole !== undefined && whole !== 'P' && !whole.endsWith('T'))
    return (
      Number(days) * DAY_MS +
      Number(hours) * 3_600_000 +
      Number(minutes) * 60_000 +
      Math.round(Number(seconds) * 1000)
    );
  try {
    return durationMs(text as Duration, `--${option}`); // checked there
  } catch {
    throw new UsageError(
      `--${option}: '${text}' is no duration. Give PnDTnHnMnS, or 7d, 12h, 30m, 10s.`,
    );
  }
}
