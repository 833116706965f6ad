/**
 * What lets user functions return promises. One record (or punctuation) of a task is in flight at a time. While a
 * promise of user code is pending the task is parked: everything the record still has to do queues up, and goes on
 * when the promise settles, so that the output is the same, in the same order, as if all functions were synchronous.
 *
 *     IDLE ──begin──> RUNNING ──park──> HELD ──the stack unwinds──> WAITING ──settled, resume──> RUNNING ──> IDLE
 *
 *     RUNNING  plain calls, depth first
 *     HELD     an earlier node waits, but its callers are still on the stack: what they forward is queued
 *     WAITING  nothing runs but the async functions themselves; what the waiting node forwards goes before the rest
 *     SETUP    processors are being made or closed: stores may be written, nothing may be forwarded
 *
 * Pending work is a stack of queues: what a resumed node adds lies on top and is done first. Promises of an older
 * epoch (the task was rolled back or closed since) are ignored. Parking knows no node but through `ParkedNode`.
 */
import { assert, StreamsError } from '../errors.js';
import type { RecordHeader } from '../log/client.js';
import type { RecordOrigin } from '../state/store.js';

export const IDLE = 0;
export const RUNNING = 1;
export const HELD = 2;
export const WAITING = 3;
export const SETUP = 4;

/** A node, as far as parking knows it. */
export interface ParkedNode {
  readonly name: string;
  /** The promise its `process` (or a punctuator of it) returned, while that is unfinished. */
  wait: Wait | undefined;
  /** Its user function threw: reports by the error policy, or throws on. */
  fail(error: unknown): void;
}

interface Step {
  readonly origin: RecordOrigin;
  readonly timestamp: number;
  readonly run: () => void;
}

/** First in, first out, without shifting. */
class WorkQueue {
  readonly #items: (Step | Wait)[] = [];
  #at = 0;

  get isEmpty(): boolean {
    return this.#at === this.#items.length;
  }

  push(item: Step | Wait): void {
    this.#items.push(item);
  }

  take(): Step | Wait | undefined {
    return this.#items[this.#at++];
  }
}

/** A promise of user code and what follows it. */
export class Wait {
  readonly node: ParkedNode;
  readonly origin: RecordOrigin;
  readonly timestamp: number;
  readonly then: ((value: unknown) => void) | undefined;
  /** What the node forwards before its promise settles. */
  readonly forwards = new WorkQueue();
  outcome: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  value: unknown;

  constructor(
    node: ParkedNode,
    origin: RecordOrigin,
    timestamp: number,
    then: ((value: unknown) => void) | undefined,
  ) {
    this.node = node;
    this.origin = origin;
    this.timestamp = timestamp;
    this.then = then;
  }
}

/** Makes the origin of the record in flight when somebody asks for it. */
export type OriginOf = () => RecordOrigin;

const NO_ORIGIN: RecordOrigin = Object.freeze({
  topic: '',
  partition: -1,
  offset: -1,
  headers: Object.freeze([]),
});

export class Parking {
  /** Read by every forward; written here and nowhere else. */
  state = IDLE;
  /** Of the record that is being processed at this depth of the graph. */
  timestamp = -1;
  headers: readonly RecordHeader[] = NO_ORIGIN.headers;
  /** True from the first promise of the task on: later records run in a record scope. */
  asyncSeen = false;

  readonly #clock: { monotonic(): number };
  readonly #onReady: () => void;
  readonly #originOf: OriginOf;
  #origin: RecordOrigin | undefined;
  #queues: WorkQueue[] = [];
  #front: Wait | undefined;
  /** Nodes whose own `process` is unfinished. */
  #unfinished: Wait[] = [];
  #epoch = 0;
  #since: number | undefined;
  #onSettled: (() => void) | undefined;

  constructor(clock: { monotonic(): number }, originOf: OriginOf, onReady: () => void) {
    this.#clock = clock;
    this.#originOf = originOf;
    this.#onReady = onReady;
  }

  get inFlight(): boolean {
    return this.state === WAITING;
  }

  /** Code of a record is on the stack: what is forwarded now is delivered, or queued for its turn. */
  get isRunning(): boolean {
    return this.state === RUNNING || this.state === HELD;
  }

