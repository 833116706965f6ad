/**
 * One task: a partition of every source topic of a sub-topology, the nodes, the stores, the timers. It takes one
 * record at a time from its queues through the graph, and says what a commit may cover. It does no I/O and awaits
 * nothing between records; the runtime (or the test driver) polls for it, drives it and commits it.
 *
 * A unit of work is a record, a punctuation or a cache flush. From the first promise of the task on, records and
 * punctuations run in a record scope: what they send, store, schedule and learn about time is merged when they end.
 */
import { assert } from '../errors.js';
import type { FetchedRecords, PartitionOffsetAndMetadata, TopicPartition } from '../log/client.js';
import type { ManagedStore, RecordOrigin } from '../state/store.js';
import type { TellDropped } from './dropped-record.js';
import type { FailedRecord } from './error-policy.js';
import { FailureHandler, notSettled } from './failure-handler.js';
import type { GraphNode, SourceNode } from './node.js';
import { Parking } from './parking.js';
import { PartitionGroup } from './partition-group.js';
import type { PunctuationType } from './processor.js';
import { PunctuationQueue } from './punctuation.js';
import { RecordQueue } from './record-queue.js';
import { RecordScope } from './record-scope.js';
import { ScopedCollector } from './scoped-collector.js';
import { StateManager, type StoreChangelog } from './state-manager.js';
import type { StreamTaskOptions, TaskMetrics } from './stream-task-options.js';
import { TaskGraph } from './task-graph.js';
import type { TaskServices } from './task-services.js';
import { TaskProgress } from './task-progress.js';

export type { StreamTaskOptions, TaskMetrics } from './stream-task-options.js';

export class StreamTask {
  readonly id: string;
  readonly metrics: TaskMetrics = { processedRecords: 0, droppedRecords: 0, punctuations: 0 };

