/** Which command the words of a command line name. Options that say which log it is may stand between the words. */
import { didYouMean } from '../nearest-name.js';
import type { Command, CommandGroup } from './command.js';
import { LOG_OPTIONS } from './command.js';

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
  const names =
    group === undefined
      ? groups.map(({ word: first }) => first)
      : group.commands.map(({ words }) => words[1] ?? '');
  const place = group === undefined ? '' : ` of millrace ${group.word}`;
  const message =
    what === 'option'
      ? `there is no option '${word}' before the command${place}.`
      : `there is no command '${word}'${place}.${didYouMean(word, names)}`;
  return { kind: 'unknown', message, group };
}
