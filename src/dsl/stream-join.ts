/**
 * Joins of a stream with what stands still at the moment of the join: a table of the same partition or a global
 * table. What the other side is decides which options there are.
 */
import { durationMs } from '../duration.js';
import { StreamsError } from '../errors.js';
import { streamBuffer } from '../state/operator-store-builders.js';
import { checkCall, GLOBAL_JOINED, JOINED } from './checks.js';
import { GlobalKTable } from './global-ktable.js';
import { KTable } from './ktable.js';
import { graceJoin } from './operators/grace-join.js';
import { globalTableJoin, tableJoin, type TableJoiner } from './operators/table-join.js';
import type { GlobalJoined, Joined, StreamJoined } from './options.js';
import { repartitionedForJoin, requireSamePlan, union } from './plan-steps.js';
import type { OperatorPlan, SerdeSlot, StreamState, TablePlan, TableState } from './plan.js';
import type { ResolvedSerdes } from './serde-resolution.js';

/** The parts of a table that decide how it can be joined: also what the compiler compares. */
interface Joinable<Kind, K, V> {
  readonly kind: Kind;
  readonly storeEntry?: readonly [key: K, value: V] | undefined;
}

/** The parts of a stream that decide how it can be joined. */
export interface JoinableStream<K, V> {
  readonly kind: 'KStream';
  readonly recordType?: readonly [key: K, value: V] | undefined;
}

/** What a stream with keys of type K can be joined with. */
export type JoinTarget<K> =
  | Joinable<'KTable', K, unknown>
  | Joinable<'GlobalKTable', unknown, unknown>
  | JoinableStream<K | null, unknown>;

/** The type of the other side's values. */
export type JoinValue<T> =
  T extends Joinable<'KTable' | 'GlobalKTable', infer _K, infer V>
    ? V
    : T extends JoinableStream<infer _SK, infer SV>
      ? NonNullable<SV>
      : never;

/** The options of a join by its other side, as the rest of the arguments. */
export type JoinOptions<T, K, V> =
  T extends JoinableStream<infer _SK, infer VO>
    ? [options: StreamJoined<K, V, VO>]
    : T extends Joinable<'GlobalKTable', infer GK, infer _V>
      ? [options: GlobalJoined<K, V, GK>]
      : [options?: Joined<K, V>];

export function joinTable(
  stream: StreamState,
  other: unknown,
  joiner: (value: never, otherValue: never, key: never) => unknown,
  given: object | undefined,
  kind: 'inner' | 'left' | 'outer',
): StreamState {
  // An inner join calls the joiner with values only, a left join's takes undefined.
  const join = joiner as TableJoiner<unknown, unknown, unknown, unknown>;
  const options = (given ?? {}) as
    | Joined<unknown, unknown>
    | GlobalJoined<unknown, unknown, unknown>;
  const left = kind === 'left';
  if (kind === 'outer')
    throw new StreamsError(
      'INVALID_ARGUMENT',
      'outerJoin(): the other side is not a KStream of this builder. A stream can only be left-joined with a table: leftJoin(table, joiner).',
    );
  if (other instanceof KTable || other instanceof GlobalKTable) {
    const call = left ? 'leftJoin()' : 'join()';
    const plan = other instanceof KTable ? other.state.plan : other.plan;
    requireSamePlan(stream.plan, plan, call);
    checkCall(call, { joiner }, options, other instanceof KTable ? JOINED : GLOBAL_JOINED);
  }
  if (other instanceof KTable) return joinPartitioned(stream, other.state, join, options, left);
  if (
    other instanceof GlobalKTable &&
    'keySelector' in options &&
    options.keySelector !== undefined
  ) {
    return joinGlobal(stream, other.storeName, join, options, left);
  }
  throw new StreamsError(
    'INVALID_ARGUMENT',
    other instanceof GlobalKTable
      ? 'A join with a global table needs the option keySelector: (key, value) => the key to look up.'
      : 'A stream can be joined with a KStream, a KTable or a GlobalKTable of this builder.',
  );
}

function joinPartitioned<K, V, VT, R>(
  original: StreamState,
  table: TableState,
  joiner: TableJoiner<K, V, VT | undefined, R>,
  options: Joined<K, V>,
  left: boolean,
): StreamState {
  const { plan } = original;
  const key = (options.key as SerdeSlot) ?? original.key;
  const stream = original.keyChanged
    ? repartitionedForJoin(original, {
        prefix: options.name ?? original.node.name,
        reason: left ? 'leftJoin()' : 'join()',
        key,
        value: options.value as SerdeSlot,
      })
    : original;
  const sources = union(stream.sources, table.sources);
  const name = plan.names.node(options.name, left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-');
  const node = plan.add({
    kind: 'operator',
    name,
    parents: [stream.node],
    lookups: [table.node],
    ...joinOperator(name, stream, table, joiner, options, left),
    keyChanging: false,
    valueChanging: true,
    keepsNullKeys: left,
    copartitioned: [...sources],
  });
  return { plan, node, key, value: undefined, sources, keyChanged: false };
}

/** With grace the records of the stream wait in a buffer of their own. */
function joinOperator<K, V, VT, R>(
  name: string,
  stream: StreamState,
  table: TableState,
  joiner: TableJoiner<K, V, VT | undefined, R>,
  options: Joined<K, V>,
  left: boolean,
): Pick<OperatorPlan, 'operator' | 'stores'> {
  if (options.grace === undefined) return { operator: tableJoin(joiner, left) };
  const graceMs = durationMs(options.grace, 'grace');
  requireHistory(table, graceMs);
  const buffer = `${name}-Buffer`;
  const store = {
    name: buffer,
    key: (options.key as SerdeSlot) ?? stream.key,
    value: (options.value as SerdeSlot) ?? stream.value,
    build: (serdes: ResolvedSerdes) => streamBuffer({ name: buffer, ...serdes }),
  };
  return { operator: graceJoin({ joiner, left, graceMs, buffer }), stores: [store] };
}

/** The table is asked for its past, in its own store or through those that it was derived from. */
function requireHistory(table: TableState, graceMs: number): void {
  const histories = historiesOf(table.node);
  if (histories.some((historyMs) => historyMs === undefined))
    throw new StreamsError(
      'INVALID_ARGUMENT',
      "KTable must be versioned to use a grace period in a stream table join. Give it a history: table(topic, { as: 'prices', versioned: '1h' }).",
    );
  if (histories.some((historyMs) => historyMs! < graceMs))
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `History retention must be at least grace period: the table remembers ${Math.min(...histories.map((historyMs) => historyMs ?? 0))} ms, the join waits ${graceMs} ms.`,
    );
}

function historiesOf(table: TablePlan): (number | undefined)[] {
  const { readThrough, queryable, store } = table;
  if (readThrough === undefined || queryable) return [store?.historyMs];
  return readThrough.tables.length > 1 ? [undefined] : readThrough.tables.flatMap(historiesOf);
}

function joinGlobal<K, V, VT, R>(
  stream: StreamState,
  store: string,
  joiner: TableJoiner<K, V, VT | undefined, R>,
  options: GlobalJoined<K, V, unknown>,
  left: boolean,
): StreamState {
  const { plan } = stream;
  const node = plan.add({
    kind: 'operator',
    // Kafka calls the inner join with a global table so, too.
    name: plan.names.node(options.name, 'KSTREAM-LEFTJOIN-'),
    parents: [stream.node],
    operator: () => globalTableJoin(store, options.keySelector, joiner, left),
    keyChanging: false,
    valueChanging: true,
    keepsNullKeys: left,
  });
  return { ...stream, node, value: undefined };
}
