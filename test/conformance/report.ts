/** What the conformance command prints: differences of failing cases, a table by family, and the last line. */
import { DEVIATIONS } from './deviations.js';
import type { CaseResult } from './run-case.js';
import type { Variation } from './variations.js';

export interface VariationResult {
  readonly results: readonly CaseResult[];
  readonly seconds: number;
}

export const passed = (result: CaseResult): boolean => result.differences.length === 0;

const DIFFERENCES_SHOWN = 3;

/** The differences of one case; all of them when `verbose`. */
export function differencesText(result: CaseResult, verbose: boolean): string {
  if (result.unsupported !== undefined && !verbose)
    return `FAILED ${result.name}: ${result.unsupported}\n`;
  const shown = verbose ? result.differences : result.differences.slice(0, DIFFERENCES_SHOWN);
  const lines = [`FAILED ${result.name}`];
  for (const difference of shown) {
    lines.push(
      `  ${difference.where}`,
      ...block('expected', difference.expected),
      ...block('actual', difference.actual),
    );
  }
  const hidden = result.differences.length - shown.length;
  if (hidden > 0) lines.push(`  and ${hidden} more (--verbose shows all)`);
  return `${lines.join('\n')}\n`;
}

function block(label: string, content: string): string[] {
  const indent = ' '.repeat(13);
  return content
    .split('\n')
    .map((line, index) => (index === 0 ? `    ${label.padEnd(9)}${line}` : indent + line));
}

/** One row per family: passed, failed, and how many of the failed need an operator that does not exist yet. */
export function familyTable(results: readonly CaseResult[]): string {
  const families = new Map<string, { passed: number; failed: number; unsupported: number }>();
  for (const result of results) {
    let row = families.get(result.family);
    if (row === undefined)
      families.set(result.family, (row = { passed: 0, failed: 0, unsupported: 0 }));
    if (passed(result)) row.passed++;
    else row.failed++;
    if (result.unsupported !== undefined) row.unsupported++;
  }
  const rows = [...families].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const width = Math.max(6, ...rows.map(([family]) => family.length));
  const line = (family: string, ...cells: readonly (string | number)[]): string =>
    family.padEnd(width) + cells.map((cell) => String(cell).padStart(13)).join('');
  return [
    line('family', 'passed', 'failed', 'unsupported'),
    ...rows.map(([family, row]) => line(family, row.passed, row.failed, row.unsupported)),
  ].join('\n');
}

/** Which named deviations occurred, in which cases. */
export function deviationLines(results: readonly CaseResult[]): string {
  const lines: string[] = [];
  for (const { name, reason } of DEVIATIONS) {
    const cases = results.filter((result) => passed(result) && result.deviation === name);
    if (cases.length > 0)
      lines.push(
        `deviation: ${name}`,
        `  ${reason}`,
        `  ${cases.map((each) => each.name).join(', ')}`,
      );
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}

/** `application: 640 passed, 0 failed, 127 not for it, 31.4 s` */
export function variationLine(
  { name }: Variation,
  { results, seconds }: VariationResult,
  cases: number,
): string {
  const refused = results.filter((result) => result.refused).length;
  const outside = `${cases - results.length} not for it`;
  const counts = refused === 0 ? outside : `${outside}, ${refused} of the passed refused in words`;
  return `${name}: ${summary(results)}, ${counts}, ${seconds.toFixed(1)} s`;
}

/** The last line. */
export function summary(results: readonly CaseResult[]): string {
  const count = results.filter(passed).length;
  return `${count} passed, ${results.length - count} failed`;
}
