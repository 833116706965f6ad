/**
 * What Kafka Streams 4.3.1 does, case by case: every case passes as it is or as a named deviation. A sample of them
 * runs in every variation too; all of them do with `npm run conformance -- --variations`.
 */
import { describe, expect, test } from 'vitest';
import { readCases } from './case.js';
import { DEVIATIONS } from './deviations.js';
import { differencesText, familyTable, passed, summary } from './report.js';
import { runCase } from './run-case.js';
import { applies, VARIATIONS } from './variations.js';

const cases = readCases(new URL('cases.ndjson.gz', import.meta.url));

/** Of so many cases one takes part in each variation here. */
const SAMPLE = 25;

describe('conformance with Kafka Streams 4.3.1', () => {
  test('no case is missing', () => {
    expect(cases.length).toBe(767);
  });

  for (const testCase of cases) {
    test(testCase.name, async () => {
      const result = await runCase(testCase);
      expect(result.differences).toEqual([]);
    });
  }

  test('every named deviation occurs, and only where it can', async () => {
    const seen = new Set<string | undefined>();
    for (const testCase of cases.filter((each) => DEVIATIONS.some(({ covers }) => covers(each))))
      seen.add((await runCase(testCase)).deviation);
    seen.delete(undefined);
    expect([...seen].sort()).toEqual(DEVIATIONS.map(({ name }) => name).sort());
  });

  test('a deviation does not excuse a record that Kafka emits and we do not', async () => {
    const jump = cases.find(({ name }) => name === 'trap020b-emit-close-jump-loses')!;
    const steps = [...jump.expect.steps!];
    steps[2] = [['out', '[other@0/10]', '1', 3]];
    const result = await runCase({ ...jump, expect: { ...jump.expect, steps } });
    expect(result.differences[0]?.where).toContain('all that Kafka emits, in order');
  });
});

describe.each(VARIATIONS)('$name', (variation) => {
  const comparable = cases.filter((testCase) => applies(variation, testCase));
  // All of them run with `npm run conformance -- --variations`.
  const sample = comparable.filter((_testCase, index) => index % SAMPLE === 0);

  test(`comes to the same, in one of ${SAMPLE} cases`, async () => {
    expect(sample.length).toBeGreaterThan(0);
    const failed = [];
    for (const testCase of sample) {
      const result = await runCase(testCase, variation.options);
      if (!passed(result)) failed.push(result);
    }
    expect(failed).toEqual([]);
  }, 60_000);

  test('its exceptions are cases, and each does differ', async () => {
    const differing = [];
    for (const testCase of cases.filter(({ name }) => variation.exceptions.has(name)))
      if (!passed(await runCase(testCase, variation.options))) differing.push(testCase.name);
    expect(differing.sort()).toEqual([...variation.exceptions.keys()].sort());
  });
});

describe('the runner', () => {
  const working = cases.find(({ name }) => name === 'trap002-count-null-value-dropped');

  test('a case that expects something else fails and shows both sides', async () => {
    const wrong = {
      ...working!,
      expect: {
        ...working!.expect,
        droppedRecords: 7,
        steps: [[['out', 'k', '9', 5] as const], [], [], []],
      },
    };
    const result = await runCase(wrong);
    expect(result.differences.map(({ where }) => where.split(' ')[0])).toEqual([
      'step',
      'step',
      'dropped',
    ]);
    const text = differencesText(result, false);
    expect(text).toContain('FAILED trap002-count-null-value-dropped');
    expect(text).toContain('expected ["out","k","9",5]');
    expect(text).toContain('actual   ["out","k","1",5]');
  });

  test('an expected error that does not come, and one of another phase, are differences', async () => {
    const error = { phase: 'run', class: 'StreamsException', message: null, step: 2 } as const;
    const silent = await runCase({ ...working!, expect: { ...working!.expect, error } });
    expect(silent.differences.at(-1)?.actual).toBe('no error');
    const broken = cases.find(({ name }) => name === 'trap091-papi-unknown-parent');
    const moved = await runCase({ ...broken!, expect: { error } });
    expect(moved.differences.at(-1)?.where).toBe('error');
  });

  test('an operator that does not exist fails as unsupported', async () => {
    const graph = [...working!.graph, { op: 'teleport', id: 'x', in: 's1' }];
    const result = await runCase({ ...working!, graph });
    expect(result.unsupported).toBe('unsupported operator: teleport');
    expect(summary([result])).toBe('0 passed, 1 failed');
    expect(familyTable([result])).toMatch(/^traps +0 +1 +1$/m);
  });
});
