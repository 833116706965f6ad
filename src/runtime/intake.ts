/**
 * What flows into the tasks: one lane per source partition, with the position read so far, the position the last
 * commit covered, and back-pressure (a lane whose queue is full is paused at the consumer). Knows which task owns a
 * partition; never looks into a record.
 */
import { assert } from '../errors.js';
import type {
  FetchedRecords,
  LogConsumer,
  PartitionOffset,
  PartitionOffsetAndMetadata,
  TopicPartition,
} from '../log/client.js';
import type { StreamTask } from '../processor/stream-task.js';

const LANE_BYTES_MAX = 4 * 1024 * 1024;
const LANE_BYTES_MIN = 64 * 1024;
/** Of all lanes together, as far as the least of each allows. */
const BYTES_MAX = 128 * 1024 * 1024;

/** A lane above this stops reading, and reads again below half of it. The more lanes, the less for each. */
export function laneBytesMax(lanes: number): number {
  const share = Math.floor(BYTES_MAX / Math.max(1, lanes));
  return Math.min(LANE_BYTES_MAX, Math.max(LANE_BYTES_MIN, share));
}

export interface Lane extends TopicPartition {
  readonly task: StreamTask;
  readonly repartition: boolean;
  /** Next offset to read. */
  position: number;
  /** Where reading begins again after an abort. */
  committed: number;
  /** What was committed beside it; undefined before the first commit. */
  metadata: string | undefined;
  /** `until: 'caughtUp'` ends when the position is here. */
  target: number;
  /** End of what could be read at the last fetch. */
  endOffset: number;
  paused: boolean;
}

export class Intake {
  readonly lanes: readonly Lane[];
  readonly repartitionLanes: readonly Lane[];
  readonly #byTopic = new Map<string, Lane[]>();
  readonly #consumer: LogConsumer;
  readonly #laneBytesMax: number;

  constructor(consumer: LogConsumer, lanes: readonly Lane[]) {
    this.#consumer = consumer;
    this.lanes = lanes;
    this.#laneBytesMax = laneBytesMax(lanes.length);
    this.repartitionLanes = lanes.filter((lane) => lane.repartition);
    for (const lane of lanes) {
      const ofTopic = this.#byTopic.get(lane.topic) ?? [];
      assert(
        ofTopic[lane.partition] === undefined,
        `one task owns ${lane.topic}-${lane.partition}`,
      );
      ofTopic[lane.partition] = lane;
      this.#byTopic.set(lane.topic, ofTopic);
    }
  }

  /** Hands what a poll brought to the tasks; pauses lanes that are full. */
  add(fetched: readonly FetchedRecords[]): void {
    let full: Lane[] | undefined;
    for (const records of fetched) {
      const lane = this.#lane(records);
      // Beyond is possible after an offset reset, where records were deleted; below would process records twice.
      assert(
        records.firstOffset >= lane.position,
        `${records.topic}-${records.partition} continues at ${lane.position}, not at ${records.firstOffset}`,
      );
      assert(records.nextOffset >= lane.position, 'a fetch never moves a position back');
      lane.task.addRecords(records);
      lane.position = records.nextOffset;
      lane.endOffset = records.endOffset;
      if (lane.task.queuedBytes(lane.topic, lane.partition) <= this.#laneBytesMax) continue;
      lane.paused = true;
      (full ??= []).push(lane);
    }
    if (full !== undefined) this.#consumer.pause(full);
  }

  /** A poll that would have waited brought nothing: what was known of records to come is out of date, they were deleted. */
  nothingMore(): void {
    for (const lane of this.lanes) {
      if (lane.paused || lane.endOffset <= lane.position) continue;
      lane.endOffset = lane.position;
      lane.task.expect(lane, -1);
    }
  }

  /** Lets lanes read again that have drained. */
  resumeDrained(): void {
    let drained: Lane[] | undefined;
    for (const lane of this.lanes) {
      if (
        !lane.paused ||
        lane.task.queuedBytes(lane.topic, lane.partition) > this.#laneBytesMax / 2
      )
        continue;
      lane.paused = false;
      (drained ??= []).push(lane);
    }
    if (drained !== undefined) this.#consumer.resume(drained);
  }

  committed(offsets: readonly PartitionOffsetAndMetadata[]): void {
    for (const offset of offsets) {
      const lane = this.#lane(offset);
      lane.committed = offset.offset;
      lane.metadata = offset.metadata;
    }
  }

  /** Goes back to the last commit; the tasks have emptied their queues. */
  rewind(): void {
    const paused = this.lanes.filter((lane) => lane.paused);
    if (paused.length > 0) this.#consumer.resume(paused);
    for (const lane of this.lanes) {
      lane.paused = false;
      lane.position = lane.committed;
      this.#consumer.seek(lane, lane.committed);
      if (lane.metadata !== undefined) lane.task.setPosition(lane, lane.committed, lane.metadata);
      if (lane.endOffset > lane.committed) lane.task.expect(lane, lane.endOffset);
    }
  }

  /** Every lane has read what was there when the targets were taken. */
  get reachedTargets(): boolean {
    return this.lanes.every((lane) => lane.position >= lane.target);
  }

  /** Nothing that was read waits in a queue. */
  get isEmpty(): boolean {
    return this.lanes.every(
      (lane) => !lane.paused && lane.task.queuedBytes(lane.topic, lane.partition) === 0,
    );
  }

  setTargets(topic: string, ends: readonly PartitionOffset[]): void {
    for (const { partition, offset } of ends) {
      const lane = this.#byTopic.get(topic)?.[partition];
      if (lane !== undefined) lane.target = offset;
    }
  }

  #lane({ topic, partition }: TopicPartition): Lane {
    const lane = this.#byTopic.get(topic)?.[partition];
    assert(lane !== undefined, `no task reads ${topic}-${partition}`);
    return lane;
  }
}
