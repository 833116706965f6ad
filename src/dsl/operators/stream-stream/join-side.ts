/**
 * One side of a stream-stream join. A record meets what the other side has kept within its window; the result has the
 * later timestamp of both and the headers of the record that came last. In a left or outer join, a record of a side
 * that is kept without partner waits in a store that both sides share:
 *
 *     no partner yet ---> waits ---> a partner comes: forgotten, the joiner has both
 *                     |         \--> stream time passes the window and its grace: the joiner gets undefined
 *                     \--> its window lies before stream time already: the joiner gets undefined at once
 *
 * Stream time is that of both sides. Rows whose time is over come out in the order of (timestamp, right before left,
 * key bytes, arrival), before what the record that moved time has to say, and with its headers.
 */
import { isPromiseLike, type OperatorContext } from '../../../processor/operator-context.js';
import type { Awaitable, Processor } from '../../../processor/processor.js';
import { Record } from '../../../processor/record.js';
import type { JoinSide, OuterJoinRow, OuterJoinStore } from '../../../state/operator-stores.js';
import type { WindowStore } from '../../../state/window.js';
import type { JoinWindows } from '../../join-windows.js';
import type { OperatorSupplier } from '../operator.js';

/** Left before right, then the key; `undefined` is a side without a partner. */
export type StreamJoiner<K, V1, V2, R> = (
  left: V1 | undefined,
  right: V2 | undefined,
  key: K,
) => Awaitable<R>;

export interface StreamJoinSide<K, V1, V2, R> {
  readonly side: JoinSide;
  readonly joiner: StreamJoiner<K, V1, V2, R>;
  readonly windows: JoinWindows;
  /** Where the other side keeps its records. */
  readonly otherStore: string;
  /** Records of this side come out without a partner, too. */
  readonly keepsUnmatched: boolean;
  /** Where records wait for a partner; undefined in an inner join. */
  readonly waitingStore: string | undefined;
  /** What the stream time of both sides is kept under. */
  readonly timeName: string;
}

export const joinSide =
  <K, V1, V2, R>(join: StreamJoinSide<K, V1, V2, R>): OperatorSupplier =>
  (context) =>
    new JoinSideProcessor(context, join);

type Match<V> = readonly [timestamp: number, value: V];

class JoinSideProcessor<K, V1, V2, R> implements Processor<K, V1 | V2> {
  readonly #context: OperatorContext;
  readonly #joiner: StreamJoiner<K, V1, V2, R>;
  readonly #isLeft: boolean;
  readonly #windows: JoinWindows;
  readonly #keepsUnmatched: boolean;
  readonly #timeName: string;
  readonly #beforeMs: number;
  readonly #afterMs: number;
  readonly #others: WindowStore<K, V1 | V2>;
  readonly #waitingStore: string;
  readonly #waiting: OuterJoinStore<K, V1, V2> | undefined;

  constructor(context: OperatorContext, join: StreamJoinSide<K, V1, V2, R>) {
    const { side, joiner, windows, otherStore, keepsUnmatched, waitingStore, timeName } = join;
    const isLeft = side === 'left';
    this.#context = context;
    this.#joiner = joiner;
    this.#isLeft = isLeft;
    this.#windows = windows;
    this.#keepsUnmatched = keepsUnmatched;
    this.#timeName = timeName;
    this.#beforeMs = isLeft ? windows.beforeMs : windows.afterMs;
    this.#afterMs = isLeft ? windows.afterMs : windows.beforeMs;
    this.#others = context.getStateStore<WindowStore<K, V1 | V2>>(otherStore);
    this.#waitingStore = waitingStore ?? '';
    this.#waiting =
      waitingStore === undefined
        ? undefined
        : context.getStateStore<OuterJoinStore<K, V1, V2>>(waitingStore);
  }

