/**
 * What a processor sees of its task. One context per node; the public types (`ProcessorContext`,
 * `FixedKeyProcessorContext`, `OperatorContext`) are faces of it.
 */
import type { DropReason } from './dropped-record.js';
import type { Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import { checkStore } from '../state/checked-options.js';
import type { RecordOrigin, StateStore, StoreBuilder } from '../state/store.js';
import type { ProcessorNode } from './node.js';
import type { OperatorContext } from './operator-context.js';
import { IDLE, SETUP } from './parking.js';
import type { Cancellable, PunctuationType } from './processor.js';
import type { PunctuationCallback } from './punctuation.js';
import { Record, type RecordLike, type RecordMetadata } from './record.js';
import type { TaskServices } from './task-services.js';

/** Finds a store by name for the node that asks. */
export type StoreFor = (node: string, store: string) => StateStore | undefined;

export class NodeContext implements OperatorContext {
  readonly nodeName: string;
  readonly #node: ProcessorNode;
  readonly #services: TaskServices;
  readonly #storeFor: StoreFor;
  #closed = false;

  constructor(node: ProcessorNode, services: TaskServices, storeFor: StoreFor) {
    this.nodeName = node.name;
    this.#node = node;
    this.#services = services;
    this.#storeFor = storeFor;
  }

  get taskId(): string {
    return this.#services.taskId;
  }

  get applicationId(): string {
    return this.#services.applicationId;
  }

  /** The processor is closed; async functions of it may still hold the context. */
  close(): void {
    this.#closed = true;
  }

  forward(record: RecordLike<unknown, unknown>, childName?: string): void {
    if (this.#closed) throw this.#node.parking.late(this.#node, 'forward');
    const whole = record instanceof Record ? record : recordOf(record);
    if (!(whole.timestamp >= 0 && Number.isSafeInteger(whole.timestamp)))
      throw malformed(whole.timestamp);
    if (childName === undefined) this.#node.deliver(whole);
    else this.#node.deliverTo(childName, whole);
  }

  getStateStore<S extends StateStore>(store: StoreBuilder<S> | string): S {
    checkStore(store);
    const name = typeof store === 'string' ? store : store.name;
    const found = this.#storeFor(this.nodeName, name);
    if (found === undefined) throw notConnected(this.nodeName, name);
    return found as S; // the builder (or the caller, for a name) says what it is
  }

  schedule(interval: Duration, type: PunctuationType, callback: PunctuationCallback): Cancellable {
    if (this.#closed) throw this.#node.parking.late(this.#node, 'schedule a punctuator');
    return this.#services.punctuations.add(
      this.#node,
      interval,
      type,
      callback,
      this.#services.clock.now(),
    );
  }

  recordMetadata(): RecordMetadata | undefined {
    const { parking } = this.#node;
    return parking.state === IDLE || parking.state === SETUP ? undefined : parking.origin;
  }

  currentStreamTimeMs(): number {
    return this.#services.streamTime();
  }

  currentSystemTimeMs(): number {
    return this.#services.clock.now();
  }

  commit(): void {
    this.#services.requestCommit();
  }

  park<T>(promise: PromiseLike<T>, then: (value: T) => void): void {
    this.#node.parking.park(this.#node, promise, then as (value: unknown) => void);
  }

  recordOrigin(): RecordOrigin {
    return this.#node.parking.recordOrigin();
  }

  forwardFrom(origin: RecordOrigin, timestamp: number, record: Record): void {
    const { parking } = this.#node;
    const outerTimestamp = parking.timestamp;
    const outer = parking.enterOrigin(origin, timestamp);
    try {
      this.forward(record);
    } finally {
      parking.enterOrigin(outer, outerTimestamp);
    }
  }

  workFrom<T>(origin: RecordOrigin, timestamp: number, work: () => T): T | undefined {
    const { parking } = this.#node;
    const outerTimestamp = parking.timestamp;
    const outer = parking.enterOrigin(origin, timestamp);
    try {
      return work();
    } catch (error) {
      // It may come out of a forward, which was at another time.
      parking.enterOrigin(origin, timestamp);
      this.#node.fail(error);
      return undefined;
    } finally {
      parking.enterOrigin(outer, outerTimestamp);
    }
  }

  recordDropped(reason: DropReason): void {
    this.#services.recordDropped(this.nodeName, reason);
  }

  get operatorTime(): number {
    return this.#services.operatorTimes.get(this.nodeName) ?? -1;
  }

  set operatorTime(time: number) {
    this.#services.operatorTimes.set(this.nodeName, time);
  }

  timeOf(name: string): number {
    return this.#services.operatorTimes.get(name) ?? -1;
  }

  setTimeOf(name: string, time: number): void {
    this.#services.operatorTimes.set(name, time);
  }
}

function recordOf(record: RecordLike<unknown, unknown>): Record {
  if (typeof record !== 'object' || record === null) {
    const given = record === null ? 'null' : typeof record;
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `forward() takes a record, but got ${given}. ${FORWARD}`,
    );
  }
  const { key, value, timestamp, headers } = record;
  return new Record(key, value, timestamp, headers);
}

const FORWARD =
  'Give { key, value, timestamp }, or derive it from the input: record.withValue(value).';

function malformed(timestamp: unknown): StreamsError {
  return new StreamsError(
    'INVALID_TIMESTAMP',
    timestamp === undefined
      ? `Malformed Record: it has no timestamp. ${FORWARD}`
      : `Malformed Record: timestamp ${Number(timestamp) < 0 ? 'may not be negative' : 'must be whole milliseconds'}. Got: ${String(timestamp)}`,
  );
}

function notConnected(processor: string, store: string): StreamsError {
  return new StreamsError(
    'STORE_NOT_CONNECTED',
    `Processor ${processor} has no access to StateStore ${store} as the store is not connected to the processor. Name it in the option \`stores\` of process() or processValues(), pass the processor's name to addStateStore(), or call connectProcessorAndStateStores().`,
    { node: processor, store },
  );
}
