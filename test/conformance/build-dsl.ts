/**
 * The DSL operations of a case (`api: "dsl"`): each entry makes one call on the builder, a stream, a table or a
 * grouping. Operators are called by name, so that a case of an operator that is not built yet fails as
 * "unsupported operator" and everything else compiles.
 */
import type { BranchSpec, Operation } from './case.js';
import { supplierOf } from './build-papi.js';
import {
  objectField,
  optionalNumber,
  optionalText,
  processorField,
  storeField,
  storeList,
  textField,
  textList,
  topicsOf,
} from './fields.js';
import {
  aggregator,
  initializer,
  joiner,
  keySelector,
  listMapper,
  pairListMapper,
  pairMapper,
  predicate,
  reducer,
  sessionMerger,
  timestampExtractor,
  topicFunction,
  valueMapper,
} from './functions.js';
import type { StoreKinds } from './processors.js';
import { transformerOf, type TransformerSpec } from './transformers.js';
import { storeBuilder } from './stores.js';
import { type call, UnsupportedOperation } from './unsupported.js';
import { joinWindowsOf, suppressedOf, windowsOf } from './windows.js';

export interface DslGraph {
  readonly builder: unknown;
  /** Calls an operator by name; the asynchronous run gives it promise-returning functions. */
  readonly call: typeof call;
  /** Results of the calls by operation id. */
  readonly nodes: Map<string, unknown>;
  readonly branchKeys: Record<string, readonly string[]>;
  readonly stores: StoreKinds;
}

type Build = (graph: DslGraph, operation: Operation) => unknown;

/** Makes the call of one operation and keeps its result under the operation's id. */
export function buildOperation(graph: DslGraph, operation: Operation): void {
  const build = Object.hasOwn(BUILDERS, operation.op) ? BUILDERS[operation.op] : undefined;
  if (build === undefined) throw new UnsupportedOperation(operation.op);
  const result = build(graph, operation);
  if (operation.id !== undefined) graph.nodes.set(operation.id, result);
}

function node(graph: DslGraph, operation: Operation, field = 'in'): unknown {
  const id = textField(operation, field);
  if (!graph.nodes.has(id)) throw new Error(`operation ${operation.op}: no node '${id}'`);
  return graph.nodes.get(id);
}

/** A call on the `in` node with its own argument and the name. */
const on =
  (method: string, argument?: (operation: Operation) => unknown): Build =>
  (graph, operation) =>
    argument === undefined
      ? graph.call(node(graph, operation), method, named(operation))
      : graph.call(node(graph, operation), method, argument(operation), named(operation));

const onTable =
  (method: string, argument: (operation: Operation) => unknown): Build =>
  (graph, operation) =>
    graph.call(node(graph, operation), method, argument(operation), {
      ...named(operation),
      ...materialized(operation),
    });

const isTable = (target: unknown): boolean =>
  typeof (target as { toStream?: unknown }).toStream === 'function';

/** Operators that streams and tables share; only tables take Materialized. */
const onEither =
  (method: string, argument: (operation: Operation) => unknown): Build =>
  (graph, operation) =>
    (isTable(node(graph, operation)) ? onTable : on)(method, argument)(graph, operation);

/** Joins of two nodes; our joiners take the key last. */
const joining =
  (method: string, options: (operation: Operation) => object): Build =>
  (graph, operation) => {
    const join = joiner(textField(operation, 'joiner'));
    const right = node(graph, operation, 'right');
    return graph.call(
      node(graph, operation, 'left'),
      method,
      right,
      (left: unknown, other: unknown, key: unknown) => join(key, left, other),
      {
        ...named(operation),
        ...options(operation),
      },
    );
  };

const globalJoin = (method: string): Build =>
  joining(method, (operation) => ({ keySelector: keySelector(textField(operation, 'selector')) }));
const tableJoin = (method: string): Build =>
  joining(method, (operation) => {
    const grace = optionalNumber(operation, 'grace');
    return grace === undefined ? {} : { grace };
  });

const streamJoin = (method: string): Build =>
  joining(method, (operation) => {
    const as = optionalText(operation, 'storeName');
    const store = STORE_TYPES[optionalText(operation, 'storeType') ?? ''];
    return {
      windows: joinWindowsOf(operation),
      ...(as === undefined ? {} : { as }),
      ...(store === undefined ? {} : { store }),
    };
  });

/** The extractor is a value mapper that sees no key. */
const foreignKeyJoin = (method: string): Build =>
  joining(method, (operation) => {
    const extract = valueMapper(textField(operation, 'extractor'));
    const foreignKey = (value: unknown): unknown => extract(null, value);
    return { ...materialized(operation), foreignKey };
  });

