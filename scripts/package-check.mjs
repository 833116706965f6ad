// What a user gets: packs the library, installs the tarball into an empty project, compiles the programs of
// test/package against its types and runs them there.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'millrace-package-'));
const programs = join(root, 'test/package');

const [{ filename }] = JSON.parse(
  execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  }),
);
writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }\n');
const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(project, filename)];
execFileSync('npm', install, { cwd: project, stdio: 'pipe' });

cpSync(programs, join(project, 'programs'), { recursive: true });
const compilerOptions = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
};
writeFileSync(
  join(project, 'tsconfig.json'),
  JSON.stringify({ compilerOptions, include: ['programs'] }),
);
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', project], {
  stdio: 'inherit',
});

/** Runs a program; one that goes on for ever (its first line says so) is asked to stop after a moment. */
function run(name) {
  return new Promise((resolve, reject) => {
    const cwd = mkdtempSync(join(project, `run-${name}-`));
    const child = spawn(process.execPath, [join(project, 'programs', `${name}.js`)], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const forever = name.startsWith('forever-');
    const limit = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const stop = forever ? setTimeout(() => child.kill('SIGTERM'), 1500) : undefined;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => (output += text));
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      clearTimeout(stop);
      if (code === 0) resolve(output);
      else reject(new Error(`${name} ended with ${signal ?? code}:\n${output}`));
    });
  });
}

const names = readdirSync(programs)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''));
for (const name of names) {
  await run(name);
  console.log(`${name} runs`);
}
execFileSync(join(project, 'node_modules/.bin/millrace'), ['--help'], { stdio: 'pipe' });
console.log('the command answers');
rmSync(project, { recursive: true, force: true });
