/**
 * Keeps the global stores of an instance: applies the records of their topics, all partitions, through the source
 * and the processor of each store. No stream time, no changelog, no output; what was applied counts as committed at
 * once. Processors run when the stores are filled after a start, too, and cannot be async.
 */
import type { TellDropped } from './dropped-record.js';
import type { Clock } from '../env/env.js';
import { StreamsError } from '../errors.js';
import type { FetchedRecords, TopicPartition } from '../log/client.js';
import type { StateStore } from '../state/store.js';
import type { RecordCollector } from './collector.js';
import { FailureHandler } from './failure-handler.js';
import type { GraphNode } from './node.js';
import type { Subtopology } from './node-definition.js';
import { Parking } from './parking.js';
import { PartitionGroup } from './partition-group.js';
import { PunctuationQueue } from './punctuation.js';
import { RecordQueue } from './record-queue.js';
import { StateManager } from './state-manager.js';
import type { TaskConfig } from './task-config.js';
import { TaskGraph } from './task-graph.js';
import type { TaskServices } from './task-services.js';

export interface GlobalTaskOptions {
  readonly applicationId: string;
  /** The global ones of the topology. */
  readonly subtopologies: readonly Subtopology[];
  readonly clock: Clock;
  readonly config: TaskConfig;
}

const TASK_ID = 'global';

export class GlobalTask {
  /** By name; tasks see them through a read-only view. */
  readonly stores: ReadonlyMap<string, StateStore>;
  readonly metrics = { processedRecords: 0, droppedRecords: 0 };
  readonly #parking: Parking;
  readonly #failures: FailureHandler;
  readonly #graph: TaskGraph;
  readonly #state: StateManager;
  readonly #queues: PartitionGroup;
  readonly #recordDropped: TellDropped;
  #current: RecordQueue | undefined;

  /** Throws `PROCESSOR_INIT_FAILED`. */
  constructor(options: GlobalTaskOptions) {
    const { applicationId, subtopologies, clock, config } = options;
    const collector = refusingCollector(config);
    const { onDropped } = config;
    this.#recordDropped = (where, reason, origin = this.#parking.recordOrigin()) => {
      this.metrics.droppedRecords++;
      const { topic, partition, offset } = origin;
      onDropped?.({ where, reason, topic, partition, offset });
    };
    const recordDropped = this.#recordDropped;
    this.#queues = new PartitionGroup(clock, -1);
    this.#parking = new Parking(
      clock,
      () => this.#current!.origin(),
      () => undefined,
    );
    this.#failures = new FailureHandler(TASK_ID, config, collector, recordDropped);
    const services: TaskServices = {
      taskId: TASK_ID,
      applicationId,
      subtopologies,
      clock,
      config,
      collector,
      parking: this.#parking,
      punctuations: new PunctuationQueue(),
      operatorTimes: new Map(),
      streamTime: () => this.#queues.streamTime,
      requestCommit: () => undefined,
      recordDropped,
      inRecordScope: () => false,
    };
    this.#state = new StateManager({
      services,
      partition: -1,
      globalStores: new Map(),
      changelogTopic: () => undefined,
      cacheMaxBytes: 0,
    });
    this.stores = new Map(this.#state.all.map((store) => [store.name, store]));
    this.#graph = new TaskGraph({
      services,
      topicName: (name) => name,
      onFailure: (node, error) => this.#nodeFailed(node, error),
      storeFor: (_node, store) => this.#state.get(store),
    });
    this.#graph.initialize();
  }

  /** Applies what was fetched. Throws what an error policy lets through. */
  addRecords(fetched: FetchedRecords): void {
    const queue = this.#queueOf(fetched);
    queue.add(fetched);
    this.#current = queue;
    try {
      while (queue.prepareHead()) this.#apply(queue);
    } catch (error) {
      this.#parking.abandon();
      this.#failures.clear();
      throw error;
    } finally {
      this.#state.promote();
    }
  }

  close(): void {
    this.#parking.abandon();
    this.#graph.close();
    this.#state.close();
  }

  #apply(queue: RecordQueue): void {
    const record = queue.take();
    this.#queues.advance(record.timestamp);
    this.metrics.processedRecords++;
    this.#parking.begin(record.timestamp);
    queue.source.process(record);
    if (this.#parking.end()) return;
    const { topic, partition, offset } = queue.origin();
    throw new StreamsError(
      'ASYNC_NOT_SUPPORTED',
      `A processor of the global store on topic ${topic} returned a promise. Global stores are filled synchronously.`,
      { task: TASK_ID, topic, partition, offset },
    );
  }

  #queueOf(partition: TopicPartition): RecordQueue {
    const known = this.#queues.find(partition);
    if (known !== undefined) return known;
    const source = this.#graph.sources.find(({ definition }) =>
      definition.topics.includes(partition.topic),
    );
    if (source === undefined) {
      throw new StreamsError('UNKNOWN_TOPIC', `No global store reads topic ${partition.topic}.`, {
        topic: partition.topic,
      });
    }
    const queue = new RecordQueue(
      partition.topic,
      partition.partition,
      source.node,
      this.#failures,
      this.#recordDropped,
    );
    this.#queues.add(queue);
    return queue;
  }

  #nodeFailed(node: GraphNode, error: unknown): void {
    this.#failures.processFailed(
      node.name,
      error,
      this.#parking.origin,
      this.#current?.takenRecord(),
    );
  }
}

/** A global task has no producer. Its dead letters are only reported; its processors may not forward to sinks. */
function refusingCollector(config: TaskConfig): RecordCollector {
  return {
    send: (topic) =>
      config.logger?.warn(
        `A record of a global store was dropped; dead letters for ${topic} are not written there.`,
      ),
    encode: () => [],
    sendBytes: () => undefined,
  };
}
