/**
 * One pass over one partition, in steps: first the last offset of every dirty key, as far as the map has room, then
 * all segments up to there without the records that a later one of their key has made useless. It yields between
 * batches, so that whoever runs it can stop for a while or for good; stopped for good, nothing has changed.
 */
import { assert, StreamsError } from '../../../errors.js';
import { batchBytes, batchLastOffset, CONTROL, batchAttributes } from '../../batch-header.js';
import type { BatchRange } from '../../client.js';
import type { BatchPlace } from '../../compression/record-codecs.js';
import { RecordCursor } from '../../record-cursor.js';
import type { AbortedTransaction } from '../aborted-index.js';
import type { LogStorage, PartitionStorage, SegmentInfo, SegmentReplacement } from '../storage.js';
import { BatchFilter, type LastOfProducer } from './batch-filter.js';
import { groupSegments, type CleanableRange } from './cleanable-range.js';
import { bytesForKeys, OffsetMap } from './offset-map.js';
import { TransactionFilter } from './transaction-filter.js';

/** After so many keys whoever runs the pass may do something else. */
const RECORDS_AT_ONCE = 256;
/** Bytes of one read. */
const READ_BYTES = 65_536;
/** The next batch waits while so much is not written. */
const PENDING_BYTES_MAX = 1_048_576;

export interface CleaningParts {
  readonly topicId: string;
  readonly partition: number;
  readonly storage: Pick<LogStorage, 'replace' | 'replacing'>;
  readonly log: PartitionStorage;
  readonly range: CleanableRange;
  readonly place: BatchPlace;
  readonly aborted: readonly AbortedTransaction[];
  readonly producers: ReadonlyMap<number, LastOfProducer>;
  readonly mapBytes: number;
  readonly segmentBytes: number;
  readonly deleteRetentionMs: number;
  readonly now: number;
  /** Called when what it waits for has come: run the next step. */
  wake(): void;
}

/** What a pass did. */
export interface CleaningResult {
  /** The map was full before the range ended: there is more to clean. */
  readonly more: boolean;
  readonly cleanedTo: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Offsets of markers that are gone, with their transactions' batches. */
  readonly removedMarkers: ReadonlySet<number>;
}

/** `work`: call again, now or later. `wait`: after `wake`. */
export type CleaningStep = 'work' | 'wait';

/** Throws what reading, rewriting and replacing throw; the partition is as it was, or as the last group left it. */
export function* clean(parts: CleaningParts): Generator<CleaningStep, CleaningResult> {
  const { range, log } = parts;
  // A range has no more keys than offsets: a small one needs a small map.
  const mapBytes = Math.min(parts.mapBytes, bytesForKeys(range.to - range.from));
  const map = new OffsetMap(mapBytes, range.from - 1);
  const more = yield* fill(map, parts);
  const cleanedTo = more ? map.latestOffset + 1 : range.to;
  const filter = new BatchFilter({
    ...parts,
    map,
    rangeEnd: range.to,
    transactions: transactions(parts),
  });
  const groups = groupSegments(
    log
      .segments()
      .filter((segment) => segment.baseOffset < cleanedTo && segment.endOffset <= range.to),
    parts.segmentBytes,
  );
  let bytesBefore = 0;
  let bytesAfter = 0;
  for (const [i, group] of groups.entries()) {
    const last = i === groups.length - 1;
    for (const segment of group) bytesBefore += segment.bytes;
    bytesAfter += yield* cleanGroup(group, filter, parts, last ? cleanedTo : log.cleanedTo);
  }
  return { more, cleanedTo, bytesBefore, bytesAfter, removedMarkers: filter.removedMarkers };
}

/** All transactions that ended badly; those that end above the range are not in it. */
function transactions({ aborted }: CleaningParts): TransactionFilter {
  return new TransactionFilter(aborted);
}

/** Says whether the map had no room for all of the range. */
function* fill(map: OffsetMap, parts: CleaningParts): Generator<CleaningStep, boolean> {
  const { log, range, place } = parts;
  const ended = transactions(parts);
  const cursor = new RecordCursor();
  let records = 0;
  for (const batch of batches(log, range.from, range.to)) {
    yield 'work';
    if (!holdsRecords(batch, ended)) continue;
    if (!resetTo(cursor, batch, place)) continue;
    while (cursor.next()) {
      if (cursor.keyEnd < 0 || cursor.offset < range.from) continue;
      if (map.full) return true;
      map.put(cursor.buffer, cursor.keyStart, cursor.keyEnd, cursor.offset);
      if (++records % RECORDS_AT_ONCE === 0) yield 'work';
    }
    map.latestOffset = Math.max(map.latestOffset, batchLastOffset(batch.bytes, batch.start));
  }
  map.latestOffset = range.to - 1;
  return false;
}

function holdsRecords({ bytes, start }: BatchRange, ended: TransactionFilter): boolean {
  if ((batchAttributes(bytes, start) & CONTROL) === 0) return !ended.isAborted(bytes, start);
  ended.hasOutlived(bytes, start);
  return false;
}

/** Without the codec of a batch its keys are not known; their older records stay. */
function resetTo(cursor: RecordCursor, { bytes, start }: BatchRange, place: BatchPlace): boolean {
  try {
    cursor.reset(bytes, start, place);
    return true;
  } catch (error) {
    if (error instanceof StreamsError && error.code === 'UNSUPPORTED_COMPRESSION') return false;
    throw error;
  }
}

/** Returns the bytes that are left. */
function* cleanGroup(
  group: readonly SegmentInfo[],
  filter: BatchFilter,
  parts: CleaningParts,
  cleanedTo: number,
): Generator<CleaningStep, number> {
  const { log, storage } = parts;
  const first = group[0];
  const end = group.at(-1)?.endOffset;
  assert(first !== undefined && end !== undefined, 'a group has segments');
  while (storage.replacing) yield 'work';
  const replacement = storage.replace(parts.topicId, parts.partition, group);
  let bytes = 0;
  let finished = false;
  try {
    for (const batch of batches(log, first.baseOffset, end)) {
      const kept = yield* filter.filter(batch);
      if (kept !== undefined) {
        replacement.append(kept);
        bytes += batchBytes(kept.bytes, kept.start);
      }
      yield 'work';
      // Written by others in time that nobody has to wait for here.
      while (replacement.pendingBytes > PENDING_BYTES_MAX && !replacement.ended) yield 'work';
      if (replacement.ended) break;
    }
    finished = true;
    yield* finish(replacement, cleanedTo, parts.wake);
  } finally {
    if (!finished) replacement.abandon();
  }
  return bytes;
}

/** Waits until the replacement is in place. Throws why it is not. */
function* finish(
  replacement: SegmentReplacement,
  cleanedTo: number,
  wake: () => void,
): Generator<CleaningStep, void> {
  let outcome: { readonly error: StreamsError | undefined } | undefined;
  let waiting = false;
  replacement.finish(cleanedTo, (error) => {
    outcome = { error };
    if (waiting) wake();
  });
  waiting = true;
  while (outcome === undefined) yield 'wait';
  if (outcome.error !== undefined) throw outcome.error;
}

/** Every batch from the one that contains `from` up to `to`. */
function* batches(log: PartitionStorage, from: number, to: number): Generator<BatchRange> {
  let offset = from;
  while (offset < to) {
    const ranges = log.read(offset, to, READ_BYTES);
    const last = ranges.at(-1);
    if (last === undefined) return;
    yield* ranges;
    offset = batchLastOffset(last.bytes, last.start) + 1;
  }
}
