/**
 * Which files are in a log's directory, and which of them do not belong: rests that the next open removes, and things
 * that no log puts there.
 */
import type { FileSystem } from '../../env/file-system.js';
import { StreamsError } from '../../errors.js';
import { CLEANED_SUFFIX, fileSize, JOURNAL_NAME, NEW_SUFFIX } from '../engine/log-directory.js';
import type { JournalPartition } from '../engine/partition-storage.js';
import { segmentName } from '../engine/segment.js';
import type { Findings } from './findings.js';
import type { LogImage } from './log-image.js';

const PARTITION_NAME = /^(.+)-(\d+)$/;
const SEGMENT_FILE = /^(\d{20})\.(log|index|timeindex)$/;
const LOCK_NAME = /^lock(?:\..+)?$/;

export interface FoundSegment {
  readonly topic: string;
  readonly partition: number;
  readonly stem: string;
  readonly baseOffset: number;
  readonly bytes: number;
}

export class FileInventory {
  readonly #files: FileSystem;
  readonly #directory: string;
  readonly #findings: Findings;

  constructor(files: FileSystem, directory: string, findings: Findings) {
    this.#files = files;
    this.#directory = directory;
    this.#findings = findings;
  }

  /** The log's own directory; without an image every partition directory counts as known. */
  root(image: LogImage | undefined): void {
    const used = new Set<string>();
    for (const partition of image?.topics.partitions() ?? []) used.add(partition.directory);
    const former = new Set(image?.topics.deletedDirectories() ?? []);
    const unsynced = image?.chain.files.at(-1)?.header.unsynced === true;
    const needed = new Set(image?.chain.files.map(({ path }) => path) ?? []);
    for (const name of this.#files.list(this.#directory)) {
      const file = `${this.#directory}/${name}`;
      if (name === 'millrace.json' || LOCK_NAME.test(name) || used.has(file)) continue;
      if (JOURNAL_NAME.test(name)) {
        if (image !== undefined && !needed.has(file))
          this.#findings.add(
            'info',
            'leftover',
            { file },
            'a journal file that is not needed any more',
          );
      } else if (name.endsWith(NEW_SUFFIX))
        this.#findings.add('info', 'leftover', { file }, 'a file that was being written');
      else if (former.has(file))
        this.#findings.add(
          'info',
          'leftover',
          { file },
          'the directory of a topic that was deleted',
        );
      else if (unsynced && PARTITION_NAME.test(name) && this.#names(file) !== undefined)
        this.#findings.add('info', 'leftover', { file }, 'of a topic whose creation was lost');
      else if (image !== undefined || !PARTITION_NAME.test(name) || this.#names(file) === undefined)
        this.#foreign(file);
    }
  }

  /** The directory of a partition whose segments have their places. */
  partition(partition: JournalPartition, image: LogImage): void {
    const names = this.#names(partition.directory);
    if (names === undefined) return;
    const known = new Map(
      partition.segmentList.map((segment) => [segmentName(segment.baseOffset), segment]),
    );
    const synced = image.chain.files.at(-1)?.header.unsynced === false;
    for (const name of names) {
      const file = `${partition.directory}/${name}`;
      const [, stem = '', extension] = SEGMENT_FILE.exec(name) ?? [];
      if (name.endsWith(CLEANED_SUFFIX)) {
        this.#findings.add('info', 'leftover', { file }, 'of a segment that was being cleaned');
        continue;
      }
      if (extension === undefined) {
        this.#foreign(file);
        continue;
      }
      const segment = known.get(stem);
      const size = extension === 'log' ? (fileSize(this.#files, file) ?? 0) : 0;
      const place = { file, topic: partition.topic, partition: partition.partition };
      if (segment === undefined && Number(stem) < partition.endOffset)
        this.#findings.add('info', 'leftover', place, 'of a segment that was deleted');
      else if (segment !== undefined && image.swaps.pathOf(segment) !== segment.logPath)
        this.#findings.add('info', 'leftover', place, 'of a segment that was cleaned');
      else if (size > (segment?.bytes ?? 0) && !image.topics.replaced(partition))
        this.#findings.add(
          synced ? 'error' : 'info',
          synced ? 'segment-long' : 'leftover',
          { ...place, position: segment?.bytes ?? 0 },
          `the file has ${size} bytes, of which the journal explains ${segment?.bytes ?? 0}`,
        );
      else if (segment === undefined && extension === 'log')
        this.#findings.add(
          'info',
          'leftover',
          place,
          'an empty segment that no journal entry names',
        );
    }
  }

  /** Every segment file of every partition directory. */
  *segmentFiles(): Generator<FoundSegment, void, undefined> {
    for (const name of this.#files.list(this.#directory)) {
      const [, topic, partition] = PARTITION_NAME.exec(name) ?? [];
      if (topic === undefined || JOURNAL_NAME.test(name)) continue;
      const directory = `${this.#directory}/${name}`;
      for (const file of this.#names(directory) ?? []) {
        const [, stem, extension] = SEGMENT_FILE.exec(file) ?? [];
        if (stem === undefined || extension !== 'log') continue;
        yield {
          topic,
          partition: Number(partition),
          stem: `${directory}/${stem}`,
          baseOffset: Number(stem),
          bytes: fileSize(this.#files, `${directory}/${file}`) ?? 0,
        };
      }
    }
  }

  #foreign(file: string): void {
    this.#findings.add('warning', 'foreign-file', { file }, 'no log puts such a file there');
  }

  /** Names in a directory; undefined when it is none. */
  #names(path: string): string[] | undefined {
    if (!this.#files.exists(path)) return undefined;
    try {
      return this.#files.list(path);
    } catch (error) {
      if (error instanceof StreamsError) return undefined;
      throw error;
    }
  }
}