const BUILDERS: { readonly [op: string]: Build } = {
  stream: (graph, operation) => {
    const extractor = optionalText(operation, 'extractor');
    return graph.call(graph.builder, 'stream', topicsOf(operation), {
      ...named(operation),
      ...(extractor === undefined ? {} : { timestamps: timestampExtractor(extractor) }),
    });
  },
  table: (graph, operation) =>
    graph.call(graph.builder, 'table', textField(operation, 'topic'), {
      ...named(operation),
      ...materialized(operation),
    }),
  globalTable: (graph, operation) =>
    graph.call(graph.builder, 'globalTable', textField(operation, 'topic'), {
      ...named(operation),
      ...materialized(operation),
    }),
  addStateStore: (graph, operation) =>
    graph.call(graph.builder, 'addStateStore', storeBuilder(storeField(operation))),
  addGlobalStore: (graph, operation) =>
    graph.call(
      graph.builder,
      'addGlobalStore',
      storeBuilder(storeField(operation)),
      textField(operation, 'topic'),
      supplierOf(processorField(operation), graph.stores),
      named(operation),
    ),

  filter: onEither('filter', (operation) => predicate(textField(operation, 'pred'))),
  filterNot: onEither('filterNot', (operation) => predicate(textField(operation, 'pred'))),
  map: on('map', (operation) => pairMapper(textField(operation, 'mapper'))),
  stringify: on('map', () => pairMapper('stringify')),
  mapValues: onEither('mapValues', (operation) => {
    const map = valueMapper(textField(operation, 'mapper'));
    return (value: unknown, key: unknown) => map(key, value);
  }),
  flatMap: on('flatMap', (operation) => pairListMapper(textField(operation, 'mapper'))),
  flatMapValues: on('flatMapValues', (operation) => {
    const map = listMapper(textField(operation, 'mapper'));
    return (value: unknown, key: unknown) => map(key, value);
  }),
  selectKey: on('selectKey', (operation) => keySelector(textField(operation, 'selector'))),
  peek: on('peek', () => () => undefined),
  foreach: on('foreach', () => () => undefined),
  split: splitStream,
  merge: (graph, operation) =>
    graph.call(
      node(graph, operation, 'left'),
      'merge',
      node(graph, operation, 'right'),
      named(operation),
    ),
  repartition: (graph, operation) => {
    const partitions = optionalNumber(operation, 'partitions');
    return graph.call(node(graph, operation), 'repartition', {
      ...named(operation),
      ...(partitions === undefined ? {} : { partitions }),
    });
  },
  toTable: (graph, operation) =>
    graph.call(node(graph, operation), 'toTable', {
      ...named(operation),
      ...materialized(operation),
    }),
  groupByKey: on('groupByKey'),
  groupBy: (graph, operation) =>
    on('groupBy', () =>
      isTable(node(graph, operation))
        ? pairMapper(textField(operation, 'mapper'))
        : keySelector(textField(operation, 'selector')),
    )(graph, operation),
  process: processing('process'),
  processValues: processing('processValues'),
  to: on('to', (operation) => textField(operation, 'topic')),
  toDynamic: on('to', (operation) => topicFunction(textField(operation, 'extractor'))),
  toStream: (graph, operation) => {
    const selector = optionalText(operation, 'selector');
    const stream = node(graph, operation);
    return selector === undefined
      ? graph.call(stream, 'toStream', named(operation))
      : graph.call(stream, 'toStream', { ...named(operation), keySelector: keySelector(selector) });
  },

  cogroup: (graph, operation) =>
    graph.call(node(graph, operation), 'cogroup', aggregator(textField(operation, 'aggregator'))),
  cogroupWith: (graph, operation) =>
    graph.call(
      node(graph, operation, 'left'),
      'cogroup',
      node(graph, operation),
      aggregator(textField(operation, 'aggregator')),
    ),
  windowedBy: (graph, operation) => {
    const windowed = graph.call(node(graph, operation), 'windowedBy', windowsOf(operation));
    const emit = optionalText(operation, 'emit');
    return emit === undefined ? windowed : graph.call(windowed, 'emitStrategy', emit);
  },
  count: (graph, operation) =>
    graph.call(node(graph, operation), 'count', {
      ...named(operation),
      ...materialized(operation),
    }),
  reduce: (graph, operation) => {
    const options = { ...named(operation), ...materialized(operation) };
    return graph.call(node(graph, operation), 'reduce', ...reducers(operation), options);
  },
  aggregate: aggregation,

  ssJoin: streamJoin('join'),
  ssLeftJoin: streamJoin('leftJoin'),
  ssOuterJoin: streamJoin('outerJoin'),
  stJoin: tableJoin('join'),
  stLeftJoin: tableJoin('leftJoin'),
  ttJoin: joining('join', materialized),
  ttLeftJoin: joining('leftJoin', materialized),
  ttOuterJoin: joining('outerJoin', materialized),
  suppress: (graph, operation) =>
    graph.call(node(graph, operation), 'suppress', suppressedOf(operation), named(operation)),
  fkJoin: foreignKeyJoin('join'),
  fkLeftJoin: foreignKeyJoin('leftJoin'),
  transformValues: (graph, operation) =>
    graph.call(
      node(graph, operation),
      'transformValues',
      transformerOf(objectField<TransformerSpec>(operation, 'transformer')),
      { ...named(operation), ...materialized(operation), stores: textList(operation, 'stores') },
    ),
  sgJoin: globalJoin('join'),
  sgLeftJoin: globalJoin('leftJoin'),
};

