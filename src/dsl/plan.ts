/**
 * The logical graph that the DSL calls draw: immutable nodes that say what the user wants, in the order of the
 * calls. Nothing here knows how it is run; `compile.ts` turns the plan into a topology.
 */
import type { StreamPartitioner } from '../processor/collector.js';
import type { TopicNameExtractor } from '../processor/node-definition.js';
import type { OperatorContext } from '../processor/operator-context.js';
import type { FixedKeyProcessorSupplier, ProcessorSupplier } from '../processor/processor.js';
import type { TimestampExtractor } from '../processor/timestamp-extractor.js';
import type { Serde } from '../serde/serde.js';
import type { StateStore, StoreBuilder } from '../state/store.js';
import type { KGroupedTable } from './grouped-table.js';
import type { KStream } from './kstream.js';
import { NameSource, type RepartitionNames } from './names.js';
import type { OperatorSupplier } from './operators/operator.js';
import type { ValueGetter } from './operators/value-getter.js';
import type { ResolvedSerdes } from './serde-resolution.js';

/** A serde that is known, or not yet. */
export type SerdeSlot = Serde<unknown> | undefined;

export interface SourcePlan {
  readonly kind: 'source';
  readonly name: string;
  readonly parents: readonly [];
  /** Streams of the same topics share one source node; a table has its own. */
  readonly shared: boolean;
  readonly topics: readonly string[];
  readonly pattern: RegExp | undefined;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly timestamps: TimestampExtractor | undefined;
  readonly offsetReset: 'earliest' | 'latest' | undefined;
}

/**
 * An operator: most keep nothing and look nothing up. What it needs besides its input is said here, so that the
 * compiler can add the stores, connect them, and decide which tables keep one.
 */
export interface OperatorPlan {
  readonly kind: 'operator';
  readonly name: string;
  readonly parents: readonly PlanNode[];
  readonly operator: (decision: Decision) => OperatorSupplier;
  /** Its output may have other keys than its input. */
  readonly keyChanging: boolean;
  /** Its output may have other values than its input. */
  readonly valueChanging: boolean;
  /** Stores of its own. */
  readonly stores?: readonly StorePlan[];
  /** Serdes that it works with itself. */
  readonly serdes?: { readonly key: SerdeSlot; readonly value: SerdeSlot };
  /** Stores that other operators brought along. */
  readonly uses?: readonly string[];
  /** Tables it looks values up in, in the order of `Decision.lookups`. */
  readonly lookups?: readonly TablePlan[];
  /** Tables that have to send old values along, and keep a store for it if they must. */
  readonly oldValuesOf?: readonly TablePlan[];
  /** It keeps records without key, so that the repartition topic before it must let them pass. */
  readonly keepsNullKeys?: boolean;
  /** Where its records come from must have equal partition counts. */
  readonly copartitioned?: readonly SourceOfRecords[];
  /** The last node of a stream-stream join says what may stand for the whole join. */
  readonly selfJoin?: SelfJoinPlan;
}

/** What is built instead of a stream-stream join when both of its sides get their records from one node. */
export interface SelfJoinPlan {
  /** The first node of each side. */
  readonly sides: readonly [left: OperatorPlan, right: OperatorPlan];
  /** These are left out. */
  readonly spared: readonly OperatorPlan[];
  /** Takes the place and the name of the node that this is said of. */
  readonly node: OperatorPlan;
}

/** A processor of the user, with stores by name or to be added. */
export interface UserProcessorPlan {
  readonly kind: 'userProcessor';
  readonly name: string;
  readonly parents: readonly PlanNode[];
  readonly supplier:
    | { readonly fixedKey: false; readonly make: ProcessorSupplier }
    | { readonly fixedKey: true; readonly make: FixedKeyProcessorSupplier };
  readonly stores: readonly (StoreBuilder | string)[];
}

