/**
 * `KTable`: the latest value of each key, as a stream of updates. A table keeps a store when the user names one with
 * `as`, or when something downstream has to look values up.
 */
import { checkCall, GLOBAL_JOINED, MATERIALIZED } from './checks.js';
import type { KStream } from './kstream.js';
import type { Predicate } from './operators/filter.js';
import type { ValueMapper } from './operators/map-values.js';
import type { KeySelector } from './operators/select-key.js';
import { filterView, tableFilter } from './operators/table-filter.js';
import { mapValuesView, tableMapValues } from './operators/table-map-values.js';
import { toStream } from './operators/to-stream.js';
import type { ValueGetter } from './operators/value-getter.js';
import type { Materialized, Named } from './options.js';
import { tableStore } from './plan-steps.js';
import type { SerdeSlot, TablePlan, TableState, TableStorePlan } from './plan.js';

type TableOptions<K, V> = Named & Materialized<K, V>;

interface DrawnTable {
  readonly store: TableStorePlan | undefined;
  readonly name: string;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
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
export class KTable<K, V, Deleted extends null = null> {
  /** Tells the joins what the other side is. */
  readonly kind = 'KTable';
  /** @internal */
  readonly state: TableState;
  /** Only for the compiler. */
  declare readonly storeEntry?: readonly [key: K, value: V];
  /** Only for the compiler. */
  declare readonly deletedType?: Deleted;

  /** @internal */
  constructor(state: TableState) {
    this.state = state;
  }

  /** Name of the store this table can be read from; undefined when it was not named with `as`. */
  get queryableStoreName(): string | undefined {
    const { queryable, store } = this.state.node;
    return queryable ? store?.name : undefined;
  }

  /** Keeps the rows for which the predicate is true. */
  filter<V2 extends V>(
    predicate: (key: K, value: V) => value is V2,
    options?: TableOptions<K, V2>,
  ): KTable<K, V2>;
  filter(predicate: Predicate<K, V>, options?: TableOptions<K, V>): KTable<K, V>;
  filter(predicate: Predicate<K, V>, options: TableOptions<K, V> = {}): KTable<K, V> {
    checkCall('filter()', { predicate }, options, MATERIALIZED);
    return this.#filtered(predicate, true, options);
  }

  /** Keeps the rows for which the predicate is false. */
  filterNot(predicate: Predicate<K, V>, options: TableOptions<K, V> = {}): KTable<K, V> {
    checkCall('filterNot()', { predicate }, options, MATERIALIZED);
    return this.#filtered(predicate, false, options);
  }

  /** Another value for every row; the mapper is not called for deleted ones. Returning null leaves the row out. */
  mapValues<V2>(
    mapper: ValueMapper<K, V, V2>,
    options: TableOptions<K, V2> = {},
  ): KTable<K, Exclude<V2, null>, null extends V2 ? null : Deleted> {
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
  toStream(options?: Named): KStream<K, V | Deleted>;
  toStream<K2>(options: ToStream<K, V | Deleted, K2>): KStream<K2, V | Deleted>;
  toStream<K2>(
    options: Named | ToStream<K, V | Deleted, K2> = {},
  ): KStream<K, V | Deleted> | KStream<K2, V | Deleted> {
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
    const stream = plan.newStream<K, V | Deleted>({
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

  #filtered(
    predicate: Predicate<K, V>,
    expected: boolean,
    options: TableOptions<K, V>,
  ): KTable<K, V> {
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

  #derived<V2, D extends null>(
    node: Pick<TablePlan, 'operator' | 'readThrough' | 'wantsOldValues'>,
    { store, name, key, value }: DrawnTable,
  ): KTable<K, V2, D> {
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

function isMaterialized<K, V>({
  as,
  key,
  value,
  store,
  caching,
  logging,
}: Materialized<K, V>): boolean {
  return [as, key, value, store, caching, logging].some((option) => option !== undefined);
}
