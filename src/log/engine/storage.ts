/**
 * The seam inside the bundled log: the engine above holds Kafka's semantics (topics, transactions, groups,
 * visibility), the storage below makes entries durable and keeps batches readable. The engine never touches a
 * file; the storage never interprets a transaction. `MemoryStorage` keeps everything in memory;
 * `JournalStorage` is durable (journal, segments, checkpoints, recovery). Both pass `test/log/storage-suite.ts`.
 */
import type { StreamsError } from '../../errors.js';
import type { BatchRange } from '../client.js';
import type { BatchPlace } from '../compression/record-codecs.js';

/** A state change, in the order in which it happened. Replayed in the same order by recovery. */
export type JournalEntry =
  | {
      readonly type: 'topic-created';
      readonly topicId: string;
      readonly topic: string;
      readonly partitions: number;
      readonly config: Readonly<{ [name: string]: string }>;
    }
  | { readonly type: 'topic-deleted'; readonly topicId: string }
  /** The configs that are set from here on, all of them. */
  | {
      readonly type: 'topic-config';
      readonly topicId: string;
      readonly config: Readonly<{ [name: string]: string }>;
    }
  /** The topic has so many partitions from here on, more than before. */
  | { readonly type: 'topic-partitions'; readonly topicId: string; readonly partitions: number }
  | {
      readonly type: 'log-start';
      readonly topicId: string;
      readonly partition: number;
      readonly offset: number;
    }
  /** Next free producer id, so that ids are never used twice. */
  | { readonly type: 'producer-ids'; readonly next: number }
  | {
      readonly type: 'transactional-id';
      readonly transactionalId: string;
      readonly producerId: number;
      readonly epoch: number;
      readonly timeoutMs: number;
      /** When the id was last used, ms since the epoch; not in journals of older versions. */
      readonly timestamp?: number;
    }
  /** Offsets of a group, all or none; `topicId` so that a topic made anew does not inherit them. `offset: -1` removes. */
  | {
      readonly type: 'group-offsets';
      readonly groupId: string;
      readonly offsets: readonly {
        readonly topicId: string;
        readonly partition: number;
        readonly offset: number;
        readonly metadata: string;
        readonly timestamp: number;
      }[];
    }
  | BatchEntry
  /** Snapshot only: what the batches below a partition's checkpoint left behind for the engine. */
  | {
      readonly type: 'partition-state';
      readonly topicId: string;
      readonly partition: number;
      readonly state: PartitionSnapshot;
    };

/** One record batch v2, offsets already assigned. Markers are control batches. `bytes` must not change afterwards. */
export interface BatchEntry {
  readonly type: 'batch';
  readonly topicId: string;
  readonly partition: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  readonly bytes: Buffer;
}

/** Per partition: what a reader of the journal cannot see any more once the journal was cut at the checkpoint. */
export interface PartitionSnapshot {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly producers: readonly {
    readonly producerId: number;
    readonly epoch: number;
    readonly lastSequence: number;
    readonly lastOffset: number;
    readonly lastTimestamp: number;
    readonly openTransactionFirstOffset: number | null;
  }[];
  readonly aborted: readonly {
    readonly producerId: number;
    readonly firstOffset: number;
    readonly lastOffset: number;
  }[];
}

/** A run of batches that is removed or cleaned as one. A memory log cuts its list at the same places as a durable one. */
export interface SegmentInfo {
  readonly baseOffset: number;
  /** Offset after its last batch. */
  readonly endOffset: number;
  readonly bytes: number;
  /** The greatest one of its first batch, from which `segment.ms` counts. */
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  /** Nothing will be appended to it. The last segment is active, and not sealed until `roll`. */
  readonly sealed: boolean;
}

/**
 * Batches that are to take the place of some segments, those that are left of theirs. Nothing changes for readers
 * until it is finished, and then everything at once; whoever reads meanwhile misses nothing and sees nothing twice.
 */
