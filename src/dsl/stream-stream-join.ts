/**
 * Draws the joins of two streams: a node for each side that keeps its records, a node for each side that joins them
 * with what the other one keeps, and the merge behind both.
 *
 *     left ---> keep this  ---> join this  (reads what other keeps) ---\
 *                                                                       > merge ---> result
 *     right --> keep other ---> join other (reads what this keeps) ----/
 */
import { StreamsError } from '../errors.js';
import { joinWindowStore, outerJoinStore } from '../state/operator-store-builders.js';
import { checkCall, STREAM_JOINED } from './checks.js';
import { JoinWindows } from './join-windows.js';
import { validateName, type NameSource } from './names.js';
import { passThrough } from './operators/pass-through.js';
import { joinSide, type StreamJoiner } from './operators/stream-stream/join-side.js';
import { joinWindow } from './operators/stream-stream/join-window.js';
import { selfJoin } from './operators/stream-stream/self-join.js';
import type { StreamJoined } from './options.js';
import { repartitionedForJoin, requireSamePlan, union } from './plan-steps.js';
import type { OperatorPlan, SerdeSlot, StorePlan, StreamState } from './plan.js';

export type StreamJoinKind = 'inner' | 'left' | 'outer';

const CALLS = { inner: 'join()', left: 'leftJoin()', outer: 'outerJoin()' } as const;

type Joiner = StreamJoiner<unknown, unknown, unknown, unknown>;
type Options = StreamJoined<unknown, unknown, unknown>;

/** What the nodes of one join have in common. */
interface Join {
  readonly left: StreamState;
  readonly right: StreamState;
  readonly kind: StreamJoinKind;
  readonly joiner: Joiner;
  readonly windows: JoinWindows;
  readonly options: Options;
  readonly names: JoinNames;
  readonly key: SerdeSlot;
  readonly leftValue: SerdeSlot;
  readonly rightValue: SerdeSlot;
}

export function joinStreams(
  left: StreamState,
  right: StreamState,
  given: (left: never, right: never, key: never) => unknown,
  givenOptions: object | undefined,
  kind: StreamJoinKind,
): StreamState {
  const call = CALLS[kind];
  requireSamePlan(left.plan, right.plan, call);
  checkCall(call, { joiner: given }, givenOptions, STREAM_JOINED);
  // The faces of streams have seen to the types; a side that may be missing is one that the joiner takes undefined for.
  const joiner = given as Joiner;
  const options = (givenOptions ?? {}) as Options;
  const windows = requireWindows(options, call);
  const { name } = options;
  const key = (options.key as SerdeSlot) ?? left.key ?? right.key;
  const leftValue = (options.value as SerdeSlot) ?? left.value;
  const rightValue = (options.otherValue as SerdeSlot) ?? right.value;
  const repartition = (stream: StreamState, suffix: string, value: SerdeSlot): StreamState =>
    stream.keyChanged
      ? repartitionedForJoin(stream, {
          prefix: name === undefined ? stream.node.name : validateName(name + suffix),
          reason: call,
          key,
          value,
        })
      : stream;
  const join: Join = {
    left: repartition(left, '-left', leftValue),
    right: repartition(right, '-right', rightValue),
    kind,
    joiner,
    windows,
    options,
    names: joinNames(left.plan.names, kind, name, options.as),
    key,
    leftValue,
    rightValue,
  };
  const sources = union(join.left.sources, join.right.sources);
  const node = draw(join);
  return { plan: left.plan, node, key, value: undefined, sources, keyChanged: false };
}

/** Returns the merge. */
function draw(join: Join): OperatorPlan {
  const { left, right, kind, names } = join;
  const { plan } = left;
  const keepThis = plan.add(keepNode(join, 'left', [...union(left.sources, right.sources)]));
  const keepOther = plan.add(keepNode(join, 'right', undefined));
  const shared = kind === 'inner' ? undefined : sharedStore(join);
  const joinThis = plan.add(joinNode(join, 'left', keepThis, shared));
  const joinOther = plan.add(joinNode(join, 'right', keepOther, undefined));
  return plan.add({
    ...operatorNode(names.merge, [joinThis, joinOther]),
    operator: () => passThrough,
    keepsNullKeys: kind !== 'inner',
    selfJoin: {
      sides: [keepThis, keepOther],
      spared: [keepOther, joinThis, joinOther],
      node: selfJoinNode(join, keepThis),
    },
  });
}

const operatorNode = (name: string, parents: OperatorPlan['parents']) => ({
  kind: 'operator' as const,
  name,
  parents,
  keyChanging: false,
  valueChanging: true,
});

