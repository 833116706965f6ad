/**
 * What an operator of the DSL is: a processor on the Processor API with the context of an operator. It has no other
 * powers than those of `OperatorContext`: parking for async user functions, and counting dropped records.
 */
import { StreamsError } from '../../errors.js';
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';

export type OperatorSupplier = (context: OperatorContext) => Processor;

/**
 * What a user's function returned where it becomes a key or a row of a store. A function that forgot to return must
 * not delete rows or take keys away: null does that.
 */
export function given<T>(result: T, what: string): T {
  if (result === undefined) throw undefinedResult(what);
  return result;
}

function undefinedResult(what: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `The ${what} is undefined. Did a function forget to return? Return null where there is none.`,
  );
}
