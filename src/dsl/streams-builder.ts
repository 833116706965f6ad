/**
 * `StreamsBuilder`: where a program begins. It hands out streams and tables, remembers everything that is drawn on
 * them, and makes a `Topology` of it.
 */
import { TopologyException } from '../errors.js';
import type { ProcessorSupplier } from '../processor/processor.js';
import type { TimestampExtractor } from '../processor/timestamp-extractor.js';
import type { Topology } from '../processor/topology.js';
import { Serdes } from '../serde/serdes.js';
import type { StoreBuilder } from '../state/store.js';
import { checkBuilder, checkTopic, checkTopics } from '../state/checked-options.js';
import { checkCall, CONSUMED, SERDES, TABLE } from './checks.js';
import { compile } from './compile.js';
import { GlobalKTable } from './global-ktable.js';
import { KGroupedTable } from './grouped-table.js';
import { KStream } from './kstream.js';
import { KTable } from './ktable.js';
import { validateName } from './names.js';
import { tableSource } from './operators/table-source.js';
import { optimizationRules, type Optimization } from './optimize.js';
import type { BuilderOptions, Consumed, History, Materialized, TableKind } from './options.js';
import { tableStore } from './plan-steps.js';
import { Plan, type SerdeSlot, type SourcePlan } from './plan.js';

export interface BuildOptions {
  /** Kafka's `topology.optimization`. Default `'none'`: the plan is built as it was drawn. */
  readonly optimization?: Optimization | undefined;
}

/**
 * Builds topologies.
 *
 * @example
 * ```ts
 * const builder = new StreamsBuilder();
 * builder
 *   .stream('streams-plaintext-input', { value: Serdes.string() })
 *   .mapValues((line) => line.toUpperCase())
 *   .to('streams-output', { value: Serdes.string() });
 * const topology = builder.build();
 * ```
 *
 * `new StreamsBuilder({ key, value })` gives the serdes that are used wherever none is known.
 */
export class StreamsBuilder<DK = unknown, DV = unknown> {
  readonly #plan: Plan;

