/**
 * Compares what a test expects of an output topic with what was written, and shows the difference as a table. It is
 * tied to no test runner: what it throws is an error with `expected` and `actual`, as runners like to have it.
 */
import type { RecordHeader } from '../log/client.js';

/**
 * A record as a test expects it: key and value, with the timestamp if it matters; or an object with the parts that
 * matter. What is left out may be anything.
 */
export type ExpectedRecord<K, V> =
  | readonly [key: K | null, value: V | null]
  | readonly [key: K | null, value: V | null, timestamp: number]
  | {
      readonly key?: K | null;
      readonly value?: V | null;
      readonly timestamp?: number;
      readonly headers?: readonly RecordHeader[];
    };

interface Row {
  readonly [part: string]: unknown;
}

const PARTS = ['key', 'value', 'timestamp', 'headers'] as const;
const ROWS_MAX = 20;
const CELL_MAX = 40;

/** Thrown by `expect`: its message shows both sides. */
class UnexpectedOutput extends Error {
  override readonly name = 'AssertionError';
  readonly expected: readonly unknown[];
  readonly actual: readonly unknown[];

  constructor(message: string, expected: readonly unknown[], actual: readonly unknown[]) {
    super(message);
    this.expected = expected;
    this.actual = actual;
  }
}

/** Throws an `AssertionError` unless every record is as expected, in this order. */
export function requireRecords<K, V>(
  topic: string,
  expected: readonly ExpectedRecord<K, V>[],
  actual: readonly Row[],
): void {
  const wanted = expected.map(rowOf);
  const count = Math.max(wanted.length, actual.length);
  const first = firstDifference(wanted, actual, count);
  if (first === undefined) return;
  const parts = PARTS.filter(
    (part) => part !== 'headers' || wanted.some((row) => row[part] !== undefined),
  );
  const table = tableOf(wanted, actual, parts, first, count);
  const message = `Output topic '${topic}': ${whatDiffers(first, wanted.length, actual.length)}\n\n${table}\n`;
  throw new UnexpectedOutput(message, wanted, actual);
}

function rowOf<K, V>(expected: ExpectedRecord<K, V>): Row {
  if (!isTuple(expected)) return expected as Row;
  const [key, value, timestamp] = expected;
  return timestamp === undefined ? { key, value } : { key, value, timestamp };
}

const isTuple = <K, V>(
  expected: ExpectedRecord<K, V>,
): expected is Extract<ExpectedRecord<K, V>, readonly unknown[]> => Array.isArray(expected);

function firstDifference(
  wanted: readonly Row[],
  actual: readonly Row[],
  count: number,
): number | undefined {
  for (let index = 0; index < count; index++) {
    const [one, other] = [wanted[index], actual[index]];
    if (one === undefined || other === undefined) return index;
    if (PARTS.some((part) => differs(one, other, part))) return index;
  }
  return undefined;
}

/** A part that is left out may be anything. */
const differs = (wanted: Row, actual: Row, part: string): boolean =>
  wanted[part] !== undefined && !isSame(wanted[part], actual[part]);

function whatDiffers(first: number, expected: number, actual: number): string {
  const records = (count: number): string => `${count} record${count === 1 ? '' : 's'}`;
  if (first < Math.min(expected, actual)) return `record ${first + 1} differs.`;
  return `expected ${records(expected)}, got ${records(actual)}.`;
}

function tableOf(
  wanted: readonly Row[],
  actual: readonly Row[],
  parts: readonly string[],
  first: number,
  count: number,
): string {
  const begin = Math.max(0, Math.min(first - ROWS_MAX / 2, count - ROWS_MAX));
  const end = Math.min(count, begin + ROWS_MAX);
  const lines = [
    [
      '',
      '',
      'expected',
      ...parts.slice(1).map(() => ''),
      'actual',
      ...parts.slice(1).map(() => ''),
    ],
    ['', '', ...parts, ...parts],
  ];
  for (let index = begin; index < end; index++) {
    const [one, other] = [wanted[index], actual[index]];
    const same =
      one !== undefined && other !== undefined && firstDifference([one], [other], 1) === undefined;
    const mark = index === first ? '>' : same ? '' : '!';
    lines.push([mark, String(index + 1), ...cells(one, parts), ...cells(other, parts)]);
  }
  const more = [
    begin > 0 ? `(${begin} before)` : '',
    end < count ? `(${count - end} after)` : '',
  ].filter((text) => text !== '');
  return [aligned(lines, 2 + parts.length), ...more].join('\n');
}

function cells(row: Row | undefined, parts: readonly string[]): string[] {
  if (row === undefined) return ['(none)', ...parts.slice(1).map(() => '')];
  return parts.map((part) => (row[part] === undefined ? '*' : cell(row[part])));
}

/** Columns as wide as their widest cell; a bar stands before column `bar`. */
function aligned(lines: readonly (readonly string[])[], bar: number): string {
  const widths = (lines[0] ?? []).map((_cell, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  return lines
    .map((line) =>
      line
        .map((text, column) => (column === bar ? '| ' : '') + text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: unknown): string {
  const text = shown(value);
  return text.length > CELL_MAX ? `${text.slice(0, CELL_MAX - 3)}...` : text;
}

function shown(value: unknown): string {
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString('hex')}>`;
  if (typeof value === 'bigint') return `${value}n`;
  if (value instanceof Map) return `Map ${shown([...(value as Map<unknown, unknown>)])}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? String(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (isTime(value)) return value.toISOString();
  const entries = Object.entries(value).map(([name, part]) => `${name}: ${shown(part)}`);
  return `{ ${entries.join(', ')} }`;
}

const isTime = (value: object): value is { toISOString(): string } => 'toISOString' in value;

/** Equal by content: numbers, texts, bytes, dates, lists, maps, plain objects. */
function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null)
    return false;
  if (isTime(one) && isTime(other)) return one.toISOString() === other.toISOString();
  if (one instanceof Map && other instanceof Map) return isSame([...one], [...other]);
  if (one instanceof Uint8Array && other instanceof Uint8Array)
    return Buffer.compare(one, other) === 0;
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length || Array.isArray(one) !== Array.isArray(other))
    return false;
  return names.every(
    (name) => Object.hasOwn(other, name) && isSame((one as Row)[name], (other as Row)[name]),
  );
}
