/**
 * Runs one conformance case and says in what it differs from Kafka Streams. A case that differs as a named deviation
 * says has passed, and says which. Nothing a case does makes the runner throw.
 */
import { StreamsError } from '../../src/errors.js';
import type { ConformanceCase } from './case.js';
import { differences, errorText, unsupported, type Difference } from './compare.js';
import { DEVIATIONS } from './deviations.js';
import { observe, type RunOptions } from './observe.js';

export interface CaseResult {
  readonly name: string;
  readonly family: string;
  readonly differences: readonly Difference[];
  /** Name of the deviation that the case is an instance of; what it does instead was checked. */
  readonly deviation: string | undefined;
  /** The library says that it cannot wait for a promise there. */
  readonly refused: boolean;
  /** Set when the case needs an operator that does not exist. */
  readonly unsupported: string | undefined;
}

export async function runCase(
  testCase: ConformanceCase,
  options: RunOptions = {},
): Promise<CaseResult> {
  const { name, family } = testCase;
  try {
    const seen = await observe(testCase, options);
    let found: readonly Difference[] = differences(testCase, seen, options);
    const deviation =
      found.length === 0 ? undefined : DEVIATIONS.find((each) => each.covers(testCase));
    if (deviation !== undefined) found = await deviation.check(testCase, seen, options);
    const refused = options.asynchronous === true && cannotWait(seen.failure?.error);
    return {
      name,
      family,
      differences: refused ? [] : found,
      refused,
      deviation: deviation?.name,
      unsupported: unsupported(seen),
    };
  } catch (error) {
    const broken = { where: 'runner', expected: 'no error', actual: errorText(error) };
    const none = { deviation: undefined, refused: false, unsupported: undefined };
    return { name, family, differences: [broken], ...none };
  }
}

/** Global stores and values that are looked up through a table without store: an error says so. */
function cannotWait(error: unknown): boolean {
  for (let each = error; each instanceof Error; each = each.cause)
    if (each instanceof StreamsError && each.code === 'ASYNC_NOT_SUPPORTED') return true;
  return false;
}
