/**
 * The architecture as a test: `docs/architecture.md` says why, `architecture/rules.ts` says how. The second half
 * tests the test: each rule is shown a planted violation, because a rule that never fires protects nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  importsGoDown,
  lineCount,
  LINES_FULL,
  RULES,
  withoutComments,
  type SourceFile,
} from './architecture/rules.js';

const root = new URL('../', import.meta.url);

const sources: SourceFile[] = readdirSync(new URL('src', root), { recursive: true })
  .map((path) => `src/${String(path).replaceAll('\\', '/')}`)
  .filter((path) => /\.[cm]?[jt]s$/.test(path))
  .sort()
  .map((path) => ({ path, text: readFileSync(new URL(path, root), 'utf8') }));

describe('the house', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it(name, () => {
      expect(sources.flatMap((file) => rule(file))).toEqual([]);
    });
  }

  it('lists the files that are full', () => {
    const full = sources.filter(({ text }) => lineCount(text) > LINES_FULL);
    const list = full.map(({ path, text }) => `${path} (${lineCount(text)})`);
    if (list.length > 0) console.info(`full files (over ${LINES_FULL} lines): ${list.join(', ')}`);
    expect(sources.length).toBeGreaterThan(0);
  });
});

const planted = (path: string, code: string): SourceFile => ({
  path,
  text: `// planted\n${code}\n`,
});

/** One or more violations per rule, and the same thing said in an allowed way. */
const VIOLATIONS: { readonly [rule: string]: readonly (readonly [SourceFile, SourceFile])[] } = {
  'imports go down': [
    [
      planted('src/state/memory.ts', "import { Topology } from '../processor/topology.js';"),
      planted('src/processor/node.ts', "import { MemoryStore } from '../state/memory.js';"),
    ],
    [
      planted('src/dsl/kstream.ts', "import type { App } from '../runtime/kafka-streams.js';"),
      planted('src/index.ts', "export { App } from './runtime/kafka-streams.js';"),
    ],
    [
      planted('src/runtime/commit.ts', "export type { KStream } from '../dsl/kstream.js';"),
      planted('src/runtime/commit.ts', "import { Topology } from '../processor/topology.js';"),
    ],
    [
      planted('src/log/engine/topic.ts', "import { Log } from '../log.js';"),
      planted('src/log/log.ts', "import { Engine } from './engine/engine.js';"),
    ],
    [
      planted('src/state/memory.ts', "const { murmur2 } = await import('../log/murmur2.js');"),
      planted('src/state/memory.ts', "import type { RecordHeader } from '../log/client.js';"),
    ],
    [
      planted('src/attic/old.ts', 'export const one = 1;'),
      planted('src/env/clock.ts', 'export const one = 1;'),
    ],
  ],
  'only env touches the outside world': [
    ['src/runtime/commit.ts', 'const now = Date.now();', 'const now = clock.now();'],
    ['src/runtime/commit.ts', 'const text = `${new Date()}`;', 'const text = `Date and ${now}`;'],
    ['src/state/memory.ts', 'const draw = Math.random();', 'const draw = random.float();'],
    ['src/log/log.ts', 'setTimeout(wake, 5);', 'timers.after(5, wake);'],
    ['src/log/log.ts', 'const t = performance.now();', '// performance matters'],
    [
      'src/log/log.ts',
      "import { openSync } from 'node:fs';",
      "import { files } from '../env/env.js';",
    ],
    ['src/log/log.ts', "import net from 'net';", "import { inspect } from 'node:util';"],
    ['src/log/log.ts', 'console.log(1);', "const console1 = 'console.log';"],
    ['src/dsl/kstream.ts', 'process.exit(1);', 'node.run(record);'],
    ['src/runtime/app.ts', 'process.once(1);', 'const { process } = config.env;\nprocess.exit(1);'],
  ].map(([path = '', bad = '', good = '']) => [planted(path, bad), planted(path, good)] as const),
  'no export *': [
    [
      planted('src/index.ts', "export * from './errors.js';"),
      planted('src/index.ts', "export { StreamsError } from './errors.js'; // not export *"),
    ],
  ],
  'no module-level mutable state': [
    [planted('src/env/ids.ts', 'let next = 0;'), planted('src/env/ids.ts', 'const first = 0;')],
    [
      planted('src/env/ids.ts', 'export let next = 0;'),
      planted('src/env/ids.ts', 'function f() {\n  let next = 0;\n}'),
    ],
  ],
  'no holes in the types': [
    [planted('src/env/ids.ts', '// @ts-ignore'), planted('src/env/ids.ts', 'const any = 1;')],
    [
      planted('src/env/ids.ts', 'const id = value as any;'),
      planted('src/env/ids.ts', 'const id = value as unknown; // any'),
    ],
    [
      planted('src/env/ids.ts', 'function f(id: any) {}'),
      planted('src/env/ids.ts', "const text = ': any';"),
    ],
  ],
  'no file is over its size': [
    [planted('src/env/ids.ts', '\n'.repeat(600)), planted('src/env/ids.ts', '\n'.repeat(400))],
  ],
  'files are named for the one thing inside': [
    [planted('src/state/utils.ts', ''), planted('src/state/memory-store.ts', '')],
    [planted('src/state/store-helpers.ts', ''), planted('src/state/store.ts', '')],
    [planted('src/dsl/KStream.ts', ''), planted('src/dsl/kstream.ts', '')],
    [planted('src/dsl/types.ts', ''), planted('src/dsl/kgrouped-table.ts', '')],
  ],
  'files introduce themselves': [
    [
      { path: 'src/env/ids.ts', text: 'const one = 1;\n' },
      planted('src/env/ids.ts', 'const one = 1;'),
    ],
  ],
};

describe('the test of the test', () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it(`a planted violation is caught: ${name}`, () => {
      const pairs = VIOLATIONS[name] ?? [];
      expect(pairs.length).toBeGreaterThan(0);
      for (const [bad, good] of pairs) {
        expect(rule(bad), `${bad.path}: ${bad.text.slice(0, 80)}`).not.toEqual([]);
        expect(rule(good), `${good.path}: ${good.text.slice(0, 80)}`).toEqual([]);
      }
    });
  }

  it('a violation message names the file, the room and the module', () => {
    const file = planted(
      'src/dsl/kstream.ts',
      "import { App } from '../runtime/kafka-streams.js';",
    );
    expect(importsGoDown(file)).toEqual([
      'src/dsl/kstream.ts: dsl must not import runtime/kafka-streams (runtime)',
    ]);
  });

  it('the scanner keeps code and drops comments, strings and regular expressions', () => {
    expect(withoutComments("a /* b */ + 'c' // d\n+ /[/'\"]/.test(e)", true)).toBe(
      'a  + "" \n+ "".test(e)',
    );
    expect(withoutComments('`a ${b({ c: `d ${e}` })} f` + g', true)).toBe(
      '""b({ c: ""e"" })"" + g',
    );
  });
});
