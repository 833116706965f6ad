/**
 * The bytes of a journal file. All numbers big-endian. A file is a header, then groups; a group is what one
 * fdatasync makes durable. After the last group come zeros, written in advance so that a sync changes no metadata.
 *
 *     file header   0 'MRJOURNL'            16 int64  number of this file     40 int64  first group's sequence
 *     (64 bytes)    8 int32  version = 2    24 16 B   log id                  48 int64  where the former file ends (0: none is needed)
 *                  12 int32  flags          60 uint32 crc32c of [0, 60)       56 4 B    zero
 *                            bit 0: groups are not synced (durability 'os')
 *
 *     group         0 uint32 'MRGR'         16 int64  number of the file      32 int32  count of entries
 *     header        4 uint32 crc32c of      24 int32  head bytes              36 int32  count of topics
 *     (40 bytes)             [8, head end)  28 int32  body bytes
 *                   8 int64  sequence
 *
 *     head          header | topics: (int16 length, topic id)* | entries*
 *     entry         int8 0 | int32 length | JSON                                                    every state change
 *                   int8 1 | int16 topic | int32 partition | int32 place in the body | 21 bytes     a batch
 *     body          the batches, those of one partition side by side, in their order
 *
 * The 21 bytes are the batch's own up to and including its CRC, so that the group's CRC covers everything that the
 * batch's CRC does not, and no body is hashed twice.
 */
import { readInt64, readUtf8, writeInt64, writeUtf8 } from '../../env/bytes.js';
import {
  BATCH_HEADER_BYTES,
  batchBytes,
  CRC_START,
  verifyBatch,
  batchLastOffset,
  batchMaxTimestamp,
  batchBaseOffset,
} from '../batch-header.js';
import { crc32c } from '../crc32c.js';
import type { BatchEntry, JournalEntry } from './storage.js';

/** Version 1 knew neither sealed nor cleaned segments; it is read, and written no more. */
export const JOURNAL_VERSION = 2;
export const FILE_HEADER_BYTES = 64;
export const GROUP_HEADER_BYTES = 40;
export const BATCH_ENTRY_BYTES = 1 + 2 + 4 + 4 + CRC_START;
export const GROUP_MAGIC = Buffer.from('MRGR');
const FILE_MAGIC = Buffer.from('MRJOURNL');
const FLAG_UNSYNCED = 1;
const STATE = 0;
const BATCH = 1;

export interface JournalFileHeader {
  readonly number: number;
  readonly logId: Buffer;
  readonly firstSequence: number;
  /** Bytes of the former file that belong to the log; 0 when this file needs no former one. */
  readonly formerEnd: number;
  readonly unsynced: boolean;
}

/** Where a partition's segments end at the beginning of a journal file. Written behind the host's snapshot. */
export interface CheckpointEntry {
  readonly type: 'checkpoint';
  readonly topicId: string;
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly cleanedTo: number;
  readonly segments: readonly SegmentCheckpoint[];
}

/** A cleaned segment, or nothing, takes the place of others. Its file is complete and synced under another name. */
export interface SegmentsReplacedEntry {
  readonly type: 'segments-replaced';
  readonly topicId: string;
  readonly partition: number;
  /** Base offsets, ascending. */
  readonly removed: readonly number[];
  readonly added: SegmentCheckpoint | null;
  /** Name of its file in the partition's directory, without extension and suffix. */
  readonly file: string;
  readonly cleanedTo: number;
}

export interface SegmentCheckpoint {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly bytes: number;
  readonly sealed: boolean;
  readonly cleaned: boolean;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly maxTimestampOffset: number;
}

type FormerCheckpoint = Omit<CheckpointEntry, 'cleanedTo' | 'segments'> & {
  readonly cleanedTo?: never;
  readonly segments: readonly FormerSegment[];
};
type FormerSegment = Omit<SegmentCheckpoint, 'sealed' | 'cleaned' | 'firstTimestamp'>;

/** The log was closed; nothing may follow in this file. */
export interface ClosedEntry {
  readonly type: 'closed';
}

export type StoredEntry = JournalEntry | CheckpointEntry | SegmentsReplacedEntry | ClosedEntry;
export type StateEntry = Exclude<StoredEntry, BatchEntry>;

