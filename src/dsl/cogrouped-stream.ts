/**
 * `CogroupedKStream`: several grouped streams with keys of one type that are aggregated together, each with its own
 * aggregator, into one table.
 */
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import type { Windowed } from '../serde/windowed.js';
import { checkCall, MATERIALIZED, WINDOWED } from './checks.js';
import type { KGroupedStream } from './grouped-stream.js';
import { KTable } from './ktable.js';
import { aggregate, type Aggregator, type Initializer } from './operators/aggregate.js';
import { passThrough } from './operators/pass-through.js';
import { sessionAggregate, type SessionFunctions } from './operators/session-aggregate.js';
import { slidingAggregate } from './operators/sliding-aggregate.js';
import { windowAggregate, type WindowFunctions } from './operators/window-aggregate.js';
import type { History, Materialized, Named, TableKind, WindowedMaterialized } from './options.js';
import { requireSamePlan, tableStore, union } from './plan-steps.js';
import type {
  Plan,
  SerdeSlot,
  SourceOfRecords,
  TablePlan,
  TableState,
  TableStorePlan,
} from './plan.js';
import type { SessionMerger } from './session-windowed-stream.js';
import type { StreamGrouping } from './stream-grouping.js';
import { timeWindowParts } from './time-windowed-stream.js';
import {
  sessionStorePlan,
  sessionWindowedKey,
  timeWindowedKey,
  windowStorePlan,
} from './windowed-stores.js';
import {
  requireWindows,
  SessionWindows,
  SlidingWindows,
  type TimeWindows,
  type UnlimitedWindows,
} from './windows.js';

const PREFIX = 'COGROUPKSTREAM-AGGREGATE-';

/**
 * By the grouped stream that it aggregates: a stream that is added again gets the new one. Without types, which the
 * faces around it have.
 */
type Aggregators = ReadonlyMap<StreamGrouping, Aggregator<unknown, unknown, unknown>>;

/**
 * Made by `KGroupedStream.cogroup` (KIP-150). One row per key, made by the aggregators of all streams; one store. A stream
 * that is added twice has the aggregator that was given last.
 *
 * @example
 * ```ts
 * const baskets = views
 *   .groupByKey()
 *   .cogroup((_user, view, basket: Basket) => basket.viewed(view))
 *   .cogroup(purchases.groupByKey(), (_user, purchase, basket) => basket.bought(purchase))
 *   .aggregate(() => new Basket(), { as: 'baskets', value: basketSerde });
 * ```
 */
export class CogroupedKStream<K, A> {
  readonly #aggregators: Aggregators;
  /** Only for the compiler. */
  declare readonly groupType?: readonly [key: K, aggregate: A] | undefined;

  /** @internal */
  constructor(aggregators: Aggregators) {
    this.#aggregators = aggregators;
  }