  constructor(defaults: BuilderOptions<DK, DV> = {}) {
    checkCall('new StreamsBuilder()', {}, defaults, SERDES);
    this.#plan = new Plan(
      {
        newStream: (state) => new KStream(state),
        newGroupedTable: (plan, select, grouping) => new KGroupedTable(plan, select, grouping),
      },
      defaults.key as SerdeSlot,
      defaults.value as SerdeSlot,
    );
  }

  /** The records of a topic, of several topics, or of all topics whose whole name matches a pattern. */
  stream<K = DK, V = DV>(
    topics: string | readonly string[] | RegExp,
    consumed: Consumed<K, V> = {},
  ): KStream<K, V> {
    checkTopics('stream()', topics);
    checkCall('stream()', {}, consumed, CONSUMED);
    const plan = this.#plan;
    const name = plan.names.node(consumed.name, 'KSTREAM-SOURCE-');
    const node = plan.add(this.#source(name, topics, consumed, true));
    const { key, value } = node;
    return new KStream({ plan, node, key, value, sources: new Set([node]), keyChanged: false });
  }

  /** A topic as a table: the last value of each key, null deletes. */
  table<K = DK, V = DV, H extends History = History>(
    topic: string,
    options: Consumed<K, V> & Materialized<K, V, H> = {},
  ): KTable<NonNullable<K>, NonNullable<V>, null, TableKind<H>> {
    checkTopic('table()', topic);
    checkCall('table()', {}, options, TABLE);
    const plan = this.#plan;
    const { source, name, store } = this.#tableParts(topic, options);
    plan.add(source);
    const node = plan.add({
      kind: 'table',
      origin: 'source',
      name,
      parents: [source],
      store,
      queryable: options.as !== undefined,
      operator: tableSource,
      readThrough: undefined,
      wantsOldValues: false,
    });
    const { key, value } = source;
    return new KTable({ plan, node, key, value, sources: new Set([source]) });
  }

  /** A topic as a table that every instance holds in full, read before anything is processed. */
  globalTable<K = DK, V = DV>(
    topic: string,
    options: Consumed<K, V> & Materialized<K, V, undefined> = {},
  ): GlobalKTable<NonNullable<K>, NonNullable<V>> {
    checkTopic('globalTable()', topic);
    checkCall('globalTable()', {}, options, TABLE);
    if (options.versioned !== undefined)
      throw new TopologyException('GlobalTables cannot be versioned.');
    // The topic is the changelog, and there is nobody to forward to: nothing to hold back.
    const { source, name, store } = this.#tableParts(topic, {
      ...options,
      caching: false,
      logging: false,
    });
    this.#plan.add({
      kind: 'globalTable',
      name,
      parents: [],
      source,
      store,
      operator: tableSource({
        store: store.name,
        versionedStore: false,
        sendOldValues: false,
        immutableValues: false,
        storedValue: undefined,
        versioned: false,
        serdes: undefined,
        lookups: [],
      }),
    });
    return new GlobalKTable(this.#plan, store.name, options.as !== undefined);
  }

  /** A store for `process` and `processValues`, which connect it by name or by this builder. */
  addStateStore(store: StoreBuilder): this {
    checkBuilder('addStateStore()', store);
    this.#plan.add({ kind: 'state', name: store.name, parents: [], store });
    return this;
  }

  /** A store that every instance holds in full, kept by a processor that gets all records of a topic. */
  addGlobalStore<K = DK, V = DV>(
    store: StoreBuilder,
    topic: string,
    supplier: ProcessorSupplier<K, V, never, never>,
    consumed: Consumed<K, V> = {},
  ): this {
    checkBuilder('addGlobalStore()', store);
    checkTopic('addGlobalStore()', topic);
    checkCall('addGlobalStore()', { supplier }, consumed, CONSUMED);
    const { names } = this.#plan;
    const given = consumed.name === undefined ? undefined : validateName(consumed.name);
    const sourceName = names.node(
      given === undefined ? undefined : `${given}-source`,
      'KSTREAM-SOURCE-',
    );
    const name = names.node(given, 'KTABLE-SOURCE-');
    this.#plan.add({
      kind: 'globalStore',
      name,
      parents: [],
      source: this.#source(sourceName, topic, consumed, false),
      store,
      supplier: supplier as ProcessorSupplier,
    });
    return this;
  }

  /** The topology of everything drawn so far. Throws `TopologyException`, and `MISSING_SERDE` naming the operator. */
  build(options: BuildOptions = {}): Topology {
    checkCall('build()', {}, options, ['optimization']);
    return compile(this.#plan, optimizationRules(options.optimization));
  }

  /** Names in Kafka's order: store, source, table. */
  #tableParts<K, V>(topic: string, options: Consumed<K, V> & Materialized<K, V>) {
    const { names } = this.#plan;
    const key = this.#keySerde(options);
    const value = this.#valueSerde(options);
    const store = tableStore(this.#plan, `${topic}-`, options, key, value);
    const given = options.name === undefined ? undefined : validateName(options.name);
    const sourceName = names.node(
      given === undefined ? undefined : `${given}-source`,
      'KSTREAM-SOURCE-',
    );
    const name = names.node(given, 'KTABLE-SOURCE-');
    return { store, name, source: this.#source(sourceName, topic, options, false) };
  }

  #source<K, V>(
    name: string,
    topics: string | readonly string[] | RegExp,
    consumed: Consumed<K, V>,
    shared: boolean,
  ): SourcePlan {
    return {
      kind: 'source',
      name,
      parents: [],
      shared,
      topics: topics instanceof RegExp ? [] : typeof topics === 'string' ? [topics] : [...topics],
      pattern: topics instanceof RegExp ? topics : undefined,
      key: this.#keySerde(consumed),
      value: this.#valueSerde(consumed),
      timestamps: consumed.timestamps as TimestampExtractor | undefined,
      offsetReset: consumed.offsetReset,
    };
  }

  /** Without any serde keys and values are handed on as the bytes they are. */
  #keySerde<K, V>(consumed: Consumed<K, V>): SerdeSlot {
    return (consumed.key as SerdeSlot) ?? this.#plan.defaultKey ?? (Serdes.bytes() as SerdeSlot);
  }

  #valueSerde<K, V>(consumed: Consumed<K, V>): SerdeSlot {
    return (
      (consumed.value as SerdeSlot) ?? this.#plan.defaultValue ?? (Serdes.bytes() as SerdeSlot)
    );
  }
}