export interface Group {
  readonly sequence: number;
  readonly start: number;
  readonly end: number;
  readonly entries: readonly StoredEntry[];
}

export function encodeFileHeader(header: JournalFileHeader): Buffer {
  const buffer = Buffer.alloc(FILE_HEADER_BYTES);
  FILE_MAGIC.copy(buffer);
  buffer.writeInt32BE(JOURNAL_VERSION, 8);
  buffer.writeInt32BE(header.unsynced ? FLAG_UNSYNCED : 0, 12);
  writeInt64(buffer, header.number, 16);
  header.logId.copy(buffer, 24);
  writeInt64(buffer, header.firstSequence, 40);
  writeInt64(buffer, header.formerEnd, 48);
  buffer.writeUInt32BE(crc32c(buffer, 0, 60), 60);
  return buffer;
}

/** Undefined when these are not the bytes of an undamaged header; `version` alone is read from a newer one. */
export function decodeFileHeader(
  buffer: Buffer,
): (JournalFileHeader & { readonly version: number }) | undefined {
  if (buffer.length < FILE_HEADER_BYTES || !buffer.subarray(0, 8).equals(FILE_MAGIC))
    return undefined;
  if (buffer.readUInt32BE(60) !== crc32c(buffer, 0, 60)) return undefined;
  return {
    version: buffer.readInt32BE(8),
    unsynced: (buffer.readInt32BE(12) & FLAG_UNSYNCED) !== 0,
    number: readInt64(buffer, 16),
    logId: Buffer.from(buffer.subarray(24, 40)),
    firstSequence: readInt64(buffer, 40),
    formerEnd: readInt64(buffer, 48),
  };
}

/** Writes a group's header over `buffer[at, at + GROUP_HEADER_BYTES)`; the rest of the head stands there already. */
export function finishGroup(
  buffer: Buffer,
  at: number,
  group: {
    readonly sequence: number;
    readonly file: number;
    readonly headBytes: number;
    readonly bodyBytes: number;
    readonly entries: number;
    readonly topics: number;
  },
): void {
  GROUP_MAGIC.copy(buffer, at);
  writeInt64(buffer, group.sequence, at + 8);
  writeInt64(buffer, group.file, at + 16);
  buffer.writeInt32BE(group.headBytes, at + 24);
  buffer.writeInt32BE(group.bodyBytes, at + 28);
  buffer.writeInt32BE(group.entries, at + 32);
  buffer.writeInt32BE(group.topics, at + 36);
  buffer.writeUInt32BE(crc32c(buffer, at + 8, at + group.headBytes), at + 4);
}

export function writeTopic(buffer: Buffer, at: number, topicId: string): number {
  const bytes = writeUtf8(buffer, topicId, at + 2);
  buffer.writeInt16BE(bytes, at);
  return at + 2 + bytes;
}

export function writeStateEntry(buffer: Buffer, at: number, json: string, bytes: number): number {
  buffer[at] = STATE;
  buffer.writeInt32BE(bytes, at + 1);
  writeUtf8(buffer, json, at + 5);
  return at + 5 + bytes;
}

export function writeBatchEntry(
  buffer: Buffer,
  at: number,
  topic: number,
  entry: BatchEntry,
  place: number,
): number {
  buffer[at] = BATCH;
  buffer.writeInt16BE(topic, at + 1);
  buffer.writeInt32BE(entry.partition, at + 3);
  buffer.writeInt32BE(place, at + 7);
  entry.bytes.copy(buffer, at + 11, 0, CRC_START);
  return at + BATCH_ENTRY_BYTES;
}

/** What is wrong with the bytes at a place where a group should begin. */
export class BadGroup {
  readonly position: number;
  readonly what: string;

  constructor(position: number, what: string) {
    this.position = position;
    this.what = what;
  }
}

