/** `GlobalKTable`: a table that every instance holds in full. It can be joined with streams and queried. */
import type { Plan } from './plan.js';

/** Made by `StreamsBuilder.globalTable`. Also a handle: `app.store(table)` reads it. */
export class GlobalKTable<K, V> {
  /** Tells the joins what the other side is. */
  readonly kind = 'GlobalKTable';
  /** Undefined when it was not named with `as`. */
  readonly queryableStoreName: string | undefined;
  /** Only for the compiler. */
  declare readonly storeEntry?: readonly [key: K, value: V] | undefined;
  /** Only for the compiler. */
  declare readonly storeKind?: 'keyValue' | undefined;
  /** @internal The store, named or not. */
  readonly storeName: string;

  /** @internal */
  readonly plan: Plan;

  /** @internal */
  constructor(plan: Plan, storeName: string, queryable: boolean) {
    this.plan = plan;
    this.storeName = storeName;
    this.queryableStoreName = queryable ? storeName : undefined;
  }
}
