/**
 * What one file of a log holds, entry after entry: the batches of a segment with their records, the entries of an
 * index, the groups of a journal file. Reads through a window, so a file of any size can be dumped; only a journal
 * file is read as a whole.
 */
import type { Env } from '../../env/env.js';
import { readInt64 } from '../../env/bytes.js';
import { StreamsError } from '../../errors.js';
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  COMPRESSION_MASK,
  isControlBatch,
  isTransactionalBatch,
  LOG_APPEND_TIME,
} from '../batch-header.js';
import type { CompressionType, RecordHeader } from '../client.js';
import {
  BadGroup,
  decodeFileHeader,
  decodeGroup,
  FILE_HEADER_BYTES,
  type StateEntry,
} from '../engine/journal-format.js';
import { fileSize, readWhole } from '../engine/log-directory.js';
import { INDEX_ENTRY_BYTES, TIME_INDEX_ENTRY_BYTES } from '../engine/segment.js';
import { RecordCursor } from '../record-cursor.js';
import { SegmentScan } from './segment-scan.js';

const CODECS: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const SEGMENT_FILE = /(?:^|[/\\])(\d{20})\.(log|index|timeindex)$/;
const JOURNAL_FILE = /(?:^|[/\\])journal-\d{20}$/;
const DELETE_HORIZON = 0x40;
/** So many bytes are read before others may run. */
const TURN_BYTES = 4_194_304;

/** One record of a batch; keys and values are its own. */
export interface DumpedRecord {
  readonly offset: number;
  readonly timestamp: number;
  /** -1 without a producer. */
  readonly sequence: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly RecordHeader[];
  /** Of a control batch. */
  readonly marker:
    | { readonly type: 'ABORT' | 'COMMIT'; readonly coordinatorEpoch: number }
    | undefined;
}

export interface DumpedBatch {
  readonly kind: 'batch';
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly count: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly partitionLeaderEpoch: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** When a cleaned batch's tombstones may go; undefined: not set. */
  readonly deleteHorizonMs: number | undefined;
  readonly timestampType: 'CreateTime' | 'LogAppendTime';
  readonly maxTimestamp: number;
  readonly compression: CompressionType;
  readonly crc: number;
  readonly isValid: boolean;
  /** What is wrong, when it is not valid. */
  readonly damage: string | undefined;
  /** Empty unless they were asked for and can be read. */
  readonly records: readonly DumpedRecord[];
}

/** Where no batch, entry or group can be made out; nothing follows. */
export interface DumpedDamage {
  readonly kind: 'damage';
  readonly position: number;
  readonly what: string;
}

export interface DumpedOffsetEntry {
  readonly kind: 'offset-entry';
  readonly offset: number;
  readonly position: number;
}

export interface DumpedTimeEntry {
  readonly kind: 'time-entry';
  readonly timestamp: number;
  readonly offset: number;
}

/** A group of a journal file: what one flush made durable. */
export interface DumpedGroup {
  readonly kind: 'group';
  readonly sequence: number;
  readonly position: number;
  readonly size: number;
  /** State changes, as the log wrote them. */
  readonly entries: readonly StateEntry[];
  readonly batches: readonly {
    readonly topicId: string;
    readonly partition: number;
    readonly baseOffset: number;
    readonly lastOffset: number;
    readonly bytes: number;
  }[];
}

export type DumpedEntry =
  | DumpedBatch
  | DumpedOffsetEntry
  | DumpedTimeEntry
  | DumpedGroup
  | DumpedDamage;

