/** `KGroupedStream`: a stream whose records are grouped by key, waiting for an aggregation. */
import type { Serde } from '../serde/serde.js';
import { Serdes } from '../serde/serdes.js';
import type { StoreKind } from '../state/store.js';
import { checkCall, MATERIALIZED } from './checks.js';
import { CogroupedKStream, withAggregator } from './cogrouped-stream.js';
import { KTable } from './ktable.js';
import { aggregate, type Aggregator, type Initializer } from './operators/aggregate.js';
import { reduce, type Reducer } from './operators/reduce.js';
import type { History, Materialized, Named, StoreOptions, TableKind } from './options.js';
import { tableStore, type Grouping } from './plan-steps.js';
import type { SerdeSlot, StreamState, TablePlan } from './plan.js';
import { SessionWindowedKStream } from './session-windowed-stream.js';
import { StreamGrouping } from './stream-grouping.js';
import { TimeWindowedKStream } from './time-windowed-stream.js';
import {
  requireWindows,
  SessionWindows,
  type SlidingWindows,
  type TimeWindows,
  type UnlimitedWindows,
} from './windows.js';

type AggregateOptions<K, V, H extends History = History> = Named & Materialized<K, V, H>;

/** What tells one aggregation from another. */
interface KeyAggregation {
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
  /** @internal */
  readonly grouping: StreamGrouping;
  /** Only for the compiler. */
  declare readonly groupType?: readonly [key: K, value: V] | undefined;

  /** @internal */
  constructor(stream: StreamState, grouping: Grouping) {
    this.grouping = new StreamGrouping(stream, grouping);
  }

  /** Aggregates this stream together with others that have keys of the same type: each with its own aggregator. */
  cogroup<A>(aggregator: Aggregator<K, V, A>): CogroupedKStream<K, A> {
    checkCall('cogroup()', { aggregator }, {}, []);
    return new CogroupedKStream(withAggregator(new Map(), this.grouping, aggregator));
  }

  /** Cuts the records of each key into windows: `TimeWindows`, `SlidingWindows`, `UnlimitedWindows` or `SessionWindows`. */
  windowedBy(windows: SessionWindows): SessionWindowedKStream<K, V>;
  windowedBy(windows: TimeWindows | SlidingWindows | UnlimitedWindows): TimeWindowedKStream<K, V>;
  windowedBy(
    windows: TimeWindows | SlidingWindows | UnlimitedWindows | SessionWindows,
  ): TimeWindowedKStream<K, V> | SessionWindowedKStream<K, V> {
    requireWindows(windows);
    return windows instanceof SessionWindows
      ? new SessionWindowedKStream(this.grouping, windows)
      : new TimeWindowedKStream(this.grouping, windows);
  }

  /** Counts the records of each key. */
  count<H extends History = History>(
    options: AggregateOptions<K, number, H> = {},
  ): KTable<K, number, never, TableKind<H>> {
    checkCall('count()', {}, options, MATERIALIZED);
    // Kafka uses up one more store name here.
    if (options.as === undefined) this.grouping.plan.names.newStore('KSTREAM-AGGREGATE-');
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
  reduce<H extends History = History>(
    reducer: Reducer<V>,
    options: AggregateOptions<K, V, H> = {},
  ): KTable<K, V, null, TableKind<H>> {
    checkCall('reduce()', { reducer }, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KSTREAM-REDUCE-',
      call: 'reduce()',
      key: options.key as SerdeSlot,
      value: (options.value as SerdeSlot) ?? this.grouping.value,
      operator: reduce<K, V>(reducer),
    });
  }

  /** Combines the records of each key into something of another type. Returning null deletes the row. */
  aggregate<A, H extends History = History>(
    initializer: Initializer<NoInfer<A>>,
    aggregator: Aggregator<K, V, NoInfer<A>>,
    options: AggregateOptions<K, A, H> & { readonly value: Serde<A> },
  ): KTable<K, NonNullable<A>, null, TableKind<H>>;
  aggregate<A, H extends History = History>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options?: AggregateOptions<K, A, H>,
  ): KTable<K, NonNullable<A>, null, TableKind<H>>;
  aggregate<A, H extends History = History>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: AggregateOptions<K, A, H> = {},
  ): KTable<K, NonNullable<A>, null, TableKind<H>> {
    checkCall('aggregate()', { initializer, aggregator }, options, MATERIALIZED);
    return this.#aggregation(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'aggregate()',
      key: options.key as SerdeSlot,
      value: options.value as SerdeSlot,
      operator: aggregate({ initializer, aggregator }),
    });
  }

  #aggregation<A, D extends null, Kind extends StoreKind>(
    options: Named & StoreOptions,
    { prefix, call, key, value, operator }: KeyAggregation,
  ): KTable<K, A, D, Kind> {
    const tableKey = key ?? this.grouping.key;
    const state = this.grouping.aggregate({
      prefix,
      call,
      name: options.name,
      store: tableStore(this.grouping.plan, prefix, options, tableKey, value),
      queryable: options.as !== undefined,
      key: tableKey,
      value,
      operator,
    });
    return new KTable(state);
  }
}
