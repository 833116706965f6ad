/**
 * `KStream`: a stream of records, and everything that can be done with it. Every call draws one node of the logical
 * plan and returns a new stream; nothing runs before `builder.build()` made a topology of it.
 */
import type { TopicNameExtractor } from '../processor/node-definition.js';
import type { StreamPartitioner } from '../processor/collector.js';
import type { FixedKeyProcessorSupplier, ProcessorSupplier } from '../processor/processor.js';
import { StreamsError } from '../errors.js';
import { requireSupplier } from '../processor/supplier.js';
import { checkTopic } from '../state/checked-options.js';
import {
  BranchedKStream,
  isNamed,
  splitByName,
  type Branches,
  type NamedBranches,
} from './branched.js';
import {
  checkCall,
  GROUPED,
  MATERIALIZED,
  NAMED,
  PROCESSING,
  PRODUCED,
  REPARTITIONED,
} from './checks.js';
import {
  connected,
  type ConnectedFixedKeyProcessorSupplier,
  type ConnectedProcessorSupplier,
  type NoStores,
  type StoresByName,
  withListedStores,
} from './connected-stores.js';
import { KGroupedStream } from './grouped-stream.js';
import { KTable } from './ktable.js';
import { filter, type Predicate } from './operators/filter.js';
import { flatMapValues, type ValuesMapper } from './operators/flat-map-values.js';
import { flatMap, type PairsMapper } from './operators/flat-map.js';
import { mapValues, type ValueMapper } from './operators/map-values.js';
import { map, type PairMapper } from './operators/map.js';
import type { OperatorSupplier } from './operators/operator.js';
import { passThrough } from './operators/pass-through.js';
import { foreach, peek, type ForeachAction } from './operators/peek.js';
import { selectKey, type KeySelector } from './operators/select-key.js';
import type {
  Awaitable,
  Grouped,
  History,
  Materialized,
  Named,
  Processing,
  Produced,
  Repartitioned,
  StreamJoined,
  TableKind,
} from './options.js';
import type { SerdeSlot, StreamState, UserProcessorPlan } from './plan.js';
import {
  groupingOf,
  sameSerde,
  repartitioned,
  requireSamePlan,
  tableStore,
  union,
} from './plan-steps.js';
import { joinTable, type JoinOptions, type JoinTarget, type JoinValue } from './stream-join.js';
import { joinStreams, type StreamJoinKind } from './stream-stream-join.js';
import { tableSource } from './operators/table-source.js';

/** What an operator does to keys and values, and with that to their serdes. */
interface Effect {
  readonly changesKey: boolean;
  readonly changesValue: boolean;
}

const KEEPS_BOTH: Effect = { changesKey: false, changesValue: false };
const NEW_KEY: Effect = { changesKey: true, changesValue: false };
const NEW_VALUE: Effect = { changesKey: false, changesValue: true };
const NEW_BOTH: Effect = { changesKey: true, changesValue: true };

/**
 * A stream of records with keys of type K and values of type V. Made by `StreamsBuilder.stream` and by operators.
 *
 * Functions get `(key, value)`, except where the key is optional and comes last: `mapValues((value, key?))`. Every
 * function may be async: the task waits for it, and the output is the same, in the same order. What a function throws
 * reaches the error policy `process` with the name of the node.
 *
 * @example
 * ```ts
 * const { large, rest } = builder
 *   .stream('orders', { key: Serdes.string(), value: Serdes.json<Order>() })
 *   .filter((_customer, order) => order.items.length > 0)
 *   .split({ large: (_customer, order) => order.total > 1000, rest: true });
 * large.mapValues((order) => order.total).to('large-totals', { value: Serdes.double() });
 * rest.groupByKey().count({ as: 'orders-by-customer' });
 * ```
 */
export class KStream<K, V> {
  /** Tells the joins what the other side is. */
  readonly kind = 'KStream';
  /** @internal */
  readonly state: StreamState;
  /** Only for the compiler. */
  declare readonly recordType?: readonly [key: K, value: V] | undefined;

  /** @internal */
  constructor(state: StreamState) {
    this.state = state;
  }

