/**
 * What the calls of the DSL check at once: their functions and their options. Plain JavaScript reaches these calls
 * too, and what is wrong with them would come out at the first record, or never.
 */
import { requireFunction } from '../arguments.js';
import { checkOptions, type SerdeUse } from '../state/checked-options.js';

export const NAMED: readonly string[] = ['name'];
export const SERDES: readonly string[] = ['key', 'value'];
export const GROUPED: readonly string[] = ['key', 'value', 'name'];
export const JOINED: readonly string[] = [...GROUPED, 'grace'];
export const GLOBAL_JOINED: readonly string[] = ['keySelector', 'name'];
export const STREAM_JOINED: readonly string[] = [
  ...GROUPED,
  'windows',
  'otherValue',
  'as',
  'store',
  'logging',
];
export const CONSUMED: readonly string[] = ['key', 'value', 'timestamps', 'offsetReset', 'name'];
export const PRODUCED: readonly string[] = ['key', 'value', 'partitioner', 'name'];
export const REPARTITIONED: readonly string[] = [
  'key',
  'value',
  'partitions',
  'partitioner',
  'name',
];
export const PROCESSING: readonly string[] = ['stores', 'name'];
export const MATERIALIZED: readonly string[] = [
  'as',
  'key',
  'value',
  'store',
  'caching',
  'logging',
  'versioned',
  'name',
];
export const WINDOWED: readonly string[] = [...MATERIALIZED, 'retention'];
export const TABLE_JOINED: readonly string[] = [
  ...MATERIALIZED,
  'foreignKey',
  'partitioner',
  'otherPartitioner',
];
export const TRANSFORMED: readonly string[] = [...MATERIALIZED, 'stores'];
export const TABLE: readonly string[] = [...new Set([...CONSUMED, ...MATERIALIZED])];

/** Throws `INVALID_ARGUMENT` naming the call: `functions` by what they are for, `options` with the names `known`. */
export function checkCall(
  call: string,
  functions: Readonly<{ [what: string]: unknown }>,
  options: unknown,
  known: readonly string[],
  serdes?: SerdeUse,
): void {
  for (const [what, given] of Object.entries(functions)) requireFunction(given, what, call);
  checkOptions(options, known, call, serdes);
}
