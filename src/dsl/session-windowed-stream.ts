/** `SessionWindowedKStream`: a grouped stream cut into sessions, waiting for an aggregation. */
import type { Serde } from '../serde/serde.js';
import { Serdes } from '../serde/serdes.js';
import type { Windowed } from '../serde/windowed.js';
import { checkCall, WINDOWED } from './checks.js';
import { KTable } from './ktable.js';
import type { Aggregator, Initializer } from './operators/aggregate.js';
import type { Reducer } from './operators/reduce.js';
import { sessionAggregate, type SessionFunctions } from './operators/session-aggregate.js';
import type { EmitStrategy } from './operators/window-rows.js';
import type { Awaitable, Named, WindowedMaterialized } from './options.js';
import type { SerdeSlot } from './plan.js';
import type { StreamGrouping } from './stream-grouping.js';
import { checkEmitStrategy, COUNT, reduceFunctions } from './time-windowed-stream.js';
import { sessionStorePlan, sessionWindowedKey } from './windowed-stores.js';
import type { SessionWindows } from './windows.js';

type SessionOptions<K, V> = Named & WindowedMaterialized<K, V>;

/** Makes one aggregate of those of two sessions that have become one. */
export type SessionMerger<K, A> = (key: K, one: A, two: A) => Awaitable<A>;

/** What tells one aggregation from another. */
interface SessionAggregation<K, V, A> {
  readonly prefix: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-';
  readonly call: string;
  readonly value: SerdeSlot;
  readonly functions: SessionFunctions<K, V, A>;
}

/**
 * Made by `windowedBy(SessionWindows.of(...))`. A session grows with every record; when it does, downstream the old
 * session is deleted (null) before the longer one comes.
 *
 * @example
 * ```ts
 * const visits = clicks
 *   .groupByKey()
 *   .windowedBy(SessionWindows.of({ gap: '30m', grace: 0 }))
 *   .aggregate(() => 0, (_user, click, spent) => spent + click.seconds, (_user, one, two) => one + two, {
 *     as: 'visits',
 *     value: Serdes.double(),
 *   });
 * ```
 */
export class SessionWindowedKStream<K, V> {
  readonly #grouping: StreamGrouping;
  readonly #windows: SessionWindows;
  readonly #emit: EmitStrategy;
  /** Only for the compiler. */
  declare readonly groupType?: readonly [key: K, value: V] | undefined;

  /** @internal */
  constructor(
    grouping: StreamGrouping,
    windows: SessionWindows,
    emit: EmitStrategy = 'onWindowUpdate',
  ) {
    this.#grouping = grouping;
    this.#windows = windows;
    this.#emit = emit;
  }

  /**
   * `onWindowUpdate` (default): every update is sent. `onWindowClose`: one result for each session, when it closes: when
   * the operator's stream time is past its end, the gap and the grace.
   */
  emitStrategy(strategy: EmitStrategy): SessionWindowedKStream<K, V> {
    checkEmitStrategy(strategy);
    return new SessionWindowedKStream(this.#grouping, this.#windows, strategy);
  }

  /** Counts the records of each key and session. */
  count(options: SessionOptions<K, number> = {}): KTable<Windowed<K>, number, null, 'session'> {
    checkCall('count()', {}, options, WINDOWED);
    // Kafka uses up one more store name here.
    if (options.as === undefined) this.#grouping.plan.names.newStore('KSTREAM-AGGREGATE-');
    return this.#aggregation(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'count()',
      value: (options.value as SerdeSlot) ?? (Serdes.long() as SerdeSlot),
      functions: { ...COUNT, merger: (_key, one, two) => (one ?? 0) + two },
    });
  }

  /** Combines the values of each key and session; the first one is the start. */
  reduce(
    reducer: Reducer<V>,
    options: SessionOptions<K, V> = {},
  ): KTable<Windowed<K>, V, null, 'session'> {
    checkCall('reduce()', { reducer }, options, WINDOWED);
    return this.#aggregation(options, {
      prefix: 'KSTREAM-REDUCE-',
      call: 'reduce()',
      value: (options.value as SerdeSlot) ?? this.#grouping.value,
      functions: {
        ...reduceFunctions<K, V>(reducer),
        merger: (_key, one, two) => (one === null ? two : reducer(one, two)),
      },
    });
  }

  /**
   * Combines the records of each key and session into something of another type. `sessionMerger` makes one aggregate of
   * two when a record brings their sessions together. Returning null deletes the session.
   */
  aggregate<A>(
    initializer: Initializer<NoInfer<A>>,
    aggregator: Aggregator<K, V, NoInfer<A>>,
    sessionMerger: SessionMerger<K, NoInfer<A>>,
    options: SessionOptions<K, A> & { readonly value: Serde<A> },
  ): KTable<Windowed<K>, NonNullable<A>, null, 'session'>;
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    sessionMerger: SessionMerger<K, A>,
    options?: SessionOptions<K, A>,
  ): KTable<Windowed<K>, NonNullable<A>, null, 'session'>;
  aggregate<A>(
    initializer: Initializer<A>,
    aggregator: Aggregator<K, V, A>,
    sessionMerger: SessionMerger<K, A>,
    options: SessionOptions<K, A> = {},
  ): KTable<Windowed<K>, NonNullable<A>, null, 'session'> {
    checkCall('aggregate()', { initializer, aggregator, sessionMerger }, options, WINDOWED);
    return this.#aggregation<A>(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      call: 'aggregate()',
      value: options.value as SerdeSlot,
      functions: {
        initializer,
        // They see null only where the initializer or one of them gave it.
        aggregator: aggregator as SessionFunctions<K, V, A>['aggregator'],
        merger: sessionMerger as SessionFunctions<K, V, A>['merger'],
      },
    }) as KTable<Windowed<K>, NonNullable<A>, null, 'session'>;
  }

  #aggregation<A>(
    options: SessionOptions<K, A>,
    { prefix, call, value, functions }: SessionAggregation<K, V, A>,
  ): KTable<Windowed<K>, A, null, 'session'> {
    const { plan } = this.#grouping;
    const { gapMs, graceMs } = this.#windows;
    const inner = (options.key as SerdeSlot) ?? this.#grouping.key;
    const store = sessionStorePlan(plan, {
      prefix,
      options,
      key: inner,
      value,
      lifeMs: gapMs + graceMs,
      emitFinal: this.#emit === 'onWindowClose',
    });
    const state = this.#grouping.aggregate({
      prefix,
      call,
      name: options.name,
      store,
      queryable: options.as !== undefined,
      key: sessionWindowedKey(plan, inner),
      value,
      operator: sessionAggregate(this.#windows, functions, this.#emit),
      closesAfterMs: graceMs + gapMs,
    });
    return new KTable(state);
  }
}