  readonly #options: StreamTaskOptions;
  readonly #parking: Parking;
  readonly #scope: RecordScope;
  readonly #failures: FailureHandler;
  readonly #group: PartitionGroup;
  readonly #graph: TaskGraph;
  readonly #stores: StateManager;
  readonly #punctuations = new PunctuationQueue();
  readonly #progress: TaskProgress;
  readonly #recordDropped: TellDropped = (where, reason, origin) => {
    this.metrics.droppedRecords++;
    this.#commitNeeded = true;
    const { topic, partition, offset } = origin ?? this.#parking.recordOrigin();
    this.#options.config.onDropped?.({ where, reason, topic, partition, offset });
  };
  /** The queue of the record in flight, or of the last one; `undefined` in punctuations and flushes. */
  #current: RecordQueue | undefined;
  #commitRequested = false;
  #commitNeeded = false;
  #initialized = false;

  constructor(options: StreamTaskOptions) {
    const { id, config, clock } = options;
    this.id = id;
    this.#options = options;
    const collector = new ScopedCollector(options.collector);
    this.#failures = new FailureHandler(id, config, collector, this.#recordDropped);
    const originOf = () => this.#originOfCurrent();
    this.#parking = new Parking(clock, originOf, () => options.onReady());
    this.#group = new PartitionGroup(clock, config.maxTaskIdleMs);
    this.#progress = new TaskProgress(this.#group, this.#punctuations);
    const services = this.#services(collector);
    this.#stores = new StateManager({
      services,
      partition: options.partition,
      globalStores: options.globalStores,
      changelogTopic: (store) => options.changelogTopic(store),
      cacheMaxBytes: config.cacheMaxBytes,
    });
    this.#scope = new RecordScope(collector, this.#stores, this.#progress);
    this.#graph = new TaskGraph({
      services,
      topicName: (name) => options.topicName(name),
      onFailure: (node, error) => this.#nodeFailed(node, error),
      storeFor: (node, store) => this.#stores.storeFor(node, store),
    });
    for (const { definition, node } of this.#graph.sources) {
      for (const topic of definition.topics) this.#addQueue(options.topicName(topic), node);
    }
  }

  // ------------------------------------------------------------ what it is made of

  get sourcePartitions(): readonly TopicPartition[] {
    return this.#group.queues;
  }

  get changelogs(): readonly StoreChangelog[] {
    return this.#stores.changelogs;
  }

  store(name: string): ManagedStore | undefined {
    return this.#stores.get(name);
  }

  /** Makes the processors; the stores are restored by now. Throws `PROCESSOR_INIT_FAILED`. */
  initialize(): void {
    assert(!this.#initialized, `task ${this.id} is initialised once`);
    this.#initialized = true;
    this.#graph.initialize();
    this.#commitNeeded = this.#stores.uncommittedBytes > 0;
    this.#progress.begin();
  }

  /** Lets `work` write stores from outside of any record, as tests do. */
  access(work: () => void): void {
    assert(!this.#parking.inFlight, `task ${this.id} is accessed between records`);
    this.#parking.setup(work);
    this.#commitNeeded = true;
  }

  // ------------------------------------------------------------ input

  /** The committed offset and what was committed beside it, before the first records come. */
  setPosition(partition: TopicPartition, offset: number, metadata: string): void {
    this.#progress.setPosition(this.#queue(partition), offset, metadata);
    if (this.#initialized && !this.#commitNeeded) this.#progress.begin();
  }

  /** The partition is known to have records below `endOffset` that were not fetched yet; -1: none is known any more. */
  expect(partition: TopicPartition, endOffset: number): void {
    this.#queue(partition).expect(endOffset);
  }

  addRecords(fetched: FetchedRecords): void {
    this.#queue(fetched).add(fetched);
  }

  queuedBytes(topic: string, partition: number): number {
    return this.#group.find({ topic, partition })?.bytes ?? 0;
  }

  // ------------------------------------------------------------ work

  /**
   * Takes one record through the graph, or goes on with the one that was parked. False when there is nothing to do:
   * no record, a partition to wait for, or a promise that has not settled. Throws what the error policy lets through;
   * the task is then to be rolled back or closed.
   */
  process(): boolean {
    const parking = this.#parking;
    if (parking.inFlight) return this.#resume();
    const queue = this.#group.choose();
    if (queue === undefined) return false;
    if (parking.asyncSeen) this.#scope.open();
    const record = queue.take();
    this.#current = queue;
    this.#group.advance(record.timestamp);
    this.#commitNeeded = true;
    this.metrics.processedRecords++;
    parking.begin(record.timestamp);
    try {
      queue.source.process(record);
      if (parking.end()) this.#scope.merge();
    } catch (error) {
      throw this.#failUnit(error);
    }
    return true;
  }

  /** Fires what is due at the task's stream time. True when something fired. */
  punctuateStreamTime(): boolean {
    if (this.#punctuations.isEmpty || this.#group.streamTime < 0) return false;
    return this.#punctuate('streamTime', this.#group.streamTime);
  }

  punctuateWallClock(): boolean {
    if (this.#punctuations.isEmpty) return false;
    return this.#punctuate('wallClock', this.#options.clock.now());
  }

  /** Milliseconds until the task wants to be driven even if nothing arrives; `undefined`: not at all. */
  msUntilDue(): number | undefined {
    // Nothing can be done before the promise settles, and then the task says so itself.
    if (this.#parking.inFlight) return undefined;
    const next = this.#punctuations.nextWallClock();
    const punctuation =
      next === undefined ? undefined : Math.max(0, next - this.#options.clock.now());
    const idle = this.#group.msUntilIdleEnds();
    return punctuation === undefined ? idle : Math.min(punctuation, idle ?? punctuation);
  }

  /** The input record in flight as it stands in its topic, for dead letters. Undefined in punctuations and flushes. */
  get currentRecord(): FailedRecord | undefined {
    return this.#current === undefined || this.#current.takenOffset < 0
      ? undefined
      : this.#current.takenRecord();
  }

  // ------------------------------------------------------------ parking

  /** A promise of user code is pending. */
  get parked(): boolean {
    return this.#parking.inFlight && !this.#parking.ready;
  }

  /** A record is unfinished: parked, or about to go on. */
  get inFlight(): boolean {
    return this.#parking.inFlight;
  }

  /** Monotonic time at which the wait began. */
  get parkedSince(): number | undefined {
    return this.#parking.since;
  }

  /** Ends the wait: the promise counts as rejected with `PROCESS_TIMEOUT`. The next `process` reports it. */
  expirePark(): void {
    const { parkTimeoutMs } = this.#options.config;
    this.#parking.expire(notSettled(this.id, parkTimeoutMs, this.#parking.waitsForProcess));
  }

  /** Drives the parked record to its end. Rejects with what `process` would throw. */
  async settled(): Promise<void> {
    while (this.#parking.inFlight) {
      await this.#parking.whenReady();
      if (this.#parking.ready) this.#resume();
    }
  }

  // ------------------------------------------------------------ commit

  get commitRequested(): boolean {
    return this.#commitRequested;
  }

  get commitNeeded(): boolean {
    return this.#commitNeeded || this.#stores.hasDirtyCache;
  }

  /** A parked record has effects outside a scope, or caches cannot be flushed behind it. */
  get blocksCommit(): boolean {
    return this.#parking.inFlight && (!this.#scope.isOpen || this.#stores.hasDirtyCache);
  }

  /** A record or a flush of this task may come to block a commit. */
  get mayBlockCommit(): boolean {
    return this.#parking.asyncSeen && this.#stores.caches;
  }

  get uncommittedBytes(): number {
    return this.#stores.uncommittedBytes;
  }

  /** Flushes the caches until still. What they forward may park the task: then `blocksCommit` is true. */
  prepareCommit(): void {
    while (!this.#parking.inFlight && this.#stores.hasDirtyCache) {
      this.#current = undefined;
      this.#parking.beginWithout(this.#group.streamTime);
      try {
        this.#stores.flushCaches();
        if (this.#parking.end()) this.#scope.merge();
      } catch (error) {
        throw this.#failUnit(error);
      }
    }
  }

  /** What finished records have consumed; partitions that did not move since the last commit are left out. */
  committableOffsets(): PartitionOffsetAndMetadata[] {
    return this.#progress.offsets(
      this.#scope.finishedTimes(),
      this.#parking.inFlight ? this.#current : undefined,
    );
  }

  /** The commit stands. Nothing was processed since `committableOffsets`. */
  postCommit(): void {
    this.#progress.committed(this.#scope.finishedTimes(), this.committableOffsets());
    this.#stores.promote();
    this.#commitRequested = false;
    this.#commitNeeded = this.#parking.inFlight;
  }

  /**
   * After an abort: back to the last commit, with new processors. The queues are empty; give the partitions their
   * positions again (`setPosition`) before the next records. Throws `PROCESSOR_INIT_FAILED`.
   */
  rollback(): void {
    this.#dropInFlight();
    this.#stores.rollback();
    this.#progress.rollback();
    this.#punctuations.clear();
    this.#commitRequested = false;
    this.#graph.initialize();
    // Suppliers may write stores.
    this.#commitNeeded = this.#stores.uncommittedBytes > 0;
    this.#progress.restoreSchedules();
  }

  close(): void {
    this.#dropInFlight();
    this.#punctuations.clear();
    this.#stores.close();
  }

  // ------------------------------------------------------------ details

  #resume(): boolean {
    if (!this.#parking.ready) return false;
    try {
      if (this.#parking.resume()) this.#scope.merge();
    } catch (error) {
      throw this.#failUnit(error);
    }
    return true;
  }

  #punctuate(type: PunctuationType, time: number): boolean {
    let fired = false;
    while (!this.#parking.inFlight) {
      const due = this.#punctuations.nextDue(type, time);
      if (due === undefined) break;
      fired = true;
      if (this.#parking.asyncSeen) this.#scope.open();
      due.moveOn(time);
      this.#current = undefined;
      this.#commitNeeded = true;
      this.metrics.punctuations++;
      this.#parking.beginWithout(time);
      try {
        due.node.punctuate(due.callback, time);
        if (this.#parking.end()) this.#scope.merge();
      } catch (error) {
        throw this.#failUnit(error);
      }
    }
    return fired;
  }

  #failUnit(error: unknown): unknown {
    this.#parking.abandon();
    this.#scope.drop();
    this.#failures.clear();
    return error;
  }

  /** Closes the processors; what they send or store in `close` goes nowhere. */
  #dropInFlight(): void {
    this.#parking.abandon();
    this.#scope.open();
    this.#graph.close();
    this.#scope.drop();
    this.#current = undefined;
  }

  #originOfCurrent(): RecordOrigin {
    return this.#current?.origin() ?? { topic: '', partition: -1, offset: -1, headers: [] };
  }

  #nodeFailed(node: GraphNode, error: unknown): void {
    const { origin } = this.#parking;
    // A cache flush has the origin of an older record, whose bytes are gone.
    const record = this.currentRecord;
    const isItsOwn =
      record?.offset === origin.offset &&
      record.topic === origin.topic &&
      record.partition === origin.partition;
    this.#failures.processFailed(node.name, error, origin, isItsOwn ? record : undefined);
  }

  #queue(partition: TopicPartition): RecordQueue {
    const known = this.#group.find(partition);
    if (known !== undefined) return known;
    // A topic that a pattern of the topology has just met.
    const source = this.#graph.sourceMatching(partition.topic);
    assert(source !== undefined, `task ${this.id} has no source for topic ${partition.topic}`);
    return this.#addQueue(partition.topic, source);
  }

  #addQueue(topic: string, source: SourceNode): RecordQueue {
    const { partition } = this.#options;
    const queue = new RecordQueue(topic, partition, source, this.#failures, this.#recordDropped);
    this.#group.add(queue);
    return queue;
  }

  #services(collector: ScopedCollector): TaskServices {
    const { applicationId, subtopologies, clock, config } = this.#options;
    return {
      taskId: this.id,
      applicationId,
      subtopologies,
      clock,
      config,
      collector,
      parking: this.#parking,
      punctuations: this.#punctuations,
      operatorTimes: this.#progress.operatorTimes,
      streamTime: () => this.#group.streamTime,
      requestCommit: () => {
        this.#commitRequested = true;
      },
      recordDropped: this.#recordDropped,
      inRecordScope: () => collector.isOpen,
    };
  }
}
