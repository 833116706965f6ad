/**
 * Which punctuators are due. Kafka's rules: stream time begins at 0, so that the first record fires; wall clock
 * begins one interval from now; a late one fires once and then stays on the grid of its interval. The callback is
 * called by whoever asked what is due.
 */
import { requireFunction } from '../arguments.js';
import { durationMs, type Duration } from '../duration.js';
import { StreamsError } from '../errors.js';
import type { Awaitable, Cancellable, PunctuationType } from './processor.js';
import type { ProcessorNode } from './node.js';

export type PunctuationCallback = (timestamp: number) => Awaitable<void>;

export class PunctuationSchedule implements Cancellable {
  readonly node: ProcessorNode;
  readonly type: PunctuationType;
  readonly intervalMs: number;
  readonly callback: PunctuationCallback;
  /** How many schedules of this node and type came before: finds it again after an abort. */
  readonly ordinal: number;
  dueAt: number;
  cancelled = false;

  constructor(
    node: ProcessorNode,
    type: PunctuationType,
    intervalMs: number,
    callback: PunctuationCallback,
    ordinal: number,
    dueAt: number,
  ) {
    this.node = node;
    this.type = type;
    this.intervalMs = intervalMs;
    this.callback = callback;
    this.ordinal = ordinal;
    this.dueAt = dueAt;
  }

  cancel(): void {
    this.cancelled = true;
  }

  /** To the first time of the grid after `time`. */
  moveOn(time: number): void {
    const missed = Math.floor((time - this.dueAt) / this.intervalMs);
    this.dueAt += (missed + 1) * this.intervalMs;
  }
}

/** When a schedule was due at the last commit. */
export interface ScheduledAt {
  readonly node: string;
  readonly type: PunctuationType;
  readonly ordinal: number;
  readonly intervalMs: number;
  readonly dueAt: number;
}

/** The schedules of one task. Few, so they are looked through. */
export class PunctuationQueue {
  #schedules: PunctuationSchedule[] = [];

  get isEmpty(): boolean {
    return this.#schedules.length === 0;
  }

  add(
    node: ProcessorNode,
    interval: Duration,
    type: PunctuationType,
    callback: PunctuationCallback,
    now: number,
  ): PunctuationSchedule {
    requireFunction(callback, 'punctuator', 'schedule()');
    if (type !== 'streamTime' && type !== 'wallClock') {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `schedule(): the type must be 'streamTime' or 'wallClock', but is ${JSON.stringify(type)}.`,
        { node: node.name },
      );
    }
    const intervalMs = durationMs(interval, 'schedule interval');
    if (intervalMs < 1) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        'The minimum supported scheduling interval is 1 millisecond.',
        { node: node.name },
      );
    }
    const ordinal = this.#schedules.filter(
      (other) => other.node === node && other.type === type,
    ).length;
    const dueAt = type === 'streamTime' ? 0 : now + intervalMs;
    const schedule = new PunctuationSchedule(node, type, intervalMs, callback, ordinal, dueAt);
    this.#schedules.push(schedule);
    return schedule;
  }

  /** The schedule that is due first at `time`; `undefined` when none is due. Whoever fires it moves it on. */
  nextDue(type: PunctuationType, time: number): PunctuationSchedule | undefined {
    let due: PunctuationSchedule | undefined;
    let cancelled = false;
    for (const schedule of this.#schedules) {
      if (schedule.cancelled) cancelled = true;
      else if (
        schedule.type === type &&
        schedule.dueAt <= time &&
        (due === undefined || schedule.dueAt < due.dueAt)
      ) {
        due = schedule;
      }
    }
    if (cancelled) this.#schedules = this.#schedules.filter((schedule) => !schedule.cancelled);
    return due;
  }

  /** The earliest wall-clock time at which something is due; `undefined` when nothing is scheduled. */
  nextWallClock(): number | undefined {
    let next: number | undefined;
    for (const { type, cancelled, dueAt } of this.#schedules) {
      if (type === 'wallClock' && !cancelled && (next === undefined || dueAt < next)) next = dueAt;
    }
    return next;
  }

  snapshot(): readonly ScheduledAt[] {
    return this.#schedules
      .filter(({ cancelled }) => !cancelled)
      .map(({ node, type, ordinal, intervalMs, dueAt }) => ({
        node: node.name,
        type,
        ordinal,
        intervalMs,
        dueAt,
      }));
  }

  clear(): void {
    for (const schedule of this.#schedules) schedule.cancelled = true;
    this.#schedules = [];
  }

  /** Schedules that processors made anew take up the times of the ones they had at `snapshot`. */
  restore(snapshot: readonly ScheduledAt[]): void {
    for (const schedule of this.#schedules) {
      const former = snapshot.find(
        ({ node, type, ordinal, intervalMs }) =>
          node === schedule.node.name &&
          type === schedule.type &&
          ordinal === schedule.ordinal &&
          intervalMs === schedule.intervalMs,
      );
      if (former !== undefined) schedule.dueAt = former.dueAt;
    }
  }
}
