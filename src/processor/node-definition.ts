/**
 * What a topology is made of, as data: the meeting point of whoever builds it (`Topology`, the DSL compiler) and
 * whoever runs it (tasks, the runtime, the test driver). Immutable once built; shared by all tasks.
 */
import type { Serde } from '../serde/serde.js';
import type { StoreBuilder } from '../state/store.js';
import type { StreamPartitioner } from './collector.js';
import type { FixedKeyProcessorSupplier, ProcessorSupplier } from './processor.js';
import type { TimestampExtractor } from './timestamp-extractor.js';
import type { RecordMetadata } from './record.js';

export type TopicNameExtractor<K = unknown, V = unknown> = (
  key: K,
  value: V,
  metadata: RecordMetadata | undefined,
) => string;

export interface SourceDefinition {
  readonly kind: 'source';
  readonly name: string;
  /** In the order given. Internal topics without the application id prefix. Empty when `pattern` is set. */
  readonly topics: readonly string[];
  readonly pattern: RegExp | undefined;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestamps: TimestampExtractor | undefined;
  readonly offsetReset: 'earliest' | 'latest' | undefined;
}

export interface ProcessorDefinition {
  readonly kind: 'processor';
  readonly name: string;
  readonly parents: readonly string[];
  readonly supplier: ProcessorSupplier | FixedKeyProcessorSupplier;
  /** `processValues`: the context fixes the key and copies headers. */
  readonly fixedKey: boolean;
  /** Names of the stores it may use. */
  readonly stores: readonly string[];
}

export interface SinkDefinition {
  readonly kind: 'sink';
  readonly name: string;
  readonly parents: readonly string[];
  readonly topic: string | TopicNameExtractor;
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly partitioner: StreamPartitioner | undefined;
}

export type NodeDefinition = SourceDefinition | ProcessorDefinition | SinkDefinition;

export interface StoreDefinition {
  readonly builder: StoreBuilder;
  /** Set when a source topic serves as changelog (read-only stores, optimised tables): nothing is logged then. */
  readonly sourceTopic: string | undefined;
}

/** A topic millrace makes for itself: `<applicationId>-<name>`. */
export interface RepartitionTopic {
  /** Without prefix: `counts-store-repartition`. */
  readonly name: string;
  /** Given by the user (`repartition({ partitions })`), else derived. */
  readonly partitions: number | undefined;
  /** Undefined: drawn by hand. */
  readonly reason: RepartitionReason | undefined;
}

/** Why records go through a repartition topic. */
export interface RepartitionReason {
  /** The calls that need it: `count()`. */
  readonly call: string;
  /** Nodes above the topic. */
  readonly keyChangedBy: readonly string[];
  /** Nodes behind the topic that need equal keys in one task. */
  readonly neededBy: readonly string[];
}

/** A pattern among names of topics: no topic is called so. */
export const patternText = (pattern: RegExp): string => String(pattern);

export interface Subtopology {
  /** Kafka's number: in node insertion order. Task ids are `<id>_<partition>`. */
  readonly id: number;
  /** In insertion order; children are processed in that order. */
  readonly nodes: readonly NodeDefinition[];
  readonly stores: readonly StoreDefinition[];
  /** Repartition topics that sinks of this sub-topology write. */
  readonly repartitionSinks: readonly RepartitionTopic[];
  /** Sets of source topics (user or internal names, patterns as text) that must have equal partition counts. */
  readonly copartitionGroups: readonly (readonly string[])[];
  /** A global store's source, processor and store: no tasks; every instance reads all partitions. */
  readonly global: boolean;
}
