/**
 * How one operator looks up the current value of a table: in its store, or through the operators between it and the
 * nearest store. Look-ups happen in the middle of another record, so nothing here can wait for a promise.
 */
import { StreamsError } from '../../errors.js';
import { isPromiseLike } from '../../processor/operator-context.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';

export interface ValueGetter<K = unknown, V = unknown> {
  /** `asOf`: the value that was valid then, of a versioned table; others have only the one there is. */
  get(key: K, asOf?: number): ValueAndTimestamp<V> | undefined;
  /** The table remembers its past. */
  readonly isVersioned?: boolean;
}

/** Passes a value that is there already; a promise cannot be waited for here. */
export function requireSync<T>(result: T | PromiseLike<T>, operator: string): T {
  if (!isPromiseLike(result)) return result as T;
  throw new StreamsError(
    'ASYNC_NOT_SUPPORTED',
    `The function of ${operator} returned a promise, but the table is looked up through it, which cannot wait. ` +
      "Give the table a store of its own with the option `as` (for example { as: 'my-store' }): then the function runs once per update and may be async.",
    { node: operator },
  );
}
