/**
 * A stream joined with itself, with its records kept once (`single.store.self.join`). The results are those of the join
 * with two stores, in the same order: the record as the left side with all that came before it, then the same as the
 * right side, with itself in the place of its time.
 */
import { isPromiseLike, type OperatorContext } from '../../../processor/operator-context.js';
import type { Processor } from '../../../processor/processor.js';
import type { Record } from '../../../processor/record.js';
import type { WindowStore } from '../../../state/window.js';
import type { JoinWindows } from '../../join-windows.js';
import type { OperatorSupplier } from '../operator.js';
import type { StreamJoiner } from './join-side.js';

export interface SelfJoin<K, V, R> {
  readonly joiner: StreamJoiner<K, V, V, R>;
  readonly windows: JoinWindows;
  readonly store: string;
}

export const selfJoin =
  <K, V, R>(join: SelfJoin<K, V, R>): OperatorSupplier =>
  (context) =>
    new SelfJoinProcessor(context, join);

type Match<V> = readonly [timestamp: number, value: V];

/** What one record has to be joined with, and how far that is done. */
interface Work<K, V, R> {
  readonly record: Record<K, V>;
  /** Joined with itself; undefined: it is too late for that. */
  readonly own: { readonly result: R } | undefined;
  readonly asLeft: readonly Match<V>[];
  readonly asRight: readonly Match<V>[];
  /** Of `asRight`: how many come before the record itself. */
  readonly ownAt: number;
}

class SelfJoinProcessor<K, V, R> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #joiner: StreamJoiner<K, V, V, R>;
  readonly #windows: JoinWindows;
  readonly #store: WindowStore<K, V>;

  constructor(context: OperatorContext, { joiner, windows, store }: SelfJoin<K, V, R>) {
    this.#context = context;
    this.#joiner = joiner;
    this.#windows = windows;
    this.#store = context.getStateStore<WindowStore<K, V>>(store);
  }

  process(record: Record<K, V>): void {
    const { key, value } = record;
    if (key === null || value === null) {
      this.#context.recordDropped('nullKeyOrValue');
      return;
    }
    const { beforeMs, afterMs } = this.#windows;
    // Both at once: the record itself is put into the store as soon as this call has returned.
    const asLeft = this.#others(record, beforeMs, afterMs);
    const asRight = this.#others(record, afterMs, beforeMs);
    const result = this.#joiner(value, value, key);
    if (isPromiseLike(result))
      this.#context.park(result, (later) => this.#begin(record, later, asLeft, asRight));
    else this.#begin(record, result, asLeft, asRight);
  }

  #others({ key, timestamp }: Record<K, V>, beforeMs: number, afterMs: number): Match<V>[] {
    return this.#store.fetch(
      key,
      Math.max(0, timestamp - beforeMs),
      Math.max(0, timestamp + afterMs),
    );
  }

  #begin(
    record: Record<K, V>,
    result: R,
    asLeft: readonly Match<V>[],
    asRight: readonly Match<V>[],
  ): void {
    const context = this.#context;
    const { timestamp } = record;
    if (timestamp > context.operatorTime) context.operatorTime = timestamp;
    const { sizeMs, graceMs } = this.#windows;
    const own = timestamp > context.operatorTime - (sizeMs + graceMs) + 1 ? { result } : undefined;
    const later = asRight.findIndex(([other]) => other > timestamp);
    const ownAt = later < 0 ? asRight.length : later;
    this.#goOn({ record, own, asLeft, asRight, ownAt }, 0);
  }

  /** From a step on: all as left side, those as right side up to the record's time, the record itself, the rest. */
  #goOn(work: Work<K, V, R>, first: number): void {
    const { record, own, asLeft, asRight, ownAt } = work;
    const { key, value, timestamp } = record;
    const steps = asLeft.length + asRight.length;
    for (let step = first; step <= steps; step++) {
      const at = step - asLeft.length;
      if (at === ownAt && own !== undefined) this.#context.forward(record.withValue(own.result));
      if (step === steps) return;
      const [otherTimestamp, other] = at < 0 ? asLeft[step]! : asRight[at]!;
      const later = Math.max(timestamp, otherTimestamp);
      const result = at < 0 ? this.#joiner(value, other, key) : this.#joiner(other, value, key);
      if (isPromiseLike(result)) {
        this.#context.park(result, (settled) => {
          this.#context.forward(record.withValueAt(settled, later));
          this.#goOn(work, step + 1);
        });
        return;
      }
      this.#context.forward(record.withValueAt(result, later));
    }
  }
}
