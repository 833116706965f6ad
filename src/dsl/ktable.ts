/**
 * `KTable`: the latest value of each key, as a stream of updates. A table keeps a store when the user names one with
 * `as`, or when something downstream has to look values up.
 */
import { requireSupplier } from '../processor/supplier.js';
import {
  checkCall,
  GLOBAL_JOINED,
  GROUPED,
  MATERIALIZED,
  NAMED,
  TABLE_JOINED,
  TRANSFORMED,
} from './checks.js';
import { joinByForeignKey } from './foreign-key-join.js';
import type { KGroupedTable } from './grouped-table.js';
import type { KStream } from './kstream.js';
import type { Predicate } from './operators/filter.js';
import type { ValueMapper } from './operators/map-values.js';
import type { KeySelector } from './operators/select-key.js';
import type { ForeignKeyExtractor } from './operators/foreign-key/subscribe.js';
import { filterView, tableFilter } from './operators/table-filter.js';
import { sameKeyBy, tableGroup, type GroupMapper } from './operators/table-group.js';
import { mapValuesView, tableMapValues } from './operators/table-map-values.js';
import type { PairJoiner } from './operators/table-table-join.js';
import { toStream } from './operators/to-stream.js';
import {
  transformValues,
  transformValuesView,
  type ValueTransformerSupplier,
} from './operators/transform-values.js';
import type { ValueGetter } from './operators/value-getter.js';
import type {
  Awaitable,
  Grouped,
  History,
  Materialized,
  Named,
  TableJoined,
  TableKind,
} from './options.js';
import { isMaterialized, tableStore } from './plan-steps.js';
import type { SerdeSlot, TablePlan, TableState, TableStorePlan } from './plan.js';
import type { StoreKind } from '../state/store.js';
import { suppressTable } from './suppress-table.js';
import type { Suppressed } from './suppressed.js';
import { joinTables, notATable, type JoinKind } from './table-joins.js';

type TableOptions<K, V, H extends History = History> = Named & Materialized<K, V, H>;

interface DrawnTable {
  readonly store: TableStorePlan | undefined;
  readonly name: string;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
}

/** `transformValues`: stores of `addStateStore`, by name, that the transformer may use. */
export interface TransformOptions<K, V, H extends History = History>
  extends Named, Materialized<K, V, H> {
  readonly stores?: readonly string[] | undefined;
}

/** A join with the row of another table that each row points to. */
export interface ForeignKeyJoined<K, V, KO, R, H extends History = History>
  extends TableJoined<K, KO>, Materialized<K, R, H> {
  /** The key of that row; null: it points nowhere. */
  readonly foreignKey: ForeignKeyExtractor<K, V, KO>;
}

/**
 * The options of a join of tables, as the rest of the arguments. Tables with keys of other types are joined by foreign
 * key, or not at all: there the options cannot be left out.
 */
export type TableJoinOptions<K, V, KO, R, H extends History> = [KO] extends [K]
  ? [options?: TableOptions<K, R, H> | ForeignKeyJoined<K, V, KO, R, H>]
  : [options: ForeignKeyJoined<K, V, KO, R, H>];

/**
 * A table, as `toStream` wants it. Asked in this way whether rows can be deleted, a table whose rows stay can stand
 * where one is expected whose rows may go.
 */
interface Deletable<K, V, Deleted extends null> {
  readonly storeEntry?: readonly [key: K, value: V] | undefined;
  readonly deletedType?: readonly [Deleted] | undefined;
}

/** The other side of a join: any table, as far as the join looks at it. */
export interface JoinableTable<K, V> {
  readonly kind: 'KTable';
  readonly storeEntry?: readonly [key: K, value: V] | undefined;
}

/** `toStream` with another key; `keySelector` sees null values where rows were deleted. */
export interface ToStream<K, V, K2> extends Named {
  readonly keySelector: KeySelector<K, V, K2>;
}