  /** Keeps the records for which the predicate is true; a type guard narrows the values. */
  filter<V2 extends V>(
    predicate: (key: K, value: V) => value is V2,
    options?: Named,
  ): KStream<K, V2>;
  filter(predicate: Predicate<K, V>, options?: Named): KStream<K, V>;
  filter(predicate: Predicate<K, V>, options: Named = {}): KStream<K, V> {
    checkCall('filter()', { predicate }, options, NAMED);
    return this.#operator('KSTREAM-FILTER-', filter(predicate, true), KEEPS_BOTH, options);
  }

  /** Keeps the records for which the predicate is false. */
  filterNot(predicate: Predicate<K, V>, options: Named = {}): KStream<K, V> {
    checkCall('filterNot()', { predicate }, options, NAMED);
    return this.#operator('KSTREAM-FILTER-', filter(predicate, false), KEEPS_BOTH, options);
  }

  /** Another key and value for every record: return `[key, value]`. Grouping or joining afterwards repartitions. */
  map<K2, V2>(mapper: PairMapper<K, V, K2, V2>, options: Named = {}): KStream<K2, V2> {
    checkCall('map()', { mapper }, options, NAMED);
    return this.#operator('KSTREAM-MAP-', map(mapper), NEW_BOTH, options);
  }

  /** Another value for every record; the key stays. */
  mapValues<V2>(mapper: ValueMapper<K, V, V2>, options: Named = {}): KStream<K, V2> {
    checkCall('mapValues()', { mapper }, options, NAMED);
    return this.#operator('KSTREAM-MAPVALUES-', mapValues(mapper), NEW_VALUE, options);
  }

  /** Any number of records for each: return a list of `[key, value]`. */
  flatMap<K2, V2>(mapper: PairsMapper<K, V, K2, V2>, options: Named = {}): KStream<K2, V2> {
    checkCall('flatMap()', { mapper }, options, NAMED);
    return this.#operator('KSTREAM-FLATMAP-', flatMap(mapper), NEW_BOTH, options);
  }

  /** Any number of values for each record, under its key. */
  flatMapValues<V2>(mapper: ValuesMapper<K, V, V2>, options: Named = {}): KStream<K, V2> {
    checkCall('flatMapValues()', { mapper }, options, NAMED);
    return this.#operator('KSTREAM-FLATMAPVALUES-', flatMapValues(mapper), NEW_VALUE, options);
  }

  /** Another key for every record. */
  selectKey<K2>(selector: KeySelector<K, V, K2>, options: Named = {}): KStream<K2, V> {
    checkCall('selectKey()', { selector }, options, NAMED);
    return this.#operator('KSTREAM-KEY-SELECT-', selectKey(selector), NEW_KEY, options);
  }

  /** Looks at every record and passes it on. */
  peek(action: ForeachAction<K, V>, options: Named = {}): KStream<K, V> {
    checkCall('peek()', { action }, options, NAMED);
    return this.#operator('KSTREAM-PEEK-', peek(action), KEEPS_BOTH, options);
  }

  /** Does something with every record; the stream ends here. */
  foreach(action: ForeachAction<K, V>, options: Named = {}): void {
    checkCall('foreach()', { action }, options, NAMED);
    this.#operator('KSTREAM-FOREACH-', foreach(action), KEEPS_BOTH, options);
  }

  /**
   * Sends each record to the first branch whose predicate is true: `split({ refunds: (k, v) => v.total < 0, rest:
   * true })` returns `{ refunds, rest }`; or in Java's style, `split().branch(...).defaultBranch()`.
   */
  split(options?: Named): BranchedKStream<K, V>;
  split<B extends Branches<K, V>>(branches: B, options?: Named): NamedBranches<K, V, B>;
  split<B extends Branches<K, V>>(
    first: Named | B = {},
    options: Named = {},
  ): BranchedKStream<K, V> | NamedBranches<K, V, B> {
    checkCall('split()', {}, options, NAMED);
    if (isNamed(first)) return new BranchedKStream<K, V>(this.state, first.name);
    return splitByName(this.state, first, options.name);
  }

