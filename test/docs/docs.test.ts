/** What README and docs show compiles, runs, and prints what they say it prints. Links to files lead somewhere. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIG_DEFINITIONS } from '../../src/log/engine/topic-config-table.js';
import { blocksOf, documents } from './blocks.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'build/docs');
const run = promisify(execFile);

const pages = documents(root);
const blocks = pages.flatMap(({ file, text }) => blocksOf(file, text));
const nameOf = (where: string) => where.replaceAll(/[^\w]+/g, '-').toLowerCase();
const programs = blocks.filter(({ kind }) => kind === 'program');

describe('the code in README and docs', () => {
  let directory = '';

  beforeAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    directory = mkdtempSync(join(tmpdir(), 'millrace-docs-'));
    for (const { where, code } of programs) {
      writeFileSync(join(folder, `${nameOf(where)}.ts`), `${code}\nexport {};\n`);
    }
    const compilerOptions = { outDir: '.', rootDir: '.' };
    const config = { extends: '../../tsconfig.programs.json', compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [tsc, '-p', folder]).catch((error: { stdout: string }) => {
      throw new Error(`blocks that do not compile:\n${error.stdout}`);
    });
  }, 60_000);

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each(programs.map(({ where, output }) => [where, output] as const))(
    '%s runs',
    async (where, output) => {
      const program = join(folder, `${nameOf(where)}.js`);
      const cwd = mkdtempSync(join(directory, 'run-'));
      const { stdout } = await run(process.execPath, [program], { cwd, timeout: 20_000 });
      if (output !== undefined) expect(stdout).toBe(output);
    },
    30_000,
  );

  it('the README promises nothing that is only a sketch', () => {
    expect(
      blocks.filter(({ where, kind }) => kind === 'sketch' && where.startsWith('README')),
    ).toEqual([]);
    expect(programs.length).toBeGreaterThan(2);
  });

  it('the tables of options name every option, and no other', () => {
    const optionsOf = (file: string, type: string): string[] => {
      const source = readFileSync(join(root, file), 'utf8');
      const members =
        new RegExp(`interface ${type} .*\\{([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '';
      return [...members.matchAll(/^  readonly (\w+)\??:/gm)].map((match) => match[1]!);
    };
    const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
    const [running = '', log = ''] = page.split('\n## The log\n');
    const named = (text: string) => [...text.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
    expect(named(running).sort()).toEqual(
      optionsOf('src/runtime/config.ts', 'KafkaStreamsOptions').sort(),
    );
    // What only one kind of log takes stands in the text or in the table.
    const own = ['OpenLogOptions', 'MemoryLogOptions'].flatMap((type) =>
      optionsOf('src/log/log-options.ts', type),
    );
    expect(['durability', ...named(log)].sort()).toEqual(
      [...optionsOf('src/log/log-options.ts', 'LogOptions'), ...own].sort(),
    );
  });

  it('the table of topic configs is that of the log', () => {
    const page = readFileSync(join(root, 'docs/topic-configs.md'), 'utf8');
    const rows = [...CONFIG_DEFINITIONS].map(
      ([name, { defaultValue, documentation }]) =>
        `| \`${name}\` | ${defaultValue} | ${documentation} |`,
    );
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
  });

  it('links between files lead somewhere', () => {
    const broken = pages.flatMap(({ file, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(root, dirname(file), target)))
        .map((target) => `${file}: ${target}`),
    );
    expect(broken).toEqual([]);
  });
});

describe('the reader of blocks', () => {
  it('tells programs, sketches and outputs apart', () => {
    const text =
      '# A\n```ts\na();\n```\nprints\n```text\n1\n```\n```ts sketch\nb();\n```\n```sh\nx\n```\n';
    expect(blocksOf('a.md', text)).toEqual([
      { where: 'a.md:2', kind: 'program', code: 'a();\n', output: '1\n' },
      { where: 'a.md:9', kind: 'sketch', code: 'b();\n', output: undefined },
    ]);
  });

  it('refuses a mark it does not know', () => {
    expect(() => blocksOf('a.md', '```ts later\na();\n```\n')).toThrow(
      "a.md:1: unknown mark 'later'",
    );
  });
});
