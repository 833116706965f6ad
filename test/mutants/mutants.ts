/**
 * Bugs that a log could have, each as a small change of the compiled engine: the simulation must find every one. The
 * text to replace stands exactly once in its file, or the script says that the mutant has to be written anew.
 */
export interface Mutant {
  readonly name: string;
  /** Below `src`, compiled. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** A seed that finds a rare one, as plans are drawn today; without it thousands may be needed. */
  readonly from?: number;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'acknowledges before the sync',
    file: 'log/engine/journal-writer.js',
    find: `        if (this.#options.synced)
            program.datasync(this.#fileId);
        program.mark();`,
    replace: `        program.mark();
        if (this.#options.synced)
            program.datasync(this.#fileId);`,
  },
  {
    name: 'never syncs a group',
    file: 'log/engine/journal-writer.js',
    find: `        if (this.#options.synced)
            program.datasync(this.#fileId);
        program.mark();`,
    replace: '        program.mark();',
  },
  {
    name: 'skips the directory sync of a new journal file',
    file: 'log/engine/journal-writer.js',
    find: `        program.rename(path + NEW_SUFFIX, path);
        program.syncDirectory(directory);`,
    replace: '        program.rename(path + NEW_SUFFIX, path);',
  },
  {
    name: 'takes a failed sync for a success and goes on',
    file: 'log/engine/journal-storage.js',
    find: 'this.#call(waiters, outcomeUnknown(error));',
    replace: 'this.#call(waiters, undefined);',
  },
  {
    name: 'drops abort markers',
    file: 'log/engine/transactions.js',
    find: "            this.#appendMarkers('abort', session);",
    replace: '',
  },
  {
    name: 'commits with an abort marker in the last partition',
    file: 'log/engine/transactions.js',
    find: 'buildControlBatch(type, session.producerId',
    replace:
      "buildControlBatch(partition === [...session.partitions].at(-1) && session.partitions.size > 1 ? 'abort' : type, session.producerId",
  },
  {
    name: 'cuts a recovered group short',
    file: 'log/engine/journal-format.js',
    find: 'return { sequence, start: at, end, entries };',
    replace:
      'return { sequence, start: at, end, entries: entries.length > 3 ? entries.slice(0, -1) : entries };',
  },
  {
    name: 'takes a group with a wrong CRC',
    file: 'log/engine/journal-format.js',
    find: 'return buffer.readUInt32BE(at + 4) === crc32c(buffer, at + 8, at + headBytes)',
    replace: 'return buffer.readUInt32BE(at + 4) !== -1',
  },
  {
    name: 'forgets log starts in recovery',
    file: 'log/engine/journal-recovery.js',
    find: "else if (entry.type === 'log-start')",
    replace: "else if (entry.type === 'never')",
  },
  {
    name: 'uses an offset again after a crash',
    file: 'log/engine/partition.js',
    find: `        this.#endOffset = snapshot.endOffset;`,
    replace: `        this.#endOffset = Math.max(0, snapshot.endOffset - 1);`,
  },
  {
    name: 'shows committed offsets before they are durable, and tells of them',
    file: 'log/engine/durability.js',
    find: `        this.#waiters.push(waiter);
    }`,
    replace: `        if (waiter.durable.length === 0 || this.#openEntries === 0) this.#waiters.push(waiter);
        else waiter.durable(undefined);
    }`,
  },
  {
    name: 'lets readers see what is not durable',
    file: 'log/engine/partition.js',
    find: 'return Math.min(this.#highWatermark, this.#firstUndecided);',
    replace: 'return Math.min(this.#endOffset, this.#firstUndecided);',
  },
  {
    name: 'lets readers see open transactions',
    file: 'log/engine/partition.js',
    find: 'return Math.min(this.#highWatermark, this.#firstUndecided);',
    replace: 'return this.#highWatermark;',
  },
  {
    name: 'forgets aborted transactions in a snapshot',
    file: 'log/engine/partition.js',
    find: 'aborted: this.aborted.all(),',
    replace: 'aborted: [],',
  },
  {
    name: 'removes journal files before their segments are synced',
    file: 'log/engine/journal-writer.js',
    find: `            if (!segment.removed)
                this.#segments.sync(program, segment);
        }
        if (checkpoint.segments.length > 0)`,
    replace: `        }
        if (checkpoint.segments.length > 0)`,
  },
  {
    name: 'cleans the last value of a key away',
    file: 'log/engine/compaction/batch-filter.js',
    find: 'this.#count === 0) {',
    replace: 'this.#count <= 1 && !control) { this.#count = 0;',
  },
  {
    name: 'cleans a committed transaction because an older one was aborted',
    file: 'log/engine/compaction/transaction-filter.js',
    find: 'if (lastOffset < offset)',
    replace: 'if (false)',
    from: 218_175,
  },
  {
    name: 'looks for timestamps behind the right place',
    file: 'log/engine/segment.js',
    find: 'return low < 2 ? this.baseOffset : this.baseOffset + this.#offsets[low - 2] + 1;',
    replace: 'return low < 1 ? this.baseOffset : this.baseOffset + this.#offsets[low - 1] + 1;',
  },
  {
    name: 'writes index entries that are off by one',
    file: 'log/engine/segment.js',
    find: 'this.#offsets.push(lastOffset - this.baseOffset);',
    replace: 'this.#offsets.push(lastOffset - this.baseOffset + 1);',
  },
  {
    name: 'believes the last group in the page cache',
    file: 'log/engine/journal-recovery.js',
    find: 'writeLastGroupAgain(files, newest);',
    replace: ';',
  },
  {
    name: 'replays the snapshot of every journal file as if it were new',
    file: 'log/engine/journal-recovery.js',
    find: 'for (const group of i === 0 ? journal.groups : journal.groups.slice(1))',
    replace: 'for (const group of i === 0 ? journal.groups.slice(0, -1) : journal.groups)',
  },
  {
    name: 'removes one segment too many by age',
    file: 'log/engine/retention.js',
    find: 'now - ',
    replace: '1e6 + now - ',
  },
  {
    name: 'lets the files of a deleted topic go before that is durable',
    file: 'log/engine/journal-writer.js',
    find: `        this.#open = true;
        const length = group.bytes;`,
    replace: `        this.#open = true;
        for (const partition of effects.deletedPartitions)
            this.#segments.removePartition(program, partition);
        const length = group.bytes;`,
  },
  {
    name: 'does not fence the older producer',
    file: 'log/engine/transactions.js',
    find: `            older.failure ??= fencedByNewer(transactionalId);
            if (older.state === 'open')
                this.#appendMarkers('abort', older);
            this.#clear(older);`,
    replace: '',
  },
  {
    name: 'does not make the names of replaced segments durable in recovery',
    file: 'log/engine/recovered-swaps.js',
    find: 'return named;',
    replace: 'return false;',
    from: 109_581,
  },
];

/** The two that continuous integration runs. */
export const QUICK: readonly string[] = ['never syncs a group', 'drops abort markers'];
