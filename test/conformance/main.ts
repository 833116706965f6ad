/**
 * `npm run conformance -- [FILE] [--filter text] [--list FILE] [--verbose] [--asynchronous]`: runs the cases of a file (the bundled
 * ones without FILE), prints differences, a table by family and `N passed, N failed`. Exit code 1 if any failed.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCases, readNames } from './case.js';
import { differencesText, familyTable, passed, summary } from './report.js';
import { runCase } from './run-case.js';
import type { CaseResult } from './run-case.js';

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
      asynchronous: { type: 'boolean', default: false },
    },
  });
  const names = values.list === undefined ? undefined : readNames(values.list);
  const cases = readCases(positionals[0] ?? bundledCases()).filter(
    (testCase) =>
      (names?.has(testCase.name) ?? true) &&
      `${testCase.family} ${testCase.name}`.includes(values.filter ?? ''),
  );
  const results: CaseResult[] = [];
  for (const testCase of cases) {
    const result = await runCase(testCase, { asynchronous: values.asynchronous });
    results.push(result);
    if (!passed(result)) process.stdout.write(`${differencesText(result, values.verbose)}\n`);
  }
  process.stdout.write(`${familyTable(results)}\n\n${summary(results)}\n`);
  return results.every(passed) ? 0 : 1;
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
