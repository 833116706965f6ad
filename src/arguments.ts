/**
 * Checks of what a user hands in, for calls that are made once and from plain JavaScript too: what TypeScript would
 * have said at compile time is said at the call, in words, instead of at the first record or never. Not for hot paths.
 */
import { StreamsError } from './errors.js';
import { didYouMean } from './nearest-name.js';

/** Throws `INVALID_ARGUMENT` unless `options` is an object that has only the options named; `where` names the call. */
export function requireOptions(options: unknown, known: readonly string[], where: string): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${where}: the options are ${shown(options)}. Give an object, like { ${known[0] ?? ''}: ... }.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${where}: there is no option '${name}'.${didYouMean(name, known)} Known are: ${known.join(', ')}.`,
    );
  }
}

/** Throws `INVALID_ARGUMENT` unless `value` is a function; `what` says what it is for. */
export function requireFunction(value: unknown, what: string, where: string): void {
  if (typeof value === 'function') return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${where}: the ${what} is ${shown(value)}. Give a function.`,
  );
}

/** Throws `INVALID_ARGUMENT` unless `value` is a serde or undefined; `option` is its name in the call. */
export function requireSerde(value: unknown, option: string, where: string): void {
  if (value === undefined) return;
  const serde = value as { readonly serialize?: unknown; readonly deserialize?: unknown } | null; // looked at, not trusted
  if (typeof serde?.serialize === 'function' && typeof serde.deserialize === 'function') return;
  const hint =
    typeof value === 'function'
      ? 'It is a function: call it, as in Serdes.string().'
      : 'Give one, like Serdes.string().';
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${where}: \`${option}\` is ${shown(value)}, not a serde. ${hint}`,
  );
}

function shown(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' || typeof value === 'function'
    ? `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`
    : String(value);
}
