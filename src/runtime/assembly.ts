/**
 * Everything a running application is made of, put together in the one order that is safe: topics first; then the
 * producer's `init`, which fences an older instance and settles its open transaction; only then are committed
 * offsets read, stores restored and positions set, because before that they could still change.
 */
import type {
  LogAdmin,
  LogConsumer,
  LogProducer,
  PartitionOffsetAndMetadata,
  TopicPartition,
} from '../log/client.js';
import type { StreamsError } from '../errors.js';
import type { SourceDefinition, Subtopology } from '../processor/node-definition.js';
import type { StreamTask } from '../processor/stream-task.js';
import type { StreamsConfig } from './config.js';
import { GlobalStores } from './global-stores.js';
import { Intake, type Lane, laneBytesMax } from './intake.js';
import { setUpTopics } from './internal-topics.js';
import { TopicWriters } from './producer-collector.js';
import { type RestoreProgress, type RestoreTarget, endOffsets, restoreStores } from './restore.js';
import { TaskManager } from './task-manager.js';
import { TopicNames, type TopicPlan } from './topic-plan.js';

/** What one poll brings of one partition at most. */
const PARTITION_BYTES_MAX = 1024 * 1024;

export interface Assembly {
  readonly plan: TopicPlan;
  readonly admin: LogAdmin;
  readonly producer: LogProducer;
  readonly consumer: LogConsumer;
  readonly tasks: TaskManager;
  readonly intake: Intake;
  readonly globals: GlobalStores;
}

export interface AssemblyParts {
  readonly config: StreamsConfig;
  readonly subtopologies: readonly Subtopology[];
  /** Something can be done: a parked task is ready, a global table has news. */
  wake(): void;
  stopping(): boolean;
  onRestore(progress: RestoreProgress): void;
}

/** Closes what it opened when a step fails. */
export async function assemble(parts: AssemblyParts): Promise<Assembly> {
  const opened: { close(): Promise<void> }[] = [];
  try {
    return await assembleInto(parts, opened);
  } catch (error) {
    for (const resource of opened.reverse()) {
      await resource
        .close()
        .catch((failure: unknown) =>
          parts.config.logger.warn(
            'Closing after a failed start failed',
            failure instanceof Error ? failure : new Error(String(failure)),
          ),
        );
    }
    throw error;
  }
}

async function assembleInto(
  parts: AssemblyParts,
  opened: { close(): Promise<void> }[],
): Promise<Assembly> {
  const { config } = parts;
  const { client, applicationId } = config;
  const { clock, timers } = config.env;
  const exactlyOnce = config.processingGuarantee === 'exactly-once';
  const admin = client.admin();
  const names = new TopicNames(applicationId, parts.subtopologies);
  // 1. Topics.
  const { deadLetterTopics } = config;
  const plan = await setUpTopics({
    admin,
    names,
    subtopologies: parts.subtopologies,
    createSinks: client.features.readThrough,
    deadLetterTopics,
  });
  const knownTopics = await admin.listTopics();
  // 2. One producer for all tasks; the log never times its transaction out, since the next instance settles it.
  const producer = client.producer({
    clientId: applicationId,
    compression: config.compression,
    ...(exactlyOnce
      ? { transactionalId: applicationId, transactionTimeoutMs: Infinity }
      : undefined),
  });
  opened.push(producer);
  await producer.init();
  // 3. Global tables, complete before the first record is joined with them.
  const globals = new GlobalStores({ config, subtopologies: plan.globals, onNews: parts.wake });
  opened.push(globals);
  await globals.bootstrap(parts.stopping);
  // 4. Tasks, restored, then initialised: processors may read their stores as soon as they are made.
  const committed = new CommittedOffsets(await admin.committedOffsets(applicationId));
  const tasks = new TaskManager({
    plan,
    names,
    config,
    clock,
    globalStores: globals.stores,
    writers: new TopicWriters(producer, () => knownTopics),
    producer,
    onReady: parts.wake,
  });
  const restore = {
    client,
    clock,
    timers,
    onProgress: parts.onRestore,
    onLeftOut: (error: StreamsError) => config.logger.warn(error.message, error),
    stopping: parts.stopping,
  };
  await restoreStores(restore, restoreTargets(tasks.tasks, plan, committed));
  opened.push({ close: async () => tasks.close() });
  // What suppliers write into stores belongs to the first commit.
  if (exactlyOnce) producer.begin();
  tasks.initialize();
  // 5. Positions.
  const repartitionTopics = new Set(plan.repartitionTopics.map((topic) => topic.topic));
  const readThrough =
    exactlyOnce && client.features.readThrough
      ? { readThrough: { producer, topics: repartitionTopics } }
      : {};
  const lanesCount = tasks.tasks.reduce((sum, task) => sum + task.sourcePartitions.length, 0);
  const consumer = client.consumer({
    maxPartitionBytes: Math.min(PARTITION_BYTES_MAX, laneBytesMax(lanesCount)),
    groupId: applicationId,
    isolation: 'read_committed',
    offsetReset: 'earliest',
    ...readThrough,
  });
  opened.push(consumer);
  const intake = new Intake(
    consumer,
    await openLanes(admin, consumer, tasks.tasks, plan, committed),
  );
  return { plan, admin, producer, consumer, tasks, intake, globals };
}

