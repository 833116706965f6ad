/**
 * What the DSL's operators may do beyond the public `ProcessorContext`. Every context a task makes has these; the
 * public type hides them.
 */
import type { RecordOrigin } from '../state/store.js';
import type { DropReason } from './dropped-record.js';
import type { ProcessorContext } from './processor.js';
import type { Record } from './record.js';

export interface OperatorContext<KOut = unknown, VOut = unknown> extends ProcessorContext<
  KOut,
  VOut
> {
  /**
   * Parks the task until `promise` settles, then calls `then` at this node with this record's context; what it
   * forwards comes before everything that was forwarded meanwhile. A rejection is a throw at this node. Call it at
   * the end of `process` (nothing is forwarded by this node in between), once per user call.
   */
  park<T>(promise: PromiseLike<T>, then: (value: T) => void): void;
  /** Where the record in flight came from, with the headers it has here. */
  recordOrigin(): RecordOrigin;
  /** Forwards a record that was held back: downstream it comes from where it came from then. */
  forwardFrom<K extends KOut, V extends VOut>(
    origin: RecordOrigin,
    timestamp: number,
    record: Record<K, V>,
  ): void;
  /**
   * Does work for a record that was held back, as if it were in flight: what is forwarded comes from where it came from
   * then, and where user code throws it is that record that failed. Returns `undefined` when the task goes on without it.
   */
  workFrom<T>(origin: RecordOrigin, timestamp: number, work: () => T): T | undefined;
  /** Adds to the task's `dropped-records` metric. */
  recordDropped(reason: DropReason): void;
  /** The operator's own stream time: -1 at first, committed with the offsets, so that it survives a restart. */
  operatorTime: number;
  /** Another time that is kept under a name of its own (Kafka: that of a store), committed like the operator's; -1 at first. */
  timeOf(name: string): number;
  setTimeOf(name: string, time: number): void;
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