  process(record: Record<K, V1 | V2>): void {
    const context = this.#context;
    const { key, value, timestamp } = record;
    // Records that are dropped move time, too. An inner join asks for no time.
    const time = this.#waiting === undefined ? timestamp : this.#advance(timestamp);
    if (value === null || (key === null && !this.#keepsUnmatched))
      context.recordDropped('nullKeyOrValue');
    else if (key === null) this.#emitAlone(record);
    else if (timestamp === time && this.#waiting !== undefined) this.#expire(record, time);
    else this.#join(record);
  }

  #advance(timestamp: number): number {
    const time = this.#context.timeOf(this.#timeName);
    if (timestamp <= time) return time;
    this.#context.setTimeOf(this.#timeName, timestamp);
    return timestamp;
  }

  /** First what has waited long enough, then the record itself. */
  #expire(record: Record<K, V1 | V2>, time: number): void {
    const waiting = this.#waiting!; // the caller has seen it
    const { graceMs, beforeMs, afterMs } = this.#windows;
    // When it is time to look is decided as in Kafka: by the window of this side, and by what the last look has seen.
    const seen = this.#context.timeOf(this.#waitingStore);
    if (seen < 0 || seen + this.#afterMs + graceMs >= time) {
      this.#join(record);
      return;
    }
    const leftTo = time - afterMs - graceMs - 1;
    const rightTo = time - beforeMs - graceMs - 1;
    this.#context.setTimeOf(this.#waitingStore, waiting.scanEnd(leftTo, rightTo) ?? -1);
    const rows = waiting.rowsUpTo(leftTo, rightTo);
    if (isPromiseLike(rows))
      this.#context.park(rows, (later) => this.#emitExpired(record, later, 0, 0));
    else this.#emitExpired(record, rows, 0, 0);
  }

  /** From a value of a row on. One that has to wait goes on from there. */
  #emitExpired(
    record: Record<K, V1 | V2>,
    rows: readonly OuterJoinRow<K, V1, V2>[],
    firstRow: number,
    firstValue: number,
  ): void {
    let at = firstValue;
    for (let i = firstRow; i < rows.length; i++, at = 0) {
      const { side, key, timestamp, values } = rows[i]!;
      if (at === 0) this.#waiting!.remove(side, key, timestamp); // rows come from there
      for (; at < values.length; at++) {
        const result = this.#joined(side === 'left', key, values[at], undefined);
        if (isPromiseLike(result)) {
          const next = at + 1;
          this.#context.park(result, (later) => {
            this.#forward(record, key, later, timestamp);
            this.#emitExpired(record, rows, i, next);
          });
          return;
        }
        this.#forward(record, key, result, timestamp);
      }
    }
    this.#join(record);
  }

  #join(record: Record<K, V1 | V2>): void {
    const { key, timestamp } = record;
    const from = Math.max(0, timestamp - this.#beforeMs);
    const to = Math.max(0, timestamp + this.#afterMs);
    const matches = this.#others.fetch(key, from, to);
    if (matches.length > 0) this.#joinFrom(record, matches, 0);
    else if (this.#keepsUnmatched) this.#holdBack(record, to);
  }

  #joinFrom(record: Record<K, V1 | V2>, matches: readonly Match<V1 | V2>[], first: number): void {
    const { key, value, timestamp } = record;
    for (let i = first; i < matches.length; i++) {
      const [otherTimestamp, other] = matches[i]!;
      this.#waiting?.remove(this.#isLeft ? 'right' : 'left', key, otherTimestamp);
      const later = Math.max(timestamp, otherTimestamp);
      const result = this.#joined(this.#isLeft, key, value, other);
      if (isPromiseLike(result)) {
        this.#context.park(result, (settled) => {
          this.#context.forward(record.withValueAt(settled, later));
          this.#joinFrom(record, matches, i + 1);
        });
        return;
      }
      this.#context.forward(record.withValueAt(result, later));
    }
  }

  #holdBack(record: Record<K, V1 | V2>, windowEnd: number): void {
    if (windowEnd < this.#context.timeOf(this.#timeName)) {
      this.#emitAlone(record);
      return;
    }
    const { key, value, timestamp } = record;
    const seen = this.#context.timeOf(this.#waitingStore);
    if (seen < 0 || timestamp < seen) this.#context.setTimeOf(this.#waitingStore, timestamp);
    // The side says which of both types the value has.
    if (this.#isLeft) this.#waiting!.add('left', key, timestamp, value as V1);
    else this.#waiting!.add('right', key, timestamp, value as V2);
  }

  #emitAlone(record: Record<K, V1 | V2>): void {
    const result = this.#joined(this.#isLeft, record.key, record.value, undefined);
    if (isPromiseLike(result))
      this.#context.park(result, (later) => this.#context.forward(record.withValue(later)));
    else this.#context.forward(record.withValue(result));
  }

  /** `one` is of the left side if `isLeft` says so, the other one of the other side. */
  #joined(
    isLeft: boolean,
    key: K,
    one: V1 | V2 | undefined,
    other: V1 | V2 | undefined,
  ): Awaitable<R> {
    const joiner = this.#joiner;
    return isLeft ? joiner(one as V1, other as V2, key) : joiner(other as V1, one as V2, key);
  }

  /** A row that waited has the headers of the record that ended the wait. */
  #forward(record: Record<K, V1 | V2>, key: K, result: R, timestamp: number): void {
    this.#context.forward(new Record(key, result, timestamp, record.headers.slice()));
  }
}
