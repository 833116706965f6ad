/** `npm run crash -- --rounds 30 [--seed S] [--lines 100000]`: the crash harness with its seed and its findings. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { crash } from './harness.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    lines: { type: 'string', default: '100000' },
    seed: { type: 'string', default: `${(Date.now() % 2 ** 31) | 1}` },
    directory: { type: 'string' },
  },
});
const seed = Number(values.seed);
const rounds = Number(values.rounds);
const lines = Number(values.lines);
const directory = values.directory ?? join(tmpdir(), `millrace-crash-${seed}`);

console.log(`seed ${seed}: ${rounds} rounds of kill -9 over ${lines} lines`);
const findings = await crash({ directory, seed, rounds, lines, report: console.log });
console.log(
  `${findings.lines} lines, ${findings.words} words, ${findings.distinct} distinct, ` +
    `${findings.acknowledged} acknowledged records, ${findings.outputs} outputs`,
);
for (const problem of findings.problems.slice(0, 20)) console.log(`FAILED ${problem}`);
if (findings.problems.length === 0) {
  await rm(directory, { recursive: true, force: true });
  console.log('every count is exact, every output sequence is without gap or repeat');
} else {
  console.log(
    `${findings.problems.length} problems; the log is in ${directory}; again with --seed ${seed}`,
  );
  process.exitCode = 1;
}
