/**
 * The graph of sources, processors, sinks and stores, built by hand or by the DSL, with Kafka's checks and Kafka's
 * words for what is wrong. It knows names and edges only: which tasks run it, and over which log, is decided by
 * whoever reads `subtopologies()`.
 */
import { TopologyException } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { Serdes } from '../serde/serdes.js';
import { checkBuilder, checkOptions, checkTopic, checkTopics } from '../state/checked-options.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import type { StreamPartitioner } from './collector.js';
import type {
  NodeDefinition,
  ProcessorDefinition,
  RepartitionReason,
  RepartitionTopic,
  SourceDefinition,
  StoreDefinition,
  Subtopology,
  TopicNameExtractor,
} from './node-definition.js';
import type { FixedKeyProcessorSupplier, ProcessorSupplier } from './processor.js';
import { cutSubtopologies } from './subtopology.js';
import { requireSupplier } from './supplier.js';
import type { TimestampExtractor } from './timestamp-extractor.js';
import { TopologyDescription } from './topology-description.js';
import {
  differentStore,
  globalStateStore,
  sameNode,
  takenByPattern,
  takenTopic,
  unknownStateStore,
} from './topology-errors.js';

export interface SourceOptions<K = unknown, V = unknown> {
  /** Default: bytes. */
  readonly key?: Serde<K> | undefined;
  readonly value?: Serde<V> | undefined;
  readonly timestamps?: TimestampExtractor<K, V> | undefined;
  /** Where to begin when no offset is committed. */
  readonly offsetReset?: 'earliest' | 'latest' | undefined;
}

export interface ProcessorOptions {
  /** A builder is added to the topology and connected, a name is connected. */
  readonly stores?: readonly (StoreBuilder | string)[] | undefined;
}

export interface SinkOptions<K = unknown, V = unknown> {
  /** Default: bytes. */
  readonly key?: Serde<K> | undefined;
  readonly value?: Serde<V> | undefined;
  readonly partitioner?: StreamPartitioner<K, V> | undefined;
}

const SOURCE_OPTIONS = ['key', 'value', 'timestamps', 'offsetReset'];
const SINK_OPTIONS = ['key', 'value', 'partitioner'];

type Names = string | readonly string[];

const listOf = (names: Names): readonly string[] => (typeof names === 'string' ? [names] : names);

/**
 * A topology by hand.
 *
 * @example
 * ```ts
 * const topology = new Topology()
 *   .addSource('source', ['stream_log'], { key: Serdes.string(), value: Serdes.string() })
 *   .addProcessor('copy', (context) => ({ process: (record) => context.forward(record) }), ['source'])
 *   .addSink('sink', 'stream_log_copy', ['copy'], { key: Serdes.string(), value: Serdes.string() });
 * console.log(topology.describe().toString());
 * ```
 *
 * Every call throws `TopologyException` when the graph would be wrong.
 */
export class Topology {
  readonly #nodes = new Map<string, NodeDefinition>();
  readonly #stores = new Map<string, StoreDefinition>();
  readonly #globalStores = new Set<string>();
  readonly #globalSources = new Set<string>();
  readonly #sourceTopics = new Set<string>();
  readonly #sourcePatterns: RegExp[] = [];
  readonly #repartitionTopics = new Map<string, RepartitionTopic>();
  readonly #copartitionGroups: (readonly string[])[] = [];

  /** Reads topics. A topic has one source; a source may have several topics, or a pattern of names. */
  addSource<K, V>(name: string, topics: Names | RegExp, options: SourceOptions<K, V> = {}): this {
    checkTopics(`addSource('${name}')`, topics);
    checkOptions(options, SOURCE_OPTIONS, `addSource('${name}')`);
    if (topics instanceof RegExp) {
      this.#requireNewNode(name);
      this.#requireFreshPattern(topics);
      this.#addSourceNode(name, [], topics, options);
      this.#sourcePatterns.push(topics);
      return this;
    }
    const list = listOf(topics);
    if (list.length === 0) throw new TopologyException('topics cannot be empty');
    this.#requireNewNode(name);
    for (const topic of list) {
      this.#requireFreshTopic(topic);
      this.#sourceTopics.add(topic);
    }
    this.#addSourceNode(name, list, undefined, options);
    return this;
  }

  /** Runs a processor behind `parents`. The supplier is called once per task, and again after an abort. */
  addProcessor<KIn, VIn, KOut, VOut>(
    name: string,
    supplier: ProcessorSupplier<KIn, VIn, KOut, VOut>,
    parents: Names,
    options: ProcessorOptions = {},
  ): this {
    // What a node is given is checked where records are made; between nodes the types are unknown.
    return this.#addProcessorNode(name, supplier as ProcessorSupplier, false, parents, options);
  }