export interface SegmentReplacement {
  /** Bytes appended and not written yet; who appends waits while there are many. */
  readonly pendingBytes: number;
  /** It came to nothing: a file call failed, or the partition was deleted or lost one of the segments. */
  readonly ended: boolean;
  /** Offsets ascend from call to call and lie within those of the segments. */
  append(batch: BatchRange): void;
  /**
   * Puts the batches in place, and `cleanedTo` with them. Calls back, perhaps at once, when all of it is durable, or
   * with why nothing has changed; the next replacement may begin then.
   */
  finish(cleanedTo: number, done: (error: StreamsError | undefined) => void): void;
  /** Forgets all of it; nothing has changed. */
  abandon(): void;
}

export interface PartitionStorage {
  /** First offset that can still be read; raised by a `log-start` entry. */
  readonly startOffset: number;
  /** Offset after the last batch that was appended (durable or not). */
  readonly endOffset: number;
  /**
   * Whole batches from the one that contains `fromOffset` up to, but not including, the first with
   * baseOffset >= `endOffset`; stops after `maxBytes` but returns at least one batch if there is one.
   * Throws `LOG_CORRUPT` (file, offset) when bytes from disk fail their CRC.
   */
  read(fromOffset: number, endOffset: number, maxBytes: number): BatchRange[];
  /** Offset and timestamp of the first record with a timestamp >= the given one, at or below `endOffset`; `place` is what `RecordCursor.reset` takes. */
  findTimestamp(
    timestamp: number,
    endOffset: number,
    place?: BatchPlace,
  ): { readonly offset: number; readonly timestamp: number } | undefined;
  /** Ascending, the active one last; none that lies below the start, except the active one. Theirs to change: look again after an append. */
  segments(): readonly SegmentInfo[];
  /** Seals the active segment; the next batch begins a new one. */
  roll(): void;
  /** Where the cleaner goes on, as the last replacement said. */
  readonly cleanedTo: number;
  /** Segments that end at or below this can be replaced: recovery would not write their batches again. */
  readonly replaceableTo: number;
}

/** What recovery did; told to the user in one log line and kept for tests. */
export interface RecoveryReport {
  /** Bytes of a torn tail that were cut; only unacknowledged writes can be among them. */
  readonly tornBytes: number;
  readonly replayedEntries: number;
  readonly replayedBytes: number;
  readonly cleanShutdown: boolean;
}

export interface StorageHost {
  /** Recovery: entries in their order. Batches arrive too, so that the engine rebuilds sequences and transactions. */
  replay(entry: JournalEntry): void;
  /** Called when a new journal file begins: the entries that make everything before it unnecessary (no batches). */
  snapshot(): JournalEntry[];
}

export interface LogStorage {
  /** Opens or creates, recovers, replays into the host. Called once, before anything else. */
  open(host: StorageHost): RecoveryReport;
  /**
   * Adds an entry to the open group, in order. A batch can be read at once through `partition`; whether a reader
   * may see it is the engine's business. Throws `LOG_READ_ONLY` after a failed journal write.
   */
  append(entry: JournalEntry): void;
  /**
   * Ends the open group and calls back, in order, when all of it is durable, or with `OUTCOME_UNKNOWN` (cause: the
   * I/O error) when that cannot be known. Groups that were waiting while one was written may become one fdatasync.
   */
  sync(done: (error: StreamsError | undefined) => void): void;
  /** A replacement is under way, or being given up. */
  readonly replacing: boolean;
  /** Begins to replace neighbouring segments, sealed and replaceable. Only when none is under way. */
  replace(topicId: string, partition: number, segments: readonly SegmentInfo[]): SegmentReplacement;
  /** Makes all that was appended so far replaceable, soon. Throws `LOG_READ_ONLY`, `LOG_CLOSED`. */
  checkpoint(): void;
  /** Exists from the `topic-created` entry to the `topic-deleted` entry. */
  partition(topicId: string, partition: number): PartitionStorage;
  /** Bytes appended and not yet durable. */
  readonly pendingBytes: number;
  /** Bytes of batches for which there is room; the broker refuses what does not fit, a storage never does. */
  readonly freeBytes: number;
  /** Clean shutdown: everything durable, segments synced, lock released. */
  close(): Promise<void>;
}
