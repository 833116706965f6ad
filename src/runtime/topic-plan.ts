/**
 * Which topics a topology needs and how many tasks it gets, computed from the sub-topologies and the topics that
 * exist. Pure: it looks at descriptions and creates nothing (`internal-topics.ts` does). Rules are Kafka's: a
 * sub-topology has as many tasks as its largest source topic has partitions; a repartition topic has as many
 * partitions as the sub-topologies that write it have tasks, unless a number was given or a join demands another.
 */
import { StreamsError } from '../errors.js';
import type { TopicConfig, TopicDescription } from '../log/client.js';
import {
  patternText,
  type NodeDefinition,
  type RepartitionTopic,
  type StoreDefinition,
  type Subtopology,
} from '../processor/node-definition.js';
import { matches } from '../processor/topology.js';
import { copartitionedCount } from './copartitioning.js';
import { didYouMean } from '../nearest-name.js';

const DAY_MS = 86_400_000;
/** Kafka's rule; the log has it too, but a source topic is never created. */
const TOPIC_NAME = /^[A-Za-z0-9._-]{1,249}$/;

export interface PlannedTopic {
  /** The name in the log. */
  readonly topic: string;
  readonly partitions: number;
  readonly config: TopicConfig;
}

export interface PlannedSource {
  /** As the topology names it. */
  readonly name: string;
  /** The name in the log. */
  readonly topic: string;
  readonly partitions: number;
  readonly repartition: boolean;
  readonly offsetReset: 'earliest' | 'latest';
}

export interface PlannedSubtopology {
  /** Patterns are resolved: every source lists its topics. */
  readonly definition: Subtopology;
  readonly tasks: number;
  readonly sources: readonly PlannedSource[];
}

export interface TopicPlan {
  readonly subtopologies: readonly PlannedSubtopology[];
  /** Global sub-topologies: no tasks, all partitions are read by everyone. */
  readonly globals: readonly PlannedSubtopology[];
  readonly repartitionTopics: readonly PlannedTopic[];
  readonly changelogs: readonly PlannedTopic[];
  /** Sink topics with fixed names and the partitions they get if they do not exist yet. */
  readonly sinks: readonly PlannedTopic[];
}

/** Names of internal topics in the log. */
export class TopicNames {
  readonly #prefix: string;
  readonly #internal: ReadonlySet<string>;
  /** As they are called in the log. */
  readonly #own: ReadonlySet<string>;

  constructor(applicationId: string, subtopologies: readonly Subtopology[]) {
    this.#prefix = `${applicationId}-`;
    this.#internal = new Set(
      subtopologies.flatMap((subtopology) =>
        subtopology.repartitionSinks.map((topic) => topic.name),
      ),
    );
    const stores = subtopologies.flatMap((subtopology) => subtopology.stores);
    this.#own = new Set([
      ...[...this.#internal].map((name) => this.decorate(name)),
      ...stores.flatMap((store) =>
        store.sourceTopic === undefined ? [`${this.#prefix}${store.builder.name}-changelog`] : [],
      ),
    ]);
  }

  /** A topic that the application makes for itself: patterns of its sources pass over it. */
  isOwn(topic: string): boolean {
    return this.#own.has(topic);
  }

  /** Adds the application id to an internal topic; a topic of the user keeps its name. */
  decorate(name: string): string {
    return this.#internal.has(name) ? this.#prefix + name : name;
  }

  /** Where a store logs its changes or, for a table that reuses its source topic, what it is restored from. */
  changelog(store: StoreDefinition): string | undefined {
    if (store.sourceTopic !== undefined) return this.decorate(store.sourceTopic);
    return store.builder.loggingEnabled
      ? `${this.#prefix}${store.builder.name}-changelog`
      : undefined;
  }
}

/** Every topic of the user that the topology reads by name. */
export function sourceTopicNames(
  subtopologies: readonly Subtopology[],
  names: TopicNames,
): string[] {
  const topics = subtopologies.flatMap((subtopology) =>
    subtopology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics : [])),
  );
  return [...new Set(topics)].filter((topic) => names.decorate(topic) === topic);
}