  /** Something that code on the stack forwarded waits for a promise; what is forwarded now is queued behind it. */
  get isHeld(): boolean {
    return this.state === HELD;
  }

  /** True when `resume` would get somewhere. */
  get ready(): boolean {
    return this.state === WAITING && this.#front?.outcome !== 'pending';
  }

  /** Monotonic time at which the wait for the present promise began. */
  get since(): number | undefined {
    return this.#since;
  }

  /** Where the record in flight came from. */
  get origin(): RecordOrigin {
    return (this.#origin ??= this.state === IDLE ? NO_ORIGIN : this.#originOf());
  }

  /** The same with the headers that the record has at this depth of the graph. */
  recordOrigin(): RecordOrigin {
    const { origin, headers } = this;
    if (headers === origin.headers || (headers.length === 0 && origin.headers.length === 0)) {
      return origin;
    }
    return { ...origin, headers: headers.slice() };
  }

  /** A record of the task's queues begins. */
  begin(timestamp: number): void {
    this.state = RUNNING;
    this.timestamp = timestamp;
    this.#origin = undefined;
  }

  /** Something else than a record begins: a punctuation, a cache flush. */
  beginWithout(timestamp: number): void {
    this.state = RUNNING;
    this.timestamp = timestamp;
    this.#origin = NO_ORIGIN;
    this.headers = NO_ORIGIN.headers;
  }

  /** The stack of what began has unwound. True when all of it is done. */
  end(): boolean {
    if (this.state === RUNNING) {
      this.state = IDLE;
      return true;
    }
    this.#suspend();
    return false;
  }

  /** Processors are made or closed inside `work`. */
  setup(work: () => void): void {
    const { state } = this;
    this.state = SETUP;
    try {
      work();
    } finally {
      this.state = state;
    }
  }

  enterOrigin(origin: RecordOrigin, timestamp: number): RecordOrigin {
    const outer = this.recordOrigin();
    this.#enter(origin, timestamp);
    return outer;
  }

  /** `then` runs at the node when the promise is fulfilled; without it the promise is that of the node's `process`. */
  park(
    node: ParkedNode,
    promise: PromiseLike<unknown>,
    then: ((value: unknown) => void) | undefined,
  ): void {
    const wait = new Wait(node, this.recordOrigin(), this.timestamp, then);
    this.asyncSeen = true;
    this.#watch(wait, promise);
    if (then === undefined) {
      assert(node.wait === undefined, `node ${node.name} waits for one promise at a time`);
      node.wait = wait;
      this.#unfinished.push(wait);
    }
    if (this.state === RUNNING) {
      this.state = HELD;
      this.#front = wait;
      this.#queues.push(new WorkQueue());
    } else if (this.state === HELD) this.#top().push(wait);
    else throw this.late(node, 'wait for a promise');
  }

  /** Queues what cannot be done now; called when the state is not RUNNING. */
  hold(node: ParkedNode, run: () => void): void {
    const { wait } = node;
    if (this.state === HELD)
      this.#top().push({ origin: this.recordOrigin(), timestamp: this.timestamp, run });
    else if (this.state === WAITING && wait !== undefined) {
      wait.forwards.push({ origin: wait.origin, timestamp: wait.timestamp, run });
    } else throw this.late(node, 'forward');
  }

  /** Throws unless a record is in flight that may still write stores. */
  checkWrite(store: string): void {
    if (this.state === IDLE || (this.state === WAITING && this.#unfinished.length === 0)) {
      throw new StreamsError(
        'LATE_FORWARD',
        `Store ${store} was written after the record that it belongs to had ended. Await everything that process() starts.`,
        { store },
      );
    }
  }

  late(node: ParkedNode, what: string): StreamsError {
    const message =
      this.state === SETUP
        ? `Processor ${node.name} cannot ${what} while it is made or closed: do it in process() or in a punctuator.`
        : `Processor ${node.name} tried to ${what} after the record that it belongs to had ended. Await everything that process() starts.`;
    return new StreamsError('LATE_FORWARD', message, { node: node.name });
  }

  /** Goes on until a promise is pending (false) or all is done (true). Throws what an error policy lets through. */
  resume(): boolean {
    assert(this.ready, 'a parked record goes on when its promise has settled');
    this.#since = undefined;
    for (;;) {
      const front = this.#front;
      if (front === undefined) {
        const next = this.#next();
        if (next === undefined) {
          this.state = IDLE;
          return true;
        }
        if (next instanceof Wait) this.#front = next;
        else this.#run(next);
      } else if (front.outcome === 'pending') {
        this.#suspend();
        return false;
      } else {
        this.#front = undefined;
        this.#continue(front);
      }
    }
  }

  /** The promise that is waited for is that of a node's own `process` or punctuator. */
  get waitsForProcess(): boolean {
    return this.#front !== undefined && this.#front.then === undefined;
  }

  /** Rejects the promise that is waited for. */
  expire(error: StreamsError): void {
    if (this.state === WAITING && this.#front !== undefined)
      this.#settle(this.#front, 'rejected', error);
  }

  /** Resolves when the promise that is waited for has settled. */
  whenReady(): Promise<void> {
    return new Promise((resolve) => {
      if (this.ready || this.state !== WAITING) resolve();
      else this.#onSettled = chained(this.#onSettled, resolve);
    });
  }

  /** Forgets what is in flight; promises that settle later are ignored. */
  abandon(): void {
    this.#epoch++;
    for (const wait of this.#unfinished) wait.node.wait = undefined;
    this.#unfinished = [];
    this.#queues = [];
    this.#front = undefined;
    this.#origin = undefined;
    this.#since = undefined;
    this.state = IDLE;
    this.#wake();
  }

  #watch(wait: Wait, promise: PromiseLike<unknown>): void {
    const epoch = this.#epoch;
    promise.then(
      (value) => {
        if (epoch === this.#epoch) this.#settle(wait, 'fulfilled', value);
      },
      (error: unknown) => {
        if (epoch === this.#epoch) this.#settle(wait, 'rejected', error);
      },
    );
  }

  #settle(wait: Wait, outcome: 'fulfilled' | 'rejected', value: unknown): void {
    if (wait.outcome !== 'pending') return;
    wait.outcome = outcome;
    wait.value = value;
    if (wait !== this.#front || this.state !== WAITING) return;
    this.#wake();
    this.#onReady();
  }

  #wake(): void {
    const wake = this.#onSettled;
    this.#onSettled = undefined;
    wake?.();
  }

  #suspend(): void {
    const front = this.#front;
    assert(front !== undefined, 'a parked task waits for something');
    this.state = WAITING;
    this.#enter(front.origin, front.timestamp);
    this.#since = this.#clock.monotonic();
  }

  /** What follows a settled promise. Forwards that an async function made before it failed come before the failure. */
  #continue(wait: Wait): void {
    const { node, origin, timestamp } = wait;
    const finish = () => {
      if (wait.outcome === 'rejected') node.fail(wait.value);
      else if (wait.then !== undefined) attempt(node, wait.then, wait.value);
    };
    if (wait.then === undefined) {
      node.wait = undefined;
      this.#unfinished = this.#unfinished.filter((other) => other !== wait);
    }
    if (wait.forwards.isEmpty) this.#run({ origin, timestamp, run: finish });
    else {
      wait.forwards.push({ origin, timestamp, run: finish });
      this.#queues.push(wait.forwards);
    }
  }

  #run(step: Step): void {
    this.state = RUNNING;
    this.#enter(step.origin, step.timestamp);
    step.run();
  }

  #enter(origin: RecordOrigin, timestamp: number): void {
    this.#origin = origin;
    this.headers = origin.headers;
    this.timestamp = timestamp;
  }

  #next(): Step | Wait | undefined {
    for (;;) {
      const top = this.#queues.at(-1);
      if (top === undefined) return undefined;
      const item = top.take();
      if (item !== undefined) return item;
      this.#queues.pop();
    }
  }

  #top(): WorkQueue {
    const top = this.#queues.at(-1);
    assert(top !== undefined, 'held work has a queue');
    return top;
  }
}

function attempt(node: ParkedNode, then: (value: unknown) => void, value: unknown): void {
  try {
    then(value);
  } catch (error) {
    node.fail(error);
  }
}

function chained(first: (() => void) | undefined, second: () => void): () => void {
  return () => {
    first?.();
    second();
  };
}
