/**
 * What every word of the `millrace` command is: a name, a line about it, and a function from arguments to an exit
 * code. A command talks to the world through `CommandIo` alone, so that tests run it as it is.
 */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import type { Log } from '../log/log.js';
import { nearestName } from '../nearest-name.js';

export interface CommandIo {
  out(text: string): void;
  err(text: string): void;
  /** Lines of standard input. */
  lines(): AsyncIterable<string>;
  /** Opens the log in a directory; unless `create`, the directory must hold one. */
  openLog(directory: string, options: { readonly create: boolean }): Promise<Log>;
  importModule(file: string): Promise<unknown>;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  /** Resolves with the exit code; throws `UsageError` or a `StreamsError`. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

/** The command line is wrong; the message says how. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type Parsed<T extends NonNullable<ParseArgsConfig['options']>> = ReturnType<
  typeof parseArgs<{ args: string[]; options: T; allowPositionals: true; strict: true }>
>;

/** Parses strictly: an option that does not exist is a `UsageError` that names it. */
export function parsed<T extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: T,
): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // parseArgs throws TypeErrors with a code
    const unknown =
      code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
        ? unknownOption(args, Object.keys(options))
        : undefined;
    throw unknown ?? new UsageError(message);
  }
}

/** Node's own text about it explains positional arguments, which nobody meant who misspelled an option. */
function unknownOption(args: readonly string[], known: readonly string[]): UsageError | undefined {
  for (const argument of args) {
    if (argument === '--') return undefined;
    const [, name] = /^--?([^=]+)/.exec(argument) ?? [];
    if (name === undefined || (argument.startsWith('--') && known.includes(name))) continue;
    const dashes = argument.startsWith('--') ? '--' : '-';
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? '' : ` Did you mean '--${nearest}'?`;
    return new UsageError(`there is no option '${dashes}${name}'.${hint}`);
  }
  return undefined;
}

export const LOG_OPTION = { log: { type: 'string', default: './data' } } as const;

/** A whole number >= `min`, or a `UsageError` that names the option. */
export function wholeNumber(option: string, text: string, min: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  throw new UsageError(`--${option}: '${text}' is not a whole number >= ${min}.`);
}

/** The only positional argument, or a `UsageError`. */
export function onlyArgument(what: string, positionals: readonly string[]): string {
  const [value, extra] = positionals;
  if (value === undefined) throw new UsageError(`${what} is missing.`);
  if (extra !== undefined) throw new UsageError(`'${extra}' is one argument too many.`);
  return value;
}

/** Opens the log, runs, closes it also after a failure. */
export async function withLog<T>(
  io: CommandIo,
  directory: string,
  create: boolean,
  run: (log: Log) => Promise<T>,
): Promise<T> {
  const log = await io.openLog(directory, { create });
  try {
    return await run(log);
  } finally {
    await log.close();
  }
}

/** Rows as an aligned table; the first row is the header. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, cell.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
