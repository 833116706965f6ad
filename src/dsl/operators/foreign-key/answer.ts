/**
 * The right side of a foreign-key join. Subscriptions are kept, and answered with the value of the row they ask for;
 * when a row changes, everybody who subscribed to it is answered again.
 *
 *     subscriptions --> keep --> answer ---\
 *                        |                  >---> responses
 *     right rows ------> look subscribers up
 */
import type { OperatorContext } from '../../../processor/operator-context.js';
import type { Processor } from '../../../processor/processor.js';
import type { Record } from '../../../processor/record.js';
import type { SyncIteration, TimestampedKeyValueStore } from '../../../state/key-value.js';
import type { Change } from '../../change.js';
import type { ValueGetter } from '../value-getter.js';
import type { CombinedKeys } from './combined-key.js';
import {
  DELETE_KEY_AND_PROPAGATE,
  DELETE_KEY_NO_PROPAGATE,
  PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE,
  PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE,
  type SubscriptionResponse,
  type SubscriptionWrapper,
} from './subscription.js';

/** By combined key. */
export type SubscriptionStore<K> = SyncIteration<
  TimestampedKeyValueStore<Uint8Array, SubscriptionWrapper<K>>
>;

/** Keeps and forgets subscriptions, and passes them on. */
export class KeepSubscription<KO, K> implements Processor<KO, SubscriptionWrapper<K>> {
  readonly #context: OperatorContext;
  readonly #store: SubscriptionStore<K>;
  readonly #keys: CombinedKeys<KO, K>;

  constructor(context: OperatorContext, store: string, keys: CombinedKeys<KO, K>) {
    this.#context = context;
    this.#store = context.getStateStore(store) as SubscriptionStore<K>;
    this.#keys = keys;
  }

  process(record: Record<KO, SubscriptionWrapper<K>>): void {
    const { key, value, timestamp } = record;
    if (key === null) {
      // A left join asks for an answer although there is nothing to subscribe to.
      if (value.instruction === PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE)
        this.#context.forward(record);
      else this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    const subscription = this.#keys.key(key, value.primaryKey);
    const ends =
      value.instruction === DELETE_KEY_AND_PROPAGATE ||
      value.instruction === DELETE_KEY_NO_PROPAGATE;
    this.#store.put(subscription, ends ? null : { value, timestamp });
    this.#context.forward(record);
  }
}

/** Answers a subscription with the row there is now. */
export class AnswerSubscription<KO, K, VO> implements Processor<KO, SubscriptionWrapper<K>> {
  readonly #context: OperatorContext;
  readonly #rows: ValueGetter<KO, VO>;

  constructor(context: OperatorContext, rows: ValueGetter<KO, VO>) {
    this.#context = context;
    this.#rows = rows;
  }

  process(record: Record<KO, SubscriptionWrapper<K>>): void {
    const { hash, instruction, primaryKey, primaryPartition } = record.value;
    const row = record.key === null ? undefined : this.#rows.get(record.key);
    if (instruction === DELETE_KEY_NO_PROPAGATE) return;
    if (instruction === PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE && row === undefined) return;
    const foreignValue =
      instruction === DELETE_KEY_AND_PROPAGATE || row === undefined ? null : row.value;
    const response: SubscriptionResponse<VO> = { hash, foreignValue, primaryPartition };
    const timestamp = Math.max(record.timestamp, row?.timestamp ?? -1);
    this.#context.forward(record.withKey(primaryKey).withValueAt(response, timestamp));
  }
}

/** Answers everybody who subscribed to a row that changed. */
export class AnswerSubscribers<KO, K, VO> implements Processor<KO, Change<VO>> {
  readonly #context: OperatorContext;
  readonly #store: SubscriptionStore<K>;
  readonly #keys: CombinedKeys<KO, K>;
  readonly #versioned: boolean;

  constructor(
    context: OperatorContext,
    store: string,
    keys: CombinedKeys<KO, K>,
    versioned: boolean,
  ) {
    this.#context = context;
    this.#store = context.getStateStore(store) as SubscriptionStore<K>;
    this.#keys = keys;
    this.#versioned = versioned;
  }

  process(record: Record<KO, Change<VO>>): void {
    const { newValue, isLatest } = record.value;
    if (record.key === null || (this.#versioned && !isLatest)) {
      this.#context.recordDropped(record.key === null ? 'nullKeyOrValue' : 'outOfOrder');
      return;
    }
    for (const [, { value }] of this.#store.prefixScan(this.#keys.prefix(record.key))) {
      const { hash, primaryKey, primaryPartition } = value;
      const response: SubscriptionResponse<VO> = { hash, foreignValue: newValue, primaryPartition };
      this.#context.forward(record.withKeyValue(primaryKey, response));
    }
  }
}
