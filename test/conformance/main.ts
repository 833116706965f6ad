/**
 * `npm run conformance -- [FILE] [--filter text] [--list FILE] [--verbose] [--variations] [--variation NAME]...`: runs
 * the cases of a file (the bundled ones without FILE), prints differences, a table by family, the named deviations and
 * `N passed, N failed`. `--variations` runs them in every other way too, `--variation` only in that one. Exit code 1 if
 * any failed, 2 if it could not run.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCases, readNames, type ConformanceCase } from './case.js';
import type { RunOptions } from './observe.js';
import {
  deviationLines,
  differencesText,
  familyTable,
  passed,
  summary,
  variationLine,
  type VariationResult,
} from './report.js';
import { runCase } from './run-case.js';
import type { CaseResult } from './run-case.js';
import { applies, VARIATIONS, type Variation } from './variations.js';

/** Compiled, this file lies in `build/test/conformance/`; the cases stay where they are. */
function bundledCases(): string {
  const candidates = ['./cases.ndjson.gz', '../../../test/conformance/cases.ndjson.gz'];
  const paths = candidates.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? paths[0]!;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      filter: { type: 'string' },
      list: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      variations: { type: 'boolean', default: false },
      variation: { type: 'string', multiple: true },
    },
  });
  const names = values.list === undefined ? undefined : readNames(values.list);
  const cases = readCases(positionals[0] ?? bundledCases()).filter(
    (testCase) =>
      (names?.has(testCase.name) ?? true) &&
      `${testCase.family} ${testCase.name}`.includes(values.filter ?? ''),
  );
  if (cases.length === 0)
    throw new Error('no case is chosen: look at the file, --filter and --list');
  const report = (result: CaseResult): void => {
    if (!passed(result)) process.stdout.write(`${differencesText(result, values.verbose)}\n`);
  };
  const chosen = values.variation ?? [];
  const unknown = chosen.find((name) => !VARIATIONS.some((each) => each.name === name));
  if (unknown !== undefined)
    throw new Error(
      `there is no variation '${unknown}', but: ${VARIATIONS.map(({ name }) => name).join(', ')}`,
    );
  const all: CaseResult[] = [];
  for (const variation of VARIATIONS) {
    if (!values.variations && !chosen.includes(variation.name)) continue;
    const results = await runVariation(cases, variation, report);
    all.push(...results.results);
    process.stdout.write(`${variationLine(variation, results, cases.length)}\n`);
  }
  if (chosen.length === 0) {
    const results = await runAll(cases, {}, report);
    all.push(...results);
    process.stdout.write(
      `\n${familyTable(results)}\n\n${deviationLines(results)}${summary(results)}\n`,
    );
  }
  return all.every(passed) ? 0 : 1;
}

async function runAll(
  cases: readonly ConformanceCase[],
  options: RunOptions,
  report: (result: CaseResult) => void,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const testCase of cases) {
    const result = await runCase(testCase, options);
    results.push(result);
    report(result);
  }
  return results;
}

async function runVariation(
  cases: readonly ConformanceCase[],
  variation: Variation,
  report: (result: CaseResult) => void,
): Promise<VariationResult> {
  const startedAt = performance.now();
  const chosen = cases.filter((testCase) => applies(variation, testCase));
  const results = await runAll(chosen, variation.options, (result) =>
    report({ ...result, name: `${result.name}, ${variation.name}` }),
  );
  return { results, seconds: (performance.now() - startedAt) / 1000 };
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(
      `conformance: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    process.exitCode = 2;
  },
);
