/** docs/command.md, made from the definitions of the commands: the page and `--help` cannot disagree. */
import type { Command, CommandGroup } from './command.js';
import { COMMAND_GROUPS } from './command-table.js';
import { argumentText, optionText, optionWord, sentence, usageLine } from './help.js';

const INTRODUCTION = `# The command

\`millrace\` works on a log in a directory with the words of Kafka's own tools. This page is made from the command's own
help by \`npm run docs:command\`; do not edit it.

\`--log DIR\` names the directory (default \`./data\`) and may stand before or after the command. One process at a time has
a log open; a second one is refused with \`LOG_LOCKED\`, which names the holder.

| Exit code | |
| --- | --- |
| 0 | done; also after Ctrl-C in a command that goes on until then, and when the reader of a pipe has left |
| 1 | failed: one line on standard error says what happened, with a stable code in brackets |
| 2 | called wrongly: the line says what is wrong and what was probably meant |

Tables fit the width of the terminal: where columns do not fit, each row becomes a block of lines. Colours and progress
are for terminals only, and \`NO_COLOR\` switches colours off. Programs use \`--json\`: its shapes are below and change only
with a major version. What is written to standard output is the answer; everything said about it is on standard error.
`;

export function helpPage(groups: readonly CommandGroup[] = COMMAND_GROUPS): string {
  const sections = groups.map(({ word, summary, commands }) => {
    const alone = commands.length === 1 && commands[0]?.words.length === 1;
    const head = alone ? '' : `## ${word}\n\n${text(sentence(summary))}\n\n`;
    return head + commands.map((command) => commandSection(command, alone ? 2 : 3)).join('\n');
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

function commandSection(command: Command, level: number): string {
  const { args, options, notes = [], json, examples = [] } = command;
  const rows = [
    ...args.map((argument) => [argument.name.toUpperCase(), argumentText(argument)] as const),
    ...Object.entries(options).map(
      ([name, option]) => [optionWord(name, option), optionText(option)] as const,
    ),
  ];
  const parts = [
    `${'#'.repeat(level)} ${command.words.join(' ')}`,
    text(sentence(command.summary)),
    `\`\`\`sh\n${[usageLine(command), ...examples].join('\n')}\n\`\`\``,
    ...notes.map(text),
  ];
  if (rows.length > 0)
    parts.push(
      `| | |\n| --- | --- |\n${rows.map(([word, about]) => `| \`${cell(word)}\` | ${cell(text(about))} |`).join('\n')}`,
    );
  if (json !== undefined) parts.push(`With \`--json\`: \`${json.replaceAll('`', '')}\``);
  return `${parts.join('\n\n')}\n`;
}

/** Angle brackets and such would be markup. */
function text(plain: string): string {
  return plain.replaceAll(/[<>*_]/g, (character) => `\\${character}`);
}

const cell = (content: string): string => content.replaceAll('|', '\\|');
