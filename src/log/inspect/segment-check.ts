/**
 * Verifies one segment: its batches up to where the journal says that they were synced, their records, the indexes
 * over them, and that the journal's checkpoint says the same of it as its batches.
 */
import type { FileSystem } from '../../env/file-system.js';
import {
  batchBaseOffset,
  batchLastOffset,
  batchMaxTimestamp,
  batchRecordCount,
} from '../batch-header.js';
import { readWhole } from '../engine/log-directory.js';
import type { FindingPlace, Findings } from './findings.js';
import { OffsetIndexCheck, TimeIndexCheck } from './index-check.js';
import type { ProducerCheck } from './producer-check.js';
import { RecordCheck } from './record-check.js';
import { SegmentScan } from './segment-scan.js';

/** What is known of a segment before it is read. */
export interface ExpectedSegment {
  readonly topic: string | undefined;
  readonly partition: number | undefined;
  /** Path without extension. */
  readonly stem: string;
  readonly baseOffset: number;
  /** Bytes that were synced. */
  readonly bytes: number;
  /** Offset after the last batch in those bytes; undefined when the journal does not tell. */
  readonly endOffset: number | undefined;
  /** The greatest timestamp in those bytes; undefined when the journal does not tell. */
  readonly maxTimestamp: number | undefined;
  /** Nothing was appended behind those bytes. */
  readonly complete: boolean;
  /** Its records were compacted: offsets may be missing. */
  readonly cleaned: boolean;
}

export interface SegmentTotals {
  batches: number;
  records: number;
  indexEntries: number;
  bytes: number;
}

export class SegmentCheck {
  readonly #files: FileSystem;
  readonly #findings: Findings;
  readonly #records = new RecordCheck();

  constructor(files: FileSystem, findings: Findings) {
    this.#files = files;
    this.#findings = findings;
  }

  /** Yields after each batch, so that the caller can let others run; `totals` counts on. */
  *run(
    segment: ExpectedSegment,
    producers: ProducerCheck,
    totals: SegmentTotals,
  ): Generator<void, void, undefined> {
    const path = `${segment.stem}.log`;
    const { topic, partition } = segment;
    const place = { file: path, ...placeOf(topic, partition) };
    const handle = this.#files.open(path, 'read');
    try {
      const scan = new SegmentScan(handle, Math.min(segment.bytes, handle.size()));
      yield* this.#walk(segment, scan, place, producers, totals);
    } finally {
      handle.close();
    }
  }

