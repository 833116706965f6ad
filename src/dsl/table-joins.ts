/** Draws the joins of two tables with equal keys: two halves, and the merge behind them that is the result. */
import { StreamsError } from '../errors.js';
import {
  joinView,
  tableJoinHalf,
  tableJoinMerge,
  type JoinHalf,
  type PairJoiner,
} from './operators/table-table-join.js';
import type { ValueGetter } from './operators/value-getter.js';
import type { Materialized, Named } from './options.js';
import { isMaterialized, requireSamePlan, tableStore, union } from './plan-steps.js';
import type { OperatorPlan, SerdeSlot, TablePlan, TableState } from './plan.js';

export type JoinKind = 'inner' | 'left' | 'outer';

/** The half of `left` with `other` on the other side. */
interface Half {
  readonly name: string;
  readonly table: TableState;
  readonly other: TableState;
  readonly half: JoinHalf<unknown, unknown, unknown>;
  readonly oldValuesOf: readonly TablePlan[];
}

export function joinTables(
  left: TableState,
  right: TableState,
  joiner: PairJoiner<unknown, unknown, unknown>,
  kind: JoinKind,
  options: Named & Materialized<unknown, unknown>,
): TableState {
  const { plan } = left;
  requireSamePlan(plan, right.plan, CALLS[kind]);
  const key = (options.key as SerdeSlot) ?? left.key;
  const value = options.value as SerdeSlot;
  const store = isMaterialized(options)
    ? tableStore(plan, 'KTABLE-MERGE-', options, key, value)
    : undefined;
  const name = plan.names.node(options.name, 'KTABLE-MERGE-');
  const thisName = plan.names.suffixed(options.name, '-join-this', 'KTABLE-JOINTHIS-');
  const otherName = plan.names.suffixed(options.name, '-join-other', 'KTABLE-JOINOTHER-');
  const { joinThis, joinOther } = halvesOf(kind, joiner);
  const sources = union(left.sources, right.sources);
  const drawHalf = ({ name: halfName, table, other, half, oldValuesOf }: Half): OperatorPlan =>
    plan.add({
      kind: 'operator',
      name: halfName,
      parents: [table.node],
      operator: tableJoinHalf(half),
      keyChanging: false,
      valueChanging: true,
      lookups: [other.node],
      oldValuesOf,
      copartitioned: [...sources],
    });
  const halves = [
    drawHalf({
      name: thisName,
      table: left,
      other: right,
      half: joinThis,
      oldValuesOf: [
        ...(kind === 'inner' ? [] : [left.node]),
        ...(kind === 'outer' ? [right.node] : []),
      ],
    }),
    drawHalf({ name: otherName, table: right, other: left, half: joinOther, oldValuesOf: [] }),
  ];
  const view = joinView(name, joinThis);
  const merge: TablePlan = {
    kind: 'table',
    // Unlike other table operators a join keeps every store that anything was said about, as in Kafka.
    origin: store === undefined ? 'derived' : 'stored',
    name,
    parents: halves,
    store,
    queryable: options.as !== undefined,
    operator: tableJoinMerge,
    readThrough: {
      tables: [left.node, right.node],
      view: ([one, other]) => view(one as ValueGetter, other as ValueGetter),
    },
    wantsOldValues: false,
  };
  return { plan, node: plan.add(merge), key, value, sources };
}

const CALLS = { inner: 'join()', left: 'leftJoin()', outer: 'outerJoin()' } as const;

function halvesOf(kind: JoinKind, joiner: PairJoiner<unknown, unknown, unknown>) {
  const reversed: typeof joiner = (right, left) => joiner(left, right);
  const outer = kind === 'outer';
  return {
    joinThis: { joiner, withoutThis: outer, withoutOther: kind !== 'inner' },
    joinOther: { joiner: reversed, withoutThis: kind !== 'inner', withoutOther: outer },
  };
}

/** The other side of a join; plain JavaScript may give anything. */
export function notATable(call: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `${call}: a table can be joined with another KTable of this builder; with the option foreignKey also with one that has other keys.`,
  );
}