  /** All records of both streams, in no order between them. */
  merge<K2, V2>(other: KStream<K2, V2>, options: Named = {}): KStream<K | K2, V | V2> {
    const { plan } = this.state;
    checkCall('merge()', {}, options, NAMED);
    if (!(other instanceof KStream)) {
      throw new StreamsError('INVALID_ARGUMENT', 'merge(): the other side is not a KStream.');
    }
    requireSamePlan(plan, other.state.plan, 'merge()');
    const node = plan.add({
      kind: 'operator',
      name: plan.names.node(options.name, 'KSTREAM-MERGE-'),
      parents: [this.state.node, other.state.node],
      operator: () => passThrough,
      keyChanging: false,
      valueChanging: false,
    });
    return new KStream({
      plan,
      node,
      key: sameSerde(this.state.key, other.state.key),
      value: sameSerde(this.state.value, other.state.value),
      sources: union(this.state.sources, other.state.sources),
      keyChanged: this.state.keyChanged || other.state.keyChanged,
    });
  }

  /** Sends the records through an internal topic, so that equal keys meet in one task. */
  repartition(options: Repartitioned<K, V> = {}): KStream<K, V> {
    checkCall('repartition()', {}, options, REPARTITIONED);
    const { plan } = this.state;
    const name = plan.names.nodeOrGiven(options.name, 'KSTREAM-REPARTITION-');
    return new KStream(
      repartitioned(this.state, {
        prefix: name,
        reason: 'repartition()',
        key: options.key as SerdeSlot,
        value: options.value as SerdeSlot,
        partitions: options.partitions,
        partitioner: options.partitioner as StreamPartitioner | undefined,
        pinned: true,
      }),
    );
  }

  /** Groups by the key the records have. */
  groupByKey(options: Grouped<K, V> = {}): KGroupedStream<NonNullable<K>, NonNullable<V>> {
    checkCall('groupByKey()', {}, options, GROUPED);
    return new KGroupedStream(this.state, groupingOf(options));
  }

  /** Groups by a new key; the records go through a repartition topic first. */
  groupBy<K2>(
    selector: KeySelector<K, V, K2>,
    options: Grouped<K2, V> = {},
  ): KGroupedStream<NonNullable<K2>, NonNullable<V>> {
    checkCall('groupBy()', { selector }, options, GROUPED);
    const keyed = this.#operator('KSTREAM-KEY-SELECT-', selectKey(selector), NEW_KEY, options);
    return new KGroupedStream(keyed.state, groupingOf(options));
  }

  /** Takes the stream as updates of a table: the last value of a key counts, null deletes. */
  toTable<H extends History = History>(
    options: Materialized<K, V, H> & Named = {},
  ): KTable<NonNullable<K>, NonNullable<V>, null, TableKind<H>> {
    checkCall('toTable()', {}, options, MATERIALIZED);
    const { plan } = this.state;
    const name = plan.names.node(options.name, 'KSTREAM-TOTABLE-');
    const key = (options.key as SerdeSlot) ?? this.state.key;
    const value = (options.value as SerdeSlot) ?? this.state.value;
    const store = tableStore(plan, 'KSTREAM-TOTABLE-', options, key, value);
    const keyed = this.state.keyChanged
      ? repartitioned(this.state, { prefix: name, reason: 'toTable()', key, value })
      : this.state;
    const node = plan.add({
      kind: 'table',
      origin: 'source',
      name,
      parents: [keyed.node],
      store,
      queryable: options.as !== undefined,
      operator: tableSource,
      readThrough: undefined,
      wantsOldValues: false,
    });
    return new KTable({ plan, node, key, value, sources: keyed.sources });
  }

  /**
   * With a stream: meets the records of the same key that lie within `windows`. With a table: looks the key of each
   * record up (or the key that `keySelector` gives in a global table). Records without a match are left out.
   */
  join<T extends JoinTarget<K>, R>(
    other: T,
    joiner: (value: V, otherValue: JoinValue<T>, key: K) => Awaitable<R>,
    ...options: JoinOptions<T, K, V>
  ): KStream<K, R> {
    return this.#joined(other, joiner, options[0], 'inner');
  }

  /** As `join`, but a record without a match is joined with `undefined`; with a stream, when its window is over. */
  leftJoin<T extends JoinTarget<K>, R>(
    other: T,
    joiner: (value: V, otherValue: JoinValue<T> | undefined, key: K) => Awaitable<R>,
    ...options: JoinOptions<T, K, V>
  ): KStream<K, R> {
    return this.#joined(other, joiner, options[0], 'left');
  }

