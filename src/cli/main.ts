#!/usr/bin/env node
/** The bin `millrace`: connects the commands with this process, its streams and its disk. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { systemEnv } from '../env/system-env.js';
import { StreamsError } from '../errors.js';
import { openLog } from '../log/log.js';
import type { CommandIo } from './command.js';
import { run } from './run.js';

const io: CommandIo = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  lines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
  openLog: async (directory, { create }) => {
    if (!create && !systemEnv().files.exists(directory)) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `There is no log in ${directory}: the directory does not exist. Name another one with --log DIR, or create a topic in it first.`,
        { file: directory },
      );
    }
    return openLog(directory);
  },
  importModule: (file): Promise<unknown> => import(pathToFileURL(resolve(file)).href),
};

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

// `| head` closes the pipe: that is the reader's right, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await run(process.argv.slice(2), version, io);
