/** What stands where a supplier belongs: a function that makes something for each task, or a class of it. */
import { StreamsError } from '../errors.js';

/** Refuses a processor object where a supplier belongs. */
export function requireSupplier(name: string, supplier: unknown): void {
  if (typeof supplier === 'function') return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `Processor ${name}: expected a supplier, a function that makes a new processor for each task ` +
      `(such as (context) => new Tally(context)), but got ${supplier === null ? 'null' : typeof supplier}. ` +
      'One processor object cannot be shared by several tasks.',
    { node: name },
  );
}

/**
 * Makes one for this context, and what else the supplier takes; `method` is what tells a class of old syntax from a
 * function.
 */
export function suppliedBy<C, T, More extends readonly unknown[]>(
  supplier: ((context: C, ...more: More) => T) | (new (context: C, ...more: More) => T),
  context: C,
  method: string,
  ...more: More
): T {
  return isClass(supplier, method) ? new supplier(context, ...more) : supplier(context, ...more);
}

function isClass<T, Given extends readonly unknown[]>(
  supplier: ((...given: Given) => T) | (new (...given: Given) => T),
  method: string,
): supplier is new (...given: Given) => T {
  const prototype: unknown = supplier.prototype;
  return (
    /^class\b/.test(Function.prototype.toString.call(supplier)) ||
    (typeof prototype === 'object' && prototype !== null && method in prototype)
  );
}