function keepNode(
  { left, right, windows, options, names, key, leftValue, rightValue, kind }: Join,
  side: 'left' | 'right',
  copartitioned: OperatorPlan['copartitioned'],
): OperatorPlan {
  const isLeft = side === 'left';
  const name = isLeft ? names.keepThis : names.keepOther;
  const storeName = isLeft ? names.thisStore : names.otherStore;
  const { store = 'persistent', logging = true } = options;
  const storePlan: StorePlan = {
    name: storeName,
    key,
    value: isLeft ? leftValue : rightValue,
    call: CALLS[kind],
    valueOption: isLeft ? 'value' : 'otherValue',
    build: (serdes) =>
      joinWindowStore({
        name: storeName,
        ...serdes,
        store,
        logging,
        retention: windows.sizeMs + windows.graceMs,
        windowSize: windows.sizeMs,
      }),
  };
  return {
    ...operatorNode(name, [isLeft ? left.node : right.node]),
    // It hands its records on as they are.
    valueChanging: false,
    operator: () => joinWindow(storeName, store === 'memory'),
    stores: [storePlan],
    ...(copartitioned === undefined ? {} : { copartitioned }),
  };
}

/** `shared` is drawn with the left side. */
function joinNode(
  { windows, joiner, kind, names }: Join,
  side: 'left' | 'right',
  keep: OperatorPlan,
  shared: StorePlan | undefined,
): OperatorPlan {
  const isLeft = side === 'left';
  const otherStore = isLeft ? names.otherStore : names.thisStore;
  const waitingStore = kind === 'inner' ? undefined : names.sharedStore;
  const operator = joinSide({
    side,
    joiner,
    windows,
    otherStore,
    keepsUnmatched: kind === 'outer' || (kind === 'left' && isLeft),
    waitingStore,
    timeName: names.merge,
  });
  const uses = waitingStore === undefined || isLeft ? [otherStore] : [otherStore, waitingStore];
  return {
    ...operatorNode(isLeft ? names.joinThis : names.joinOther, [keep]),
    operator: () => operator,
    uses,
    ...(shared === undefined ? {} : { stores: [shared] }),
  };
}

function selfJoinNode({ joiner, windows, kind, names }: Join, keep: OperatorPlan): OperatorPlan {
  const operator = selfJoin({ joiner, windows, store: names.thisStore });
  return {
    ...operatorNode(names.merge, [keep]),
    operator: () => operator,
    uses: [names.thisStore],
    keepsNullKeys: kind !== 'inner',
  };
}

/** Where records of a left or outer join wait for a partner. */
function sharedStore({ left, options, names, key, leftValue, rightValue, kind }: Join): StorePlan {
  const { logging = true } = options;
  return {
    name: names.sharedStore,
    key,
    value: leftValue,
    call: CALLS[kind],
    build: (serdes) =>
      outerJoinStore({
        name: names.sharedStore,
        key: serdes.key,
        left: serdes.value,
        // The store that keeps the right side was built before, with this serde.
        right: (rightValue ?? left.plan.defaultValue)!,
        logging,
      }),
  };
}

/** Kafka's names of the nodes and stores of a join. */
interface JoinNames {
  readonly keepThis: string;
  readonly keepOther: string;
  readonly joinThis: string;
  readonly joinOther: string;
  readonly merge: string;
  readonly thisStore: string;
  readonly otherStore: string;
  readonly sharedStore: string;
}

const WINDOWED = 'KSTREAM-WINDOWED-';
const SHARED = 'KSTREAM-OUTERSHARED-';

function joinNames(
  names: NameSource,
  kind: StreamJoinKind,
  name: string | undefined,
  as: string | undefined,
): JoinNames {
  const thisSuffix = kind === 'outer' ? '-outer-this-join' : '-this-join';
  const otherSuffix = kind === 'inner' ? '-other-join' : '-outer-other-join';
  const sharedSuffix = kind === 'outer' ? '-outer-shared-join' : '-left-shared-join';
  const keepThis = names.suffixed(name, '-this-windowed', WINDOWED);
  const keepOther = names.suffixed(name, '-other-windowed', WINDOWED);
  const thisPrefix = kind === 'outer' ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-';
  const otherPrefix = kind === 'inner' ? 'KSTREAM-JOINOTHER-' : 'KSTREAM-OUTEROTHER-';
  // Stores without a name of the user have the generated name of the node, also where the node has another.
  const generatedThis = names.newNode(thisPrefix);
  const generatedOther = names.newNode(otherPrefix);
  const merge = names.suffixed(name, '-merge', 'KSTREAM-MERGE-');
  const storeName = (suffix: string, generated: string): string =>
    as === undefined ? `${generated}-store` : validateName(`${as}${suffix}-store`);
  return {
    keepThis,
    keepOther,
    joinThis: name === undefined ? generatedThis : validateName(name + thisSuffix),
    joinOther: name === undefined ? generatedOther : validateName(name + otherSuffix),
    merge,
    thisStore: storeName(thisSuffix, generatedThis),
    otherStore: storeName(otherSuffix, generatedOther),
    sharedStore: storeName(sharedSuffix, SHARED + generatedThis.slice(thisPrefix.length)),
  };
}

function requireWindows({ windows }: Options, call: string): JoinWindows {
  if (windows instanceof JoinWindows) return windows;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${call}: a join of two streams needs the option windows: JoinWindows.of({ within: '5s', grace: '1s' }). Without an end of waiting, all records would have to be kept for ever.`,
  );
}