  /** Adds a grouped stream of the same builder, with the aggregator of its records. Throws `INVALID_ARGUMENT`. */
  cogroup<V>(
    grouped: KGroupedStream<K, V>,
    aggregator: Aggregator<K, V, A>,
  ): CogroupedKStream<K, A> {
    checkCall('cogroup()', { aggregator }, {}, []);
    const grouping = grouped?.grouping;
    if (grouping === undefined)
      throw new StreamsError('INVALID_ARGUMENT', 'cogroup(): the other side is no KGroupedStream.');
    requireSamePlan(planOf(this.#aggregators), grouping.plan, 'cogroup()');
    return new CogroupedKStream(withAggregator(this.#aggregators, grouping, aggregator));
  }

  /** Combines the records of each key. Returning null deletes the row. */
  aggregate<H extends History = History>(
    initializer: Initializer<A>,
    options: Named & Materialized<K, A, H> = {},
  ): KTable<K, NonNullable<A>, null, TableKind<H>> {
    checkCall('aggregate()', { initializer }, options, MATERIALIZED);
    const plan = planOf(this.#aggregators);
    const key = keyOf(this.#aggregators, options.key);
    const value = options.value as SerdeSlot;
    const state = draw(this.#aggregators, {
      options,
      store: tableStore(plan, PREFIX, options, key, value),
      key,
      value,
      operator: (aggregator) => aggregate({ initializer, aggregator }),
    });
    return new KTable(state);
  }

  /** Cuts the records of each key into windows, as `KGroupedStream.windowedBy`. Every update is sent. */
  windowedBy(windows: SessionWindows): SessionWindowedCogroupedKStream<K, A>;
  windowedBy(
    windows: TimeWindows | SlidingWindows | UnlimitedWindows,
  ): TimeWindowedCogroupedKStream<K, A>;
  windowedBy(
    windows: TimeWindows | SlidingWindows | UnlimitedWindows | SessionWindows,
  ): TimeWindowedCogroupedKStream<K, A> | SessionWindowedCogroupedKStream<K, A> {
    requireWindows(windows);
    return windows instanceof SessionWindows
      ? new SessionWindowedCogroupedKStream(this.#aggregators, windows)
      : new TimeWindowedCogroupedKStream(this.#aggregators, windows);
  }
}

/** Made by `CogroupedKStream.windowedBy` with time, sliding or unlimited windows. Every update is sent, as in Kafka. */
export class TimeWindowedCogroupedKStream<K, A> {
  readonly #aggregators: Aggregators;
  readonly #windows: TimeWindows | SlidingWindows | UnlimitedWindows;

  /** @internal */
  constructor(aggregators: Aggregators, windows: TimeWindows | SlidingWindows | UnlimitedWindows) {
    this.#aggregators = aggregators;
    this.#windows = windows;
  }

  /** Combines the records of each key and window. Returning null deletes the row. */
  aggregate(
    initializer: Initializer<A>,
    options: Named & WindowedMaterialized<K, A> = {},
  ): KTable<Windowed<K>, NonNullable<A>, null, 'window'> {
    checkCall('aggregate()', { initializer }, options, WINDOWED);
    const plan = planOf(this.#aggregators);
    const windows = this.#windows;
    const key = keyOf(this.#aggregators, options.key);
    const value = options.value as SerdeSlot;
    const { windowMs, lifeMs } = timeWindowParts(windows);
    const parts = { prefix: PREFIX, options, key, value, lifeMs, emitFinal: false };
    const state = draw(this.#aggregators, {
      options,
      store: windowStorePlan(plan, parts, windowMs),
      key: timeWindowedKey(plan, key, windowMs),
      value,
      closesAfterMs: windows.graceMs,
      operator: (aggregator) => {
        // They see null only where the initializer or one of them gave it.
        const functions = { initializer, aggregator } as WindowFunctions<unknown, unknown, unknown>;
        return windows instanceof SlidingWindows
          ? slidingAggregate(windows, functions, 'onWindowUpdate')
          : windowAggregate(windows, functions, 'onWindowUpdate');
      },
    });
    return new KTable(state);
  }
}

/** Made by `CogroupedKStream.windowedBy` with session windows. Every update is sent, as in Kafka. */
export class SessionWindowedCogroupedKStream<K, A> {
  readonly #aggregators: Aggregators;
  readonly #windows: SessionWindows;

  /** @internal */
  constructor(aggregators: Aggregators, windows: SessionWindows) {
    this.#aggregators = aggregators;
    this.#windows = windows;
  }

  /** Combines the records of each key and session. */
  aggregate(
    initializer: Initializer<A>,
    sessionMerger: SessionMerger<K, A>,
    options: Named & WindowedMaterialized<K, A> = {},
  ): KTable<Windowed<K>, NonNullable<A>, null, 'session'> {
    checkCall('aggregate()', { initializer, sessionMerger }, options, WINDOWED);
    const plan = planOf(this.#aggregators);
    const { gapMs, graceMs } = this.#windows;
    const key = keyOf(this.#aggregators, options.key);
    const value = options.value as SerdeSlot;
    const lifeMs = gapMs + graceMs;
    const state = draw(this.#aggregators, {
      options,
      store: sessionStorePlan(plan, {
        prefix: PREFIX,
        options,
        key,
        value,
        lifeMs,
        emitFinal: false,
      }),
      key: sessionWindowedKey(plan, key),
      value,
      closesAfterMs: lifeMs,
      operator: (aggregator) => {
        const functions = { initializer, aggregator, merger: sessionMerger };
        // They see null only where the initializer or one of them gave it.
        return sessionAggregate(
          this.#windows,
          functions as SessionFunctions<unknown, unknown, unknown>,
          'onWindowUpdate',
        );
      },
    });
    return new KTable(state);
  }
}

interface Cogrouping {
  readonly options: Named & { readonly as?: string | undefined };
  readonly store: TableStorePlan;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly closesAfterMs?: number;
  readonly operator: (aggregator: Aggregator<unknown, unknown, unknown>) => TablePlan['operator'];
}

/** A hop for every stream that needs one, an aggregation for each, all on one store, and the table behind them. */
function draw(aggregators: Aggregators, cogrouping: Cogrouping): TableState {
  const plan = planOf(aggregators);
  const { options, key, value, operator, closesAfterMs } = cogrouping;
  const store = shared(cogrouping.store);
  const streams = [...aggregators.keys()].map((grouping) =>
    grouping.grouped(store.name, 'aggregate()'),
  );
  const sources: ReadonlySet<SourceOfRecords> = streams
    .map((stream) => stream.sources)
    .reduce(union);
  const halves = [...aggregators.values()].map((aggregator, i): TablePlan =>
    plan.add({
      kind: 'table',
      origin: 'stored',
      name: plan.names.suffixed(options.name, `-cogroup-agg-${i}`, PREFIX),
      parents: [streams[i]!.node],
      store,
      queryable: false,
      operator: operator(aggregator),
      readThrough: undefined,
      wantsOldValues: false,
      copartitioned: [...sources],
      ...(closesAfterMs === undefined ? {} : { closesAfterMs }),
    }),
  );
  const merge: TablePlan = {
    kind: 'table',
    origin: 'derived',
    name: plan.names.suffixed(options.name, '-cogroup-merge', 'COGROUPKSTREAM-MERGE-'),
    parents: halves,
    store: undefined,
    queryable: false,
    operator: () => passThrough,
    readThrough: { tables: halves, view: ([first]) => first! },
    wantsOldValues: false,
  };
  const state = { plan, node: plan.add(merge), key, value, sources };
  return options.as === undefined ? state : { ...state, queryableStoreName: store.name };
}

/** The aggregations have one store: one builder of it. */
function shared(store: TableStorePlan): TableStorePlan {
  let built: ReturnType<TableStorePlan['build']> | undefined;
  return { ...store, build: (serdes) => (built ??= store.build(serdes)) };
}

function planOf(aggregators: Aggregators): Plan {
  const [first] = aggregators.keys();
  return first!.plan; // made with one
}

/** The grouped streams have keys of one type, so one serde serves for all. */
function keyOf<K>(aggregators: Aggregators, given: Serde<K> | undefined): SerdeSlot {
  if (given !== undefined) return given as SerdeSlot;
  for (const { key } of aggregators.keys()) if (key !== undefined) return key;
  return undefined;
}

export function withAggregator<K, V, A>(
  aggregators: Aggregators,
  grouping: StreamGrouping,
  aggregator: Aggregator<K, V, A>,
): Aggregators {
  // It gets the values of its own stream, and the aggregates of its fellows.
  return new Map([...aggregators, [grouping, aggregator as Aggregator<unknown, unknown, unknown>]]);
}
