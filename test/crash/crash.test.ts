/** A short run of the crash harness; `npm run crash` is the long one. The seed is printed and can be given: CRASH_SEED. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../build/test/crash/main.js', import.meta.url));

it('after three rounds of kill -9 every count is exact', async () => {
  expect(existsSync(program), 'compile it first: npm run programs (npm test does)').toBe(true);
  const directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
  const seed = process.env['CRASH_SEED'] ?? `${(Date.now() % 2 ** 31) | 1}`;
  const args = [
    '--rounds',
    '3',
    '--lines',
    '3000',
    '--seed',
    seed,
    '--directory',
    join(directory, 'run'),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args], {
    timeout: 60_000,
  });
  expect(stdout).toContain('every count is exact');
  rmSync(directory, { recursive: true, force: true });
}, 60_000);
