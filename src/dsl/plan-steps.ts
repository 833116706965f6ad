/** Steps of the plan that several operators draw: the repartition hop, and the store of a table. */
import { durationMs } from '../duration.js';
import { StreamsError, TopologyException } from '../errors.js';
import { patternText } from '../processor/node-definition.js';
import type { StreamPartitioner } from '../processor/collector.js';
import type { TimestampedKeyValueStore } from '../state/key-value.js';
import type { StateStore } from '../state/store.js';
import { Stores } from '../state/stores.js';
import type { VersionedKeyValueStore } from '../state/versioned.js';
import { repartitionNames, validateName } from './names.js';
import type { ValueGetter } from './operators/value-getter.js';
import type { Grouped, Materialized, StoreOptions } from './options.js';
import type {
  Plan,
  PlanNode,
  RepartitionPlan,
  SerdeSlot,
  SourceOfRecords,
  StreamState,
  TableStorePlan,
} from './plan.js';

export interface RepartitionStep {
  /** The topic is `<prefix>-repartition`. */
  readonly prefix: string;
  /** The call that needs it, for error messages. */
  readonly reason: string;
  /** Undefined: the stream's own. */
  readonly key?: SerdeSlot;
  readonly value?: SerdeSlot;
  readonly partitions?: number | undefined;
  readonly partitioner?: StreamPartitioner | undefined;
  /** The user asked for it, no operator did. */
  readonly pinned?: boolean;
}

/** Streams and tables meet only within one topology. */
export function requireSamePlan(plan: Plan, other: Plan, call: string): void {
  if (plan === other) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${call}: the other side belongs to another StreamsBuilder. Draw both on one builder, or let them meet through a topic.`,
  );
}

/** Behind the hop equal keys are in one task. */
export function repartitioned(stream: StreamState, step: RepartitionStep): StreamState {
  return behind(stream, stream.plan.add(repartitionPlan(stream, step)));
}

/** As `repartitioned`, for a join. Joins that nobody named share the hop of their stream, as in Kafka. */
export function repartitionedForJoin(stream: StreamState, step: RepartitionStep): StreamState {
  const { plan, node } = stream;
  const drawn = repartitionPlan(stream, step);
  const shared = step.prefix === node.name ? plan.joinHops.get(node) : undefined;
  if (shared !== undefined) return behind(stream, shared);
  plan.joinHops.set(node, drawn);
  return behind(stream, plan.add(drawn));
}

export function repartitionPlan(stream: StreamState, step: RepartitionStep): RepartitionPlan {
  const { partitions } = step;
  if (partitions !== undefined && !(Number.isSafeInteger(partitions) && partitions > 0)) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `${step.reason}: partitions must be a whole number greater than 0, but is ${partitions}.`,
    );
  }
  const names = repartitionNames(stream.plan.names, step.prefix);
  return {
    kind: 'repartition',
    name: names.topic,
    parents: [stream.node],
    names,
    key: step.key ?? stream.key,
    value: step.value ?? stream.value,
    partitions,
    partitioner: step.partitioner,
    reason: step.reason,
    ...(step.pinned === true ? { pinned: true } : {}),
  };
}

export function behind(stream: StreamState, node: RepartitionPlan): StreamState {
  const { key, value } = node;
  return { plan: stream.plan, node, key, value, sources: new Set([node]), keyChanged: false };
}

/** What a grouping says about the records behind it. */
export interface Grouping {
  readonly name: string | undefined;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
}

export const groupingOf = <K, V>({ name, key, value }: Grouped<K, V>) => ({
  name,
  key: key as SerdeSlot,
  value: value as SerdeSlot,
});

/** Streams that are merged have one serde only if both had the same. */
export const sameSerde = (left: SerdeSlot, right: SerdeSlot): SerdeSlot =>
  left === right ? left : undefined;

/** Whether the user said anything about the store of a table: then a name of a store is used up, as in Kafka. */
export function isMaterialized<K, V>(options: Materialized<K, V>): boolean {
  const { as, key, value, store, caching, logging, versioned } = options;
  const said = [as, key, value, store, caching, logging, versioned];
  return said.some((option) => option !== undefined);
}

/** The store a table would have. Uses up a generated name unless the user gave one. */
export function tableStore(
  plan: Plan,
  prefix: string,
  options: StoreOptions,
  key: SerdeSlot,
  value: SerdeSlot,
): TableStorePlan {
  const name = options.as === undefined ? plan.names.newStore(prefix) : validateName(options.as);
  const { store, caching = true, logging = true, versioned } = options;
  if (versioned !== undefined) {
    const historyMs = durationMs(versioned, 'versioned');
    return {
      name,
      key,
      value,
      versioned: true,
      historyMs,
      getter: versionedGetter,
      build: (serdes) =>
        Stores.versionedKeyValue({ name, ...serdes, historyRetention: historyMs, logging }),
    };
  }
  return {
    name,
    key,
    value,
    versioned: false,
    getter: keyValueGetter,
    build: (serdes) =>
      Stores.timestampedKeyValue({
        name,
        ...serdes,
        caching,
        logging,
        ...(store === undefined ? {} : { store }),
      }),
  };
}

/** A table's store answers look-ups as it is. */
const keyValueGetter = (store: StateStore): ValueGetter =>
  store as TimestampedKeyValueStore<unknown, unknown>;

/** The latest version, or the one of a time. */
function versionedGetter(store: StateStore): ValueGetter {
  const versions = store as VersionedKeyValueStore<unknown, unknown>;
  return {
    isVersioned: true,
    get: (key, asOf) => (asOf === undefined ? versions.get(key) : versions.get(key, asOf)),
  };
}

/**
 * So long after its end a window of this table is closed: as the aggregation says that it comes from, the longest of
 * several. Throws `TopologyException` where there is none.
 */
export function closesAfterMs(node: PlanNode, chain: readonly string[] = []): number {
  if (node.kind === 'table' && node.closesAfterMs !== undefined) return node.closesAfterMs;
  const path = [node.name, ...chain];
  if (node.parents.length === 0)
    throw new TopologyException(
      `Window close time is only defined for windowed computations. Got [${path.join('->')}]. ` +
        "Use windowedBy() before the aggregation, or Suppressed.untilTimeLimit('5s') for a table without windows.",
    );
  return Math.max(...node.parents.map((parent) => closesAfterMs(parent, path)));
}

export function union<T>(left: ReadonlySet<T>, right: ReadonlySet<T>): ReadonlySet<T> {
  return new Set([...left, ...right]);
}

/** The topics of these sources; a pattern stands for those that it will match. */
export function topicsOf(sources: Iterable<SourceOfRecords>): string[] {
  const topics = new Set<string>();
  for (const source of sources) {
    if (source.kind === 'repartition') topics.add(source.names.topic);
    else if (source.pattern !== undefined) topics.add(patternText(source.pattern));
    else for (const topic of source.topics) topics.add(topic);
  }
  return [...topics];
}