/** Every fixed topic of the user that the topology writes. */
export function sinkTopicNames(subtopologies: readonly Subtopology[], names: TopicNames): string[] {
  const topics = subtopologies.flatMap((subtopology) =>
    subtopology.nodes.flatMap((node) =>
      node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : [],
    ),
  );
  return [...new Set(topics)].filter((topic) => names.decorate(topic) === topic);
}

/** Replaces patterns by the topics that match now, in the order of the log's list. */
export function resolvePatterns(
  subtopologies: readonly Subtopology[],
  names: TopicNames,
  existing: readonly string[],
): Subtopology[] {
  const offered = existing.filter((topic) => !names.isOwn(topic));
  return subtopologies.map((subtopology) => {
    const matched = new Map<string, readonly string[]>();
    const nodes = subtopology.nodes.map((node) => resolvePattern(node, offered, matched));
    const copartitionGroups = subtopology.copartitionGroups.map((group) =>
      group.flatMap((topic) => matched.get(topic) ?? [topic]),
    );
    return { ...subtopology, nodes, copartitionGroups };
  });
}

function resolvePattern(
  node: NodeDefinition,
  existing: readonly string[],
  matched: Map<string, readonly string[]>,
): NodeDefinition {
  if (node.kind !== 'source' || node.pattern === undefined) return node;
  const { pattern } = node;
  const topics = existing.filter((topic) => matches(pattern, topic));
  matched.set(patternText(pattern), topics);
  return { ...node, topics, pattern: undefined };
}

/** Throws `MISSING_SOURCE_TOPIC` and `TopologyException`. `subtopologies` have their patterns resolved. */
export function planTopics(
  subtopologies: readonly Subtopology[],
  names: TopicNames,
  existing: ReadonlyMap<string, TopicDescription>,
  allTopics: readonly string[],
): TopicPlan {
  const partitions = new Map<string, number>();
  for (const subtopology of subtopologies) {
    for (const topic of sourceTopicNames([subtopology], names)) {
      const description = existing.get(topic);
      if (description === undefined) throw missingSource(topic, subtopology, allTopics);
      partitions.set(topic, description.partitions);
    }
  }
  const repartition = new Map(
    subtopologies.flatMap((subtopology) =>
      subtopology.repartitionSinks.map((topic) => [topic.name, topic] as const),
    ),
  );
  derivePartitions(subtopologies, repartition, partitions);
  const planned = subtopologies.map((subtopology) =>
    planSubtopology(subtopology, names, repartition, partitions),
  );
  const running = planned.filter((subtopology) => !subtopology.definition.global);
  return {
    subtopologies: running,
    globals: planned.filter((subtopology) => subtopology.definition.global),
    repartitionTopics: [...repartition.keys()].map((name) => ({
      topic: names.decorate(name),
      partitions: partitions.get(name) ?? 1,
      config: REPARTITION_CONFIG,
    })),
    changelogs: running.flatMap((subtopology) => planChangelogs(subtopology, names)),
    sinks: planSinks(running, names),
  };
}

const REPARTITION_CONFIG: TopicConfig = {
  'cleanup.policy': 'delete',
  'segment.bytes': 52_428_800,
  'retention.ms': -1,
};

/** Fills in the counts of repartition topics, until neither the flow of data nor a join changes one any more. */
function derivePartitions(
  subtopologies: readonly Subtopology[],
  repartition: ReadonlyMap<string, RepartitionTopic>,
  partitions: Map<string, number>,
): void {
  const pinned = new Set<string>();
  for (const { name, partitions: given } of repartition.values()) {
    if (given === undefined) continue;
    partitions.set(name, given);
    pinned.add(name);
  }
  // Each round settles at least one more topic; the bound is a guard against a cycle of repartition topics.
  for (let round = 0; round <= repartition.size * 2 + 1; round++) {
    let changed = false;
    for (const name of repartition.keys()) {
      const count = pinned.has(name) ? undefined : upstreamTasks(name, subtopologies, partitions);
      if (count !== undefined && count !== partitions.get(name)) {
        partitions.set(name, count);
        changed = true;
      }
    }
    for (const group of subtopologies.flatMap((subtopology) => subtopology.copartitionGroups)) {
      const count = copartitionedCount({ group, partitions, repartitionTopics: repartition });
      for (const name of group) {
        if (count === undefined || !repartition.has(name) || partitions.get(name) === count)
          continue;
        partitions.set(name, count);
        pinned.add(name);
        changed = true;
      }
    }
    if (!changed) return;
  }
}

