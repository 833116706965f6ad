/**
 * Holds updates of a table back: the first one of a key begins to wait, newer ones take its place, and what has waited
 * long enough comes out in the order of time and key, as its last update, with the context of that. Time is the
 * operator's own: the largest timestamp that reached it.
 */
import { StreamsError, TopologyException } from '../../errors.js';
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import { Record } from '../../processor/record.js';
import type { BufferedRecord, TimeOrderedBuffer } from '../../state/operator-stores.js';
import type { Windowed } from '../../serde/windowed.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import type { OperatorSupplier } from './operator.js';
import type { ValueGetter } from './value-getter.js';

export interface Suppression {
  readonly store: string;
  readonly waitMs: number;
  /** Waits for the end of the window, and says nothing of what was deleted before. */
  readonly finalResults: boolean;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly onFull: 'emit' | 'shutDown';
}

export const suppress =
  (suppression: Suppression) =>
  ({ versioned }: Decision): OperatorSupplier => {
    if (versioned)
      throw new TopologyException('suppress() is only supported for non-versioned KTables');
    return (context) => new SuppressProcessor(context, suppression);
  };

/** What downstream has seen of a key: what it was before it was held back, else what the table says. */
export const suppressView =
  <K, V>(store: string) =>
  (parent: ValueGetter<K, V>, context: OperatorContext): ValueGetter<K, V> => {
    const buffer = context.getStateStore<TimeOrderedBuffer<K, V>>(store);
    return {
      get(key) {
        const prior = buffer.priorValue(key);
        if (prior === undefined) return parent.get(key);
        return prior === null ? undefined : { value: prior, timestamp: -1 };
      },
    };
  };

class SuppressProcessor<K, V> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #suppression: Suppression;
  readonly #buffer: TimeOrderedBuffer<K, V>;
  readonly #due = (): boolean =>
    this.#buffer.minTime <= this.#context.operatorTime - this.#suppression.waitMs;
  readonly #overfull = (): boolean =>
    this.#buffer.recordCount > this.#suppression.maxRecords ||
    this.#buffer.byteCount > this.#suppression.maxBytes;
  readonly #emit = (buffered: BufferedRecord<K, V>): void => this.#forward(buffered);

  constructor(context: OperatorContext, suppression: Suppression) {
    this.#context = context;
    this.#suppression = suppression;
    this.#buffer = context.getStateStore<TimeOrderedBuffer<K, V>>(suppression.store);
  }

  process({ key, value, timestamp }: Record<K, Change<V>>): void {
    const context = this.#context;
    if (timestamp > context.operatorTime) context.operatorTime = timestamp;
    const time = this.#suppression.finalResults
      ? (key as Windowed<unknown>).window.end // the types admit no other keys
      : timestamp;
    const origin = { ...context.recordOrigin(), timestamp };
    this.#buffer.put(time, key, value.newValue, value.oldValue, origin);
    this.#buffer.evictWhile(this.#due, this.#emit);
    if (!this.#overfull()) return;
    if (this.#suppression.onFull === 'shutDown') throw this.#full();
    this.#buffer.evictWhile(this.#overfull, this.#emit);
  }

  #forward({ key, newValue, oldValue, context }: BufferedRecord<K, V>): void {
    if (newValue === null && this.#suppression.finalResults) return;
    const { timestamp, headers } = context;
    const record = new Record(key, new Change(newValue, oldValue), timestamp, [...headers]);
    this.#context.forwardFrom(context, timestamp, record);
  }

  #full(): StreamsError {
    const { maxRecords, maxBytes, store } = this.#suppression;
    const { recordCount, byteCount } = this.#buffer;
    const node = this.#context.nodeName;
    return new StreamsError(
      'BUFFER_FULL',
      `${node} buffer exceeded its max capacity. Currently [${recordCount}/${maxRecords}] records and [${byteCount}/${maxBytes}] bytes. Raise the limits of the buffer, or let it emit early (onFull: 'emit') where results need not be final.`,
      { node, store },
    );
  }
}
