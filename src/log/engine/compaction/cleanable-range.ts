/**
 * Which part of a compacted partition may be cleaned now, how dirty it is, and which of its segments are cleaned into
 * one, by Kafka's rules:
 *
 *     start ..... cleaned to ............... end of the range .......................... log end
 *       |  clean    |  dirty, can be cleaned    |  too young, undecided, active, or not
 *                                                  yet at its place in the files
 */
import { configNumber, type ConfigValues } from '../topic-config.js';
import { RELATIVE_OFFSET_MAX } from '../segment-roll.js';
import type { SegmentInfo } from '../storage.js';

/** What decides about a partition. */
export interface CleanableLog {
  readonly startOffset: number;
  /** Everything below was cleaned before. */
  readonly cleanedTo: number;
  /** Only segments that end at or below this can be replaced. */
  readonly replaceableTo: number;
  readonly lastStableOffset: number;
  readonly segments: readonly SegmentInfo[];
}

export interface CleanerConfig {
  readonly minCleanableRatio: number;
  readonly minLagMs: number;
  readonly maxLagMs: number;
  readonly deleteRetentionMs: number;
}

export interface CleanableRange {
  /** The first offset that was never cleaned. */
  readonly from: number;
  /** Where a segment begins that may not be cleaned; `from` when there is nothing to clean. */
  readonly to: number;
  /** The part of the bytes below `to` that is dirty. */
  readonly ratio: number;
  /** A record has waited for `max.compaction.lag.ms`. */
  readonly overdue: boolean;
  /** What keeps more from being cleaned is only that it is not at its place in the files yet. */
  readonly waitsForFiles: boolean;
}

export function cleanerConfig(config: ConfigValues): CleanerConfig {
  return {
    minCleanableRatio: configNumber(config, 'min.cleanable.dirty.ratio'),
    minLagMs: configNumber(config, 'min.compaction.lag.ms'),
    maxLagMs: configNumber(config, 'max.compaction.lag.ms'),
    deleteRetentionMs: configNumber(config, 'delete.retention.ms'),
  };
}

export function cleanableRange(
  log: CleanableLog,
  config: CleanerConfig,
  now: number,
): CleanableRange {
  const from = Math.max(log.cleanedTo, log.startOffset);
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let to = from;
  let overdue = false;
  let waitsForFiles = false;
  for (const segment of log.segments) {
    if (segment.endOffset <= from) {
      cleanBytes += segment.bytes;
      continue;
    }
    if (
      !segment.sealed ||
      segment.endOffset > log.lastStableOffset ||
      (config.minLagMs > 0 && segment.maxTimestamp > now - config.minLagMs)
    )
      break;
    if (segment.endOffset > log.replaceableTo) {
      waitsForFiles = true;
      break;
    }
    dirtyBytes += segment.bytes;
    to = segment.endOffset;
    if (segment.firstTimestamp > 0 && segment.firstTimestamp < now - config.maxLagMs)
      overdue = true;
  }
  const bytes = cleanBytes + dirtyBytes;
  return { from, to, ratio: bytes === 0 ? 0 : dirtyBytes / bytes, overdue, waitsForFiles };
}

/** Dirty enough, or waiting too long. */
export function isDirty(range: CleanableRange, config: CleanerConfig): boolean {
  if (range.to <= range.from) return false;
  return range.overdue || range.ratio > config.minCleanableRatio;
}

/** Runs of neighbours that fit into one segment together. A segment that was never cleaned may be larger than that. */
export function groupSegments(
  segments: readonly SegmentInfo[],
  segmentBytes: number,
): SegmentInfo[][] {
  const groups: SegmentInfo[][] = [];
  let group: SegmentInfo[] = [];
  let bytes = 0;
  for (const segment of segments) {
    const first = group[0];
    if (
      first === undefined ||
      bytes + segment.bytes > segmentBytes ||
      segment.endOffset - 1 - first.baseOffset > RELATIVE_OFFSET_MAX
    ) {
      groups.push((group = []));
      bytes = 0;
    }
    group.push(segment);
    bytes += segment.bytes;
  }
  return groups;
}
