/**
 * The tasks of this process: made from the plan, one per sub-topology and partition, driven in bounded slices.
 * Tasks meet only through the log. Those that read repartition topics come first: what is on its way through the
 * application is finished before new input begins, so the backlog between sub-topologies stays small and warm.
 */
import type { Clock } from '../env/env.js';
import type { LogProducer } from '../log/client.js';
import type { NodeDefinition, Subtopology } from '../processor/node-definition.js';
import { StreamTask } from '../processor/stream-task.js';
import type { ManagedStore, StateStore } from '../state/store.js';
import type { StreamsConfig } from './config.js';
import { ProducerCollector, type TopicWriters } from './producer-collector.js';
import type { PlannedSubtopology, TopicNames, TopicPlan } from './topic-plan.js';

/** Records between two looks at the clock. */
const CHUNK_RECORDS = 64;

export interface TaskManagerParts {
  readonly plan: TopicPlan;
  readonly names: TopicNames;
  readonly config: StreamsConfig;
  readonly clock: Clock;
  readonly writers: TopicWriters;
  /** What the tasks write with; while its quota is used up nothing is processed. */
  readonly producer: LogProducer;
  readonly globalStores: ReadonlyMap<string, StateStore>;
  /** A parked task can go on. */
  onReady(): void;
}

export class TaskManager {
  readonly tasks: readonly StreamTask[];
  /** Tasks that read a repartition topic. */
  readonly #downstream: readonly StreamTask[];
  readonly #upstream: readonly StreamTask[];
  readonly #clock: Clock;
  readonly #producer: LogProducer;
  readonly #parkTimeoutMs: number;

  constructor(parts: TaskManagerParts) {
    this.#clock = parts.clock;
    this.#producer = parts.producer;
    this.#parkTimeoutMs = parts.config.parkTimeoutMs;
    const count = parts.plan.subtopologies.reduce((sum, subtopology) => sum + subtopology.tasks, 0);
    const groups = parts.plan.subtopologies.map((subtopology) => ({
      downstream: subtopology.sources.some((source) => source.repartition),
      tasks: Array.from({ length: subtopology.tasks }, (_, partition) =>
        createTask(parts, subtopology, partition, count),
      ),
    }));
    this.tasks = groups.flatMap((group) => group.tasks);
    this.#downstream = groups.filter((group) => group.downstream).flatMap((group) => group.tasks);
    this.#upstream = groups.filter((group) => !group.downstream).flatMap((group) => group.tasks);
  }

  /**
   * Processes what is queued until nothing can be processed, `deadline` (monotonic ms) has passed or the quota is used up;
   * true if any record was. While a commit is owed, tasks that could block it again only finish what they have begun.
   */
  process(deadline: number, commitOwed: boolean): boolean {
    const finished = this.#drain(this.#downstream, deadline, commitOwed);
    // New input waits until the hop is drained; a parked task cannot hold it up, since it has nothing to process.
    return this.#mayGoOn(deadline)
      ? this.#drain(this.#upstream, deadline, commitOwed) || finished
      : finished;
  }

  /** Only tasks that wait for a promise are driven: while no commit is possible and too much is uncommitted. */
  processParked(): boolean {
    let worked = false;
    for (const task of this.tasks) if (task.inFlight && task.process()) worked = true;
    return worked;
  }

  #drain(tasks: readonly StreamTask[], deadline: number, commitOwed: boolean): boolean {
    let worked = false;
    let again = true;
    while (again) {
      again = false;
      for (const task of tasks) {
        const held = commitOwed && task.mayBlockCommit;
        if (!(held ? task.inFlight && task.process() : drive(task))) continue;
        worked = again = true;
        if (!this.#mayGoOn(deadline)) return true;
      }
    }
    return worked;
  }

  #mayGoOn(deadline: number): boolean {
    return this.#clock.monotonic() < deadline && this.#producer.throttleMs === 0;
  }

  punctuate(commitOwed: boolean): boolean {
    let fired = false;
    for (const task of this.tasks) {
      if (commitOwed && task.mayBlockCommit) continue;
      if (task.punctuateStreamTime()) fired = true;
      if (task.punctuateWallClock()) fired = true;
    }
    return fired;
  }

  /** Fails tasks whose promise has not settled within `parkTimeout`. */
  expireParked(): void {
    for (const task of this.tasks) {
      const since = task.parkedSince;
      if (since !== undefined && this.#clock.monotonic() - since >= this.#parkTimeoutMs)
        task.expirePark();
    }
  }

  /** Some record is unfinished. */
  get inFlight(): boolean {
    return this.tasks.some((task) => task.inFlight);
  }

  get commitNeeded(): boolean {
    return this.tasks.some((task) => task.commitNeeded);
  }

  get commitRequested(): boolean {
    return this.tasks.some((task) => task.commitRequested);
  }

  get blocksCommit(): boolean {
    return this.tasks.some((task) => task.blocksCommit);
  }

  /** What the stores hold beyond the last commit. */
  get uncommittedBytes(): number {
    let bytes = 0;
    for (const task of this.tasks) bytes += task.uncommittedBytes;
    return bytes;
  }

  /** Longest time the loop may wait for input. */
  get msUntilDue(): number {
    let least = Infinity;
    for (const task of this.tasks) least = Math.min(least, task.msUntilDue() ?? Infinity);
    return least;
  }

  /** The stores of that name, in task order. */
  stores(name: string): ManagedStore[] {
    return this.tasks.map((task) => task.store(name)).filter((store) => store !== undefined);
  }

  initialize(): void {
    for (const task of this.tasks) task.initialize();
  }

  rollback(): void {
    for (const task of this.tasks) task.rollback();
  }

  close(): void {
    for (const task of this.tasks) task.close();
  }
}

function drive(task: StreamTask): boolean {
  let records = 0;
  while (records < CHUNK_RECORDS && task.process()) records++;
  return records > 0;
}

function createTask(
  parts: TaskManagerParts,
  subtopology: PlannedSubtopology,
  partition: number,
  tasks: number,
): StreamTask {
  const { config, names, plan } = parts;
  const collector = new ProducerCollector({
    writers: parts.writers,
    partitioner: config.partitioner,
    onProduceError: config.onProduceError,
    changelogTopics: new Set(plan.changelogs.map((changelog) => changelog.topic)),
    source: () => task.currentRecord,
    dropped: () => {
      task.metrics.droppedRecords++;
    },
  });
  const task: StreamTask = new StreamTask({
    id: `${subtopology.definition.id}_${partition}`,
    partition,
    applicationId: config.applicationId,
    subtopologies: [ofPartition(subtopology, partition)],
    topicName: (name) => names.decorate(name),
    changelogTopic: (store) => names.changelog(store),
    collector,
    globalStores: parts.globalStores,
    clock: parts.clock,
    config: {
      ...config.task,
      cacheMaxBytes: Math.floor(config.statestoreCacheMaxBytes / Math.max(1, tasks)),
    },
    onReady: parts.onReady,
  });
  return task;
}

/** Without the source topics that have no such partition: merged topics may have different counts. */
function ofPartition({ definition, sources }: PlannedSubtopology, partition: number): Subtopology {
  const missing = new Set(
    sources.filter((source) => source.partitions <= partition).map((source) => source.name),
  );
  if (missing.size === 0) return definition;
  const reduce = (node: NodeDefinition): NodeDefinition =>
    node.kind === 'source'
      ? { ...node, topics: node.topics.filter((topic) => !missing.has(topic)) }
      : node;
  return { ...definition, nodes: definition.nodes.map(reduce) };
}
