/** A case needs something the library does not have yet. The runner counts it as failed and says so. */
export class UnsupportedOperation extends Error {
  override readonly name = 'UnsupportedOperation';

  constructor(what: string) {
    super(`unsupported operator: ${what}`);
  }
}

/** Calls a method by name: the cases name operators that may not exist yet. */
export function call(target: unknown, method: string, ...args: readonly unknown[]): unknown {
  const found = (target as { readonly [name: string]: unknown } | undefined)?.[method];
  if (typeof found !== 'function') throw new UnsupportedOperation(method);
  return Reflect.apply(found, target, args);
}

/** Operators whose functions must be synchronous: topic extractors, suppliers (their processors may wait). */
const SYNCHRONOUS = new Set(['to', 'process', 'processValues', 'addGlobalStore']);

/** Like `call`, but every user function takes a few turns of the microtask queue. */
export function callAsynchronously(
  target: unknown,
  method: string,
  ...args: readonly unknown[]
): unknown {
  if (SYNCHRONOUS.has(method)) return call(target, method, ...args);
  return call(
    target,
    method,
    ...args.map((argument) =>
      typeof argument === 'function' ? delayed(argument as Callable) : argument,
    ),
  );
}

type Callable = (...args: unknown[]) => unknown;

function delayed(decide: Callable): (...args: unknown[]) => Promise<unknown> {
  return async (...args) => {
    for (let turn = 0; turn < args.length + String(args[0]).length; turn++) await Promise.resolve();
    return Reflect.apply(decide, undefined, args);
  };
}
