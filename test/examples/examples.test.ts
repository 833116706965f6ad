/**
 * Every example prints exactly what `examples/expected` says. They run as users run them: compiled, in a process of
 * their own, against the built package (`npm test` builds both first).
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

const expected = (name: string) =>
  readFileSync(join(root, `examples/expected/${name}.txt`), 'utf8');
const names = readdirSync(join(root, 'examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort();

let directory = '';

async function example(name: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(
    process.execPath,
    [join(root, `build/examples/${name}.js`), ...args],
    {
      cwd: directory,
    },
  );
  return stdout;
}

describe('examples', () => {
  beforeAll(() => {
    if (!existsSync(join(root, 'build/examples'))) {
      throw new Error('the examples are not compiled: run `npm run programs` (npm test does)');
    }
    directory = mkdtempSync(join(tmpdir(), 'millrace-examples-'));
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(names.filter((name) => name !== 'wordcount'))(
    '%s prints what it should',
    async (name) => {
      expect(await example(name)).toBe(expected(name));
    },
    30_000,
  );

  it('wordcount counts a file, and a second start neither loses nor repeats', async () => {
    const file = join(directory, 'song.txt');
    writeFileSync(
      file,
      'Row, row, row your boat\nGently down the stream\nMerrily, merrily, merrily, merrily\n',
    );
    expect(await example('wordcount', file)).toBe(expected('wordcount'));
    expect(await example('wordcount', file)).toBe(expected('wordcount'));
  }, 30_000);

  it('each example has one npm script and one expected output', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    for (const name of names) {
      expect(scripts[name]).toContain(`build/examples/${name}.js`);
      expect(expected(name)).not.toBe('');
    }
  });
});
