/**
 * Where Kafka loses data or fails late, and millrace does not do the same. Each deviation says which cases it can
 * concern, why, and checks what happens instead: a case that differs in any other way fails as ever.
 */
import { StreamsError } from '../../src/errors.js';
import type { ConformanceCase, Operation, OutputRow } from './case.js';
import {
  arrangement,
  errorText,
  rowsText,
  stepName,
  storeDifferences,
  type Difference,
} from './compare.js';
import { observe, type Observation, type RunOptions } from './observe.js';

export interface Deviation {
  readonly name: string;
  /** One sentence for people. */
  readonly reason: string;
  covers(testCase: ConformanceCase): boolean;
  /** What is wrong about what happened instead: nothing, if it is as it should be. */
  check(
    testCase: ConformanceCase,
    seen: Observation,
    options: RunOptions,
  ): Promise<readonly Difference[]>;
}

const HOUR_MS = 3_600_000;
/** Stores of aggregations: a longer retention shows more of them. */
const WINDOWED: ReadonlySet<string> = new Set(['window', 'timestampedWindow', 'session']);

const noResultIsLost: Deviation = {
  name: 'emit on close loses no result',
  reason:
    "Kafka's store drops a window by its retention before a jump in time lets it close, and its result never comes; here a window is kept until it has been emitted.",
  covers: ({ tags }) => tags?.includes('emit-final-default-retention') === true,
  async check(testCase, seen, options) {
    if (seen.failure !== undefined) return [{ ...NO_ERROR, actual: errorText(seen.failure.error) }];
    const kept = await observe(withLongRetention(testCase), options);
    const arrange = arrangement(testCase, options);
    const found: Difference[] = [];
    seen.steps.forEach((rows, step) => {
      const where = stepName(testCase, step);
      const [expected, actual] = [arrange(testCase.expect.steps?.[step] ?? []), arrange(rows)];
      if (!isSubsequence(expected, actual))
        found.push({
          where: `${where}: all that Kafka emits, in order`,
          expected: rowsText(expected),
          actual: rowsText(actual),
        });
      const complete = rowsText(arrange(kept.steps[step] ?? []));
      if (complete !== rowsText(actual))
        found.push({
          where: `${where}: as with a retention of an hour`,
          expected: complete,
          actual: rowsText(actual),
        });
    });
    const windowed = (store: string): boolean =>
      WINDOWED.has(testCase.expect.stores?.[store]?.type ?? '');
    return [
      ...found,
      ...storeDifferences(testCase.expect, seen, options, windowed),
      ...changedStores(testCase, seen, kept, windowed),
      ...droppedDifference(testCase, seen, options),
    ];
  },
};

const emptySlidingWindows: Deviation = {
  name: 'sliding windows of difference 0 are refused',
  reason:
    'Kafka builds the topology and fails at the first record, because a window would begin after it ends; here SlidingWindows.of() refuses it.',
  covers: ({ graph }) =>
    graph.some(({ op, window }) => {
      const { kind, diff } = (window ?? {}) as { kind?: string; diff?: number };
      return op === 'windowedBy' && kind === 'sliding' && diff === 0;
    }),
  async check(_testCase, { failure }) {
    const error = failure?.error;
    const right =
      failure?.phase === 'dsl' &&
      error instanceof StreamsError &&
      error.code === 'INVALID_ARGUMENT' &&
      error.message.includes('difference must be larger than 0');
    if (right) return [];
    const expected = 'dsl INVALID_ARGUMENT: ... difference must be larger than 0 ...';
    return [{ where: 'error', expected, actual: error === undefined ? 'none' : errorText(error) }];
  },
};

export const DEVIATIONS: readonly Deviation[] = [noResultIsLost, emptySlidingWindows];

const NO_ERROR = { where: 'error', expected: 'no error' } as const;

/** Aggregations with emit on close. */
function finalAggregations({ graph }: ConformanceCase): ReadonlySet<Operation> {
  const windowed = graph.filter(({ op, emit }) => op === 'windowedBy' && emit === 'onWindowClose');
  const ids = new Set<unknown>(windowed.map(({ id }) => id));
  return new Set(graph.filter((operation) => ids.has(operation['in'])));
}

/** The same case, whose stores keep windows until they are long closed. */
function withLongRetention(testCase: ConformanceCase): ConformanceCase {
  const final = finalAggregations(testCase);
  const graph = testCase.graph.map((operation): Operation => {
    if (!final.has(operation)) return operation;
    return { ...operation, matOpts: { ...(operation['matOpts'] as object), retention: HOUR_MS } };
  });
  return { ...testCase, graph };
}

/** Other stores than windowed ones hold what came of the results: as with the long retention. */
function changedStores(
  { expect }: ConformanceCase,
  seen: Observation,
  kept: Observation,
  windowed: (store: string) => boolean,
): Difference[] {
  const found: Difference[] = [];
  for (const store of Object.keys(expect.stores ?? {})) {
    if (windowed(store)) continue;
    const [expected, actual] = [kept, seen].map(({ stores }) => {
      const rows = stores.get(store);
      return rows instanceof Error ? errorText(rows) : rowsText(rows ?? []);
    }) as [string, string];
    if (expected !== actual)
      found.push({
        where: `store ${store}: as with a retention of an hour`,
        expected,
        actual,
      });
  }
  return found;
}

function droppedDifference(
  { expect }: ConformanceCase,
  seen: Observation,
  { interruption }: RunOptions,
): Difference[] {
  const [expected, actual] = [String(expect.droppedRecords), String(seen.droppedRecords)];
  if (interruption !== undefined || expected === actual) return [];
  return [{ where: 'dropped records', expected, actual }];
}

function isSubsequence(part: readonly OutputRow[], whole: readonly OutputRow[]): boolean {
  let found = 0;
  for (const row of whole) {
    if (found < part.length && JSON.stringify(row) === JSON.stringify(part[found])) found++;
  }
  return found === part.length;
}
