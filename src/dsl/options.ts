/**
 * The options objects of the DSL: Kafka's Consumed, Produced, Grouped, Repartitioned, Joined and Materialized as
 * plain data. `name` always names the processor node, `as` the state store.
 */
import type { Duration } from '../duration.js';
import type { Serde } from '../serde/serde.js';
import type { StreamPartitioner } from '../processor/collector.js';
import type { TimestampExtractor } from '../processor/timestamp-extractor.js';
import type { StoreBuilder } from '../state/store.js';
import type { StoresByName } from './connected-stores.js';
import type { JoinWindows } from './join-windows.js';

/** A value that may come later: user functions may be async. */
export type { Awaitable } from '../processor/processor.js';

export interface Named {
  /** Name of the processor node; default is Kafka's generated name. */
  readonly name?: string | undefined;
}

/** How a topic is read. */
export interface Consumed<K, V> extends Named {
  readonly key?: Serde<K> | undefined;
  readonly value?: Serde<V> | undefined;
  readonly timestamps?: TimestampExtractor<K, V> | undefined;
  /** Where to begin when the application has committed no offset yet. */
  readonly offsetReset?: 'earliest' | 'latest' | undefined;
}

/** Writes `T`: a serde of `T` or of a wider type. */
export type Serializer<T> = Pick<Serde<T>, 'serialize' | 'write' | 'name'>;

/** How a topic is written. */
export interface Produced<K, V> extends Named {
  readonly key?: Serializer<Exclude<K, null>> | undefined;
  readonly value?: Serializer<Exclude<V, null>> | undefined;
  readonly partitioner?: StreamPartitioner<K, V> | undefined;
}

/** How records are read back behind the repartition topic, and in the stores after it. */
export interface Grouped<K, V> extends Named {
  readonly key?: Serde<Exclude<K, null>> | undefined;
  readonly value?: Serde<Exclude<V, null>> | undefined;
}

/** An internal topic of the user's making: `<applicationId>-<name>-repartition`. */
export interface Repartitioned<K, V> extends Named {
  readonly key?: Serde<Exclude<K, null>> | undefined;
  readonly value?: Serde<Exclude<V, null>> | undefined;
  /** Default: as many as the tasks that write the topic. */
  readonly partitions?: number | undefined;
  readonly partitioner?: StreamPartitioner<K, V> | undefined;
}

/** Serdes are needed only when the stream's key was changed, so that it has to go through a repartition topic. */
export interface Joined<K, V> extends Named {
  readonly key?: Serde<Exclude<K, null>> | undefined;
  readonly value?: Serde<Exclude<V, null>> | undefined;
  /**
   * Waits so long, by the stream's own time, before a record is joined, so that updates of its time can come. The table
   * must be versioned, for at least as long. Records that come later than that are joined at once.
   */
  readonly grace?: Duration | undefined;
}

/** A join of two streams. Serdes are those of the stores that keep both sides for the time of the windows. */
export interface StreamJoined<K, V, VO> extends Named {
  /** Which records meet: `JoinWindows.of({ within: '5s', grace: '1s' })`. */
  readonly windows: JoinWindows;
  readonly key?: Serde<Exclude<K, null>> | undefined;
  /** Of this side. */
  readonly value?: Serde<Exclude<V, null>> | undefined;
  /** Of the other side. */
  readonly otherValue?: Serde<Exclude<VO, null>> | undefined;
  /** Base of the names of its stores: `<as>-this-join-store`, `<as>-other-join-store`. */
  readonly as?: string | undefined;
  readonly store?: 'persistent' | 'memory' | undefined;
  /** Default true: without changelog topics the join has forgotten its records after a restart. */
  readonly logging?: boolean | undefined;
}

/** A join of tables by a foreign key. The partitioners choose by the key alone: the value they are given is null. */
export interface TableJoined<K, KO> extends Named {
  /** Of the topic that brings responses back to this table. Needed when its topic is not partitioned by the hash of the key. */
  readonly partitioner?: StreamPartitioner<K, null> | undefined;
  /** Of the topic that brings subscriptions to the other table. */
  readonly otherPartitioner?: StreamPartitioner<KO, null> | undefined;
}

/** A join with a global table. */
export interface GlobalJoined<K, V, GK> extends Named {
  /** Which key of the global table a record joins. */
  readonly keySelector: (key: K, value: V) => GK | PromiseLike<GK>;
}

/** The option `versioned`, given or not: with it the store of a table is of another kind. */
export type History = Duration | undefined;

/** What a table keeps whose option `versioned` has the type H. */
export type TableKind<H extends History> = [H] extends [Duration] ? 'versioned' : 'keyValue';

/** What can be said about a table's store besides its serdes. */
export interface StoreOptions<H extends History = History> {
  /** Name of the store: it can be queried, and its changelog is named after it. */
  readonly as?: string | undefined;
  readonly store?: 'persistent' | 'memory' | undefined;
  /** Default true: with room in the record cache only the last update of a key is logged and forwarded per commit. */
  readonly caching?: boolean | undefined;
  /** Default true: without a changelog topic the store is empty after a restart. */
  readonly logging?: boolean | undefined;
  /**
   * Makes the table versioned: it remembers for so long what each key was at any time. Updates out of order find their
   * place, and a stream that joins it sees the row of its own time. It has no record cache.
   */
  readonly versioned?: H | undefined;
}

/** Of the store of a table: what is not given is inherited from the operator before, or is the builder's default. */
export interface Materialized<K, V, H extends History = History> extends StoreOptions<H> {
  readonly key?: Serde<Exclude<K, null>> | undefined;
  readonly value?: Serde<Exclude<V, null>> | undefined;
}

/** Of the store of a windowed table, which cannot be versioned. */
export interface WindowedMaterialized<K, V> extends Materialized<K, V, undefined> {
  /** How long windows are kept, counted from their start: milliseconds or `'24h'`. Default and least: the window and its grace. */
  readonly retention?: Duration | undefined;
}

/** Of `process` and `processValues`. */
export interface Processing<S extends StoresByName = StoresByName> extends Named {
  /**
   * Builders are added and connected; names connect stores of `addStateStore` or of other operators. Builders under
   * names of your own, `{ seen }`, reach the supplier as its second argument: stores that are connected, with their types.
   */
  readonly stores?: readonly (StoreBuilder | string)[] | S | undefined;
}

/** Defaults wherever no serde is known. */
export interface BuilderOptions<K, V> {
  readonly key?: Serde<K> | undefined;
  readonly value?: Serde<V> | undefined;
}
