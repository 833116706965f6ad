/**
 * The durable storage: acknowledged means that one journal group is synced. Appends fill the open group; a sync
 * ends it; while one group is on its way to the disk everything else waits for the next (group commit), so device
 * flushes do not grow with partitions, producers or tasks.
 *
 *     append -> open group --sync--> under way --marked: callbacks--> segments written --done: tail let go
 *
 * After the first failed write nothing is written any more and reads go on. It never interprets a transaction.
 */
import type { FileProgram } from '../../env/file-commands.js';
import {
  inlineFileThread,
  workerFileThread,
  type FileThread,
  type FileThreadListener,
} from '../../env/file-thread.js';
import type { DirectoryLock } from '../../env/file-system.js';
import { assert, StreamsError } from '../../errors.js';
import { makeDurableDirectory } from './log-directory.js';
import { outcomeUnknown, readOnly } from './journal-failure.js';
import {
  JOURNAL_BYTES_MAX,
  OPEN_FILES_MAX,
  WAITING_BYTES_MAX,
  type JournalStorageOptions,
} from './journal-options.js';
import type { StoredEntry } from './journal-format.js';
import { recover } from './journal-recovery.js';
import { JournalWriter } from './journal-writer.js';
import { OpenGroup, type SyncCallback } from './open-group.js';
import type { JournalPartition } from './partition-storage.js';
import { SegmentHandles } from './segment-reader.js';
import type { SegmentSwap } from './segment-replacement.js';
import { Replacements } from './segment-replacements.js';
import type {
  JournalEntry,
  LogStorage,
  PartitionStorage,
  RecoveryReport,
  SegmentInfo,
  SegmentReplacement,
  StorageHost,
} from './storage.js';
import type { TopicTable } from './topic-table.js';

export type { Durability, JournalStorageOptions } from './journal-options.js';

/** Durable batches that wait for their segment write count as pending beyond this, so that producers slow down. */
const TAIL_BYTES_FREE = 33_554_432;

/**
 * The storage of a durable log in `directory`; nothing is touched before `open`.
 *
 * @example
 * const engine = await openEngine({ storage: openJournalStorage({ directory: './data', env }), env, features: { durable: true } });
 */
export function openJournalStorage(options: JournalStorageOptions): JournalStorage {
  return new JournalStorage(options);
}

/** A program that is not done. */
interface UnderWay {
  waiters: readonly SyncCallback[];
  readonly bytes: number;
  readonly partitions: readonly JournalPartition[];
  readonly ends: readonly number[];
  /** False: a program without a group. */
  readonly group: boolean;
  readonly swaps: readonly SegmentSwap[];
  /** The oldest journal file that is left when it is done. */
  readonly oldest: number;
}

export class JournalStorage implements LogStorage, FileThreadListener {
  readonly #options: JournalStorageOptions;
  readonly #handles: SegmentHandles;
  readonly #group = new OpenGroup();
  #host: StorageHost | undefined;
  #lock: DirectoryLock | undefined;
  #topics: TopicTable | undefined;
  #thread: FileThread | undefined;
  #writer: JournalWriter | undefined;
  readonly #replacements: Replacements;
  /** A new journal file is wanted before this one is full. */
  #checkpointWanted = false;
  #oldest = 0;
  readonly #underWay: UnderWay[] = [];
  /** A group was submitted and is not acknowledged. */
  #inFlight = false;
  #calling = false;
  #undurableBytes = 0;
  #tailBytes = 0;
  #failure: StreamsError | undefined;
  #closing: Promise<void> | undefined;
  #settled: (() => void) | undefined;

