/**
 * The cases of skeleton.txt: what the library can do today must go on matching Kafka Streams 4.3.1. Once with plain
 * functions, each case a test; once with functions that return promises, where nothing may come out differently.
 */
import { describe, expect, test } from 'vitest';
import { type ConformanceCase, readCases, readNames } from './case.js';
import { differencesText, familyTable, passed, summary } from './report.js';
import { runCase } from './run-case.js';

const names = readNames(new URL('skeleton.txt', import.meta.url));
const cases = readCases(new URL('cases.ndjson.gz', import.meta.url)).filter((testCase) =>
  names.has(testCase.name),
);

/** These look values up through a table without a store, which cannot wait for a promise: an error that says so. */
const CANNOT_WAIT = 'ASYNC_NOT_SUPPORTED';

describe('conformance with Kafka Streams 4.3.1', () => {
  test('every listed case is in the case file', () => {
    expect(cases.length).toBe(names.size);
  });

  for (const testCase of cases) {
    test(testCase.name, async () => {
      const result = await runCase(testCase);
      expect(result.differences).toEqual([]);
    });
  }
});

test('asynchronous user functions change nothing, or are refused where the library cannot wait', async () => {
  const results = [];
  for (const testCase of cases) results.push(await runCase(testCase, { asynchronous: true }));
  const failed = results.filter(
    (result) => !passed(result) && !result.differences[0]?.actual.includes(CANNOT_WAIT),
  );
  expect(failed).toEqual([]);
});

/** What one task over everything does and an application of several tasks does not. */
const ONE_TASK_ONLY = new Map([
  ['stateless-101-1', 'two sub-topologies write one topic: no order between them'],
  ['papi-topology-101-13', 'stream time is that of a task, not of all of them'],
]);

describe('the whole application on a log, one partition per topic', () => {
  /** Its virtual time passes while it works, so cases that look at the wall clock are left out. */
  const uses = (testCase: ConformanceCase, ...words: readonly string[]): boolean => {
    const text = JSON.stringify([testCase.inputs, testCase.graph]);
    return words.some((word) => text.includes(`"${word}`));
  };
  const comparable = cases.filter(
    (testCase) => !ONE_TASK_ONLY.has(testCase.name) && !uses(testCase, 'wall'),
  );

  test('does what one task over everything does', async () => {
    const failed = [];
    for (const testCase of comparable) {
      const result = await runCase(testCase, { application: true });
      if (!passed(result)) failed.push(result);
    }
    expect(failed).toEqual([]);
  }, 60_000);

  test('does the same when it is restarted after every third record', async () => {
    const failed = [];
    for (const testCase of comparable) {
      // Stream-time punctuators are due at once after a start, as in Kafka.
      if (uses(testCase, 'streamTick', 'streamFlush')) continue;
      const result = await runCase(testCase, { application: true, restartEvery: 3 });
      if (!passed(result)) failed.push(result);
    }
    expect(failed).toEqual([]);
  }, 60_000);
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