/**
 * A table with keys of type K and values of type V. `Deleted` is null where rows can go away, so that `toStream()`
 * says so, and never for tables whose rows stay (a count). Made by `StreamsBuilder.table` and by operators. Also a
 * handle: `app.store(table)` reads it, if it was named with `as`.
 *
 * @example
 * ```ts
 * const addresses = builder.table('address', { key: Serdes.string(), value: Serdes.string() });
 * const known = addresses.filter((_name, address) => address !== 'unknown', { as: 'known-addresses' });
 * known.toStream().to('known', { value: Serdes.string() });
 * ```
 */
export class KTable<K, V, Deleted extends null = null, Kind extends StoreKind = StoreKind> {
  /** Tells the joins what the other side is. */
  readonly kind = 'KTable';
  /** @internal */
  readonly state: TableState;
  /** Only for the compiler. */
  declare readonly storeEntry?: readonly [key: K, value: V] | undefined;
  /** Only for the compiler. */
  declare readonly deletedType?: readonly [Deleted] | undefined;
  /** Only for the compiler. */
  declare readonly storeKind?: Kind | undefined;

  /** @internal */
  constructor(state: TableState) {
    this.state = state;
  }

  /** Name of the store this table can be read from; undefined when it was not named with `as`. */
  get queryableStoreName(): string | undefined {
    const { queryable, store } = this.state.node;
    return queryable ? store?.name : this.state.queryableStoreName;
  }

  /** Keeps the rows for which the predicate is true. */
  filter<V2 extends V, H extends History = History>(
    predicate: (key: K, value: V) => value is V2,
    options?: TableOptions<K, V2, H>,
  ): KTable<K, V2, null, TableKind<H>>;
  filter<H extends History = History>(
    predicate: Predicate<K, V>,
    options?: TableOptions<K, V, H>,
  ): KTable<K, V, null, TableKind<H>>;
  filter<H extends History = History>(
    predicate: Predicate<K, V>,
    options: TableOptions<K, V, H> = {},
  ): KTable<K, V, null, TableKind<H>> {
    checkCall('filter()', { predicate }, options, MATERIALIZED);
    return this.#filtered(predicate, true, options);
  }

  /** Keeps the rows for which the predicate is false. */
  filterNot<H extends History = History>(
    predicate: Predicate<K, V>,
    options: TableOptions<K, V, H> = {},
  ): KTable<K, V, null, TableKind<H>> {
    checkCall('filterNot()', { predicate }, options, MATERIALIZED);
    return this.#filtered(predicate, false, options);
  }

