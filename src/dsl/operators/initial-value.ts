/**
 * What an initializer gave, twice: the aggregator may change its own in place, while downstream is told what the row
 * was before. One copy is made by the serde of the store, where values can be changed and somebody asks for old ones.
 */
import type { Serde } from '../../serde/serde.js';
import type { Decision } from '../plan.js';

export class InitialValue {
  readonly #serde: Serde<unknown> | undefined;

  constructor({ sendOldValues, immutableValues, storedValue }: Decision) {
    if (sendOldValues && !immutableValues) this.#serde = storedValue;
  }

  /** For downstream, to be taken before the aggregator gets the value. */
  before<A>(value: A): A {
    const serde = this.#serde;
    if (serde === undefined || value === null) return value;
    // The bytes are the serde's own: it may use them again.
    return serde.deserialize(Buffer.from(serde.serialize(value, '')), '') as A; // as it wrote it
  }
}
