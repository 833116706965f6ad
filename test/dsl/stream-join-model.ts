/**
 * What a join of two streams gives, worked out the slow way: lists that are searched from one end to the other. The
 * rules are those of Kafka's manual and of the cases: which rows a store still shows, when rows without a partner come
 * out, and in which order. The operators under test share nothing with it.
 */
import type { StreamJoinKind } from '../../src/dsl/stream-stream-join.js';

export interface ModelWindows {
  readonly before: number;
  readonly after: number;
  readonly grace: number;
}

export interface Input {
  readonly side: 'left' | 'right';
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

export type Output = readonly [key: string | null, value: string, timestamp: number];

interface Kept {
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
}

interface Waiting extends Kept {
  readonly isLeft: boolean;
}

export const joined = (left?: string, right?: string): string => `${left ?? '-'}+${right ?? '-'}`;

export class StreamJoinModel {
  readonly #kind: StreamJoinKind;
  readonly #windows: ModelWindows;
  /** By side: what was put, and the latest timestamp of it. */
  readonly #kept = { left: [] as Kept[], right: [] as Kept[] };
  readonly #latest = { left: -1, right: -1 };
  #waiting: Waiting[] = [];
  #time = -1;
  /** Kafka's idea of the least timestamp that waits. */
  #least = Infinity;
  dropped = 0;

  constructor(kind: StreamJoinKind, windows: ModelWindows) {
    this.#kind = kind;
    this.#windows = windows;
  }

  process(input: Input): Output[] {
    const outputs: Output[] = [];
    this.#join(input, outputs);
    const { side, key, value, timestamp } = input;
    if (key === null || value === null) return outputs;
    this.#latest[side] = Math.max(this.#latest[side], timestamp);
    if (timestamp >= this.#shownFrom(side)) this.#kept[side].push({ key, value, timestamp });
    return outputs;
  }

  #join({ side, key, value, timestamp }: Input, outputs: Output[]): void {
    const isLeft = side === 'left';
    const { before, after } = this.#windows;
    const [lookBack, lookAhead] = isLeft ? [before, after] : [after, before];
    this.#time = Math.max(this.#time, timestamp);
    const keeps = this.#kind === 'outer' || (this.#kind === 'left' && isLeft);
    const alone = (): void => {
      outputs.push([key, isLeft ? joined(value!) : joined(undefined, value!), timestamp]);
    };
    if (key === null && value !== null && keeps) return alone();
    if (key === null || value === null) {
      this.dropped++;
      return;
    }
    if (this.#kind !== 'inner' && timestamp === this.#time) this.#expire(lookAhead, outputs);
    const from = Math.max(0, timestamp - lookBack);
    const to = Math.max(0, timestamp + lookAhead);
    const other = isLeft ? 'right' : 'left';
    const matches = this.#kept[other]
      .filter((row) => row.key === key && row.timestamp >= this.#shownFrom(other))
      .filter((row) => row.timestamp >= from && row.timestamp <= to)
      .sort((one, two) => one.timestamp - two.timestamp);
    for (const match of matches) {
      this.#waiting = this.#waiting.filter(
        (row) => row.isLeft === isLeft || row.key !== key || row.timestamp !== match.timestamp,
      );
      const pair = isLeft ? joined(value, match.value) : joined(match.value, value);
      outputs.push([key, pair, Math.max(timestamp, match.timestamp)]);
    }
    if (matches.length > 0 || !keeps) return;
    if (to < this.#time) return alone();
    this.#waiting.push({ isLeft, key, value, timestamp });
    this.#least = Math.min(this.#least, timestamp);
  }

  #expire(lookAhead: number, outputs: Output[]): void {
    const { before, after, grace } = this.#windows;
    if (this.#least === Infinity || this.#least + lookAhead + grace >= this.#time) return;
    this.#least = Infinity;
    let leftOpen = false;
    let rightOpen = false;
    const rows = this.#waiting.toSorted(
      (one, two) =>
        one.timestamp - two.timestamp ||
        Number(one.isLeft) - Number(two.isLeft) ||
        (one.key < two.key ? -1 : Number(one.key > two.key)),
    );
    for (const row of rows) {
      this.#least = row.timestamp;
      if (leftOpen && rightOpen) break;
      const { isLeft, key, value, timestamp } = row;
      if (timestamp + (isLeft ? after : before) + grace >= this.#time) {
        if (isLeft) leftOpen = true;
        else rightOpen = true;
        continue;
      }
      outputs.push([key, isLeft ? joined(value) : joined(undefined, value), timestamp]);
      this.#waiting = this.#waiting.filter((other) => other !== row);
    }
  }

  #shownFrom(side: 'left' | 'right'): number {
    const { before, after, grace } = this.#windows;
    return this.#latest[side] - (before + after + grace) + 1;
  }
}
