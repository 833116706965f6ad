/**
 * The queues of one task. The record with the least timestamp goes next; among equals the partition that was added
 * first. A partition without records holds the others up only while the log is known to have more for it, or for
 * `maxTaskIdle`.
 */
import type { Clock } from '../env/env.js';
import type { TopicPartition } from '../log/client.js';
import type { RecordQueue } from './record-queue.js';

export class PartitionGroup {
  readonly #clock: Clock;
  readonly #maxIdleMs: number;
  readonly #queues: RecordQueue[] = [];
  readonly #byPartition = new Map<string, RecordQueue>();
  /** Largest timestamp taken from any queue; -1 before the first. */
  streamTime = -1;
  /** At the last look there was a record that has to wait for another partition. */
  #waiting = false;

  constructor(clock: Clock, maxIdleMs: number) {
    this.#clock = clock;
    this.#maxIdleMs = maxIdleMs;
  }

  get queues(): readonly RecordQueue[] {
    return this.#queues;
  }

  add(queue: RecordQueue): void {
    this.#queues.push(queue);
    this.#byPartition.set(`${queue.topic}-${queue.partition}`, queue);
  }

  find({ topic, partition }: TopicPartition): RecordQueue | undefined {
    return this.#byPartition.get(`${topic}-${partition}`);
  }

  /** The queue whose head goes next, its head prepared; `undefined` when there is none or one has to be waited for. */
  choose(): RecordQueue | undefined {
    const queues = this.#queues;
    let chosen: RecordQueue | undefined;
    let empty = false;
    for (let i = 0; i < queues.length; i++) {
      const queue = queues[i]!;
      if (queue.head === undefined && !queue.prepareHead()) empty = true;
      else if (chosen === undefined || queue.head!.timestamp < chosen.head!.timestamp)
        chosen = queue;
    }
    this.#waiting = chosen !== undefined && empty && this.#mustWait();
    return this.#waiting ? undefined : chosen;
  }

  /** Notes the time of a record that is taken. */
  advance(timestamp: number): void {
    if (timestamp > this.streamTime) this.streamTime = timestamp;
  }

  /** Milliseconds until a wait for an idle partition ends; `undefined` when there is none. */
  msUntilIdleEnds(): number | undefined {
    if (!this.#waiting) return undefined;
    let ms: number | undefined;
    for (const { idleSince } of this.#queues) {
      if (idleSince === undefined) continue;
      const left = Math.max(0, idleSince + this.#maxIdleMs - this.#clock.monotonic());
      if (ms === undefined || left > ms) ms = left;
    }
    return ms;
  }

  /** Some partition has records and another one has none. */
  #mustWait(): boolean {
    if (this.#maxIdleMs < 0) return false;
    let wait = false;
    for (const queue of this.#queues) {
      if (queue.head !== undefined) continue;
      if (queue.hasKnownLag) wait = true;
      else if (this.#maxIdleMs > 0) {
        const now = this.#clock.monotonic();
        queue.idleSince ??= now;
        if (now - queue.idleSince < this.#maxIdleMs) wait = true;
      }
    }
    return wait;
  }
}