/** The sequence of a group whose head is whole and undamaged at `at`, or -1. */
export function groupSequence(buffer: Buffer, at: number, file: number): number {
  if (
    at + GROUP_HEADER_BYTES > buffer.length ||
    buffer.compare(GROUP_MAGIC, 0, 4, at, at + 4) !== 0
  )
    return -1;
  const headBytes = buffer.readInt32BE(at + 24);
  if (
    headBytes < GROUP_HEADER_BYTES ||
    at + headBytes > buffer.length ||
    readInt64(buffer, at + 16) !== file
  )
    return -1;
  return buffer.readUInt32BE(at + 4) === crc32c(buffer, at + 8, at + headBytes)
    ? readInt64(buffer, at + 8)
    : -1;
}

/** The group at `at`, with batches as views of `buffer`. Everything is verified, bodies too. */
export function decodeGroup(
  buffer: Buffer,
  at: number,
  file: number,
  sequence: number,
): Group | BadGroup {
  const found = groupSequence(buffer, at, file);
  if (found < 0) return new BadGroup(at, 'its head is damaged or incomplete');
  if (found !== sequence)
    return new BadGroup(at, `its sequence is ${found} instead of ${sequence}`);
  const bodyAt = at + buffer.readInt32BE(at + 24);
  const end = bodyAt + buffer.readInt32BE(at + 28);
  if (end > buffer.length) return new BadGroup(at, 'its body is incomplete');
  const topics: string[] = [];
  let next = at + GROUP_HEADER_BYTES;
  for (let left = buffer.readInt32BE(at + 36); left > 0; left--) {
    const bytes = buffer.readInt16BE(next);
    topics.push(readUtf8(buffer, next + 2, next + 2 + bytes));
    next += 2 + bytes;
  }
  const entries: StoredEntry[] = [];
  for (let left = buffer.readInt32BE(at + 32); left > 0; left--) {
    if (buffer[next] === STATE) {
      const bytes = buffer.readInt32BE(next + 1);
      // The group's CRC holds, so these are the bytes that this class wrote.
      const entry = JSON.parse(readUtf8(buffer, next + 5, next + 5 + bytes)) as StateEntry;
      entries.push(entry.type === 'checkpoint' ? complete(entry) : entry);
      next += 5 + bytes;
    } else {
      const batch = decodeBatch(buffer, next, bodyAt, end, topics);
      if (batch instanceof BadGroup) return batch;
      entries.push(batch);
      next += BATCH_ENTRY_BYTES;
    }
  }
  return { sequence, start: at, end, entries };
}

/** What version 1 wrote of a checkpoint, completed: its last segment was the active one, and none was ever cleaned. */
function complete(checkpoint: CheckpointEntry | FormerCheckpoint): CheckpointEntry {
  const { cleanedTo = 0, segments } = checkpoint;
  const last = segments.length - 1;
  return { ...checkpoint, cleanedTo, segments: segments.map((one, i) => completed(one, i < last)) };
}

function completed(segment: SegmentCheckpoint | FormerSegment, sealed: boolean): SegmentCheckpoint {
  // Its first timestamp is earlier: it is rolled late, once.
  return { sealed, cleaned: false, firstTimestamp: segment.maxTimestamp, ...segment };
}

function decodeBatch(
  buffer: Buffer,
  at: number,
  bodyAt: number,
  end: number,
  topics: readonly string[],
): BatchEntry | BadGroup {
  const start = bodyAt + buffer.readInt32BE(at + 7);
  const stop = start + batchBytes(buffer, at + 11);
  const partition = buffer.readInt32BE(at + 3);
  if (
    start + BATCH_HEADER_BYTES > end ||
    stop > end ||
    buffer.compare(buffer, at + 11, at + 11 + CRC_START, start, start + CRC_START) !== 0
  ) {
    return new BadGroup(start, `a batch of partition ${partition} is damaged`);
  }
  try {
    verifyBatch(buffer, start, stop);
  } catch {
    return new BadGroup(
      start,
      `the batch at offset ${batchBaseOffset(buffer, start)} of partition ${partition} is damaged`,
    );
  }
  return {
    type: 'batch',
    topicId: topics[buffer.readInt16BE(at + 1)]!,
    partition,
    baseOffset: batchBaseOffset(buffer, start),
    lastOffset: batchLastOffset(buffer, start),
    maxTimestamp: batchMaxTimestamp(buffer, start),
    bytes: buffer.subarray(start, stop),
  };
}
