/**
 * Which segments of a partition are over its retention.bytes or retention.ms, oldest first. Kafka's rules: whole
 * segments, by the youngest timestamp in each, and the active one too when all of it is over. Nothing goes that a
 * reader could not have read: the high watermark and the last stable offset are never passed.
 *
 * Two clocks are not believed. A timestamp further ahead than the topic would take it now
 * (message.timestamp.after.max.ms) does not keep its segment: the segment is as old as the one after it, or as the
 * time since it was first seen unchanged. And a wall clock that jumps ahead is followed slowly (`BelievedClock`),
 * so that an operator's mistake does not delete every record.
 */
import type { Clock } from '../../env/env.js';
import type { Partition } from './partition.js';
import type { SegmentInfo } from './storage.js';
import type { TopicSettings } from './topic-config.js';

/** A segment whose timestamps tell nothing, since when it was seen with this end. */
interface Unaged {
  readonly endOffset: number;
  readonly since: number;
}

export class Retention {
  /** By partition, then by base offset; only those that need it. */
  readonly #unaged = new WeakMap<Partition, ReadonlyMap<number, Unaged>>();

  /** The offset below which all segments may go now; at or below the log start when none may. `now` is believed. */
  startAfter(partition: Partition, settings: TopicSettings, now: number): number {
    const { deletes, retentionMs, retentionBytes } = settings;
    if (!deletes || (retentionMs < 0 && retentionBytes < 0)) return partition.startOffset;
    const segments = partition.storage.segments();
    const end = Math.min(partition.highWatermark, partition.lastStableOffset);
    let count = 0;
    while (count < segments.length && segments[count]!.endOffset <= partition.startOffset) count++;
    count = overSize(segments, count, end, retentionBytes);
    if (retentionMs >= 0) {
      const youngest = this.#youngest(partition, segments, settings, now);
      while (deletable(segments[count], end) && now - youngest[count]! > retentionMs) count++;
    }
    return count === 0 ? partition.startOffset : segments[count - 1]!.endOffset;
  }

  /** Of each segment, the time of its youngest record, as far as it can be believed. */
  #youngest(
    partition: Partition,
    segments: readonly SegmentInfo[],
    { timestampAfterMsMax }: TopicSettings,
    now: number,
  ): number[] {
    const known = this.#unaged.get(partition);
    let unaged: Map<number, Unaged> | undefined;
    const youngest = new Array<number>(segments.length);
    let later = Number.POSITIVE_INFINITY;
    for (let i = segments.length - 1; i >= 0; i--) {
      const { baseOffset, endOffset, maxTimestamp } = segments[i]!;
      if (maxTimestamp >= 0 && maxTimestamp - timestampAfterMsMax <= now) later = maxTimestamp;
      else {
        const before = known?.get(baseOffset);
        const seen =
          before !== undefined && before.endOffset === endOffset
            ? before
            : { endOffset, since: now };
        (unaged ??= new Map()).set(baseOffset, seen);
        later = Math.min(later, seen.since);
      }
      youngest[i] = later;
    }
    if (unaged !== undefined) this.#unaged.set(partition, unaged);
    else if (known !== undefined) this.#unaged.delete(partition);
    return youngest;
  }
}

/** Segments from `first` on that can go while the others are still at least `bytesMax` together. */
function overSize(
  segments: readonly SegmentInfo[],
  first: number,
  end: number,
  bytesMax: number,
): number {
  if (bytesMax < 0) return first;
  let excess = -bytesMax;
  for (let i = first; i < segments.length; i++) excess += segments[i]!.bytes;
  let count = first;
  while (deletable(segments[count], end) && excess >= segments[count]!.bytes)
    excess -= segments[count++]!.bytes;
  return count;
}

function deletable(segment: SegmentInfo | undefined, end: number): boolean {
  return segment !== undefined && segment.bytes > 0 && segment.endOffset <= end;
}

/** How fast the wall clock may run beside the monotonic one. */
const RATE_MAX = 12;
/** A step that is always followed: daylight of a bad clock, not a mistake. */
const STEP_MS_MAX = 60_000;

/**
 * The wall clock as retention believes it: it may stand still or go back as it likes; a jump ahead is followed at
 * twelve times the speed of time (a laptop that slept for a night is believed within the hour; a clock that is
 * years ahead can be set right before it deletes a week of records).
 */
export class BelievedClock {
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  #wall: number;
  #monotonic: number;
  #behind = false;

  constructor(clock: Clock, warn: (message: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
    this.#wall = clock.now();
    this.#monotonic = clock.monotonic();
  }

  /** The time by which retention goes now. */
  now(): number {
    const wall = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    const most = this.#wall + (monotonic - this.#monotonic) * RATE_MAX;
    // A step is followed whole or not at all: else whoever asks often would follow any jump at once.
    const behind = wall - most > STEP_MS_MAX;
    this.#monotonic = monotonic;
    this.#wall = behind ? most : wall;
    if (behind && !this.#behind)
      this.#warn(
        `millrace log: the clock jumped ${Math.round((wall - most) / 1000)} s ahead; retention follows it slowly. If the clock is wrong, set it right before records are deleted by it.`,
      );
    this.#behind = behind;
    return this.#wall;
  }
}
