/** `KGroupedTable`: a table whose rows are grouped by another key, waiting for an aggregation. */
import type { Serde } from '../serde/serde.js';
import { Serdes } from '../serde/serdes.js';
import type { StoreKind } from '../state/store.js';
import { changeSerde } from './change-serde.js';
import { checkCall, MATERIALIZED } from './checks.js';
import { KTable } from './ktable.js';
import { validateName } from './names.js';
import type { Aggregator, Initializer } from './operators/aggregate.js';
import type { Reducer } from './operators/reduce.js';
import {
  groupedTableAggregate,
  reducing,
  type GroupFunctions,
} from './operators/table-aggregate.js';
import type { History, Materialized, Named, TableKind } from './options.js';
import type { Grouping } from './plan-steps.js';
import { tableStore } from './plan-steps.js';
import type { OperatorPlan, Plan, RepartitionPlan, SerdeSlot, TablePlan } from './plan.js';

type AggregateOptions<K, V, H extends History = History> = Named & Materialized<K, V, H>;

/** What tells one aggregation from another. */
interface GroupAggregation<K, V, A> {
  readonly prefix: 'KTABLE-AGGREGATE-' | 'KTABLE-REDUCE-';
  readonly value: SerdeSlot;
  readonly functions: GroupFunctions<K, V, A>;
}

/**
 * Made by `KTable.groupBy`. A row that changes leaves the group it was in (`subtract`) before it joins the one that it
 * is in now (`add`); both groups are updated.
 *
 * @example
 * ```ts
 * const inhabitants = addresses
 *   .groupBy((name, address) => [address.city, name], { key: Serdes.string(), value: Serdes.string() })
 *   .count({ as: 'inhabitants' });
 * ```
 */
export class KGroupedTable<K, V> {
  readonly #plan: Plan;
  readonly #select: OperatorPlan;
  readonly #name: string | undefined;
  readonly #key: SerdeSlot;
  readonly #value: SerdeSlot;
  /** Aggregations of a named grouping share one repartition topic. */
  #shared: RepartitionPlan | undefined;
  /** Only for the compiler. */
  declare readonly groupType?: readonly [key: K, value: V] | undefined;

  /** @internal */
  constructor(plan: Plan, select: OperatorPlan, { name, key, value }: Grouping) {
    this.#plan = plan;
    this.#select = select;
    this.#name = name === undefined ? undefined : validateName(name);
    this.#key = key;
    this.#value = value;
  }

  /** Counts the rows of each group. A group without rows stays, with 0. */
  count<H extends History = History>(
    options: AggregateOptions<K, number, H> = {},
  ): KTable<K, number, never, TableKind<H>> {
    checkCall('count()', {}, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KTABLE-AGGREGATE-',
      value: (options.value as SerdeSlot) ?? (Serdes.long() as SerdeSlot),
      functions: {
        call: 'aggregate',
        initializer: () => 0,
        add: (_key: K, _value: V, count: number) => count + 1,
        subtract: (_key: K, _value: V, count: number) => count - 1,
      },
    });
  }

  /**
   * Combines the values of each group; the first one is the start. A row that changes is taken out of its group
   * (`subtractor`) before it comes into the next (`adder`). Returning null deletes the row of the group.
   *
   * @example
   * ```ts
   * const incomes = people
   *   .groupBy((_person, { city, income }) => [city, income], { key: Serdes.string(), value: Serdes.double() })
   *   .reduce((sum, income) => sum + income, (sum, income) => sum - income);
   * ```
   */
  reduce<H extends History = History>(
    adder: Reducer<V>,
    subtractor: Reducer<V>,
    options: AggregateOptions<K, V, H> = {},
  ): KTable<K, V, null, TableKind<H>> {
    checkCall('reduce()', { adder, subtractor }, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KTABLE-REDUCE-',
      value: (options.value as SerdeSlot) ?? this.#value,
      functions: {
        call: 'reduce',
        initializer: undefined,
        add: reducing<K, V>(adder),
        subtract: reducing<K, V>(subtractor),
      },
    });
  }

  /** Combines the rows of each group into something of another type. Returning null deletes the row of the group. */
  aggregate<A, H extends History = History>(
    initializer: Initializer<NoInfer<A>>,
    adder: Aggregator<K, V, NoInfer<A>>,
    subtractor: Aggregator<K, V, NoInfer<A>>,
    options: AggregateOptions<K, A, H> & { readonly value: Serde<A> },
  ): KTable<K, NonNullable<A>, null, TableKind<H>>;
  aggregate<A, H extends History = History>(
    initializer: Initializer<A>,
    adder: Aggregator<K, V, A>,
    subtractor: Aggregator<K, V, A>,
    options?: AggregateOptions<K, A, H>,
  ): KTable<K, NonNullable<A>, null, TableKind<H>>;
  aggregate<A, H extends History = History>(
    initializer: Initializer<A>,
    adder: Aggregator<K, V, A>,
    subtractor: Aggregator<K, V, A>,
    options: AggregateOptions<K, A, H> = {},
  ): KTable<K, NonNullable<A>, null, TableKind<H>> {
    checkCall('aggregate()', { initializer, adder, subtractor }, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KTABLE-AGGREGATE-',
      value: options.value as SerdeSlot,
      functions: { call: 'aggregate', initializer, add: adder, subtract: subtractor },
    });
  }

  #aggregation<A, R, D extends null, Kind extends StoreKind>(
    options: AggregateOptions<K, A>,
    { prefix, value, functions }: GroupAggregation<K, V, A>,
  ): KTable<K, R, D, Kind> {
    const { names } = this.#plan;
    const key = (options.key as SerdeSlot) ?? this.#key;
    // Kafka names the store of a reduce like that of an aggregate.
    const store = tableStore(this.#plan, 'KTABLE-AGGREGATE-', options, key, value);
    const sink = names.suffixed(options.name, '-sink', 'KSTREAM-SINK-');
    const source = names.suffixed(options.name, '-source', 'KSTREAM-SOURCE-');
    const name = names.node(options.name, prefix);
    const hop = this.#repartitioned(`${this.#name ?? store.name}-repartition`, sink, source);
    const table: TablePlan = {
      kind: 'table',
      origin: 'stored',
      name,
      parents: [hop],
      store,
      queryable: options.as !== undefined,
      operator: groupedTableAggregate(functions),
      readThrough: undefined,
      wantsOldValues: false,
    };
    const node = this.#plan.add(table);
    return new KTable({ plan: this.#plan, node, key, value, sources: new Set([hop]) });
  }

  #repartitioned(topic: string, sink: string, source: string): RepartitionPlan {
    if (this.#name !== undefined && this.#shared !== undefined) {
      this.#plan.addAgain(this.#shared);
      return this.#shared;
    }
    this.#shared = this.#plan.add({
      kind: 'repartition',
      name: topic,
      parents: [this.#select],
      names: { topic, filter: sink, sink, source },
      key: this.#key,
      value: this.#value,
      partitions: undefined,
      partitioner: undefined,
      reason: 'groupBy()',
      wire: ({ key, value }) => ({ key, value: changeSerde(value) as Serde<unknown> }),
    });
    return this.#shared;
  }
}
