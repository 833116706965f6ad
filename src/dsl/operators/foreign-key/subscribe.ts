/**
 * The left side of a foreign-key join: each update of a row becomes instructions to the side of its foreign key.
 *
 * | update                      | inner                                | left                                  |
 * |-----------------------------|--------------------------------------|---------------------------------------|
 * | insert, or key was null     | new: answer if there is a value      | new: answer always                    |
 * | same foreign key            | new: answer if there is a value      | new: answer always                    |
 * | another foreign key         | old: forget; new: answer always      | old: forget; new: answer always       |
 * | foreign key null or deleted | old: forget and answer               | old: forget; null: answer always      |
 *
 * What the right side cannot know is whether the row was joined before; so some answers delete what was not there.
 */
import { isPromiseLike, type OperatorContext } from '../../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../../processor/processor.js';
import type { Record } from '../../../processor/record.js';
import type { Serde } from '../../../serde/serde.js';
import type { Change } from '../../change.js';
import { given } from '../operator.js';
import { murmur3 } from './murmur3.js';
import {
  DELETE_KEY_AND_PROPAGATE,
  DELETE_KEY_NO_PROPAGATE,
  PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE,
  PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE,
  type SubscriptionWrapper,
} from './subscription.js';

/** The key of the row to join with in the other table; null: none. */
export type ForeignKeyExtractor<K, V, KO> = (value: V, key: K) => Awaitable<KO | null>;

export interface SubscribeOptions<K, V, KO> {
  readonly extractor: ForeignKeyExtractor<K, V, KO>;
  readonly foreignKey: Serde<KO>;
  readonly value: Serde<V>;
  readonly left: boolean;
  /** Updates out of order of a versioned table are left out. */
  readonly versioned: boolean;
}

const EXTRACTED = 'foreign key';

export class SubscribeProcessor<K, V, KO> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #options: SubscribeOptions<K, V, KO>;
  /** Where the left rows live. Not that of the record in flight: a punctuator has none. */
  readonly #partition: number;

  constructor(context: OperatorContext, options: SubscribeOptions<K, V, KO>) {
    this.#context = context;
    this.#options = options;
    const { taskId } = context;
    this.#partition = Number(taskId.slice(taskId.lastIndexOf('_') + 1));
  }

  process(record: Record<K, Change<V>>): void {
    const { oldValue, isLatest } = record.value;
    if (this.#options.versioned && !isLatest) {
      this.#context.recordDropped('outOfOrder');
      return;
    }
    const old = oldValue === null ? null : this.#options.extractor(oldValue, record.key);
    if (isPromiseLike(old)) {
      this.#context.park(old, (later) => this.#extractNew(record, given(later, EXTRACTED)));
      return;
    }
    this.#extractNew(record, given(old, EXTRACTED));
  }

  #extractNew(record: Record<K, Change<V>>, oldKey: KO | null): void {
    const { newValue } = record.value;
    const extracted = newValue === null ? null : this.#options.extractor(newValue, record.key);
    if (isPromiseLike(extracted)) {
      this.#context.park(extracted, (later) =>
        this.#instruct(record, oldKey, given(later, EXTRACTED)),
      );
      return;
    }
    this.#instruct(record, oldKey, given(extracted, EXTRACTED));
  }

  #instruct(record: Record<K, Change<V>>, oldKey: KO | null, newKey: KO | null): void {
    const hash = this.#hash(record.value.newValue);
    if (this.#options.left) this.#instructLeft(record, oldKey, newKey, hash);
    else this.#instructInner(record, oldKey, newKey, hash);
  }

  #instructLeft(
    record: Record<K, Change<V>>,
    oldKey: KO | null,
    newKey: KO | null,
    hash: Buffer | null,
  ): void {
    const { newValue, oldValue } = record.value;
    if (newValue === null && oldValue === null) return;
    if (oldKey !== null && this.#differs(oldKey, newKey))
      this.#send(record, oldKey, DELETE_KEY_NO_PROPAGATE, hash);
    this.#send(record, newKey, PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE, hash);
  }

  #instructInner(
    record: Record<K, Change<V>>,
    oldKey: KO | null,
    newKey: KO | null,
    hash: Buffer | null,
  ): void {
    if (newKey === null && record.value.newValue !== null)
      this.#context.recordDropped('nullKeyOrValue');
    if (oldKey === null) {
      if (newKey !== null) this.#send(record, newKey, PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE, hash);
      return;
    }
    if (newKey === null) {
      this.#send(record, oldKey, DELETE_KEY_AND_PROPAGATE, hash);
      return;
    }
    if (!this.#differs(oldKey, newKey)) {
      this.#send(record, newKey, PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE, hash);
      return;
    }
    this.#send(record, oldKey, DELETE_KEY_NO_PROPAGATE, hash);
    this.#send(record, newKey, PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE, hash);
  }

  #send(
    record: Record<K, Change<V>>,
    foreignKey: KO | null,
    instruction: number,
    hash: Buffer | null,
  ): void {
    const subscription: SubscriptionWrapper<K> = {
      hash,
      instruction,
      primaryKey: record.key,
      primaryPartition: this.#partition,
    };
    this.#context.forward(record.withKeyValue(foreignKey, subscription));
  }

  #differs(oldKey: KO, newKey: KO | null): boolean {
    if (newKey === null) return true;
    if (oldKey === newKey) return false;
    const { foreignKey } = this.#options;
    return Buffer.compare(foreignKey.serialize(oldKey, ''), foreignKey.serialize(newKey, '')) !== 0;
  }

  #hash(value: V | null): Buffer | null {
    return value === null ? null : murmur3(this.#options.value.serialize(value, ''));
  }
}