  *#walk(
    segment: ExpectedSegment,
    scan: SegmentScan,
    place: FindingPlace,
    producers: ProducerCheck,
    totals: SegmentTotals,
  ): Generator<void, void, undefined> {
    const index = this.#offsetIndex(segment, place);
    const times = this.#timeIndex(segment, place);
    totals.indexEntries += (index?.entries ?? 0) + (times?.entries ?? 0);
    let expected = segment.baseOffset;
    let maxTimestamp = -1;
    let whole = true;
    while (!scan.done) {
      if (!scan.step()) {
        whole = false;
        producers.gap();
        const next = index?.placeBehind(scan.position) ?? -1;
        this.#stopped(scan, place, next);
        if (next < 0) break;
        scan.resume(next);
        expected = -1;
        continue;
      }
      const { bytes, start, position } = scan;
      const base = batchBaseOffset(bytes, start);
      const last = batchLastOffset(bytes, start);
      const at = { ...place, position, offset: base };
      totals.batches++;
      totals.bytes += scan.size;
      index?.batch(position, last);
      // A batch that compaction left without records has no timestamp to look for.
      const timestamp = batchRecordCount(bytes, start) === 0 ? -1 : batchMaxTimestamp(bytes, start);
      times?.batch(last, timestamp);
      this.#follows(base, last, expected, segment.cleaned, at);
      if (scan.damage === undefined) {
        maxTimestamp = Math.max(maxTimestamp, timestamp);
        this.#readRecords(bytes, start, segment, at, totals);
        if (segment.cleaned) producers.gap();
        producers.batch(bytes, start, at);
      } else {
        whole = false;
        producers.gap();
        this.#findings.add('error', 'batch', at, scan.damage);
      }
      expected = last + 1;
      yield;
    }
    index?.end(segment.bytes, segment.complete && whole);
    times?.end(segment.complete && whole);
    if (segment.cleaned) producers.gap();
    if (whole) this.#checkpoint(segment, place, expected, maxTimestamp);
  }

  #stopped(scan: SegmentScan, place: FindingPlace, next: number): void {
    this.#findings.add(
      'error',
      'batch',
      { ...place, position: scan.position },
      `${scan.damage ?? 'no batch begins there'}; ${next < 0 ? 'the rest of the file was not looked at' : `going on at byte ${next}, which the index names`}`,
    );
  }

  #follows(base: number, last: number, expected: number, cleaned: boolean, at: FindingPlace): void {
    if (expected < 0 || (base === expected && last >= base)) return;
    if (cleaned && base > expected && last >= base) return;
    this.#findings.add(
      'error',
      'batch-order',
      at,
      `a batch with offsets ${base} to ${last} stands where offset ${expected} should follow`,
    );
  }

  #readRecords(
    bytes: Buffer,
    start: number,
    segment: ExpectedSegment,
    at: FindingPlace,
    totals: SegmentTotals,
  ): void {
    const wrong = this.#records.check(bytes, start, !segment.cleaned);
    totals.records += this.#records.records;
    if (wrong !== undefined) this.#findings.add('error', 'record', at, wrong);
    const { unreadable } = this.#records;
    if (unreadable !== undefined)
      this.#findings.add(
        'warning',
        'record',
        at,
        `its records were not looked at: ${unreadable}`,
        'Install the codec and check again; the CRC of the batch is right.',
      );
  }

  #checkpoint(
    segment: ExpectedSegment,
    place: FindingPlace,
    expected: number,
    maxTimestamp: number,
  ): void {
    const { endOffset, cleaned } = segment;
    if (endOffset !== undefined && (cleaned ? expected > endOffset : expected !== endOffset))
      this.#findings.add(
        'error',
        'checkpoint',
        place,
        `its batches end with offset ${expected - 1}, but the journal says ${endOffset - 1}`,
      );
    if (segment.maxTimestamp !== undefined && segment.maxTimestamp !== maxTimestamp)
      this.#findings.add(
        'error',
        'checkpoint',
        place,
        `the greatest timestamp of its batches is ${maxTimestamp}, but the journal says ${segment.maxTimestamp}`,
      );
  }

  #offsetIndex(segment: ExpectedSegment, place: FindingPlace): OffsetIndexCheck | undefined {
    const path = `${segment.stem}.index`;
    const bytes = this.#indexBytes(path, 'offset-index', place);
    if (bytes === undefined) return undefined;
    return new OffsetIndexCheck(bytes, segment.baseOffset, this.#findings, {
      ...place,
      file: path,
    });
  }

  #timeIndex(segment: ExpectedSegment, place: FindingPlace): TimeIndexCheck | undefined {
    const path = `${segment.stem}.timeindex`;
    const bytes = this.#indexBytes(path, 'time-index', place);
    if (bytes === undefined) return undefined;
    return new TimeIndexCheck(bytes, segment.baseOffset, this.#findings, { ...place, file: path });
  }

  #indexBytes(
    path: string,
    kind: 'offset-index' | 'time-index',
    place: FindingPlace,
  ): Buffer | undefined {
    if (this.#files.exists(path)) return readWhole(this.#files, path);
    this.#findings.add('info', kind, { ...place, file: path }, 'the file is not there');
    return undefined;
  }
}

export function placeOf(
  topic: string | undefined,
  partition: number | undefined,
): { topic?: string; partition?: number } {
  return {
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition }),
  };
}
