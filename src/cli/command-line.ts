/**
 * Arguments of a command line into values, strictly by the definitions of a command: whatever does not fit is a
 * `UsageError` that names it, and the nearest thing that exists.
 */
import { didYouMean, nearestName } from '../nearest-name.js';
import { kafkaOption } from './kafka-words.js';
import {
  type ArgumentDefinition,
  type Command,
  type NumberOption,
  type OptionDefinition,
  type ParsedLine,
  UsageError,
} from './command.js';

type Values = { [name: string]: boolean | number | string | string[] | undefined };

export function parseLine(command: Command, words: readonly string[]): ParsedLine {
  const options: Values = {};
  const given = new Set<string>();
  const named = new Map<string, string[]>();
  const positionals: string[] = [];
  let onlyPositionals = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (onlyPositionals || word === '-' || !word.startsWith('-')) positionals.push(word);
    else if (word === '--') onlyPositionals = true;
    else {
      const { name, value: attached } = optionWord(word);
      const argument = command.args.find(({ option }) => option === name && word.startsWith('--'));
      const definition = word.startsWith('--') ? command.options[name] : undefined;
      if (definition === undefined && argument === undefined) throw unknownOption(command, word);
      if (definition?.kind === 'flag') {
        if (attached !== undefined) throw new UsageError(`--${name} takes no value.`);
        options[name] = true;
      } else {
        const value = attached ?? words[++i];
        if (value === undefined || isOptionOf(command, value, attached))
          throw new UsageError(
            `--${name} needs a value: --${name} ${placeholder(definition, argument)}.`,
          );
        if (definition === undefined)
          named.set(argument!.name, [...(named.get(argument!.name) ?? []), value]);
        else take(options, name, definition, value, given);
      }
      given.add(name);
    }
  }
  fillDefaults(command, options);
  return { args: argumentsOf(command.args, positionals, named), options, given };
}

function optionWord(word: string): { name: string; value: string | undefined } {
  const [, name = '', value] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  return { name, value };
}

/** `--max --json`: the value was forgotten. A negative number is a value. */
function isOptionOf(command: Command, value: string, attached: string | undefined): boolean {
  return (
    attached === undefined && value.startsWith('--') && optionWord(value).name in command.options
  );
}

function placeholder(
  definition: OptionDefinition | undefined,
  argument: ArgumentDefinition | undefined,
): string {
  if (definition !== undefined && definition.kind !== 'flag') return definition.value;
  return (argument?.name ?? 'VALUE').toUpperCase();
}

function take(
  options: Values,
  name: string,
  definition: Exclude<OptionDefinition, { kind: 'flag' }>,
  text: string,
  given: ReadonlySet<string>,
): void {
  if (definition.kind === 'list') {
    const values = options[name];
    options[name] = [...(Array.isArray(values) ? values : []), text];
    return;
  }
  if (given.has(name)) throw new UsageError(`--${name} is given twice.`);
  options[name] =
    definition.kind === 'number'
      ? wholeNumber(name, text, definition)
      : chosen(name, text, definition.choices);
}

function wholeNumber(option: string, text: string, { min }: NumberOption): number {
  const value = Number(text);
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
  const bound = min === Number.MIN_SAFE_INTEGER ? '' : ` >= ${min}`;
  throw new UsageError(`--${option}: '${text}' is not a whole number${bound}.`);
}

function chosen(option: string, text: string, choices: readonly string[] | undefined): string {
  if (choices === undefined || choices.includes(text)) return text;
  throw new UsageError(
    `--${option}: '${text}' is none of ${choices.join(', ')}.${didYouMean(text, choices)}`,
  );
}

function fillDefaults(command: Command, options: Values): void {
  for (const [name, definition] of Object.entries(command.options)) {
    if (options[name] !== undefined) continue;
    if (definition.kind === 'flag') options[name] = false;
    else if (definition.kind === 'list') options[name] = [];
    else options[name] = definition.default;
  }
}

function argumentsOf(
  definitions: readonly ArgumentDefinition[],
  positionals: readonly string[],
  named: ReadonlyMap<string, readonly string[]>,
): ParsedLine['args'] {
  const args: { [name: string]: string | readonly string[] | undefined } = {};
  let rest = positionals;
  for (const { name, many, optional, option } of definitions) {
    const values = named.get(name) ?? [];
    if (many === true) {
      args[name] = [...values, ...rest];
      rest = [];
    } else {
      if (values.length > 1) throw new UsageError(`--${option} is given twice.`);
      args[name] = values[0] ?? rest[0];
      if (values.length === 0) rest = rest.slice(1);
    }
    if (optional !== true && (args[name] === undefined || args[name]?.length === 0))
      throw new UsageError(`${name.toUpperCase()} is missing.`);
  }
  if (rest[0] !== undefined) throw new UsageError(`'${rest[0]}' is one argument too many.`);
  return args;
}

function unknownOption(command: Command, word: string): UsageError {
  const { name } = optionWord(word);
  const dashes = word.startsWith('--') ? '--' : '-';
  const known = [
    ...Object.keys(command.options),
    ...command.args.flatMap(({ option }) => option ?? []),
    'help',
  ];
  const nearest = nearestName(name, known);
  const hint =
    kafkaOption(name) ?? (nearest === undefined ? undefined : `Did you mean '--${nearest}'?`);
  return new UsageError(
    `there is no option '${dashes}${name}'.${hint === undefined ? '' : ` ${hint}`}`,
  );
}

/** `NAME=VALUE` pairs as they stand behind a repeated option. */
export function assignments(option: string, texts: readonly string[]): { [name: string]: string } {
  const values: { [name: string]: string } = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals <= 0) throw new UsageError(`--${option}: '${text}' is not NAME=VALUE.`);
    const name = text.slice(0, equals);
    if (Object.hasOwn(values, name)) throw new UsageError(`--${option}: '${name}' is given twice.`);
    values[name] = text.slice(equals + 1);
  }
  return values;
}
