/** `TimeWindowedKStream`: a grouped stream cut into time, sliding or unlimited windows, waiting for an aggregation. */
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import { Serdes } from '../serde/serdes.js';
import type { Windowed } from '../serde/windowed.js';
import { checkCall, WINDOWED } from './checks.js';
import { KTable } from './ktable.js';
import type { Aggregator, Initializer } from './operators/aggregate.js';
import type { Reducer } from './operators/reduce.js';
import { slidingAggregate } from './operators/sliding-aggregate.js';
import { windowAggregate, type WindowFunctions } from './operators/window-aggregate.js';
import type { EmitStrategy } from './operators/window-rows.js';
import type { Named, WindowedMaterialized } from './options.js';
import type { SerdeSlot, TablePlan } from './plan.js';
import type { StreamGrouping } from './stream-grouping.js';
import { timeWindowedKey, windowStorePlan } from './windowed-stores.js';
import { FOREVER, SlidingWindows, type TimeWindows, type UnlimitedWindows } from './windows.js';

type WindowOptions<K, V> = Named & WindowedMaterialized<K, V>;

/** What tells one aggregation from another. */
interface WindowAggregation<K, V, A> {
  readonly prefix: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-';
  readonly call: string;
  readonly value: SerdeSlot;
  readonly functions: WindowFunctions<K, V, A>;
}

/**
 * Made by `windowedBy`. Every aggregation keeps a row for each key and window, until its retention is over (at least the
 * window and its grace). Records without key are dropped and counted, as are those that come when the window is closed;
 * null values are aggregated (but not in sliding windows), as in Kafka.
 *
 * @example
 * ```ts
 * const perMinute = clicks
 *   .groupByKey()
 *   .windowedBy(TimeWindows.of({ size: '1m', grace: '10s' }))
 *   .emitStrategy('onWindowClose')
 *   .count({ as: 'clicks-per-minute' });
 * perMinute.toStream().foreach(({ key, window }, count) => console.log(key, window.start, count));
 * ```
 */
export class TimeWindowedKStream<K, V> {
  readonly #grouping: StreamGrouping;
  readonly #windows: TimeWindows | SlidingWindows | UnlimitedWindows;
  readonly #emit: EmitStrategy;
  /** Only for the compiler. */
  declare readonly groupType?: readonly [key: K, value: V] | undefined;

  /** @internal */
  constructor(
    grouping: StreamGrouping,
    windows: TimeWindows | SlidingWindows | UnlimitedWindows,
    emit: EmitStrategy = 'onWindowUpdate',
  ) {
    this.#grouping = grouping;
    this.#windows = windows;
    this.#emit = emit;
  }

