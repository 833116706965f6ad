/** What `--help` prints, at the width of the terminal. Made from the definitions of the commands alone. */
import type { ArgumentDefinition, Command, CommandGroup, OptionDefinition } from './command.js';
import { definitions, wrapped } from './terminal/text-wrap.js';

const FOOT =
  'millrace COMMAND --help says more about a command, millrace --version which version it is. Exit codes: 0 done, 1 failed, 2 called wrongly.';

/** `millrace topics create TOPIC [OPTIONS]`. */
export function usageLine(command: Command): string {
  const args = command.args.map(argumentWord);
  return ['millrace', ...command.words, ...args, '[OPTIONS]'].join(' ');
}

function argumentWord({ name, many, optional }: ArgumentDefinition): string {
  const word = `${name.toUpperCase()}${many === true ? '...' : ''}`;
  return optional === true ? `[${word}]` : word;
}

/** `--partitions N`. */
export function optionWord(name: string, definition: OptionDefinition): string {
  if (definition.kind === 'flag') return `--${name}`;
  return `--${name} ${definition.value}${definition.kind === 'list' ? '...' : ''}`;
}

/** The summary with choices and default. */
export function optionText(definition: OptionDefinition): string {
  const choices =
    definition.kind === 'text' && definition.choices !== undefined
      ? `: ${definition.choices.join(', ')}`
      : '';
  const standard =
    'default' in definition && definition.default !== undefined
      ? ` (default ${definition.default})`
      : '';
  return `${definition.summary}${choices}${standard}`;
}

export function argumentText({ summary, option }: ArgumentDefinition): string {
  return option === undefined ? summary : `${summary}; also --${option}`;
}

const paragraph = (text: string, width: number): string =>
  wrapped(text, width)
    .map((line) => `${line}\n`)
    .join('');

export function commandHelp(command: Command, width: number): string {
  const { args, options, notes = [], examples = [], json } = command;
  const sections = [
    paragraph(`Usage: ${usageLine(command)}`, width),
    paragraph(`${sentence(command.summary)}`, width),
    ...notes.map((note) => paragraph(note, width)),
  ];
  if (args.length > 0)
    sections.push(
      `Arguments:\n${definitions(
        args.map((argument) => [argument.name.toUpperCase(), argumentText(argument)]),
        width,
      )}`,
    );
  sections.push(
    `Options:\n${definitions(
      Object.entries(options).map(([name, option]) => [
        optionWord(name, option),
        optionText(option),
      ]),
      width,
    )}`,
  );
  if (json !== undefined) sections.push(paragraph(`With --json: ${json}`, width));
  if (examples.length > 0)
    sections.push(`Examples:\n${examples.map((line) => `  ${line}\n`).join('')}`);
  return sections.join('\n');
}

export function groupHelp(group: CommandGroup, width: number): string {
  const rows = group.commands.map(({ words, summary }) => [words.join(' '), summary] as const);
  return [
    paragraph(`Usage: millrace ${group.word} COMMAND [OPTIONS]`, width),
    paragraph(sentence(group.summary), width),
    `Commands:\n${definitions(rows, width)}`,
  ].join('\n');
}

export function topHelp(groups: readonly CommandGroup[], width: number): string {
  return [
    paragraph('Usage: millrace COMMAND [ARGUMENTS] [OPTIONS]', width),
    paragraph(
      'A durable Kafka log in a directory: --log DIR names it (default ./data). One process at a time has it open.',
      width,
    ),
    `Commands:\n${definitions(
      groups.map(({ word, summary }) => [word, summary] as const),
      width,
    )}`,
    paragraph(FOOT, width),
  ].join('\n');
}

/** First letter upper case, full stop at the end. */
export function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
