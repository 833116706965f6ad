/**
 * `npm run mutants [-- --quick] [--only TEXT] [--seconds T]`: checks the checkers. Each mutant, a copy of the compiled
 * engine with one bug, lives random lives until the simulation finds it or the time is over. Fails when one is not found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS, QUICK, type Mutant } from './mutants.js';

const BUILD = fileURLToPath(new URL('../../', import.meta.url));

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    jobs: { type: 'string', default: '2' },
  },
});

/** A copy of what the simulation runs, with the bug in it. */
function plant({ name, file, find, replace }: Mutant, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, 'test'), { recursive: true });
  cpSync(join(BUILD, 'src'), join(directory, 'src'), { recursive: true });
  for (const part of ['log', 'simulation'])
    cpSync(join(BUILD, 'test', part), join(directory, 'test', part), { recursive: true });
  const path = join(directory, 'src', file);
  const pieces = readFileSync(path, 'utf8').split(find);
  if (pieces.length !== 2)
    throw new Error(`'${name}': its text is ${pieces.length - 1} times in ${file}; write it anew`);
  writeFileSync(path, pieces.join(replace));
}

/** What the simulation said of the mutant; undefined when it found nothing. */
function found(directory: string, from: number): string | undefined {
  const program = join(directory, 'test/simulation/log/main.js');
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [program, '--from', `${from}`, '--seconds', values.seconds, '--jobs', values.jobs, '--first'],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  const line = `${stdout}\n${stderr}`.split('\n').find((text) => text.startsWith('FAILED seed'));
  if (line === undefined && status !== 0 && !stdout.includes('seeds/s'))
    return `the process died: ${stderr.slice(0, 200)}`;
  return line;
}

let missed = 0;
for (const mutant of MUTANTS) {
  if (values.quick && !QUICK.includes(mutant.name)) continue;
  if (values.only !== undefined && !mutant.name.includes(values.only)) continue;
  const directory = join(BUILD, 'mutant');
  plant(mutant, directory);
  const started = performance.now();
  const what = found(directory, mutant.from ?? 1);
  if (what === undefined) missed++;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${what === undefined ? 'NOT FOUND' : 'found    '} ${mutant.name} (${seconds} s)${what === undefined ? '' : `\n            ${what.slice(0, 220)}`}`,
  );
}
rmSync(join(BUILD, 'mutant'), { recursive: true, force: true });
if (missed > 0) process.exitCode = 1;
