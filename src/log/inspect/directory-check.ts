/**
 * Checks a whole directory, in this order: format file, journal, then partition after partition its segments, then
 * what files are there that should not be. When the journal is damaged nothing tells how long segments should be; they
 * are looked at by themselves then.
 */
import type { Env } from '../../env/env.js';
import type { FileSystem } from '../../env/file-system.js';
import { AssertionFailed, StreamsError } from '../../errors.js';
import { fileSize, readFormat } from '../engine/log-directory.js';
import type { JournalPartition } from '../engine/partition-storage.js';
import { Findings, FINDINGS_MAX, type LogCheckReport, type LogCheckTotals } from './findings.js';
import { FileInventory } from './file-inventory.js';
import type { LogCheckOptions } from './inspect.js';
import { partitionStates, readImage, type LogImage } from './log-image.js';
import { ProducerCheck } from './producer-check.js';
import { placeOf, SegmentCheck, type ExpectedSegment } from './segment-check.js';

/** So many bytes are read before others may run. */
const TURN_BYTES = 8_388_608;

export class DirectoryCheck {
  readonly #env: Env;
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #options: LogCheckOptions;
  readonly #findings: Findings;
  readonly #segments: SegmentCheck;
  readonly #inventory: FileInventory;
  readonly #totals = {
    journalFiles: 0,
    journalGroups: 0,
    topics: 0,
    partitions: 0,
    segments: 0,
    batches: 0,
    records: 0,
    indexEntries: 0,
    bytes: 0,
  };
  #bytesTotal = 0;
  #bytesAtTurn = 0;

  constructor(env: Env, directory: string, options: LogCheckOptions) {
    this.#env = env;
    this.#files = env.files;
    this.#directory = directory;
    this.#options = options;
    this.#findings = new Findings(options.findingsMax ?? FINDINGS_MAX);
    this.#segments = new SegmentCheck(this.#files, this.#findings);
    this.#inventory = new FileInventory(this.#files, directory, this.#findings);
  }

  async run(): Promise<LogCheckReport> {
    const logId = this.#format();
    const image = this.#journal(logId);
    if (logId === undefined) this.#withoutFormat(image);
    this.#inventory.root(image);
    if (image === undefined) await this.#unexplained();
    else await this.#partitions(image);
    this.#progress(this.#directory);
    const { list, leftOut, errors, warnings } = this.#findings;
    return {
      directory: this.#directory,
      ok: errors === 0,
      logId: logId?.toString('hex') ?? '',
      cleanShutdown: image?.cleanShutdown ?? false,
      tornBytes: image?.chain.files.at(-1)?.tornBytes ?? 0,
      findings: list,
      findingsLeftOut: leftOut,
      errors,
      warnings,
      totals: this.#snapshot(),
    };
  }

  #format(): Buffer | undefined {
    const path = `${this.#directory}/millrace.json`;
    try {
      return readFormat(this.#files, this.#directory);
    } catch (error) {
      if (!(error instanceof StreamsError) || error.code !== 'LOG_CORRUPT') throw error;
      this.#findings.add('error', 'format-file', { file: path }, error.message);
      return undefined;
    }
  }

  /** It is written last when a log is made: with nothing but a first group there, the making was interrupted. */
  #withoutFormat(image: LogImage | undefined): void {
    const path = `${this.#directory}/millrace.json`;
    if (this.#files.exists(path)) return;
    const [first, ...others] = image?.chain.files ?? [];
    const begun =
      first !== undefined &&
      others.length === 0 &&
      first.header.number === 1 &&
      first.groups.length === 1 &&
      this.#inventory.segmentFiles().next().done === true;
    if (begun)
      this.#findings.add('info', 'leftover', { file: first.path }, 'of a log that was being made');
    else this.#findings.add('error', 'format-file', { file: path }, 'the file is not there');
  }

  #journal(logId: Buffer | undefined): LogImage | undefined {
    try {
      const image = readImage(this.#files, this.#directory, logId);
      const { files } = image.chain;
      if (files.length === 0) {
        this.#findings.add(
          'error',
          'journal-file',
          { file: this.#directory },
          'there is no journal file',
        );
        return undefined;
      }
      this.#totals.journalFiles = files.length;
      for (const { groups, end } of files) {
        this.#totals.journalGroups += groups.length;
        this.#totals.bytes += end;
      }
      return image;
    } catch (error) {
      if (error instanceof StreamsError && error.code === 'LOG_CORRUPT')
        this.#findings.add(
          'error',
          'journal-file',
          { file: error.where.file ?? this.#directory, ...positionOf(error) },
          error.message,
        );
      else if (error instanceof AssertionFailed)
        this.#findings.add('error', 'journal-entry', { file: this.#directory }, error.message);
      else throw error;
      return undefined;
    }
  }

  async #partitions(image: LogImage): Promise<void> {
    const states = partitionStates(image);
    const plans: (readonly [JournalPartition, readonly ExpectedSegment[]])[] = [];
    const topics = new Set<string>();
    for (const partition of image.topics.partitions()) {
      topics.add(partition.topicId);
      const expected = this.#expected(partition, image);
      plans.push([partition, expected]);
      for (const { bytes } of expected) this.#bytesTotal += bytes;
    }
    this.#totals.topics = topics.size;
    this.#bytesTotal += this.#totals.bytes;
    for (const [partition, expected] of plans) {
      this.#totals.partitions++;
      const producers = new ProducerCheck(this.#findings, !coversAll(partition, expected));
      const synced = image.rewrites.get(partition) === undefined;
      for (const segment of expected) await this.#segment(segment, producers); // oxlint-disable-line no-await-in-loop -- one file at a time
      const state = states.get(partition);
      if (synced && state !== undefined && state.endOffset === partition.endOffset)
        producers.end(state, {
          file: partition.directory,
          ...placeOf(partition.topic, partition.partition),
        });
      this.#inventory.partition(partition, image);
    }
  }

  /** The segments that must be there, each with how far it was synced; what is missing is told. */
  #expected(partition: JournalPartition, { rewrites, swaps }: LogImage): ExpectedSegment[] {
    const { topic, startOffset } = partition;
    const list: ExpectedSegment[] = [];
    // Before the batches of the journal get their places: what the checkpoint says.
    const durable = partition.segmentList.map((segment) => ({
      segment,
      bytes: segment.bytes,
      endOffset: segment.endOffset,
      maxTimestamp: segment.maxTimestamp,
    }));
    if (rewrites.has(partition)) partition.place();
    let before = -1;
    for (const { segment, bytes, endOffset, maxTimestamp } of durable) {
      const path = swaps.pathOf(segment);
      const size = fileSize(this.#files, path);
      const where = { file: path, ...placeOf(topic, partition.partition) };
      if (segment.baseOffset < before)
        this.#findings.add(
          'error',
          'checkpoint',
          where,
          `it begins before offset ${before}, where the one before it ends`,
        );
      before = endOffset;
      // It was deleted; the removal may be undone by a crash, and then its last bytes were never synced.
      if (endOffset <= startOffset && (size ?? 0) < bytes) continue;
      if (size === undefined)
        this.#findings.add(
          'error',
          'segment-missing',
          { ...where, offset: segment.baseOffset },
          `the file is not there; ${bytes} bytes were synced`,
        );
      else if (size < bytes)
        this.#findings.add(
          'error',
          'segment-short',
          { ...where, position: size, offset: segment.baseOffset },
          `the file has ${size} bytes; ${bytes} were synced`,
        );
      // One that has not its name yet is read when it has.
      if (size === undefined || path !== segment.logPath) continue;
      list.push({
        topic,
        partition: partition.partition,
        stem: segment.stem,
        baseOffset: segment.baseOffset,
        bytes: Math.min(bytes, size),
        endOffset: size < bytes ? undefined : endOffset,
        maxTimestamp: size < bytes ? undefined : maxTimestamp,
        complete: segment.bytes === bytes,
        cleaned: segment.cleaned,
      });
    }
    return list;
  }

  /** Without a journal: every segment file there is. */
  async #unexplained(): Promise<void> {
    for (const found of this.#inventory.segmentFiles()) {
      const producers = new ProducerCheck(this.#findings, true);
      const segment: ExpectedSegment = {
        ...found,
        endOffset: undefined,
        maxTimestamp: undefined,
        complete: false,
        // Nothing tells whether it was compacted.
        cleaned: true,
      };
      this.#bytesTotal += found.bytes;
      await this.#segment(segment, producers); // oxlint-disable-line no-await-in-loop -- one file at a time
    }
  }

  async #segment(segment: ExpectedSegment, producers: ProducerCheck): Promise<void> {
    this.#totals.segments++;
    for (const _ of this.#segments.run(segment, producers, this.#totals)) {
      if (this.#totals.bytes - this.#bytesAtTurn < TURN_BYTES) continue;
      this.#bytesAtTurn = this.#totals.bytes;
      this.#progress(`${segment.stem}.log`);
      await this.#env.timers.yield(); // oxlint-disable-line no-await-in-loop -- others may run in between
    }
  }

  #progress(file: string): void {
    this.#options.onProgress?.({ ...this.#snapshot(), bytesTotal: this.#bytesTotal, file });
  }

  #snapshot(): LogCheckTotals {
    return { ...this.#totals };
  }
}

/** Every offset from 0 to the end is in these segments: nothing was deleted or cleaned away. */
function coversAll(partition: JournalPartition, expected: readonly ExpectedSegment[]): boolean {
  let end = 0;
  for (const segment of expected) {
    if (segment.cleaned || segment.baseOffset !== end) return false;
    end = segment.endOffset ?? -1;
  }
  return partition.startOffset === 0 && end === partition.endOffset;
}

function positionOf(error: StreamsError): { readonly position?: number } {
  return error.where.offset === undefined ? {} : { position: error.where.offset };
}
