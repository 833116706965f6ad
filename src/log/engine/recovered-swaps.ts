/**
 * What recovery does with segments that were replaced since the oldest journal file began. The journal says so, hence
 * the new file is complete: under its own name, or still under the one that it was written with. Recovery rolls forward.
 */
import type { FileSystem } from '../../env/file-system.js';
import type { SegmentsReplacedEntry } from './journal-format.js';
import type { JournalPartition } from './partition-storage.js';
import { Segment } from './segment.js';
import { cleanedPath } from './segment-replacement.js';

export class RecoveredSwaps {
  readonly #files: FileSystem;
  /** Where each new segment was written. */
  readonly #written = new Map<Segment, string>();

  constructor(files: FileSystem) {
    this.#files = files;
  }

  replay(entry: SegmentsReplacedEntry, partition: JournalPartition): void {
    const added =
      entry.added === null ? undefined : Segment.restored(partition.directory, entry.added);
    for (const segment of partition.replaceSegments(entry.removed, added, entry.cleanedTo))
      this.#written.delete(segment);
    if (added !== undefined)
      this.#written.set(added, cleanedPath(`${partition.directory}/${entry.file}`, 'log'));
  }

  /** Where the segment's bytes are. */
  pathOf(segment: Segment): string {
    const written = this.#written.get(segment);
    return written !== undefined && this.#files.exists(written) ? written : segment.logPath;
  }

  /**
   * Gives the partition's new segments their names. True when its directory must be synced: a name that is there
   * already may be in the page cache alone, when the process died behind the rename.
   */
  finish(partition: JournalPartition): boolean {
    let named = false;
    for (const segment of partition.segmentList) {
      if (!this.#written.has(segment)) continue;
      named = true;
      // Those that lie there may be of the segments that were replaced; they are made anew.
      for (const extension of ['index', 'timeindex']) {
        const index = `${segment.stem}.${extension}`;
        if (this.#files.exists(index)) this.#files.remove(index);
      }
      const path = this.pathOf(segment);
      if (path !== segment.logPath) this.#files.rename(path, segment.logPath);
    }
    return named;
  }
}
