/**
 * Which writes that come too late are counted in `dropped-records`. All of them are dropped; the count is Kafka's,
 * and there it depends on what the store is made of: one in memory counts every such write, a persistent one only
 * those whose whole segment is gone.
 */

export type StoreKind = 'persistent' | 'memory';

const SEGMENT_MS_MIN = 60_000;

export class ExpiredWrites {
  readonly #counted: boolean;
  readonly #retentionMs: number;
  readonly #segmentMs: number;

  constructor(store: StoreKind, retentionMs: number) {
    this.#counted = store === 'memory';
    this.#retentionMs = retentionMs;
    this.#segmentMs = Math.max(Math.floor(retentionMs / 2), SEGMENT_MS_MIN);
  }

  counts(time: number, observedTime: number): boolean {
    if (this.#counted) return true;
    return this.#segment(time) < this.#segment(observedTime - this.#retentionMs);
  }

  #segment(time: number): number {
    return Math.trunc(time / this.#segmentMs);
  }
}
