/**
 * What a command is: words, arguments and options as data, and a function. Parsing, help, the page of docs and the
 * completion are all made from this data, so that none of them can say something else than the others.
 */
import type { CommandIo } from './command-io.js';

interface OptionBase {
  /** One sentence without a full stop. */
  readonly summary: string;
}

export interface FlagOption extends OptionBase {
  readonly kind: 'flag';
}

export interface TextOption extends OptionBase {
  readonly kind: 'text';
  /** What stands for the value in help: `DIR`. */
  readonly value: string;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** A whole number. */
export interface NumberOption extends OptionBase {
  readonly kind: 'number';
  readonly value: string;
  readonly min: number;
  readonly default?: number;
}

/** May be given more than once. */
export interface ListOption extends OptionBase {
  readonly kind: 'list';
  readonly value: string;
}

export type OptionDefinition = FlagOption | TextOption | NumberOption | ListOption;

export type OptionDefinitions = { readonly [name: string]: OptionDefinition };

export interface ArgumentDefinition {
  /** Lower case; help shows it in upper case. */
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  /** Takes all that follow: only for the last one. */
  readonly many?: boolean;
  /** Kafka's tools name it with an option; that is understood too. */
  readonly option?: string;
}

type OptionValue<O extends OptionDefinition> = O extends FlagOption
  ? boolean
  : O extends ListOption
    ? readonly string[]
    : O extends NumberOption
      ? number | (O extends { readonly default: number } ? never : undefined)
      :
          | (O extends { readonly choices: readonly (infer C)[] } ? C : string)
          | (O extends { readonly default: string } ? never : undefined);

type ArgumentValue<A extends ArgumentDefinition> = A extends { readonly many: true }
  ? readonly string[]
  : string | (A extends { readonly optional: true } ? undefined : never);

/** A command line that was understood. */
export interface Invocation<A extends readonly ArgumentDefinition[], O extends OptionDefinitions> {
  readonly args: {
    readonly [D in A[number] as D['name']]: ArgumentValue<D>;
  };
  readonly options: { readonly [name in keyof O]: OptionValue<O[name]> };
  /** Names of the options that stand on the command line, defaults not among them. */
  readonly given: ReadonlySet<string>;
}

interface CommandText {
  /** `['topics', 'create']`. */
  readonly words: readonly string[];
  /** One sentence without a full stop, beginning in lower case. */
  readonly summary: string;
  /** Paragraphs below the usage. */
  readonly notes?: readonly string[];
  /** Whole command lines. */
  readonly examples?: readonly string[];
  /** What a program gets with `--json`. */
  readonly json?: string;
}

interface CommandDefinition<
  A extends readonly ArgumentDefinition[],
  O extends OptionDefinitions,
> extends CommandText {
  readonly args: A;
  readonly options: O;
  /** Resolves with the exit code; throws `UsageError` or a `StreamsError`. */
  run(invocation: Invocation<A, O>, io: CommandIo): Promise<number>;
}

/** Parsed arguments and options without their types: what the parser hands to a command. */
export interface ParsedLine {
  readonly args: { readonly [name: string]: string | readonly string[] | undefined };
  readonly options: {
    readonly [name: string]: boolean | number | string | readonly string[] | undefined;
  };
  readonly given: ReadonlySet<string>;
}

export interface Command extends CommandText {
  readonly args: readonly ArgumentDefinition[];
  readonly options: OptionDefinitions;
  run(line: ParsedLine, io: CommandIo): Promise<number>;
}

/** Commands that share their first word, and what to say about it. */
export interface CommandGroup {
  readonly word: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}

/** A command whose function sees its arguments and options with their types. */
export function defineCommand<
  const A extends readonly ArgumentDefinition[],
  const O extends OptionDefinitions,
>(definition: CommandDefinition<A, O>): Command {
  return {
    ...definition,
    // The parser made the line from the same definitions that the type is computed from.
    run: (line, io) => definition.run(line as unknown as Invocation<A, O>, io),
  };
}

/** The command line is wrong; the message says how. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Which log: of every command that opens one. */
export const LOG_OPTIONS = {
  log: {
    kind: 'text',
    value: 'DIR',
    summary: 'directory of the log; may also stand before the command',
    default: './data',
  },
  brokers: {
    kind: 'text',
    value: 'HOST:PORT',
    summary: 'a cluster instead of a directory: not yet, it comes with the Kafka adapter',
  },
} as const;

export const JSON_OPTION = {
  json: { kind: 'flag', summary: 'print JSON for programs' },
} as const;
