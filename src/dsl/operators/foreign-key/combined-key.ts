/**
 * Keys of the subscription store, in Java's bytes: all subscriptions to one foreign key stand side by side.
 *
 *     int32 length of the foreign key | foreign key | primary key
 */
import type { Serde } from '../../../serde/serde.js';

const LENGTH_BYTES = 4;

export class CombinedKeys<KO, K> {
  readonly #foreign: Serde<KO>;
  readonly #primary: Serde<K>;

  constructor(foreign: Serde<KO>, primary: Serde<K>) {
    this.#foreign = foreign;
    this.#primary = primary;
  }

  key(foreignKey: KO, primaryKey: K): Buffer {
    return Buffer.concat([this.prefix(foreignKey), this.#primary.serialize(primaryKey, '')]);
  }

  /** What the keys of all subscriptions to a foreign key begin with. */
  prefix(foreignKey: KO): Buffer {
    const bytes = this.#foreign.serialize(foreignKey, '');
    const prefix = Buffer.alloc(LENGTH_BYTES + bytes.length);
    prefix.writeInt32BE(bytes.length, 0);
    prefix.set(bytes, LENGTH_BYTES);
    return prefix;
  }
}