class CommittedOffsets {
  readonly #offsets: ReadonlyMap<string, PartitionOffsetAndMetadata>;

  constructor(offsets: readonly PartitionOffsetAndMetadata[]) {
    this.#offsets = new Map(
      offsets.map((offset) => [`${offset.topic}-${offset.partition}`, offset]),
    );
  }

  of({ topic, partition }: TopicPartition): PartitionOffsetAndMetadata | undefined {
    return this.#offsets.get(`${topic}-${partition}`);
  }
}

function restoreTargets(
  tasks: readonly StreamTask[],
  plan: TopicPlan,
  committed: CommittedOffsets,
): RestoreTarget[] {
  const sources = new Map(
    plan.subtopologies.flatMap(({ definition, sources: planned }) =>
      planned.map(({ name, topic }) => [topic, sourceOf(definition, name)] as const),
    ),
  );
  const targets: RestoreTarget[] = [];
  for (const task of tasks) {
    const own = new Set(task.sourcePartitions.map(({ topic }) => topic));
    for (const { store, topic, partition } of task.changelogs) {
      const source = sources.get(topic);
      // A source topic that serves as changelog may have fewer partitions than there are tasks.
      if (source !== undefined && !own.has(topic)) continue;
      targets.push({
        store,
        topic,
        partition,
        // It holds records that were not processed yet, and some that were left out.
        committedOffset:
          source === undefined ? undefined : (committed.of({ topic, partition })?.offset ?? 0),
        decode: source === undefined ? undefined : decoderOf(source, topic),
      });
    }
  }
  return targets;
}

function sourceOf({ nodes }: Subtopology, topic: string): SourceDefinition | undefined {
  return nodes.find(
    (node): node is SourceDefinition => node.kind === 'source' && node.topics.includes(topic),
  );
}

function decoderOf({ keySerde, valueSerde }: SourceDefinition, topic: string) {
  return (key: Uint8Array, value: Uint8Array | null): void => {
    keySerde.deserialize(key, topic);
    if (value !== null) valueSerde.deserialize(value, topic);
  };
}

/** Assigns every source partition, tells the tasks where they stand, and resolves where reading begins. */
async function openLanes(
  admin: LogAdmin,
  consumer: LogConsumer,
  tasks: readonly StreamTask[],
  plan: TopicPlan,
  committed: CommittedOffsets,
): Promise<Lane[]> {
  const sources = new Map(
    plan.subtopologies.flatMap((subtopology) =>
      subtopology.sources.map((source) => [source.topic, source] as const),
    ),
  );
  consumer.assign(tasks.flatMap((task) => task.sourcePartitions));
  const ends = await endOffsets(admin, sources.keys());
  const lanes: Lane[] = [];
  for (const task of tasks) {
    for (const { topic, partition } of task.sourcePartitions) {
      const at = committed.of({ topic, partition });
      const source = sources.get(topic);
      const endOffset = ends.get(topic)?.get(partition) ?? 0;
      if (at !== undefined) task.setPosition({ topic, partition }, at.offset, at.metadata);
      // 'earliest' is where the consumer begins by itself.
      else if (source?.offsetReset === 'latest') consumer.seek({ topic, partition }, endOffset);
      const position = await consumer.position({ topic, partition });
      // A record of another partition does not go first because it was fetched first.
      if (endOffset > position) task.expect({ topic, partition }, endOffset);
      lanes.push({
        topic,
        partition,
        task,
        repartition: source?.repartition ?? false,
        position,
        committed: position,
        metadata: at?.metadata,
        target: 0,
        endOffset: Math.max(position, endOffset),
        paused: false,
      });
    }
  }
  return lanes;
}
