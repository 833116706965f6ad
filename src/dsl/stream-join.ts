/**
 * Joins of a stream with what stands still at the moment of the join: a table of the same partition or a global
 * table. What the other side is decides which options there are.
 */
import { StreamsError } from '../errors.js';
import { checkCall, GLOBAL_JOINED, JOINED } from './checks.js';
import { GlobalKTable } from './global-ktable.js';
import { KTable } from './ktable.js';
import { globalTableJoin, tableJoin, type TableJoiner } from './operators/table-join.js';
import type { GlobalJoined, Joined } from './options.js';
import { repartitioned, requireSamePlan, union } from './plan-steps.js';
import type { SerdeSlot, StreamState, TableState } from './plan.js';

/** The parts of a table that decide how it can be joined: also what the compiler compares. */
interface Joinable<Kind, K, V> {
  readonly kind: Kind;
  readonly storeEntry?: readonly [key: K, value: V];
}

/** What a stream with keys of type K can be joined with. */
export type JoinTarget<K> =
  | Joinable<'KTable', K, unknown>
  | Joinable<'GlobalKTable', unknown, unknown>;

export type TableValue<T> = T extends Joinable<string, infer _K, infer V> ? V : never;

/** The options of a join by its other side, as the rest of the arguments. */
export type JoinOptions<T, K, V> =
  T extends Joinable<'GlobalKTable', infer GK, infer _V>
    ? [options: GlobalJoined<K, V, GK>]
    : [options?: Joined<K, V>];

export function joinTable<K, V, VT, R>(
  stream: StreamState,
  other: JoinTarget<K>,
  joiner: TableJoiner<K, V, VT, R>,
  options: Joined<K, V> | GlobalJoined<K, V, unknown>,
  left: boolean,
): StreamState {
  // An inner join calls the joiner with values only, a left join's takes undefined.
  const join = joiner as TableJoiner<K, V, VT | undefined, R>;
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
      : 'A stream can be joined with a KTable or a GlobalKTable of this builder.',
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
    ? repartitioned(original, {
        prefix: options.name ?? original.node.name,
        reason: left ? 'leftJoin()' : 'join()',
        key,
        value: options.value as SerdeSlot,
      })
    : original;
  const sources = union(stream.sources, table.sources);
  const node = plan.add({
    kind: 'operator',
    name: plan.names.node(options.name, left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-'),
    parents: [stream.node],
    lookups: [table.node],
    operator: tableJoin(joiner, left),
    keyChanging: false,
    valueChanging: true,
    keepsNullKeys: left,
    copartitioned: [...sources],
  });
  return { plan, node, key, value: undefined, sources, keyChanged: false };
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