function named(operation: Operation): { name?: string } {
  const name = optionalText(operation, 'name');
  return name === undefined ? {} : { name };
}

const STORE_TYPES: { readonly [type: string]: 'memory' | 'persistent' } = {
  inMemory: 'memory',
  rocksDB: 'persistent',
};

/** Materialized options; a Materialized without a name is one that says what is the default. */
function materialized(operation: Operation): object {
  const store = operation['store'];
  const options = objectField<{
    storeType?: string;
    caching?: boolean;
    logging?: boolean;
    retention?: number;
  }>(operation, 'matOpts');
  const versioned = optionalNumber(operation, 'versioned');
  const { storeType, ...rest } = options ?? {};
  const unnamed =
    typeof store !== 'string' && (operation['materialized'] === true || options !== undefined);
  return {
    ...(typeof store === 'string' ? { as: store } : {}),
    ...(unnamed ? { caching: true } : {}),
    ...rest,
    ...(storeType === undefined ? {} : { store: STORE_TYPES[storeType] }),
    ...(versioned === undefined ? {} : { versioned }),
  };
}

function reducers(operation: Operation): unknown[] {
  if (operation['adder'] === undefined) return [reducer(textField(operation, 'reducer'))];
  return [reducer(textField(operation, 'adder')), reducer(textField(operation, 'subtractor'))];
}

function aggregation(graph: DslGraph, operation: Operation): unknown {
  const initial = initializer(textField(operation, 'init'));
  const merger = optionalText(operation, 'merger');
  const functions = [
    ...['aggregator', 'adder', 'subtractor'].flatMap((field) => {
      const name = optionalText(operation, field);
      return name === undefined ? [] : [aggregator(name)];
    }),
    ...(merger === undefined ? [] : [sessionMerger(merger)]),
  ];
  return graph.call(node(graph, operation), 'aggregate', initial, ...functions, {
    ...named(operation),
    ...materialized(operation),
  });
}

function processing(method: string): Build {
  return (graph, operation) =>
    graph.call(
      node(graph, operation),
      method,
      supplierOf(processorField(operation), graph.stores),
      {
        ...named(operation),
        stores: [
          ...textList(operation, 'stores'),
          ...storeList(operation, 'provides').map(storeBuilder),
        ],
      },
    );
}

/** In Java's style; the branches come back by key, in the order of the calls. */
function splitStream(graph: DslGraph, operation: Operation): unknown {
  const branches = objectField<BranchSpec[]>(operation, 'branches') ?? [];
  const otherwise = objectField<BranchSpec>(operation, 'default');
  let split = graph.call(node(graph, operation), 'split', named(operation));
  for (const branch of branches)
    split = graph.call(split, 'branch', predicate(branch.pred), branchName(branch));
  const result =
    otherwise === undefined
      ? graph.call(split, 'noDefaultBranch')
      : graph.call(split, 'defaultBranch', branchName(otherwise));
  const entries = result instanceof Map ? [...result] : Object.entries(result as object);
  const specs = otherwise === undefined ? branches : [...branches, otherwise];
  specs.forEach((branch, index) => graph.nodes.set(branch.id, entries[index]?.[1]));
  if (operation.id !== undefined)
    graph.branchKeys[operation.id] = entries.map(([key]) => String(key)).sort();
  return undefined;
}

const branchName = (branch: BranchSpec): { name?: string } =>
  branch.name === undefined ? {} : { name: branch.name };
