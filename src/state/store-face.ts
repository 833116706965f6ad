/** What the face of a store gives and takes: the bare value, or the value with its timestamp. */
import type { ValueAndTimestamp } from './key-value.js';

export interface Face<V, F> {
  readonly timestamped: boolean;
  /** Makes the face's value of a decoded one. */
  of(value: V, timestamp: number): F;
  valueOf(face: F): V;
  /** The timestamp kept with the value; -1: none is, and the changelog has that of the record being processed. */
  timestampOf(face: F): number;
}

export function bareFace<V>(): Face<V, V> {
  return {
    timestamped: false,
    of: (value) => value,
    valueOf: (face) => face,
    timestampOf: () => -1,
  };
}

export function timestampedFace<V>(): Face<V, ValueAndTimestamp<V>> {
  return {
    timestamped: true,
    of: (value, timestamp) => ({ value, timestamp }),
    valueOf: (face) => face.value,
    timestampOf: (face) => face.timestamp,
  };
}
