/**
 * What sixty operators cost the compiler: type instantiations against the declarations that users get (`dist`, built
 * before the tests). The number is the same on every machine. When it grows past the budget, look at what changed in
 * the signatures before the budget is raised: editors feel it with every key.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const BUDGET = 12_000; // 9,103 when it was set

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'build/types');
const run = promisify(execFile);

test('a topology of sixty operators stays within its budget of type instantiations', async () => {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'tsconfig.json');
  writeFileSync(
    config,
    JSON.stringify({
      extends: '../../tsconfig.json',
      files: ['../../test/types/sixty-operators.ts'],
      include: [],
      // `millrace` is the package as users find it, not the sources.
      compilerOptions: { paths: {} },
    }),
  );
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--noEmit', '--extendedDiagnostics', '--singleThreaded', '-p', config];
  const { stdout } = await run(process.execPath, [tsc, ...options]).catch(
    (error: { stdout: string }) => {
      throw new Error(`the program does not compile:\n${error.stdout}`);
    },
  );
  const instantiations = Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1]);
  expect(instantiations).toBeGreaterThan(1_000);
  expect(instantiations).toBeLessThan(BUDGET);
}, 60_000);