  /**
   * `onWindowUpdate` (default): every update is sent. `onWindowClose`: one result for each window, when it closes, by the
   * operator's own stream time (KIP-825; Kafka looks once a second, here it is at once). Throws `INVALID_ARGUMENT` for
   * unlimited windows, which never close.
   */
  emitStrategy(strategy: EmitStrategy): TimeWindowedKStream<K, V> {
    checkEmitStrategy(strategy);
    if (strategy === 'onWindowClose' && this.#windows.kind === 'unlimited')
      throw new StreamsError(
        'INVALID_ARGUMENT',
        'emitStrategy(): onWindowClose cannot be used for UnlimitedWindows, which never close.',
      );
    return new TimeWindowedKStream(this.#grouping, this.#windows, strategy);
  }

  /** Counts the records of each key and window. */
  count(options: WindowOptions<K, number> = {}): KTable<Windowed<K>, number, never, 'window'> {
    checkCall('count()', {}, options, WINDOWED);
    // Kafka uses up one more store name here, but not for sliding windows.
    if (options.as === undefined && this.#windows.kind !== 'sliding')
      this.#grouping.plan.names.newStore('KSTREAM-AGGREGATE-');
    return this.#aggregation(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'count()',
      value: (options.value as SerdeSlot) ?? (Serdes.long() as SerdeSlot),
      functions: COUNT,
    });
  }

  /** Combines the values of each key and window; the first one is the start. Returning null deletes the row. */
  reduce(
    reducer: Reducer<V>,
    options: WindowOptions<K, V> = {},
  ): KTable<Windowed<K>, V, null, 'window'> {
    checkCall('reduce()', { reducer }, options, WINDOWED);
    return this.#aggregation<V, null>(options, {
      prefix: 'KSTREAM-REDUCE-',
      call: 'reduce()',
      value: (options.value as SerdeSlot) ?? this.#grouping.value,
      functions: reduceFunctions(reducer),
    });
  }

  /** Combines the records of each key and window into something of another type. Returning null deletes the row. */
  aggregate<A>(
    initializer: Initializer<NoInfer<A>>,
    aggregator: Aggregator<K, V, NoInfer<A>>,
    options: WindowOptions<K, A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, NonNullable<A>, null, 'window'>;
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options?: WindowOptions<K, A>,
  ): KTable<Windowed<K>, NonNullable<A>, null, 'window'>;
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    options: WindowOptions<K, A> = {},
  ): KTable<Windowed<K>, NonNullable<A>, null, 'window'> {
    checkCall('aggregate()', { initializer, aggregator }, options, WINDOWED);
    return this.#aggregation<A, null>(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'aggregate()',
      value: options.value as SerdeSlot,
      // An aggregator sees null only where the initializer gave it.
      functions: { initializer, aggregator: aggregator as WindowFunctions<K, V, A>['aggregator'] },
    }) as KTable<Windowed<K>, NonNullable<A>, null, 'window'>;
  }

  #aggregation<A, D extends null>(
    options: WindowOptions<K, A>,
    { prefix, call, value, functions }: WindowAggregation<K, V, A>,
  ): KTable<Windowed<K>, A, D, 'window'> {
    const { plan } = this.#grouping;
    const windows = this.#windows;
    const inner = (options.key as SerdeSlot) ?? this.#grouping.key;
    const { windowMs, lifeMs } = timeWindowParts(windows);
    const parts = {
      prefix,
      options,
      key: inner,
      value,
      lifeMs,
      emitFinal: this.#emit === 'onWindowClose',
    };
    const operator: TablePlan['operator'] =
      windows instanceof SlidingWindows
        ? slidingAggregate(windows, functions, this.#emit)
        : windowAggregate(windows, functions, this.#emit);
    const state = this.#grouping.aggregate({
      prefix,
      call,
      name: options.name,
      store: windowStorePlan(plan, parts, windowMs),
      queryable: options.as !== undefined,
      key: timeWindowedKey(plan, inner, windowMs),
      value,
      operator,
      closesAfterMs: windows.graceMs,
    });
    return new KTable(state);
  }
}

export function checkEmitStrategy(strategy: unknown): void {
  if (strategy === 'onWindowUpdate' || strategy === 'onWindowClose') return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `emitStrategy(): ${JSON.stringify(strategy)} is neither 'onWindowUpdate' nor 'onWindowClose'.`,
  );
}

/** Null values are counted, too. */
export const COUNT: WindowFunctions<unknown, unknown, number> = Object.freeze({
  initializer: () => 0,
  aggregator: (_key: unknown, _value: unknown, count: number | null) => (count ?? 0) + 1,
});

/** A reduce begins with the first value, whatever it is. */
export const reduceFunctions = <K, V>(reducer: Reducer<V>): WindowFunctions<K, V, V> => ({
  initializer: () => null,
  aggregator: (_key, value, aggregate) => (aggregate === null ? value : reducer(aggregate, value)),
});

/** The length of a window, and how long one lives with its grace: of a sliding one, until none can be made of it. */
export function timeWindowParts(windows: TimeWindows | SlidingWindows | UnlimitedWindows): {
  readonly windowMs: number;
  readonly lifeMs: number;
} {
  const { graceMs } = windows;
  if (windows.kind === 'sliding') {
    const { differenceMs } = windows;
    return { windowMs: differenceMs, lifeMs: 2 * differenceMs + graceMs };
  }
  return { windowMs: windows.sizeMs, lifeMs: Math.min(FOREVER, windows.sizeMs + graceMs) };
}