  /** Another value for every row; the mapper is not called for deleted ones. Returning null leaves the row out. */
  mapValues<V2, H extends History = History>(
    mapper: ValueMapper<K, V, V2>,
    options: TableOptions<K, V2, H> = {},
  ): KTable<K, Exclude<V2, null>, null extends V2 ? null : Deleted, TableKind<H>> {
    checkCall('mapValues()', { mapper }, options, MATERIALIZED);
    const drawn = this.#draw('KTABLE-MAPVALUES-', options, undefined);
    const view = mapValuesView(drawn.name, mapper);
    return this.#derived(
      {
        operator: tableMapValues(mapper),
        // The parent's rows have the types of this table.
        readThrough: {
          tables: [this.state.node],
          view: ([parent]) => view(parent as ValueGetter<K, V>) as ValueGetter,
        },
        wantsOldValues: false,
      },
      drawn,
    );
  }

  /** The updates of the table as a stream: the new value of a key, null where it was deleted. */
  toStream<D extends null>(this: Deletable<K, V, D>, options?: Named): KStream<K, V | D>;
  toStream<K2, D extends null>(
    this: Deletable<K, V, D>,
    options: ToStream<K, V | D, K2>,
  ): KStream<K2, V | D>;
  toStream<K2>(
    this: KTable<K, V>,
    options: Named | ToStream<K, V | null, K2> = {},
  ): KStream<K, V | null> | KStream<K2, V | null> {
    checkCall('toStream()', {}, options, GLOBAL_JOINED);
    const { plan, node, key, value, sources } = this.state;
    const named = plan.add({
      kind: 'operator',
      name: plan.names.node(options.name, 'KTABLE-TOSTREAM-'),
      parents: [node],
      operator: () => toStream,
      keyChanging: false,
      valueChanging: false,
    });
    const stream = plan.newStream<K, V | null>({
      plan,
      node: named,
      key,
      value,
      sources,
      keyChanged: false,
    });
    return 'keySelector' in options && options.keySelector !== undefined
      ? stream.selectKey(options.keySelector)
      : stream;
  }

  /**
   * Joins the rows of both tables that have the same key; or, with `foreignKey`, each row of this table with the row of
   * the other one that it points to. The result is a table: it is updated when either side is, and a row goes when
   * either side's row goes.
   *
   * @example
   * ```ts
   * const shipped = orders.join(customers, (order, customer) => ({ ...order, address: customer.address }), {
   *   foreignKey: (order) => order.customerId,
   * });
   * ```
   */
  join<KO, V2, R, H extends History = History>(
    other: JoinableTable<KO, V2>,
    joiner: (left: V, right: V2) => Awaitable<R>,
    ...options: TableJoinOptions<K, V, KO, R, H>
  ): KTable<K, Exclude<R, null>, null, TableKind<H>> {
    return this.#joined(other, joiner, 'inner', options[0]);
  }

  /** As `join`, but a row of this table without one in the other is joined with `undefined`. */
  leftJoin<KO, V2, R, H extends History = History>(
    other: JoinableTable<KO, V2>,
    joiner: (left: V, right: V2 | undefined) => Awaitable<R>,
    ...options: TableJoinOptions<K, V, KO, R, H>
  ): KTable<K, Exclude<R, null>, null, TableKind<H>> {
    return this.#joined(other, joiner, 'left', options[0]);
  }

  /** Every key of either table has a row; the side that has none is `undefined`, never both. */
  outerJoin<V2, R, H extends History = History>(
    other: JoinableTable<K, V2>,
    joiner: (left: V | undefined, right: V2 | undefined) => Awaitable<R>,
    options: TableOptions<K, R, H> = {},
  ): KTable<K, Exclude<R, null>, null, TableKind<H>> {
    return this.#joined(other, joiner, 'outer', options);
  }

  /**
   * Groups the rows by another key: return `[key, value]`, or null to leave a row out. The rows go through a
   * repartition topic.
   */
  groupBy<K2, V2>(
    mapper: GroupMapper<K, V, K2, V2>,
    options: Grouped<K2, V2> = {},
  ): KGroupedTable<NonNullable<K2>, NonNullable<V2>> {
    checkCall('groupBy()', { mapper }, options, GROUPED);
    const { plan, node } = this.state;
    const key = options.key as SerdeSlot;
    const value = options.value as SerdeSlot;
    const select = plan.add({
      kind: 'operator',
      name: plan.names.node(options.name, 'KTABLE-SELECT-'),
      parents: [node],
      operator: tableGroup(mapper, sameKeyBy(key ?? plan.defaultKey)),
      keyChanging: true,
      valueChanging: true,
      oldValuesOf: [node],
    });
    return plan.newGroupedTable(plan, select, { name: options.name, key, value });
  }

  /**
   * Another value for every row, from a transformer with stores of its own: one transformer for each task. It sees
   * deletions too, as null. Without `as` it is called again wherever a value of this table is looked up.
   */
  transformValues<V2, H extends History = History>(
    supplier: ValueTransformerSupplier<K, V, V2>,
    options: TransformOptions<K, V2, H> = {},
  ): KTable<K, V2, null, TableKind<H>> {
    checkCall('transformValues()', {}, options, TRANSFORMED);
    const { as, name } = options;
    // Unlike the others this call uses up no name for a store that was given none, as in Kafka.
    const drawn =
      as === undefined
        ? this.#drawUnstored('KTABLE-TRANSFORMVALUES-', name, options.key, options.value)
        : this.#draw('KTABLE-TRANSFORMVALUES-', options, undefined);
    requireSupplier(drawn.name, supplier);
    const view = transformValuesView(drawn.name, supplier);
    const stores = options.stores ?? [];
    return this.#derived(
      {
        operator: transformValues(supplier),
        uses: stores,
        readThrough: {
          tables: [this.state.node],
          stores,
          view: ([parent], context) => view(parent as ValueGetter<K, V>, context) as ValueGetter,
        },
        wantsOldValues: false,
      },
      drawn,
    );
  }

  /** Holds updates back: until windows close, so that only final results come, or for a time, so that fewer come (KIP-328). */
  suppress(suppressed: Suppressed<K>, options: Named = {}): KTable<K, V, Deleted, Kind> {
    checkCall('suppress()', {}, options, NAMED);
    return new KTable(suppressTable(this.state, suppressed as Suppressed<never>, options.name));
  }

  #joined<R, Derived extends StoreKind>(
    other: unknown,
    joiner: (left: never, right: never) => Awaitable<R>,
    kind: JoinKind,
    options: object = {},
  ): KTable<K, Exclude<R, null>, null, Derived> {
    const call = kind === 'inner' ? 'join()' : `${kind}Join()`;
    checkCall(call, { joiner }, options, kind === 'outer' ? MATERIALIZED : TABLE_JOINED);
    if (!(other instanceof KTable)) throw notATable(call);
    // Sides that may be missing are those for which the joiner takes undefined.
    const pairJoiner = joiner as PairJoiner<unknown, unknown, unknown>;
    const materialized = options as Materialized<unknown, unknown>;
    if (!('foreignKey' in options) || options.foreignKey === undefined)
      return new KTable(joinTables(this.state, other.state, pairJoiner, kind, materialized));
    const foreignKey = options.foreignKey as ForeignKeyExtractor<unknown, unknown, unknown>;
    const join = { foreignKey, joiner: pairJoiner, left: kind === 'left' };
    return new KTable(joinByForeignKey(this.state, other.state, join, materialized));
  }

  #filtered<Derived extends StoreKind>(
    predicate: Predicate<K, V>,
    expected: boolean,
    options: TableOptions<K, V>,
  ): KTable<K, V, null, Derived> {
    const drawn = this.#draw('KTABLE-FILTER-', options, this.state.value);
    const view = filterView(drawn.name, predicate, expected);
    return this.#derived(
      {
        operator: tableFilter(predicate, expected),
        // The parent's rows have the types of this table.
        readThrough: {
          tables: [this.state.node],
          view: ([parent]) => view(parent as ValueGetter<K, V>) as ValueGetter,
        },
        wantsOldValues: true,
      },
      drawn,
    );
  }

  /** Names the store and the node of a table operator, in Kafka's order. */
  #draw<V2>(prefix: string, options: TableOptions<K, V2>, inherited: SerdeSlot): DrawnTable {
    const { plan } = this.state;
    const key = (options.key as SerdeSlot) ?? this.state.key;
    const value = (options.value as SerdeSlot) ?? inherited;
    // Options of a store that is not named make no store, but use up a name, as in Kafka.
    const drawn = isMaterialized(options)
      ? tableStore(plan, prefix, options, key, value)
      : undefined;
    const name = plan.names.node(options.name, prefix);
    return { store: options.as === undefined ? undefined : drawn, name, key, value };
  }

  #drawUnstored(
    prefix: string,
    given: string | undefined,
    key: unknown,
    value: unknown,
  ): DrawnTable {
    const name = this.state.plan.names.node(given, prefix);
    return {
      store: undefined,
      name,
      key: (key as SerdeSlot) ?? this.state.key,
      value: value as SerdeSlot,
    };
  }

  #derived<V2, D extends null, Derived extends StoreKind>(
    node: Pick<TablePlan, 'operator' | 'readThrough' | 'wantsOldValues' | 'uses'>,
    { store, name, key, value }: DrawnTable,
  ): KTable<K, V2, D, Derived> {
    const { plan, sources } = this.state;
    const table: TablePlan = {
      ...node,
      kind: 'table',
      origin: 'derived',
      name,
      parents: [this.state.node],
      store,
      queryable: store !== undefined,
    };
    return new KTable({ plan, node: plan.add(table), key, value, sources });
  }
}
