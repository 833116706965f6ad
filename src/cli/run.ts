/**
 * Finds the command, runs it, and turns what it throws into a message and an exit code: 0 done, 1 failed, 2 called
 * wrongly. No stack trace reaches the user for a mistake of the user or a fault of the disk.
 */
import { StreamsError } from '../errors.js';
import type { CommandIo, TextOutput } from './command-io.js';
import { type Command, UsageError } from './command.js';
import { parseLine } from './command-line.js';
import { findCommand } from './command-search.js';
import { COMMAND_GROUPS } from './command-table.js';
import { commandHelp, groupHelp, topHelp, usageLine } from './help.js';
import { styleOf } from './terminal/style.js';

/** Help for a pipe is as wide as this. */
const HELP_COLUMNS = 80;
/** Wider lines are hard to read. */
const HELP_COLUMNS_MAX = 100;

export async function run(
  args: readonly string[],
  version: string,
  io: CommandIo,
): Promise<number> {
  const [first] = args;
  if (first === '--version') {
    await io.out.write(`${version}\n`);
    return 0;
  }
  const help = first === 'help';
  const found = findCommand(COMMAND_GROUPS, help ? args.slice(1) : args);
  switch (found.kind) {
    case 'top':
      await io.out.write(topHelp(COMMAND_GROUPS, helpColumns(io.out)));
      return help || found.help ? 0 : 2;
    case 'group': {
      const { group } = found;
      if (help || found.help) {
        await io.out.write(groupHelp(group, helpColumns(io.out)));
        return 0;
      }
      const words = group.commands.map((command) => command.words[1]);
      await complain(io, ['millrace', group.word], `say what: ${words.join(', ')}.`);
      await io.err.write(`\n${groupHelp(group, helpColumns(io.err))}`);
      return 2;
    }
    case 'unknown': {
      const { group } = found;
      const width = helpColumns(io.err);
      await complain(io, ['millrace'], found.message);
      await io.err.write(
        `\n${group === undefined ? topHelp(COMMAND_GROUPS, width) : groupHelp(group, width)}`,
      );
      return 2;
    }
    case 'command':
      if (help || wantsHelp(found.rest)) {
        await io.out.write(commandHelp(found.command, helpColumns(io.out)));
        return 0;
      }
      return runCommand(found.command, found.rest, io);
  }
}

function wantsHelp(rest: readonly string[]): boolean {
  const end = rest.indexOf('--');
  const options = end < 0 ? rest : rest.slice(0, end);
  return options.includes('--help') || options.includes('-h');
}

async function runCommand(
  command: Command,
  rest: readonly string[],
  io: CommandIo,
): Promise<number> {
  try {
    const line = parseLine(command, rest);
    if (line.options['brokers'] !== undefined)
      throw new UsageError(
        'not yet: --brokers comes with the Kafka adapter. Today millrace works on a directory: --log DIR.',
      );
    return await command.run(line, io);
  } catch (error) {
    return report(error, command, io);
  }
}

async function report(error: unknown, command: Command, io: CommandIo): Promise<number> {
  const words = ['millrace', ...command.words];
  if (error instanceof UsageError) {
    await complain(io, words, error.message);
    await io.err.write(`\nUsage: ${usageLine(command)}\n${words.join(' ')} --help says more.\n`);
    return 2;
  }
  if (error instanceof StreamsError) {
    await complain(io, words, `${inWords(error)} [${error.code}]`);
    return 1;
  }
  // Not an operating error: our own mistake; the place helps to find it.
  await complain(
    io,
    words,
    error instanceof Error ? (error.stack ?? error.message) : String(error),
  );
  return 1;
}

/** The library's advice is code; here it is a command. */
function inWords({ code, message, where }: StreamsError): string {
  if (code !== 'UNKNOWN_TOPIC' || where.topic === undefined) return message;
  return message.replace(
    / Create it with: await .*$/s,
    ` Create it with: millrace topics create ${where.topic}`,
  );
}

async function complain(io: CommandIo, words: readonly string[], message: string): Promise<void> {
  await io.err.write(`${styleOf(io.err).error(`${words.join(' ')}:`)} ${message}\n`);
}

function helpColumns(output: TextOutput): number {
  return Math.min(HELP_COLUMNS_MAX, output.terminal?.columns ?? HELP_COLUMNS);
}