  /** As `addProcessor`, for a processor that may not change keys (`processValues`). */
  addFixedKeyProcessor<KIn, VIn, VOut>(
    name: string,
    supplier: FixedKeyProcessorSupplier<KIn, VIn, VOut>,
    parents: Names,
    options: ProcessorOptions = {},
  ): this {
    return this.#addProcessorNode(
      name,
      supplier as FixedKeyProcessorSupplier,
      true,
      parents,
      options,
    );
  }

  /** Writes what `parents` forward to a topic, or to the topic that a function chooses per record. */
  addSink<K, V>(
    name: string,
    topic: string | TopicNameExtractor<K, V>,
    parents: Names,
    options: SinkOptions<K, V> = {},
  ): this {
    const where = `addSink('${name}')`;
    if (typeof topic !== 'function') checkTopic(where, topic, ', or a function that chooses it');
    checkOptions(options, SINK_OPTIONS, where, 'write');
    const parentNames = this.#requireParents(name, parents);
    this.#nodes.set(name, {
      kind: 'sink',
      name,
      parents: parentNames,
      topic: topic as string | TopicNameExtractor,
      keySerde: (options.key ?? Serdes.bytes()) as Serde<unknown>,
      valueSerde: (options.value ?? Serdes.bytes()) as Serde<unknown>,
      partitioner: options.partitioner as StreamPartitioner | undefined,
    });
    return this;
  }

  /** Adds a store and connects it to processors. Adding the same builder again is allowed. */
  addStateStore(builder: StoreBuilder, processors: readonly string[] = []): this {
    checkBuilder('addStateStore()', builder);
    this.#addStore(builder, undefined);
    for (const processor of processors) this.#connect(processor, builder.name);
    return this;
  }

  connectProcessorAndStateStores(processor: string, stores: Names): this {
    const list = listOf(stores);
    if (list.length === 0) throw new TopologyException('stateStoreNames cannot be empty');
    for (const store of list) this.#connect(processor, store);
    return this;
  }

  /**
   * A store that every instance holds in full, kept by `supplier`, which gets all records of all partitions of
   * `topic`. Every processor may read it without being connected to it; only its own processor may write it.
   */
  addGlobalStore<K, V>(
    builder: StoreBuilder,
    sourceName: string,
    topic: string,
    processorName: string,
    supplier: ProcessorSupplier<K, V, never, never>,
    options: SourceOptions<K, V> = {},
  ): this {
    this.#addFedStore(builder, sourceName, topic, processorName, supplier, options);
    this.#globalStores.add(builder.name);
    this.#globalSources.add(sourceName);
    return this;
  }

  /** A store of this task's partition that `supplier` keeps from `topic`; the topic is its changelog. */
  addReadOnlyStateStore<K, V>(
    builder: StoreBuilder,
    sourceName: string,
    topic: string,
    processorName: string,
    supplier: ProcessorSupplier<K, V, never, never>,
    options: SourceOptions<K, V> = {},
  ): this {
    this.#addFedStore(builder, sourceName, topic, processorName, supplier, options);
    return this;
  }

  /** The topic that feeds a store is its changelog: the store is restored from it and nothing is logged. */
  connectSourceStoreAndTopic(store: string, topic: string): this {
    const known = this.#stores.get(store);
    if (known === undefined) throw unknownStateStore(store);
    if (known.sourceTopic !== undefined) {
      throw new TopologyException(`Source store ${store} is already added.`);
    }
    this.#stores.set(store, { ...known, sourceTopic: topic });
    return this;
  }

  /** Declares `name` as an internal topic: created by the application, named `<applicationId>-<name>`. */
  addRepartitionTopic(name: string, partitions?: number, reason?: RepartitionReason): this {
    this.#repartitionTopics.set(name, { name, partitions, reason });
    return this;
  }

  /** These source topics must have equal partition counts: their records meet in one task. */
  addCopartitionGroup(topics: readonly string[]): this {
    this.#copartitionGroups.push([...topics]);
    return this;
  }

  /** The connected parts, in Kafka's numbering. Immutable; later calls on the topology do not change them. */
  subtopologies(): readonly Subtopology[] {
    return cutSubtopologies({
      nodes: this.#nodes,
      stores: this.#stores,
      globalSources: this.#globalSources,
      repartitionTopics: this.#repartitionTopics,
      copartitionGroups: this.#copartitionGroups,
    });
  }

  /** What was built: `toString()` is the text Java prints; also as data, as Mermaid and as DOT. */
  describe(): TopologyDescription {
    return new TopologyDescription(this.subtopologies());
  }

  #addSourceNode<K, V>(
    name: string,
    topics: readonly string[],
    pattern: RegExp | undefined,
    options: SourceOptions<K, V>,
  ): void {
    const source: SourceDefinition = {
      kind: 'source',
      name,
      topics: [...topics],
      pattern,
      keySerde: (options.key ?? Serdes.bytes()) as Serde<unknown>,
      valueSerde: (options.value ?? Serdes.bytes()) as Serde<unknown>,
      timestamps: options.timestamps as TimestampExtractor | undefined,
      offsetReset: options.offsetReset,
    };
    this.#nodes.set(name, source);
  }

  #addProcessorNode(
    name: string,
    supplier: ProcessorDefinition['supplier'],
    fixedKey: boolean,
    parents: Names,
    options: ProcessorOptions,
  ): this {
    requireSupplier(name, supplier);
    checkOptions(options, ['stores'], `addProcessor('${name}')`);
    const parentNames = this.#requireParents(name, parents);
    this.#nodes.set(name, {
      kind: 'processor',
      name,
      parents: parentNames,
      supplier,
      fixedKey,
      stores: [],
    });
    for (const store of options.stores ?? []) {
      if (typeof store === 'string') this.#connect(name, store);
      else this.addStateStore(store, [name]);
    }
    return this;
  }

  #addFedStore<K, V>(
    builder: StoreBuilder,
    sourceName: string,
    topic: string,
    processorName: string,
    supplier: ProcessorSupplier<K, V, never, never>,
    options: SourceOptions<K, V>,
  ): void {
    requireSupplier(processorName, supplier);
    checkBuilder(`addGlobalStore('${sourceName}')`, builder);
    checkOptions(options, SOURCE_OPTIONS, `addGlobalStore('${sourceName}')`);
    this.#requireNewNode(sourceName);
    this.#requireFreshTopic(topic);
    this.#requireNewNode(processorName);
    if (this.#stores.has(builder.name)) throw differentStore(builder.name);
    if (sourceName === processorName) {
      throw new TopologyException('sourceName and processorName must be different.');
    }
    this.#sourceTopics.add(topic);
    this.#addSourceNode(sourceName, [topic], undefined, options);
    this.#nodes.set(processorName, {
      kind: 'processor',
      name: processorName,
      parents: [sourceName],
      supplier: supplier as ProcessorSupplier,
      fixedKey: false,
      stores: [],
    });
    this.#addStore(builder, topic);
    this.#connect(processorName, builder.name);
  }

  #addStore(builder: StoreBuilder<StateStore>, sourceTopic: string | undefined): void {
    const known = this.#stores.get(builder.name);
    if (
      known !== undefined &&
      (known.builder !== builder || this.#globalStores.has(builder.name))
    ) {
      throw differentStore(builder.name);
    }
    if (known === undefined) this.#stores.set(builder.name, { builder, sourceTopic });
  }

  #connect(processor: string, store: string): void {
    if (this.#globalStores.has(store)) {
      throw globalStateStore(store);
    }
    if (!this.#stores.has(store)) {
      throw unknownStateStore(store);
    }
    const node = this.#nodes.get(processor);
    if (node === undefined) throw new TopologyException(`Processor ${processor} is not added yet.`);
    if (node.kind !== 'processor') {
      throw new TopologyException(
        `cannot connect a state store ${store} to a source node or a sink node.`,
      );
    }
    if (!node.stores.includes(store)) {
      this.#nodes.set(processor, { ...node, stores: [...node.stores, store] });
    }
  }

  #requireNewNode(name: string): void {
    if (this.#nodes.has(name)) throw sameNode(name);
  }

  #requireFreshTopic(topic: string): void {
    const taken =
      this.#sourceTopics.has(topic) ||
      this.#sourcePatterns.some((pattern) => matches(pattern, topic));
    if (taken) {
      throw takenTopic(topic);
    }
  }

  #requireFreshPattern(pattern: RegExp): void {
    for (const topic of this.#sourceTopics) {
      if (matches(pattern, topic)) {
        throw takenByPattern(pattern, topic);
      }
    }
  }

  #requireParents(name: string, parents: Names): readonly string[] {
    const list = listOf(parents ?? []);
    this.#requireNewNode(name);
    if (list.length === 0) throw new TopologyException('predecessorNames cannot be empty');
    for (const parent of list) {
      if (parent === name) {
        throw new TopologyException(`Parent node ${parent} is unknown (self-reference).`);
      }
      const node = this.#nodes.get(parent);
      if (node === undefined) throw new TopologyException(`Parent node ${parent} is unknown.`);
      if (node.kind === 'sink') {
        throw new TopologyException(`Sink ${parent} cannot be used a parent.`);
      }
    }
    return [...list];
  }
}

/** Kafka matches whole topic names; a pattern's own anchors are kept, its flags are not `g` or `y` by contract. */
export function matches(pattern: RegExp, topic: string): boolean {
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''));
  return whole.test(topic);
}
