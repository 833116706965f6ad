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

/** One object for all stores, so that every call of its functions finds the same ones. */
const BARE: Face<unknown, unknown> = Object.freeze({
  timestamped: false,
  of: (value: unknown) => value,
  valueOf: (face: unknown) => face,
  timestampOf: () => -1,
});

const TIMESTAMPED: Face<unknown, ValueAndTimestamp<unknown>> = Object.freeze({
  timestamped: true,
  of: (value: unknown, timestamp: number) => ({ value, timestamp }),
  valueOf: (face: ValueAndTimestamp<unknown>) => face.value,
  timestampOf: (face: ValueAndTimestamp<unknown>) => face.timestamp,
});

/** They look at no value: one face serves every type. */
export const bareFace = <V>(): Face<V, V> => BARE as Face<V, V>;

export const timestampedFace = <V>(): Face<V, ValueAndTimestamp<V>> =>
  TIMESTAMPED as Face<V, ValueAndTimestamp<V>>;