/** filter -> sink -> internal topic -> source. */
export interface RepartitionPlan {
  readonly kind: 'repartition';
  readonly name: string;
  readonly parents: readonly PlanNode[];
  readonly names: RepartitionNames;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly partitions: number | undefined;
  readonly partitioner: StreamPartitioner | undefined;
  /** The call that made it necessary, for error messages: `count()`. */
  readonly reason: string;
  /** The user asked for it: optimisation leaves it where it is. */
  readonly pinned?: boolean;
  /** Internal messages pass, not the stream's records: nothing is filtered, and these serdes are made of those above. */
  readonly wire?: (serdes: ResolvedSerdes) => ResolvedSerdes;
}

/** A store that an operator brings along, as soon as its serdes are known. */
export interface StorePlan {
  readonly name: string;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  /** The call that takes its serdes, and what the serde of the value is called there, for error messages. */
  readonly call?: string;
  readonly valueOption?: string;
  readonly build: (serdes: ResolvedSerdes) => StoreBuilder;
}

/** The store of a table. It exists only if the table is materialised in the end. */
export interface TableStorePlan extends StorePlan {
  /** Remembers what a key was at any time of its history: updates out of order are marked. */
  readonly versioned: boolean;
  /** Of a versioned store: how far back it remembers. */
  readonly historyMs?: number;
  /** How values are looked up in it. */
  readonly getter: (store: StateStore) => ValueGetter;
}

/** What the compiler has decided about a node by the time its processor is made. */
export interface Decision {
  /** The store of the table; undefined: it keeps nothing, or is no table. */
  readonly store: string | undefined;
  readonly sendOldValues: boolean;
  /** The store remembers what a key was before. */
  readonly versionedStore: boolean;
  /** Values of the store cannot be changed in place. */
  readonly immutableValues: boolean;
  /** Writes and reads the values of the store. */
  readonly storedValue: Serde<unknown> | undefined;
  /** What comes in are updates of a versioned table: those out of order are marked. */
  readonly versioned: boolean;
  /** Those that the node asked for. */
  readonly serdes: ResolvedSerdes | undefined;
  /** How to read the tables that the node looks up. */
  readonly lookups: readonly ValueGetterSupplier[];
}

/**
 * A node whose output is a table.
 *
 * - `source`: from a topic or a stream; keeps a store when the user named one or somebody has to look values up.
 * - `stored`: always keeps its store (aggregations).
 * - `derived`: from other tables; keeps a store only when the user named one, else values are looked up through it.
 */
export interface TablePlan {
  readonly kind: 'table';
  readonly origin: 'source' | 'stored' | 'derived';
  readonly name: string;
  readonly parents: readonly PlanNode[];
  readonly store: TableStorePlan | undefined;
  /** The user named the store. */
  readonly queryable: boolean;
  readonly operator: (decision: Decision) => OperatorSupplier;
  /** Of a derived table: the tables it is looked up in, and how. */
  readonly readThrough: ReadThrough | undefined;
  /** Takes its parent's old values when the parent has them anyway (filter: to swallow needless tombstones). */
  readonly wantsOldValues: boolean;
  /** Stores besides that of the table (a buffer, the store of a co-group). */
  readonly stores?: readonly StorePlan[];
  readonly uses?: readonly string[];
  readonly lookups?: readonly TablePlan[];
  readonly oldValuesOf?: readonly TablePlan[];
  readonly copartitioned?: readonly SourceOfRecords[];
  /** Of a windowed aggregation: so long after its end a window is closed. What waits for that looks for it upstream. */
  readonly closesAfterMs?: number;
}

export interface ReadThrough {
  readonly tables: readonly TablePlan[];
  /** Stores that the view opens itself. */
  readonly stores?: readonly string[];
  readonly view: (tables: readonly ValueGetter[], context: OperatorContext) => ValueGetter;
}

/** `GlobalKTable`: source, processor and store of every instance. */
export interface GlobalTablePlan {
  readonly kind: 'globalTable';
  readonly name: string;
  readonly parents: readonly [];
  readonly source: SourcePlan;
  readonly store: TableStorePlan;
  readonly operator: OperatorSupplier;
}

