/**
 * How far a task has come: offsets, partition times, stream times and schedules, as they are now and as the last
 * commit left them. A commit is told what finished records have consumed; an abort goes back to what was committed.
 */
import type { PartitionOffsetAndMetadata } from '../log/client.js';
import { decodeOffsetMetadata, encodeOffsetMetadata } from './offset-metadata.js';
import type { PartitionGroup } from './partition-group.js';
import type { PunctuationQueue, ScheduledAt } from './punctuation.js';
import type { RecordQueue } from './record-queue.js';

/** What a commit says about time. */
export interface TaskTimes {
  readonly streamTime: number;
  readonly partitionTimes: ReadonlyMap<RecordQueue, number>;
  readonly operatorTimes: ReadonlyMap<string, number>;
  readonly schedules: readonly ScheduledAt[];
}

const NO_TIMES: TaskTimes = {
  streamTime: -1,
  partitionTimes: new Map(),
  operatorTimes: new Map(),
  schedules: [],
};

export class TaskProgress {
  /** Stream times that operators keep for themselves, by node name. */
  readonly operatorTimes = new Map<string, number>();
  readonly #group: PartitionGroup;
  readonly #punctuations: PunctuationQueue;
  /** What is the same as at the last commit is not committed again. */
  readonly #committed = new Map<RecordQueue, PartitionOffsetAndMetadata>();
  #committedTimes: TaskTimes = NO_TIMES;

  constructor(group: PartitionGroup, punctuations: PunctuationQueue) {
    this.#group = group;
    this.#punctuations = punctuations;
  }

  /** Takes up what was committed for a partition before the task was made. */
  setPosition(queue: RecordQueue, offset: number, metadata: string): void {
    const { partitionTime, operatorTimes } = decodeOffsetMetadata(metadata);
    queue.setPosition(offset, partitionTime);
    this.#group.advance(partitionTime);
    for (const [name, time] of operatorTimes) {
      if (time > (this.operatorTimes.get(name) ?? -1)) this.operatorTimes.set(name, time);
    }
    const { topic, partition } = queue;
    this.#committed.set(queue, { topic, partition, offset, metadata });
  }

  times(): TaskTimes {
    return {
      streamTime: this.#group.streamTime,
      partitionTimes: new Map(this.#group.queues.map((queue) => [queue, queue.partitionTime])),
      operatorTimes: new Map(this.operatorTimes),
      schedules: this.#punctuations.isEmpty ? [] : this.#punctuations.snapshot(),
    };
  }

  /** Offsets to commit with `times`; the record in flight of `inFlight` is not consumed yet. */
  offsets(times: TaskTimes, inFlight: RecordQueue | undefined): PartitionOffsetAndMetadata[] {
    const { partitionTimes, operatorTimes } = times;
    const offsets: PartitionOffsetAndMetadata[] = [];
    for (const queue of this.#group.queues) {
      const offset = queue === inFlight ? queue.takenOffset : queue.nextOffset();
      if (offset < 0) continue;
      const { topic, partition } = queue;
      const metadata = encodeOffsetMetadata({
        partitionTime: partitionTimes.get(queue) ?? -1,
        operatorTimes,
      });
      const committed = this.#committed.get(queue);
      if (committed?.offset === offset && committed.metadata === metadata) continue;
      offsets.push({ topic, partition, offset, metadata });
    }
    return offsets;
  }

  committed(times: TaskTimes, offsets: readonly PartitionOffsetAndMetadata[]): void {
    this.#committedTimes = times;
    for (const offset of offsets) {
      const queue = this.#group.find(offset);
      if (queue !== undefined) this.#committed.set(queue, offset);
    }
  }

  /** Nothing was processed yet: what there is counts as committed. */
  begin(): void {
    this.#committedTimes = this.times();
  }

  /** Empties the queues and goes back to the times of the last commit. */
  rollback(): void {
    const { streamTime, partitionTimes, operatorTimes } = this.#committedTimes;
    for (const queue of this.#group.queues) queue.clear(partitionTimes.get(queue) ?? -1);
    this.#group.streamTime = streamTime;
    this.operatorTimes.clear();
    for (const [name, time] of operatorTimes) this.operatorTimes.set(name, time);
  }

  /** After processors were made anew: their schedules are due as they were at the last commit. */
  restoreSchedules(): void {
    this.#punctuations.restore(this.#committedTimes.schedules);
  }
}