  constructor(options: JournalStorageOptions) {
    this.#options = options;
    this.#handles = new SegmentHandles(options.env.files, options.openFilesMax ?? OPEN_FILES_MAX);
    this.#replacements = new Replacements({
      files: options.env.files,
      random: options.env.random.fork('cleaner'),
      handles: this.#handles,
      thread: (listener) => this.#newThread(listener),
      append: (entry) => {
        this.#assertWritable();
        this.#addToGroup(entry, undefined);
      },
      sync: () => this.sync(() => {}),
      free: () => this.#next(),
    });
  }

  get pendingBytes(): number {
    return (
      this.#undurableBytes + Math.max(0, this.#tailBytes - this.#undurableBytes - TAIL_BYTES_FREE)
    );
  }

  /** A disk tells when it is full. */
  get freeBytes(): number {
    return Number.POSITIVE_INFINITY;
  }

  open(host: StorageHost): RecoveryReport {
    assert(this.#host === undefined, 'a storage is opened once');
    this.#host = host;
    const { directory, env, durability, journalBytesMax, openFilesMax, waitingBytesMax } =
      this.#options;
    makeDurableDirectory(env.files, directory);
    this.#lock = env.files.lock(directory);
    try {
      const synced = durability !== 'os';
      const newLogId = env.random.uuid();
      const recovered = recover({
        files: env.files,
        directory,
        handles: this.#handles,
        host,
        synced,
        newLogId,
      });
      this.#topics = recovered.topics;
      for (const partition of recovered.topics.partitions())
        if (partition.hasSegmentsBelowStart) this.#group.trimmed(partition);
      this.#writer = new JournalWriter({
        directory,
        logId: recovered.logId,
        synced,
        journalBytesMax: journalBytesMax ?? JOURNAL_BYTES_MAX,
        openFilesMax: openFilesMax ?? OPEN_FILES_MAX,
        waitingBytesMax: waitingBytesMax ?? WAITING_BYTES_MAX,
        position: recovered.position,
      });
      this.#oldest = recovered.position.number;
      this.#thread = this.#newThread(this);
      return recovered.report;
    } catch (error) {
      this.#handles.closeAll();
      this.#lock.release();
      throw error;
    }
  }

  append(entry: JournalEntry): void {
    this.#assertWritable();
    const topics = this.#opened(this.#topics);
    let partition: JournalPartition | undefined;
    switch (entry.type) {
      case 'batch':
        partition = topics.get(entry.topicId, entry.partition);
        partition.append(entry);
        this.#tailBytes += entry.bytes.length;
        break;
      case 'topic-created':
        topics.create(entry);
        break;
      case 'topic-deleted':
        this.#group.deleted(topics.delete(entry.topicId));
        break;
      case 'topic-config':
        topics.configure(entry.topicId, entry.config);
        break;
      case 'topic-partitions':
        topics.grow(entry.topicId, entry.partitions);
        break;
      case 'log-start': {
        const trimmed = topics.get(entry.topicId, entry.partition);
        trimmed.raiseStart(entry.offset);
        this.#group.trimmed(trimmed);
        break;
      }
      default:
      // Producer and group state are the engine's; here they are bytes for the journal.
    }
    this.#addToGroup(entry, partition);
  }

  sync(done: SyncCallback): void {
    if (this.#failure !== undefined) return done(outcomeUnknown(this.#failure));
    this.#group.wait(done);
    this.#next();
  }

  get replacing(): boolean {
    return this.#replacements.busy;
  }

  replace(
    topicId: string,
    partition: number,
    segments: readonly SegmentInfo[],
  ): SegmentReplacement {
    this.#assertWritable();
    return this.#replacements.begin(this.#opened(this.#topics).get(topicId, partition), segments);
  }

  checkpoint(): void {
    this.#assertWritable();
    // One is on its way; whoever wants more asks again.
    if (this.#opened(this.#writer).hasCheckpointWork) return;
    this.#checkpointWanted = true;
    if (!this.#group.empty) this.sync(() => {});
    else this.#idle();
  }

  partition(topicId: string, partition: number): PartitionStorage {
    return this.#opened(this.#topics).get(topicId, partition);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  marked(): void {
    const group = this.#underWay.find((program) => program.group && program.waiters.length > 0);
    this.#inFlight = false;
    if (group === undefined) return;
    this.#undurableBytes -= group.bytes;
    const { waiters } = group;
    group.waiters = [];
    this.#call(waiters, undefined);
    this.#next();
  }

  done(): void {
    const program = this.#underWay.shift();
    assert(program !== undefined, 'a program that is done was under way');
    for (let i = 0; i < program.partitions.length; i++) {
      this.#tailBytes -= program.partitions[i]!.written(program.ends[i]!);
    }
    if (program.oldest !== this.#oldest) {
      this.#oldest = program.oldest;
      for (const partition of this.#opened(this.#topics).partitions())
        partition.journalBegins(program.oldest);
    }
    this.#replacements.done(program.swaps);
    this.#next();
    this.#idle();
  }

  failed(error: StreamsError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#inFlight = false;
    const waiters = this.#underWay.flatMap((program) => program.waiters);
    waiters.push(...this.#group.takeWaiters());
    this.#call(waiters, outcomeUnknown(error));
    this.#replacements.failed(error);
    this.#settled?.();
  }

  /** Ends the open group if somebody waits for it and none is in flight. */
  #next(): void {
    if (
      this.#inFlight ||
      this.#calling ||
      this.#failure !== undefined ||
      !this.#group.hasWaiters ||
      this.#replacements.writesTo(this.#group.deletedPartitions)
    )
      return;
    const waiters = this.#group.takeWaiters();
    if (!this.#group.empty) return this.#submit(waiters);
    this.#call(waiters, undefined);
    this.#next();
  }

  #submit(waiters: readonly SyncCallback[]): void {
    const writer = this.#opened(this.#writer);
    const thread = this.#opened(this.#thread);
    const program = thread.begin();
    const group = this.#group;
    const { bytes, deletedPartitions } = group;
    const deletedSegments = group.takeTrimmed();
    for (const { logPath } of deletedSegments) this.#handles.close(logPath);
    const swaps = this.#replacements.take();
    writer.writeGroup(program, group.encoder, { deletedPartitions, deletedSegments, swaps });
    // What was not written yet never will be.
    for (const partition of group.clear()) this.#tailBytes -= partition.unplacedBytes;
    if (writer.full || this.#checkpointWanted) this.#beginFile(program);
    else writer.advanceCheckpoint(program, bytes);
    this.#underWay.push({
      waiters,
      bytes,
      ...writer.takeWritten(),
      group: true,
      swaps,
      oldest: writer.oldestNumber,
    });
    this.#inFlight = true;
    thread.submit(program);
  }

  /** Nobody waits: a part of the last checkpoint, so that old journal files go although no group comes. */
  #idle(): void {
    if (this.#underWay.length > 0 || this.#failure !== undefined) return;
    const writer = this.#opened(this.#writer);
    // A snapshot knows what is in the open group, and must not come before it.
    const begins = this.#checkpointWanted && this.#group.empty;
    if (!writer.hasCheckpointWork && !begins) {
      this.#settled?.();
      return;
    }
    const program = this.#opened(this.#thread).begin();
    if (begins) this.#beginFile(program);
    else writer.advanceIdly(program);
    this.#submitAlone(program);
  }

  #submitAlone(program: FileProgram): void {
    const writer = this.#opened(this.#writer);
    const oldest = writer.oldestNumber;
    const nothing = { waiters: [], bytes: 0, swaps: [] };
    this.#underWay.push({ ...nothing, ...writer.takeWritten(), group: false, oldest });
    this.#opened(this.#thread).submit(program);
  }

  #beginFile(program: FileProgram): void {
    const writer = this.#opened(this.#writer);
    this.#checkpointWanted = false;
    writer.beginFile(program, this.#snapshot());
    for (const partition of this.#opened(this.#topics).partitions())
      partition.checkpointed(writer.number);
  }

  #addToGroup(entry: StoredEntry, partition: JournalPartition | undefined): void {
    this.#undurableBytes += this.#group.add(entry, partition);
  }

  #newThread(listener: FileThreadListener): FileThread {
    const { env, thread } = this.#options;
    return thread === 'inline'
      ? inlineFileThread(env.files, env.timers, listener)
      : workerFileThread(listener);
  }

  #snapshot(): StoredEntry[] {
    return [...this.#opened(this.#host).snapshot(), ...this.#opened(this.#topics).checkpoints()];
  }

  #call(waiters: readonly SyncCallback[], error: StreamsError | undefined): void {
    // What the callbacks append and sync becomes one group, not one for each.
    this.#calling = true;
    try {
      for (const waiter of waiters) waiter(error);
    } finally {
      this.#calling = false;
    }
  }

  async #close(): Promise<void> {
    if (this.#thread === undefined) return;
    await this.#replacements.close();
    await this.#settle();
    try {
      if (this.#failure === undefined) {
        const program = this.#thread.begin();
        this.#opened(this.#writer).finish(program, [...this.#snapshot(), { type: 'closed' }]);
        await this.#untilSettled(() => this.#submitAlone(program));
        if (this.#failure !== undefined) throw this.#failure;
      }
    } finally {
      await this.#thread.close();
      this.#handles.closeAll();
      this.#lock?.release();
    }
  }

  /** Makes everything durable that was appended; a failure has been told to those who waited. */
  async #settle(): Promise<void> {
    if (!this.#group.empty && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.sync(() => resolve());
      });
    }
    if (this.#underWay.length > 0 && this.#failure === undefined)
      await this.#untilSettled(() => {});
  }

  #untilSettled(begin: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#settled = resolve;
      begin();
    });
  }

  #assertWritable(): void {
    if (this.#closing !== undefined)
      throw new StreamsError('LOG_CLOSED', 'The log is closed; open it again to write.');
    if (this.#failure !== undefined) throw readOnly(this.#failure);
  }

  #opened<T>(part: T | undefined): T {
    assert(part !== undefined, 'a storage is opened before it is used');
    return part;
  }
}
