/** Tables and text at every width. `TABLE_SEED` runs other examples. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TextOutput } from '../../src/cli/command-io.js';
import { table } from '../../src/cli/terminal/table.js';
import { Progress } from '../../src/cli/terminal/progress.js';
import { beginning, printable, textWidth } from '../../src/cli/terminal/text-width.js';
import { wrapped } from '../../src/cli/terminal/text-wrap.js';
import { SimulatedEnv } from '../../src/env/simulated-env.js';

const SEED = Number(process.env['TABLE_SEED'] ?? 1);

const output = (columns: number | undefined): TextOutput => ({
  write: () => undefined,
  terminal: columns === undefined ? undefined : { columns, colours: false },
});
const HEADER = ['TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'CONFIG'];
const ROWS = [
  ['hello.kafka', '0', '12345', 'retention.ms=172800000 cleanup.policy=compact'],
  ['order', '1', '0', ''],
];

test('columns are aligned when they fit, and when nobody looks', () => {
  const wide =
    'TOPIC        PARTITION  CURRENT-OFFSET  CONFIG\n' +
    'hello.kafka  0          12345           retention.ms=172800000 cleanup.policy=compact\n' +
    'order        1          0\n';
  expect(table(HEADER, ROWS, output(undefined))).toBe(wide);
  expect(table(HEADER, ROWS, output(100))).toBe(wide);
});

test('columns move closer together before anything else', () => {
  expect(table(HEADER, ROWS, output(84))).toBe(
    'TOPIC       PARTITION CURRENT-OFFSET CONFIG\n' +
      'hello.kafka 0         12345          retention.ms=172800000 cleanup.policy=compact\n' +
      'order       1         0\n',
  );
});

test('the last column wraps when the others fit', () => {
  expect(table(HEADER, ROWS, output(66))).toBe(
    'TOPIC        PARTITION  CURRENT-OFFSET  CONFIG\n' +
      'hello.kafka  0          12345           retention.ms=172800000\n' +
      '                                        cleanup.policy=compact\n' +
      'order        1          0\n',
  );
});

test('on a narrow terminal each row becomes a block', () => {
  expect(table(HEADER, ROWS, output(40))).toBe(
    'TOPIC           hello.kafka\n' +
      'PARTITION       0\n' +
      'CURRENT-OFFSET  12345\n' +
      'CONFIG          retention.ms=172800000\n' +
      '                cleanup.policy=compact\n' +
      '\n' +
      'TOPIC           order\n' +
      'PARTITION       1\n' +
      'CURRENT-OFFSET  0\n',
  );
});

test('no line is wider than the terminal and nothing is lost, whatever the cells are', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'b', '.', '한', '漢', 'é'), maxLength: 40 });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell, cell), { maxLength: 5 }),
      fc.integer({ min: 25, max: 120 }),
      (rows, columns) => {
        const text = table(HEADER, rows, output(columns));
        for (const line of text.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(columns);
        const letters = (shown: string) =>
          [...shown].filter((c) => /[ab.한漢é]/.test(c)).toSorted();
        expect(letters(text)).toEqual(letters(rows.flat().join('')));
      },
    ),
    { seed: SEED },
  );
});

test('wide characters take two columns, marks none, control characters are shown', () => {
  expect(textWidth('한글')).toBe(4);
  expect(textWidth('e\u0301')).toBe(1);
  expect(beginning('한글', 3)).toBe('한');
  expect(printable('a\u001b[2Jb\n')).toBe('a\\x1b[2Jb\\x0a');
  expect(wrapped('aaaa bb 한글한글', 5)).toEqual(['aaaa', 'bb', '한글', '한글']);
});

async function neverAsked(): Promise<never> {
  throw new Error('progress opens nothing');
}

test('progress is shown on a terminal, not too often, and goes away', () => {
  const env = new SimulatedEnv();
  let err = '';
  const silent = output(undefined);
  const shown: TextOutput = { ...output(20), write: (text) => void (err += text) };
  const io = (error: TextOutput) => ({
    env,
    out: silent,
    err: error,
    input: { chunks: async function* () {}, isTerminal: false },
    interruption: () => new AbortController().signal,
    openLog: neverAsked,
    importModule: neverAsked,
  });
  const progress = new Progress(io(shown));
  progress.show(() => 'too soon');
  env.advance(500);
  progress.show(() => 'one');
  progress.show(() => 'two');
  env.advance(100);
  progress.show(() => 'a text that is longer than the line');
  progress.done();
  expect(err).toBe('\r\u001b[Kone\r\u001b[Ka text that is long\r\u001b[K');
  err = '';
  new Progress(io(output(undefined))).show(() => 'never');
  expect(err).toBe('');
});
