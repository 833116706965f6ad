/** Which command the words of a command line name. Options that say which log it is may stand between the words. */
import { didYouMean } from '../nearest-name.js';
import type { Command, CommandGroup } from './command.js';
import { LOG_OPTIONS } from './command.js';
import { kafkaOption, kafkaTool } from './kafka-words.js';

export type Found =
  | { readonly kind: 'command'; readonly command: Command; readonly rest: readonly string[] }
  /** Help is wanted, or the sub-command is missing. */
  | { readonly kind: 'group'; readonly group: CommandGroup; readonly help: boolean }
  | { readonly kind: 'top'; readonly help: boolean }
  | {
      readonly kind: 'unknown';
      readonly message: string;
      readonly group: CommandGroup | undefined;
    };

const HELP = new Set(['--help', '-h']);

export function findCommand(groups: readonly CommandGroup[], words: readonly string[]): Found {
  const before: string[] = [];
  let group: CommandGroup | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const [option = ''] = word.split('=', 1);
    if (option.startsWith('--') && option.slice(2) in LOG_OPTIONS) {
      before.push(word);
      if (!word.includes('=') && i + 1 < words.length) before.push(words[++i]!);
      continue;
    }
    if (HELP.has(word))
      return group === undefined
        ? { kind: 'top', help: true }
        : { kind: 'group', group, help: true };
    const at = group === undefined ? 0 : 1;
    if (word.startsWith('-')) return unknown(groups, group, word, 'option');
    const inside: readonly CommandGroup[] = group === undefined ? groups : [group];
    const matching: CommandGroup | undefined = inside.find(({ word: first, commands }) =>
      at === 0 ? first === word : commands.some(({ words: own }) => own[1] === word),
    );
    if (matching === undefined) return unknown(groups, group, word, 'command');
    const command = matching.commands.find(
      ({ words: own }) => own.length === at + 1 && own[at] === word,
    );
    if (command !== undefined)
      return { kind: 'command', command, rest: [...before, ...words.slice(i + 1)] };
    group = matching;
  }
  return group === undefined ? { kind: 'top', help: false } : { kind: 'group', group, help: false };
}

function unknown(
  groups: readonly CommandGroup[],
  group: CommandGroup | undefined,
  word: string,
  what: 'option' | 'command',
): Found {
  const place = group === undefined ? '' : ` of millrace ${group.word}`;
  const message =
    what === 'option'
      ? `there is no option '${word}' before the command${place}.${meantByOption(groups, group, word)}`
      : `there is no command '${word}'${place}.${meantByWord(groups, group, word)}`;
  return { kind: 'unknown', message, group };
}

const OPTIONS_BEFORE = [
  '--version',
  '--help',
  ...Object.keys(LOG_OPTIONS).map((name) => `--${name}`),
];

/** Kafka's tools have options for what are words here: `kafka-topics.sh --list`. */
function meantByOption(
  groups: readonly CommandGroup[],
  group: CommandGroup | undefined,
  word: string,
): string {
  const [option = ''] = word.replace(/^--?/, '').split('=', 1);
  const inside = group === undefined ? groups : [group];
  const kafka = option === 'reset-offsets' ? 'reset' : option;
  const commands = commandsWith(inside, kafka);
  if (commands.length > 0) return didYouMeanOneOf(commands);
  const known = kafkaOption(option);
  return known === undefined ? didYouMean(word, OPTIONS_BEFORE) : ` ${known}`;
}

function meantByWord(
  groups: readonly CommandGroup[],
  group: CommandGroup | undefined,
  word: string,
): string {
  if (group !== undefined) {
    if (word === 'reset-offsets') return didYouMeanOneOf(commandsWith([group], 'reset'));
    return didYouMean(
      word,
      group.commands.map(({ words }) => words[1] ?? ''),
    );
  }
  const tool = kafkaTool(word);
  const commands = tool === undefined ? commandsWith(groups, word) : [tool];
  if (commands.length > 0) return didYouMeanOneOf(commands);
  if (word === 'version') return " Did you mean '--version'?";
  return didYouMean(
    word,
    groups.map(({ word: first }) => first),
  );
}

/** The commands whose second word this is: `create` is one of `topics create`. */
function commandsWith(groups: readonly CommandGroup[], word: string): string[] {
  return groups.flatMap(({ commands }) =>
    commands.filter(({ words }) => words[1] === word).map(({ words }) => words.join(' ')),
  );
}

function didYouMeanOneOf(commands: readonly string[]): string {
  return commands.length === 0
    ? ''
    : ` Did you mean ${commands.map((command) => `'millrace ${command}'`).join(' or ')}?`;
}
