/**
 * Finds the command, runs it, and turns what it throws into a message and an exit code: 0 done, 1 failed, 2 called
 * wrongly. No stack trace reaches the user for a mistake of the user or a fault of the disk.
 */
import { StreamsError } from '../errors.js';
import { didYouMean } from '../nearest-name.js';
import { type Command, type CommandIo, table, UsageError } from './command.js';
import { consume } from './consume.js';
import { describeTopology } from './describe-topology.js';
import { produce } from './produce.js';
import { topics } from './topics.js';

const COMMANDS: readonly Command[] = [topics, produce, consume, describeTopology];

export async function run(
  args: readonly string[],
  version: string,
  io: CommandIo,
): Promise<number> {
  const [word, ...rest] = args;
  if (word === '--version') {
    io.out(`${version}\n`);
    return 0;
  }
  if (word === undefined || word === '--help' || word === 'help') {
    io.out(help());
    return word === undefined ? 2 : 0;
  }
  const command = COMMANDS.find(({ name }) => name === word);
  if (command === undefined) {
    const names = COMMANDS.map(({ name }) => name);
    io.err(`millrace: there is no command '${word}'.${didYouMean(word, names)}\n\n${help()}`);
    return 2;
  }
  if (rest.includes('--help')) {
    io.out(`${command.usage}\n`);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    return report(error, command, io);
  }
}

function help(): string {
  const rows = COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]);
  return `Usage: millrace COMMAND [ARGUMENTS]\n\n${table(rows)}\nmillrace COMMAND --help says more. --log DIR names the log (default ./data).\n`;
}

function report(error: unknown, command: Command, io: CommandIo): number {
  if (error instanceof UsageError) {
    io.err(`millrace ${command.name}: ${error.message}\n\n${command.usage}\n`);
    return 2;
  }
  if (error instanceof StreamsError) {
    io.err(`millrace ${command.name}: ${error.message} [${error.code}]\n`);
    return 1;
  }
  // Not an operating error: our own mistake or the user's module; the place helps to find it.
  io.err(
    `millrace ${command.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
