/**
 * What an operator of the DSL is: a processor on the Processor API with the context of an operator. It has no other
 * powers than those of `OperatorContext`: parking for async user functions, and counting dropped records.
 */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';

export type OperatorSupplier = (context: OperatorContext) => Processor;

/** JavaScript functions that return nothing mean "no value": null, as Kafka has it. */
export function orNull<T>(value: T): T | null {
  return value === undefined ? null : value;
}