export interface GlobalStorePlan {
  readonly kind: 'globalStore';
  readonly name: string;
  readonly parents: readonly [];
  readonly source: SourcePlan;
  readonly store: StoreBuilder;
  readonly supplier: ProcessorSupplier;
}

export interface SinkPlan {
  readonly kind: 'sink';
  readonly name: string;
  readonly parents: readonly PlanNode[];
  readonly topic: string | TopicNameExtractor;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly partitioner: StreamPartitioner | undefined;
}

export interface StatePlan {
  readonly kind: 'state';
  readonly name: string;
  readonly parents: readonly [];
  readonly store: StoreBuilder;
}

export type PlanNode =
  | SourcePlan
  | OperatorPlan
  | UserProcessorPlan
  | RepartitionPlan
  | TablePlan
  | GlobalTablePlan
  | GlobalStorePlan
  | SinkPlan
  | StatePlan;

/** Where records of a stream enter a task: these decide which topics must be co-partitioned. */
export type SourceOfRecords = SourcePlan | RepartitionPlan;

/** How a task gets at the values of a table, and which stores it needs for it. */
export interface ValueGetterSupplier {
  readonly stores: readonly string[];
  readonly make: (context: OperatorContext) => ValueGetter;
}

/** What `KStream` carries besides its types. */
export interface StreamState {
  readonly plan: Plan;
  readonly node: PlanNode;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly sources: ReadonlySet<SourceOfRecords>;
  /** The key was changed: whoever needs equal keys together has to repartition first. */
  readonly keyChanged: boolean;
}

/** What `KTable` carries besides its types. */
export interface TableState {
  readonly plan: Plan;
  readonly node: TablePlan;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly sources: ReadonlySet<SourceOfRecords>;
  /** Where another node keeps the store that the user named. */
  readonly queryableStoreName?: string;
}

/** Tables and splits make streams, streams make tables: this spares their files importing each other. */
export type NewStream = <K, V>(state: StreamState) => KStream<K, V>;

export type NewGroupedTable = <K, V>(
  plan: Plan,
  select: OperatorPlan,
  grouping: {
    readonly name: string | undefined;
    readonly key: SerdeSlot;
    readonly value: SerdeSlot;
  },
) => KGroupedTable<K, V>;

/** What a builder hands to its plan, so that streams and tables can make each other. */
export interface Faces {
  readonly newStream: NewStream;
  readonly newGroupedTable: NewGroupedTable;
}

/** The one mutable thing of a builder: what has been drawn so far, and the counter of names. */
export class Plan {
  readonly newStream: NewStream;
  readonly newGroupedTable: NewGroupedTable;
  readonly names = new NameSource();
  readonly defaultKey: SerdeSlot;
  readonly defaultValue: SerdeSlot;
  /** The hop that was drawn last for a join of a stream, by the stream's node: joins under its name share it. */
  readonly joinHops = new Map<PlanNode, RepartitionPlan>();
  readonly #calls: PlanNode[] = [];
  #buildOrder: PlanNode[] = [];

  constructor(faces: Faces, defaultKey: SerdeSlot, defaultValue: SerdeSlot) {
    this.newStream = faces.newStream;
    this.newGroupedTable = faces.newGroupedTable;
    this.defaultKey = defaultKey;
    this.defaultValue = defaultValue;
  }

  add<N extends PlanNode>(node: N): N {
    this.#calls.push(node);
    this.#buildOrder.push(node);
    return node;
  }

  /** A repartition hop that a second operator shares is built as if it had been drawn now, as in Kafka. */
  addAgain(node: PlanNode): void {
    this.#buildOrder = this.#buildOrder.filter((other) => other !== node);
    this.#buildOrder.push(node);
  }

  /** In the order of the calls. */
  get calls(): readonly PlanNode[] {
    return this.#calls;
  }

  /** In the order in which nodes are built, as far as their parents allow. */
  get buildOrder(): readonly PlanNode[] {
    return this.#buildOrder;
  }
}