  /** As `leftJoin` with a stream, where records of the other side without a match come out, too. */
  outerJoin<V2, R>(
    other: KStream<K, V2>,
    joiner: (value: V | undefined, otherValue: V2 | undefined, key: K) => Awaitable<R>,
    options: StreamJoined<K, V, V2>,
  ): KStream<K, R> {
    return this.#joined(other, joiner, options, 'outer');
  }

  /** Runs a processor of yours; what it forwards may have other keys. */
  process<KOut, VOut, S extends StoresByName = NoStores>(
    supplier: ConnectedProcessorSupplier<K, V, KOut, VOut, S>,
    options: Processing<S> = {},
  ): KStream<KOut, VOut> {
    checkCall('process()', {}, withListedStores(options), PROCESSING);
    const make = supplier as ProcessorSupplier;
    const { state } = this.#processor(
      'KSTREAM-PROCESSOR-',
      { fixedKey: false, make },
      options,
      NEW_BOTH,
    );
    // Most processors keep the key: where there is no default, its serde is a better guess than none.
    return new KStream({ ...state, key: state.plan.defaultKey ?? this.state.key });
  }

  /** Runs a processor of yours that may not change keys, so that nothing is repartitioned behind it. */
  processValues<VOut, S extends StoresByName = NoStores>(
    supplier: ConnectedFixedKeyProcessorSupplier<K, V, VOut, S>,
    options: Processing<S> = {},
  ): KStream<K, VOut> {
    checkCall('processValues()', {}, withListedStores(options), PROCESSING);
    const make = supplier as FixedKeyProcessorSupplier;
    return this.#processor('KSTREAM-PROCESSVALUES-', { fixedKey: true, make }, options, NEW_VALUE);
  }

  /** Writes the records to a topic, or to the topic that a function chooses per record. The stream ends here. */
  to(topic: string | TopicNameExtractor<K, V>, options: Produced<K, V> = {}): void {
    if (typeof topic !== 'function') checkTopic('to()', topic, ', or a function that chooses it');
    checkCall('to()', {}, options, PRODUCED, 'write');
    const { plan, node } = this.state;
    plan.add({
      kind: 'sink',
      name: plan.names.node(options.name, 'KSTREAM-SINK-'),
      parents: [node],
      topic: topic as string | TopicNameExtractor,
      // A sink only serializes.
      key: (options.key as SerdeSlot) ?? this.state.key,
      value: (options.value as SerdeSlot) ?? this.state.value,
      partitioner: options.partitioner as StreamPartitioner | undefined,
    });
  }

  #joined<R>(
    other: unknown,
    joiner: (value: never, otherValue: never, key: K) => Awaitable<R>,
    options: object | undefined,
    kind: StreamJoinKind,
  ): KStream<K, R> {
    return new KStream(
      other instanceof KStream
        ? joinStreams(this.state, other.state, joiner, options, kind)
        : joinTable(this.state, other, joiner, options, kind),
    );
  }

  #operator<K2, V2>(
    prefix: string,
    operator: OperatorSupplier,
    effect: Effect,
    options: Named,
  ): KStream<K2, V2> {
    const { plan } = this.state;
    const node = plan.add({
      kind: 'operator',
      name: plan.names.node(options.name, prefix),
      parents: [this.state.node],
      operator: () => operator,
      keyChanging: effect.changesKey,
      valueChanging: effect.changesValue,
    });
    return this.#next(node, effect);
  }

  #processor<K2, V2>(
    prefix: string,
    supplier: UserProcessorPlan['supplier'],
    options: Processing,
    effect: Effect,
  ): KStream<K2, V2> {
    const { plan } = this.state;
    const name = plan.names.nodeOrGiven(options.name, prefix);
    requireSupplier(name, supplier.make);
    const node = plan.add({
      kind: 'userProcessor',
      name,
      parents: [this.state.node],
      ...connected(supplier, options.stores),
    });
    return this.#next(node, effect);
  }

  #next<K2, V2>(node: StreamState['node'], effect: Effect): KStream<K2, V2> {
    return new KStream({
      ...this.state,
      node,
      key: effect.changesKey ? undefined : this.state.key,
      value: effect.changesValue ? undefined : this.state.value,
      keyChanged: this.state.keyChanged || effect.changesKey,
    });
  }
}