export async function* dumpFile(
  env: Env,
  file: string,
  records: boolean,
): AsyncGenerator<DumpedEntry, void, undefined> {
  const [, base, extension] = SEGMENT_FILE.exec(file) ?? [];
  const journal = JOURNAL_FILE.test(file);
  if (base === undefined && !journal)
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${file} is no file of a log: give a segment (20 digits and .log), an index (.index, .timeindex) or a journal file (journal- and 20 digits).`,
      { file },
    );
  if (!env.files.exists(file))
    throw new StreamsError('INVALID_ARGUMENT', `There is no file ${file}.`, { file });
  if (journal) yield* dumpJournal(readWhole(env.files, file));
  else if (extension === 'log') yield* dumpBatches(env, file, records);
  else if (extension === 'index') yield* dumpIndex(readWhole(env.files, file), Number(base));
  else yield* dumpTimeIndex(readWhole(env.files, file), Number(base));
}

async function* dumpBatches(
  env: Env,
  file: string,
  records: boolean,
): AsyncGenerator<DumpedBatch | DumpedDamage, void, undefined> {
  const handle = env.files.open(file, 'read');
  try {
    const scan = new SegmentScan(handle, fileSize(env.files, file) ?? 0);
    let turnEnd = TURN_BYTES;
    while (scan.step()) {
      yield dumpBatch(scan, records);
      if (scan.position < turnEnd) continue;
      turnEnd = scan.position + TURN_BYTES;
      await env.timers.yield(); // oxlint-disable-line no-await-in-loop -- others may run in between
    }
    if (scan.damage !== undefined)
      yield { kind: 'damage', position: scan.position, what: scan.damage };
  } finally {
    handle.close();
  }
}

function dumpBatch(scan: SegmentScan, withRecords: boolean): DumpedBatch {
  const { bytes, start } = scan;
  const attributes = batchAttributes(bytes, start);
  const read = withRecords && scan.damage === undefined ? readRecords(bytes, start) : [];
  const damage = scan.damage ?? (typeof read === 'string' ? read : undefined);
  const baseSequence = batchBaseSequence(bytes, start);
  const baseOffset = batchBaseOffset(bytes, start);
  const lastOffset = batchLastOffset(bytes, start);
  return {
    kind: 'batch',
    position: scan.position,
    size: scan.size,
    baseOffset,
    lastOffset,
    count: batchRecordCount(bytes, start),
    baseSequence,
    lastSequence: baseSequence < 0 ? -1 : (baseSequence + lastOffset - baseOffset) % 2_147_483_648,
    producerId: batchProducerId(bytes, start),
    producerEpoch: batchProducerEpoch(bytes, start),
    partitionLeaderEpoch: bytes.readInt32BE(start + 12),
    isTransactional: isTransactionalBatch(bytes, start),
    isControl: isControlBatch(bytes, start),
    deleteHorizonMs: (attributes & DELETE_HORIZON) === 0 ? undefined : readInt64(bytes, start + 27),
    timestampType: (attributes & LOG_APPEND_TIME) === 0 ? 'CreateTime' : 'LogAppendTime',
    maxTimestamp: batchMaxTimestamp(bytes, start),
    compression: CODECS[attributes & COMPRESSION_MASK] ?? 'none',
    crc: scan.crc,
    isValid: damage === undefined,
    damage,
    records: typeof read === 'string' ? [] : read,
  };
}

/** The records of a batch, or why they cannot be read. */
function readRecords(bytes: Buffer, start: number): DumpedRecord[] | string {
  const cursor = new RecordCursor();
  const control = isControlBatch(bytes, start);
  const sequence = batchBaseSequence(bytes, start);
  const records: DumpedRecord[] = [];
  try {
    cursor.reset(bytes, start);
    while (cursor.next()) {
      const key = copy(cursor.key());
      const value = copy(cursor.value());
      records.push({
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        sequence:
          sequence < 0
            ? -1
            : (sequence + cursor.offset - batchBaseOffset(bytes, start)) % 2_147_483_648,
        key,
        value,
        headers: cursor.headers(),
        marker: control ? markerOf(key, value) : undefined,
      });
    }
  } catch (error) {
    if (error instanceof StreamsError) return error.message;
    throw error;
  }
  return records;
}

function markerOf(key: Buffer | null, value: Buffer | null): DumpedRecord['marker'] {
  if (key === null || key.length < 4 || value === null || value.length < 6) return undefined;
  const type = key.readInt16BE(2);
  if (type !== 0 && type !== 1) return undefined;
  return { type: type === 0 ? 'ABORT' : 'COMMIT', coordinatorEpoch: value.readInt32BE(2) };
}

const copy = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));

function* dumpIndex(
  bytes: Buffer,
  baseOffset: number,
): Generator<DumpedOffsetEntry | DumpedDamage, void, undefined> {
  let at = 0;
  for (; at + INDEX_ENTRY_BYTES <= bytes.length; at += INDEX_ENTRY_BYTES) {
    const offset = baseOffset + bytes.readInt32BE(at);
    yield { kind: 'offset-entry', offset, position: bytes.readInt32BE(at + 4) };
  }
  if (at < bytes.length)
    yield { kind: 'damage', position: at, what: `${bytes.length - at} bytes are no whole entry` };
}

function* dumpTimeIndex(
  bytes: Buffer,
  baseOffset: number,
): Generator<DumpedTimeEntry | DumpedDamage, void, undefined> {
  let at = 0;
  for (; at + TIME_INDEX_ENTRY_BYTES <= bytes.length; at += TIME_INDEX_ENTRY_BYTES) {
    const timestamp = readInt64(bytes, at);
    yield { kind: 'time-entry', timestamp, offset: baseOffset + bytes.readInt32BE(at + 8) };
  }
  if (at < bytes.length)
    yield { kind: 'damage', position: at, what: `${bytes.length - at} bytes are no whole entry` };
}

function* dumpJournal(bytes: Buffer): Generator<DumpedGroup | DumpedDamage, void, undefined> {
  const header = decodeFileHeader(bytes);
  if (header === undefined) {
    yield { kind: 'damage', position: 0, what: 'the header of the journal file is damaged' };
    return;
  }
  let sequence = header.firstSequence;
  let end = bytes.length;
  while (end > FILE_HEADER_BYTES && bytes[end - 1] === 0) end--;
  for (let at = FILE_HEADER_BYTES; at < end; sequence++) {
    const group = decodeGroup(bytes, at, header.number, sequence);
    if (group instanceof BadGroup) {
      yield { kind: 'damage', position: group.position, what: group.what };
      return;
    }
    const entries: StateEntry[] = [];
    const batches: DumpedGroup['batches'][number][] = [];
    for (const entry of group.entries) {
      if (entry.type !== 'batch') {
        entries.push(entry);
        continue;
      }
      const { topicId, partition, baseOffset, lastOffset } = entry;
      batches.push({ topicId, partition, baseOffset, lastOffset, bytes: entry.bytes.length });
    }
    yield { kind: 'group', sequence, position: at, size: group.end - at, entries, batches };
    at = group.end;
  }
}
