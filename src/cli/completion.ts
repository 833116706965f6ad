/** `millrace completion bash|zsh`: a script for the shell, made from the definitions of the commands. */
import { type Command, type CommandGroup, defineCommand, UsageError } from './command.js';
import { didYouMean } from '../nearest-name.js';

const SHELLS = ['bash', 'zsh'];
/** Options whose value is a path. */
const PATH_VALUES = new Set(['DIR', 'FILE']);

export function completion(table: readonly CommandGroup[]): Command {
  const command: Command = defineCommand({
    words: ['completion'],
    summary: 'print a script that completes commands and options in a shell',
    notes: [
      'For bash: source <(millrace completion bash), for example in ~/.bashrc. For zsh: millrace completion zsh > DIR/_millrace, with DIR in $fpath.',
    ],
    args: [{ name: 'shell', summary: 'bash or zsh' }],
    options: {},
    async run({ args }, io) {
      const { shell } = args;
      if (!SHELLS.includes(shell))
        throw new UsageError(
          `there is no completion for '${shell}', only bash and zsh.${didYouMean(shell, SHELLS)}`,
        );
      const groups = [
        ...table,
        { word: 'completion', summary: command.summary, commands: [command] },
      ];
      await io.out.write(shell === 'bash' ? bashScript(groups) : zshScript(groups));
      return 0;
    },
  });
  return command;
}

/** What may follow: sub-commands of a first word, options of a command, choices of an option. */
interface Branch {
  /** `topics create`. */
  readonly words: string;
  readonly next: readonly string[];
}

function branches(groups: readonly CommandGroup[]): Branch[] {
  return groups.flatMap(({ word, commands }) => [
    ...(commands.some(({ words }) => words.length > 1)
      ? [{ words: word, next: commands.map(({ words }) => words[1] ?? '') }]
      : []),
    ...commands.map((command) => ({ words: command.words.join(' '), next: candidates(command) })),
  ]);
}

function candidates(command: Command): string[] {
  const options = [
    ...Object.keys(command.options),
    ...command.args.flatMap(({ option }) => option ?? []),
  ];
  const words = command.words[0] === 'completion' ? SHELLS : [];
  return [...words, ...new Set(options.map((name) => `--${name}`)), '--help'];
}

/** Choices of options by `--name`; the same name means the same choices in every command, or the union. */
function choices(groups: readonly CommandGroup[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { options } of groups.flatMap(({ commands }) => commands))
    for (const [name, option] of Object.entries(options)) {
      if (option.kind !== 'text' || option.choices === undefined) continue;
      found.set(name, new Set([...(found.get(name) ?? []), ...option.choices]));
    }
  return found;
}

function pathOptions(groups: readonly CommandGroup[]): string[] {
  const names = groups.flatMap(({ commands }) =>
    commands.flatMap(({ options }) =>
      Object.entries(options).flatMap(([name, option]) =>
        option.kind !== 'flag' && PATH_VALUES.has(option.value) ? [`--${name}`] : [],
      ),
    ),
  );
  return [...new Set(names)];
}

/** Words of the line before the cursor that are no options, at most two, joined. Shared by both shells. */
const FIND_WORDS = (count: string) => `  local path="" i word
  for ((i = 1; i < ${count}; i++)); do
    word="\${words[i]}"
    case "$word" in
      --log|--brokers) ((i++)) ;;
      -*) ;;
      *)
        case "$path" in
          "") path="$word" ;;
          *" "*) ;;
          *) path="$path $word" ;;
        esac ;;
    esac
  done`;

function caseLines(groups: readonly CommandGroup[]): string {
  const two = branches(groups).filter(({ words }) => words.includes(' '));
  const one = branches(groups).filter(({ words }) => !words.includes(' '));
  const single = (words: string) =>
    groups.some(({ word, commands }) => word === words && commands[0]?.words.length === 1);
  return [
    ...two.map(({ words, next }) => `    "${words}") next="${next.join(' ')}" ;;`),
    // A command of one word may have arguments behind it.
    ...one.map(
      ({ words, next }) =>
        `    "${words}"${single(words) ? `|"${words} "*` : ''}) next="${next.join(' ')}" ;;`,
    ),
    `    "") next="${[...groups.map(({ word }) => word), 'help', '--help', '--version', '--log'].join(' ')}" ;;`,
  ].join('\n');
}

function choiceLines(groups: readonly CommandGroup[]): string {
  return Array.from(
    choices(groups),
    ([name, values]) => `    --${name}) next="${[...values].join(' ')}" ;;`,
  ).join('\n');
}

function bashScript(groups: readonly CommandGroup[]): string {
  return `# millrace completion for bash; made by: millrace completion bash
_millrace() {
  local words=("\${COMP_WORDS[@]}") current="\${COMP_WORDS[COMP_CWORD]}" next=""
  local previous="\${COMP_WORDS[COMP_CWORD - 1]}"
${FIND_WORDS('COMP_CWORD')}
  case "$path" in
${caseLines(groups)}
  esac
  case "$previous" in
${choiceLines(groups)}
    ${pathOptions(groups).join('|')}) next="" ;;
  esac
  COMPREPLY=($(compgen -W "$next" -- "$current"))
}
complete -o default -F _millrace millrace
`;
}

function zshScript(groups: readonly CommandGroup[]): string {
  return `#compdef millrace
# millrace completion for zsh; made by: millrace completion zsh
_millrace() {
  emulate -L zsh
  setopt ksh_arrays
  local next="" previous="\${words[CURRENT - 2]}"
${FIND_WORDS('CURRENT - 1')}
  case "$path" in
${caseLines(groups)}
  esac
  case "$previous" in
${choiceLines(groups)}
    ${pathOptions(groups).join('|')}) next="" ;;
  esac
  compadd -- \${=next}
  _files
}
if [ "\${funcstack[1]}" = "_millrace" ]; then _millrace "$@"; else compdef _millrace millrace; fi
`;
}
