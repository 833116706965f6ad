/**
 * Where a segment ends and the next one begins, decided from batches alone and never from the clock: recovery cuts
 * the same batches at the same places, and a memory log cuts as a durable one does. The configs are Kafka's.
 */
import { murmur2 } from '../murmur2.js';
import { configNumber, configText, type ConfigValues } from './topic-config.js';

/** Kafka keeps offsets within a segment relative to its base, as int32. */
export const RELATIVE_OFFSET_MAX = 2_147_483_647;

export interface RollRule {
  readonly bytes: number;
  /** A segment takes no batch that is younger than its first one by more than this. */
  readonly ms: number;
  /** A segment is rolled up to this much earlier, so that many partitions do not roll at once. */
  readonly jitterMs: number;
  /** Differs from partition to partition. */
  readonly salt: number;
}

/** What decides about the active segment. */
export interface RollingSegment {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly bytes: number;
  readonly firstTimestamp: number;
  readonly sealed: boolean;
}

export interface RollingBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly bytes: Buffer;
}

export function rollRule(topic: string, partition: number, config: ConfigValues): RollRule {
  const segmentMs = configNumber(config, 'segment.ms');
  const compacted = configText(config, 'cleanup.policy').split(',').includes('compact');
  const name = Buffer.from(`${topic}-${partition}`);
  return {
    bytes: configNumber(config, 'segment.bytes'),
    // The cleaner never touches the active segment, so it must end before its records have to be cleaned.
    ms: compacted ? Math.min(segmentMs, configNumber(config, 'max.compaction.lag.ms')) : segmentMs,
    jitterMs: Math.min(configNumber(config, 'segment.jitter.ms'), segmentMs),
    salt: murmur2(name, 0, name.length),
  };
}

/** Whether the batch must not go into the active segment. */
export function mustRoll(rule: RollRule, active: RollingSegment, batch: RollingBatch): boolean {
  return (
    active.sealed ||
    // A gap begins a new segment: within one, offsets without a gap prove that no batch is missing or misplaced.
    active.endOffset !== batch.baseOffset ||
    active.bytes + batch.bytes.length > rule.bytes ||
    batch.lastOffset - active.baseOffset > RELATIVE_OFFSET_MAX ||
    (active.firstTimestamp >= 0 &&
      batch.maxTimestamp - active.firstTimestamp > rule.ms - jitterOf(rule, active.baseOffset))
  );
}

/** As good as random, and the same whenever it is asked for. */
function jitterOf(rule: RollRule, baseOffset: number): number {
  if (rule.jitterMs === 0) return 0;
  return (Math.imul(rule.salt ^ baseOffset, 0x9e3779b1) >>> 0) % rule.jitterMs;
}
