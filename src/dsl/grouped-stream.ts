/** `KGroupedStream`: a stream whose records are grouped by key, waiting for an aggregation. */
import type { Serde } from '../serde/serde.js';
import { Serdes } from '../serde/serdes.js';
import { checkCall, MATERIALIZED } from './checks.js';
import { KTable } from './ktable.js';
import { aggregate, type Aggregator, type Initializer } from './operators/aggregate.js';
import { reduce, type Reducer } from './operators/reduce.js';
import { validateName } from './names.js';
import type { Materialized, Named, StoreOptions } from './options.js';
import { behind, repartitionPlan, tableStore } from './plan-steps.js';
import type { RepartitionPlan, SerdeSlot, StreamState, TablePlan } from './plan.js';

type AggregateOptions<K, V> = Named & Materialized<K, V>;

interface Grouping extends Named {
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
}

/** What tells one aggregation from another. */
interface Aggregation {
  readonly prefix: string;
  readonly call: string;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly operator: TablePlan['operator'];
}

/**
 * Made by `groupBy` and `groupByKey`. Records without key or value take no part in aggregations: they are dropped and
 * counted.
 *
 * @example
 * ```ts
 * const totals = orders
 *   .groupByKey()
 *   .aggregate(() => 0, (_customer, order, sum) => sum + order.total, { as: 'totals', value: Serdes.double() });
 * ```
 */
export class KGroupedStream<K, V> {
  readonly #stream: StreamState;
  readonly #name: string | undefined;
  readonly #key: SerdeSlot;
  readonly #value: SerdeSlot;
  /** Aggregations of a named grouping share one repartition topic. */
  #shared: RepartitionPlan | undefined;
  /** Only for the compiler. */
  declare readonly groupType?: readonly [key: K, value: V];

  /** @internal */
  constructor(stream: StreamState, { name, key, value }: Grouping) {
    this.#stream = stream;
    this.#name = name === undefined ? undefined : validateName(name);
    this.#key = key ?? stream.key;
    this.#value = value ?? stream.value;
  }

  /** Counts the records of each key. */
  count(options: AggregateOptions<K, number> = {}): KTable<K, number, never> {
    checkCall('count()', {}, options, MATERIALIZED);
    // Kafka uses up one more store name here.
    if (options.as === undefined) this.#stream.plan.names.newStore('KSTREAM-AGGREGATE-');
    return this.#aggregation(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'count()',
      key: options.key as SerdeSlot,
      value: (options.value as SerdeSlot) ?? (Serdes.long() as SerdeSlot),
      operator: aggregate({
        initializer: () => 0,
        aggregator: (_key: K, _value: V, count: number) => count + 1,
      }),
    });
  }

  /** Combines the values of each key; the first one is the start. Returning null deletes the row. */
  reduce(reducer: Reducer<V>, options: AggregateOptions<K, V> = {}): KTable<K, V> {
    checkCall('reduce()', { reducer }, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KSTREAM-REDUCE-',
      call: 'reduce()',
      key: options.key as SerdeSlot,
      value: (options.value as SerdeSlot) ?? this.#value,
      operator: reduce<K, V>(reducer),
    });
  }

  /** Combines the records of each key into something of another type. Returning null deletes the row. */
  aggregate<A>(
    initializer: Initializer<NoInfer<A>>,
    aggregator: Aggregator<K, V, NoInfer<A>>,
    options: AggregateOptions<K, A> & { readonly value: Serde<A> },
  ): KTable<K, NonNullable<A>>;
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options?: AggregateOptions<K, A>,
  ): KTable<K, NonNullable<A>>;
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: AggregateOptions<K, A> = {},
  ): KTable<K, NonNullable<A>> {
    checkCall('aggregate()', { initializer, aggregator }, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'aggregate()',
      key: options.key as SerdeSlot,
      value: options.value as SerdeSlot,
      operator: aggregate({ initializer, aggregator }),
    });
  }

  #aggregation<A, D extends null>(
    options: Named & StoreOptions,
    aggregation: Aggregation,
  ): KTable<K, A, D> {
    const { plan } = this.#stream;
    const { prefix, call, value, operator } = aggregation;
    const key = aggregation.key ?? this.#key;
    const store = tableStore(plan, prefix, options, key, value);
    const name = plan.names.node(options.name, prefix);
    const stream = this.#stream.keyChanged ? this.#repartitioned(store.name, call) : this.#stream;
    const node = plan.add({
      kind: 'table',
      origin: 'stored',
      name,
      parents: [stream.node],
      store,
      queryable: options.as !== undefined,
      operator,
      readThrough: undefined,
      wantsOldValues: false,
    });
    return new KTable({ plan, node, key, value, sources: stream.sources });
  }

  #repartitioned(storeName: string, call: string): StreamState {
    const { plan } = this.#stream;
    // Drawn every time, because it uses up names; a named grouping then keeps the first one.
    const drawn = repartitionPlan(this.#stream, {
      prefix: this.#name ?? storeName,
      reason: call,
      key: this.#key,
      value: this.#value,
    });
    if (this.#name !== undefined && this.#shared !== undefined) {
      plan.addAgain(this.#shared);
      return behind(this.#stream, this.#shared);
    }
    this.#shared = drawn;
    return behind(this.#stream, plan.add(drawn));
  }
}
