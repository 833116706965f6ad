/**
 * Sends the updates of a stored table on. With a record cache the store forwards when it is flushed, and calls back
 * here; without one every update is forwarded at once.
 */
import type { OperatorContext } from '../../processor/operator-context.js';
import { Record, type RecordHeader } from '../../processor/record.js';
import type { CachedStore } from '../../state/key-value.js';
import type { StateStore } from '../../state/store.js';
import { Change } from '../change.js';

const canCache = (store: StateStore): store is StateStore & CachedStore<unknown, unknown> =>
  typeof (store as Partial<CachedStore<unknown, unknown>>).setFlushListener === 'function';

export class ChangeForwarder<K, V> {
  readonly #context: OperatorContext;
  readonly #sendOldValues: boolean;
  readonly #cached: boolean;

  /** `timeOf`: the time of a flushed change, where its row keeps none. */
  constructor(
    context: OperatorContext,
    store: StateStore,
    sendOldValues: boolean,
    timeOf: (key: K, timestamp: number) => number = (_key, timestamp) => timestamp,
  ) {
    this.#context = context;
    this.#sendOldValues = sendOldValues;
    this.#cached =
      canCache(store) &&
      store.setFlushListener((key, newValue, oldValue, timestamp, headers) => {
        const change = new Change(newValue, sendOldValues ? oldValue : null);
        // The store of this table has keys of its type.
        context.forward(new Record(key, change, timeOf(key as K, timestamp), headers));
      }, sendOldValues);
  }

  /** False when the store sends changes on by itself. */
  get sendsNow(): boolean {
    return !this.#cached;
  }

  /** `record` caused the change: the result keeps its key and headers. */
  forward(
    record: Record<K>,
    newValue: V | null,
    oldValue: V | null,
    timestamp: number,
    isLatest = true,
  ): void {
    if (this.#cached) return;
    const change = new Change(newValue, this.#sendOldValues ? oldValue : null, isLatest);
    this.#context.forward(record.withValueAt(change, timestamp));
  }

  /** The same for a key of the table that is not that of the record; nobody else has the list of headers. */
  forwardKey(
    key: K,
    newValue: V | null,
    oldValue: V | null,
    timestamp: number,
    headers: RecordHeader[],
  ): void {
    if (this.#cached) return;
    const change = new Change(newValue, this.#sendOldValues ? oldValue : null);
    this.#context.forward(new Record(key, change, timestamp, headers));
  }
}
