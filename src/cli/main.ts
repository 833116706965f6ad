#!/usr/bin/env node
/** The bin `millrace`: connects the commands with this process, its streams and its disk. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemEnv } from '../env/system-env.js';
import { processIo } from './process-io.js';
import { run } from './run.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const io = processIo(process, systemEnv(), (file) => import(pathToFileURL(resolve(file)).href));
process.exitCode = await run(process.argv.slice(2), version, io);
// Standard input that was not read to its end would keep the process.
process.stdin.destroy();
