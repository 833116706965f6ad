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
