/**
 * What a case expects, held against what was observed: every difference, not only the first. How a step's records
 * are compared (all in order, per topic, per key) depends on what the way of running can promise.
 */
import { StreamsError } from '../../src/errors.js';
import type { ConformanceCase, OutputRow } from './case.js';
import type { Failure, Observation, RunOptions, StoreRows } from './observe.js';
import { UnsupportedOperation } from './unsupported.js';

export interface Difference {
  /** `describe`, `step 3`, `store counts`, `error`, ... */
  readonly where: string;
  readonly expected: string;
  readonly actual: string;
}

type Expectation = ConformanceCase['expect'];

const KAFKA_CLASSES: ReadonlyMap<string, (error: StreamsError) => boolean> = new Map([
  ['TopologyException', (error: StreamsError) => error.name === 'TopologyException'],
  [
    'SerializationException',
    (error: StreamsError) =>
      error.code === 'SERIALIZE_FAILED' || error.code === 'DESERIALIZE_FAILED',
  ],
]);

export function differences(
  testCase: ConformanceCase,
  seen: Observation,
  options: RunOptions = {},
): Difference[] {
  const { expect } = testCase;
  const found: Difference[] = [];
  const compare = (where: string, expected: string, actual: string): void => {
    if (expected !== actual) found.push({ where, expected, actual });
  };
  if (seen.describe !== undefined && expect.describe !== undefined)
    compare('describe', expect.describe, seen.describe);
  if (seen.branchKeys !== undefined && expect.branchKeys !== undefined)
    compare('branch keys', canonical(expect.branchKeys), canonical(seen.branchKeys));
  const arrange = arrangement(testCase, options);
  seen.steps.forEach((rows, step) =>
    compare(
      stepName(testCase, step),
      rowsText(arrange(expect.steps?.[step] ?? [])),
      rowsText(arrange(rows)),
    ),
  );
  found.push(...failureDifferences(expect, seen.failure, options));
  if (seen.failure === undefined && expect.error === undefined)
    found.push(...storeDifferences(expect, seen, options));
  // A restart or another instance reads global tables again, and counts again.
  if (seen.droppedRecords !== undefined && expect.droppedRecords !== undefined)
    if (options.interruption === undefined)
      compare('dropped records', String(expect.droppedRecords), String(seen.droppedRecords));
  return found;
}

export const stepName = (testCase: ConformanceCase, step: number): string =>
  `step ${step} ${JSON.stringify(testCase.inputs[step])}`;

/** Stores by name; `only` leaves others out. */
export function storeDifferences(
  expect: Expectation,
  seen: Observation,
  options: RunOptions = {},
  only?: (store: string) => boolean,
): Difference[] {
  const found: Difference[] = [];
  for (const [name, { type, rows }] of Object.entries(expect.stores ?? {})) {
    if (only?.(name) === false) continue;
    // An application is queried without timestamps.
    const shown = options.partitions === undefined ? rows : withoutTimestamps(type, rows);
    const actual = seen.stores.get(name);
    const text = actual instanceof Error ? errorText(actual) : rowsText(actual ?? []);
    if (rowsText(shown) !== text)
      found.push({ where: `store ${name}`, expected: rowsText(shown), actual: text });
  }
  return found;
}

function withoutTimestamps(type: string, rows: StoreRows): StoreRows {
  if (type !== 'timestampedKv' && type !== 'timestampedWindow') return rows;
  return rows.map((row) => row.slice(0, -1));
}

/** The failure that happened (or that none did) against the one that was expected. */
function failureDifferences(
  { error: expected }: Expectation,
  failure: Failure | undefined,
  { partitions }: RunOptions,
): Difference[] {
  if (expected === undefined && failure === undefined) return [];
  const difference: Difference = {
    where: 'error',
    expected:
      expected === undefined
        ? 'no error'
        : `${expected.phase} ${expected.step ?? ''} ${expected.class}: ${expected.message}`,
    actual:
      failure === undefined
        ? 'no error'
        : `${failure.phase} ${failure.step ?? ''} ${errorText(failure.error)}`,
  };
  if (expected === undefined || failure === undefined) return [difference];
  const phase = failure.phase === 'run' ? expected.phase === 'run' : expected.phase !== 'run';
  // An application makes its processors with the first input.
  const step =
    failure.step === expected.step ||
    (partitions !== undefined && failure.step === 0 && expected.step === -1);
  const kind =
    failure.error instanceof StreamsError &&
    (KAFKA_CLASSES.get(expected.class)?.(failure.error) ?? true);
  return phase && step && kind ? [] : [difference];
}

/** Set when the case needs an operator that does not exist. */
export const unsupported = (seen: Observation): string | undefined =>
  seen.failure?.error instanceof UnsupportedOperation ? seen.failure.error.message : undefined;

type Arrange = (rows: readonly OutputRow[]) => readonly OutputRow[];

/** Sorting is stable: what must keep its order keeps it. */
export function arrangement({ order }: ConformanceCase, { partitions }: RunOptions): Arrange {
  if (partitions !== undefined && partitions > 1)
    return sortedBy((row) => JSON.stringify(row.slice(0, 2)));
  return order === 'perTopic' || partitions !== undefined ? sortedBy(([topic]) => topic) : asIs;
}

const asIs: Arrange = (rows) => rows;
const sortedBy =
  (group: (row: OutputRow) => string): Arrange =>
  (rows) =>
    rows.toSorted((left, right) => {
      const [one, other] = [group(left), group(right)];
      return one < other ? -1 : Number(one > other);
    });

export const rowsText = (rows: readonly unknown[]): string =>
  rows.length === 0 ? '(none)' : rows.map((row) => JSON.stringify(row)).join('\n');

function canonical(branchKeys: Readonly<Record<string, readonly string[]>>): string {
  return JSON.stringify(
    Object.entries(branchKeys).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
}

export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = error instanceof StreamsError ? ` ${error.code}` : '';
  const cause = error.cause === undefined ? '' : ` <- ${errorText(error.cause)}`;
  const place =
    error instanceof StreamsError
      ? ''
      : `\n${(error.stack ?? '').split('\n').slice(1, 4).join('\n')}`;
  return `${error.name}${code}: ${error.message}${place}${cause}`;
}
