/**
 * How a conformance case writes values as text: `S(x)`, `first(x)` and the number forms of the case format.
 * Everything else in this folder speaks through these, so that `null` and `undefined` are one thing here.
 */

/** A windowed key as the library hands it out. */
interface WindowedKey {
  readonly key: unknown;
  readonly window: { readonly start: number; readonly end: number };
}

/** Java's Long.MAX_VALUE, the end of an unlimited window. */
const UNLIMITED_END = '9223372036854775807';

export function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export function isWindowed(value: unknown): value is WindowedKey {
  return typeof value === 'object' && value !== null && 'window' in value && 'key' in value;
}

/** `S(x)`: "null", the string itself, an integer in decimal, `[key@start/end]` for a windowed key. */
export function text(value: unknown): string {
  if (isNull(value)) return 'null';
  if (isWindowed(value)) {
    const end =
      value.window.end >= Number.MAX_SAFE_INTEGER ? UNLIMITED_END : String(value.window.end);
    return `[${text(value.key)}@${value.window.start}/${end}]`;
  }
  return String(value);
}

/** The text, and null stays null. */
export function textOrNull(value: unknown): string | null {
  return isNull(value) ? null : text(value);
}

/** First character of the text, or null. */
export function first(value: unknown): string | null {
  return isNull(value) ? null : (text(value)[0] ?? null);
}

export function starts(value: unknown, prefix: string): boolean {
  return !isNull(value) && text(value).startsWith(prefix);
}

export function isNumeric(value: unknown): boolean {
  return !isNull(value) && /^-?[0-9]{1,15}$/.test(text(value));
}

/** The integer the text spells, or 0. */
export function numberOf(value: unknown): number {
  return isNumeric(value) ? Number(text(value)) : 0;
}

/** Only a-z change. */
export function upper(value: string): string {
  return value.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

export function lower(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