/** The most tasks of the sub-topologies that write the topic; undefined while nothing upstream is known. */
function upstreamTasks(
  name: string,
  subtopologies: readonly Subtopology[],
  partitions: ReadonlyMap<string, number>,
): number | undefined {
  let most: number | undefined;
  for (const subtopology of subtopologies) {
    if (!subtopology.repartitionSinks.some((topic) => topic.name === name)) continue;
    for (const node of subtopology.nodes) {
      for (const topic of node.kind === 'source' ? node.topics : []) {
        const count = partitions.get(topic);
        if (count !== undefined && (most === undefined || count > most)) most = count;
      }
    }
  }
  return most;
}

function planSubtopology(
  definition: Subtopology,
  names: TopicNames,
  repartition: ReadonlyMap<string, RepartitionTopic>,
  partitions: ReadonlyMap<string, number>,
): PlannedSubtopology {
  const sources: PlannedSource[] = [];
  for (const node of definition.nodes) {
    if (node.kind !== 'source') continue;
    for (const name of node.topics) {
      sources.push({
        name,
        topic: names.decorate(name),
        partitions: partitions.get(name) ?? 1,
        repartition: repartition.has(name),
        offsetReset: node.offsetReset ?? 'earliest',
      });
    }
  }
  return {
    definition,
    sources,
    tasks: definition.global
      ? 0
      : sources.reduce((most, source) => Math.max(most, source.partitions), 0),
  };
}

function planChangelogs(subtopology: PlannedSubtopology, names: TopicNames): PlannedTopic[] {
  const planned: PlannedTopic[] = [];
  for (const store of subtopology.definition.stores) {
    const topic = store.sourceTopic === undefined ? names.changelog(store) : undefined;
    if (topic !== undefined && subtopology.tasks > 0)
      planned.push({ topic, partitions: subtopology.tasks, config: changelogConfig(store) });
  }
  return planned;
}

function changelogConfig({ builder }: StoreDefinition): TopicConfig {
  const kept = (builder.retentionMs ?? 0) + DAY_MS;
  switch (builder.changelogKind) {
    case 'keyValue':
      return { 'cleanup.policy': 'compact', ...builder.logConfig };
    case 'window':
    case 'session':
      return { 'cleanup.policy': 'compact,delete', 'retention.ms': kept, ...builder.logConfig };
    case 'versioned':
      return { 'cleanup.policy': 'compact', 'min.compaction.lag.ms': kept, ...builder.logConfig };
  }
}

function planSinks(
  subtopologies: readonly PlannedSubtopology[],
  names: TopicNames,
): PlannedTopic[] {
  const partitions = new Map<string, number>();
  for (const { definition, tasks } of subtopologies) {
    for (const topic of sinkTopicNames([definition], names))
      partitions.set(topic, Math.max(partitions.get(topic) ?? 1, tasks));
  }
  return [...partitions].map(([topic, count]) => ({ topic, partitions: count, config: {} }));
}

function missingSource(
  topic: string,
  subtopology: Subtopology,
  allTopics: readonly string[],
): StreamsError {
  if (!TOPIC_NAME.test(topic) || topic === '.' || topic === '..') {
    return new StreamsError(
      'INVALID_TOPIC',
      `Sub-topology ${subtopology.id} reads ${JSON.stringify(topic)}, which is not a topic name: 1 to 249 letters, digits, '.', '_' or '-' are allowed, and not '.' or '..'.${didYouMean(topic, allTopics)}`,
      { topic },
    );
  }
  return new StreamsError(
    'MISSING_SOURCE_TOPIC',
    `Missing source topic '${topic}' for sub-topology ${subtopology.id}.${didYouMean(topic, allTopics)} A source topic is never created by reading it. ` +
      `Create it with \`await log.admin().createTopics([{ topic: '${topic}', partitions: 1 }])\`, or on the command line: millrace topics create '${topic}' --partitions 1`,
    { topic },
  );
}
