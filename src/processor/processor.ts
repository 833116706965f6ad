/**
 * The Processor API: the narrow waist through which every operator of the DSL runs as well. A supplier is called
 * once per task, and again after an abort; what a processor keeps outside its stores does not survive either.
 */
import type { Duration } from '../duration.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import type { Record, RecordLike, RecordMetadata } from './record.js';

export type Awaitable<T> = T | PromiseLike<T>;

export interface Processor<KIn = unknown, VIn = unknown> {
  /** May return a promise: the task waits for it with this record, other tasks go on. */
  process(record: Record<KIn, VIn>): Awaitable<void>;
  close?(): Awaitable<void>;
}

export type PunctuationType = 'streamTime' | 'wallClock';

export interface Cancellable {
  cancel(): void;
}

export interface ProcessorContext<KOut = unknown, VOut = unknown> {
  /** Sends a record to every child, or to the child of that name, depth first. Throws `UNKNOWN_CHILD`, `LATE_FORWARD`. */
  forward<K extends KOut, V extends VOut>(record: RecordLike<K, V>, childName?: string): void;
  /** Throws `STORE_NOT_CONNECTED`. The builder as handle gives a typed store. */
  getStateStore<S extends StateStore>(store: StoreBuilder<S>): S;
  getStateStore<S extends StateStore = StateStore>(store: string): S;
  /** `streamTime`: first due at 0, then on the grid of the interval; `wallClock`: first due after one interval. */
  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestamp: number) => Awaitable<void>,
  ): Cancellable;
  /** Undefined where no record is processed (init). Punctuators see topic '', partition -1, offset -1. */
  recordMetadata(): RecordMetadata | undefined;
  /** Largest timestamp this task has taken from its queues; -1 before the first. */
  currentStreamTimeMs(): number;
  currentSystemTimeMs(): number;
  /** Asks for a commit soon. */
  commit(): void;
  readonly taskId: string;
  readonly applicationId: string;
  readonly nodeName: string;
}

/** Of `processValues`: the key of what is forwarded is the key of what came in. */
export interface FixedKeyProcessorContext<KIn = unknown, VOut = unknown> extends Omit<
  ProcessorContext<KIn, VOut>,
  'forward'
> {
  forward<V extends VOut>(record: RecordLike<KIn, V>, childName?: string): void;
}

/** A function, or a class (called with `new`). */
export type ProcessorSupplier<KIn = unknown, VIn = unknown, KOut = unknown, VOut = unknown> =
  | ((context: ProcessorContext<KOut, VOut>) => Processor<KIn, VIn>)
  | (new (context: ProcessorContext<KOut, VOut>) => Processor<KIn, VIn>);

export type FixedKeyProcessorSupplier<KIn = unknown, VIn = unknown, VOut = unknown> =
  | ((context: FixedKeyProcessorContext<KIn, VOut>) => Processor<KIn, VIn>)
  | (new (context: FixedKeyProcessorContext<KIn, VOut>) => Processor<KIn, VIn>);
