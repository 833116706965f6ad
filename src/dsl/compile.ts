/**
 * From the logical plan to a topology: shared sources are merged, tables get their stores, hops through repartition
 * topics are written out, and every operator becomes a processor node. Nodes are added in the order of the calls,
 * which decides numbering and the order in which children are processed.
 */
import { TopologyException } from '../errors.js';
import type { ProcessorSupplier } from '../processor/processor.js';
import { Topology } from '../processor/topology.js';
import type { OperatorSupplier } from './operators/operator.js';
import { dropNullKeys, passThrough } from './operators/pass-through.js';
import { optimize, type OptimizationRule } from './optimize.js';
import { PlanGraph } from './plan-graph.js';
import { topicsOf } from './plan-steps.js';
import type {
  GlobalStorePlan,
  GlobalTablePlan,
  OperatorPlan,
  Plan,
  PlanNode,
  RepartitionPlan,
  SinkPlan,
  SourcePlan,
  StorePlan,
  TablePlan,
  TableStorePlan,
  UserProcessorPlan,
} from './plan.js';
import { repartitionReason } from './repartition-reason.js';
import { resolveSerdes, type ResolvedSerdes } from './serde-resolution.js';
import { TableDecisions } from './table-decisions.js';

export function compile(plan: Plan, rules: ReadonlySet<OptimizationRule> = new Set()): Topology {
  const graph = new PlanGraph(plan);
  optimize(graph, rules);
  const order = graph.order();
  const compiler = new Compiler(plan, graph, order, rules);
  for (const node of order) compiler.write(node);
  return compiler.topology;
}

/** Operators run with the context of an operator, which every context that a task makes is. */
const asProcessor = (operator: OperatorSupplier): ProcessorSupplier =>
  operator as ProcessorSupplier;

class Compiler {
  readonly topology = new Topology();
  readonly #plan: Plan;
  readonly #graph: PlanGraph;
  readonly #reusesSourceTopics: boolean;
  readonly #tables: TableDecisions;
  readonly #keepingNullKeys: ReadonlySet<PlanNode>;
  /** What needs each repartition topic. */
  readonly #hops = new Map<string, string>();

  constructor(
    plan: Plan,
    graph: PlanGraph,
    order: readonly PlanNode[],
    rules: ReadonlySet<OptimizationRule>,
  ) {
    this.#plan = plan;
    this.#graph = graph;
    this.#reusesSourceTopics = rules.has('reuse.ktable.source.topics');
    this.#tables = new TableDecisions(plan.calls);
    this.#keepingNullKeys = ancestorsOfNullKeyJoins(graph, order);
  }

  write(node: PlanNode): void {
    switch (node.kind) {
      case 'source':
        this.#writeSource(node);
        break;
      case 'operator':
        this.#writeOperator(node, undefined);
        break;
      case 'userProcessor':
        this.#writeUserProcessor(node);
        break;
      case 'repartition':
        this.#writeRepartition(node);
        break;
      case 'table':
        this.#writeTable(node);
        break;
      case 'globalTable':
        this.#writeGlobalTable(node);
        break;
      case 'globalStore':
        this.#writeGlobalStore(node);
        break;
      case 'sink':
        this.#writeSink(node);
        break;
      case 'state':
        this.topology.addStateStore(node.store);
        break;
    }
  }

  /** The topology's nodes that send records to this one. */
  #parents(node: PlanNode): string[] {
    return this.#graph
      .parentsOf(node)
      .map((parent) => (parent.kind === 'repartition' ? parent.names.source : parent.name));
  }

  #writeSource(node: SourcePlan): void {
    const { name, topics, pattern, key, value, timestamps, offsetReset } = node;
    this.topology.addSource(name, pattern ?? topics, { key, value, timestamps, offsetReset });
  }

  #writeUserProcessor(node: UserProcessorPlan): void {
    const { name, supplier, stores } = node;
    const parents = this.#parents(node);
    if (supplier.fixedKey) {
      this.topology.addFixedKeyProcessor(name, supplier.make, parents, { stores });
    } else {
      this.topology.addProcessor(name, supplier.make, parents, { stores });
    }
  }

  #writeRepartition(node: RepartitionPlan): void {
    const { names, partitions, partitioner, reason } = node;
    const { key, value } = resolveSerdes(this.#plan, {
      key: node.key,
      value: node.value,
      operator: names.sink,
      purpose: `the repartition topic ${names.topic} that ${reason} needs`,
      call: GROUPING_CALLS.has(reason) ? 'groupBy() or groupByKey()' : reason,
    });
    this.#requireFresh(node);
    this.topology.addRepartitionTopic(
      names.topic,
      partitions,
      repartitionReason(this.#graph, node),
    );
    const parents = this.#parents(node);
    if (node.wire !== undefined) {
      const written = node.wire({ key, value });
      this.topology
        .addSink(names.sink, names.topic, parents, { ...written, partitioner })
        .addSource(names.source, [names.topic], written);
      return;
    }
    // Without a key a record can meet nothing behind the hop, unless a left join there keeps such records.
    const filter = this.#keepingNullKeys.has(node) ? passThrough : dropNullKeys;
    this.topology
      .addProcessor(names.filter, asProcessor(filter), parents)
      .addSink(names.sink, names.topic, [names.filter], { key, value, partitioner })
      .addSource(names.source, [names.topic], { key, value });
  }

  /** Two joins of one stream are named after that stream, unless they have names. */
  #requireFresh({ names, reason }: RepartitionPlan): void {
    const first = this.#hops.get(names.topic);
    this.#hops.set(names.topic, reason);
    if (first === undefined) return;
    throw new TopologyException(
      `Topic ${names.topic} has already been registered by another source. It is the repartition topic of ${first} and of ${reason}: ` +
        'give each of them a name of its own ({ name }), or call repartition() once and draw both behind it.',
    );
  }

  #writeTable(node: TablePlan): void {
    const store = this.#tables.storeOf(node);
    this.#writeOperator(node, store);
    const topic = tableTopic(node);
    if (this.#reusesSourceTopics && store !== undefined && topic !== undefined)
      this.topology.connectSourceStoreAndTopic(store.name, topic);
  }

  /** The processor, then its stores: that of the table first, as caches are flushed in this order. */
  #writeOperator(node: OperatorPlan | TablePlan, tableStore: TableStorePlan | undefined): void {
    const { name, stores = [], uses = [] } = node;
    const own = [...(tableStore === undefined ? [] : [tableStore]), ...stores].map((store) => ({
      store,
      serdes: this.#storeSerdes(name, store),
    }));
    const lookups = (node.lookups ?? []).map((table) => this.#tables.getterOf(table));
    const operator = node.operator({
      store: tableStore?.name,
      versionedStore: tableStore?.versioned === true,
      sendOldValues: this.#tables.sendsOldValues(node),
      storedValue: tableStore === undefined ? undefined : own[0]?.serdes.value,
      immutableValues: tableStore !== undefined && own[0]?.serdes.value.immutable === true,
      versioned: this.#tables.isVersioned(node.parents[0]),
      serdes: this.#ownSerdes(node),
      lookups,
    });
    this.topology.addProcessor(name, asProcessor(operator), this.#parents(node));
    for (const { store, serdes } of own) this.topology.addStateStore(store.build(serdes), [name]);
    const connected = [...lookups.flatMap((lookup) => lookup.stores), ...uses];
    if (connected.length > 0) this.topology.connectProcessorAndStateStores(name, connected);
    if (node.copartitioned !== undefined)
      this.topology.addCopartitionGroup(
        topicsOf(node.copartitioned.map((source) => this.#graph.builtFor(source))),
      );
  }

  #writeGlobalTable({ name, source, store, operator }: GlobalTablePlan): void {
    const builder = store.build(this.#storeSerdes(name, store));
    const { key, value, timestamps, offsetReset } = source;
    this.topology.addGlobalStore(
      builder,
      source.name,
      source.topics[0]!,
      name,
      asProcessor(operator),
      { key, value, timestamps, offsetReset },
    );
  }

  #writeGlobalStore({ name, source, store, supplier }: GlobalStorePlan): void {
    const { key, value, timestamps, offsetReset } = source;
    const options = { key, value, timestamps, offsetReset };
    this.topology.addGlobalStore(store, source.name, source.topics[0]!, name, supplier, options);
  }

  #writeSink(node: SinkPlan): void {
    const topic = typeof node.topic === 'string' ? `the topic ${node.topic}` : 'its topics';
    const { key, value } = resolveSerdes(this.#plan, {
      key: node.key,
      value: node.value,
      operator: node.name,
      purpose: topic,
      call: 'to()',
    });
    const { partitioner } = node;
    this.topology.addSink(node.name, node.topic, this.#parents(node), { key, value, partitioner });
  }

  #ownSerdes(node: OperatorPlan | TablePlan): ResolvedSerdes | undefined {
    if (node.kind === 'table' || node.serdes === undefined) return undefined;
    const purpose = 'what it sends and keeps';
    const call = 'the calls that make its tables';
    return resolveSerdes(this.#plan, { ...node.serdes, operator: node.name, purpose, call });
  }

  #storeSerdes(operator: string, store: StorePlan): ResolvedSerdes {
    const { name, key, value, call = 'the call that makes the table', valueOption } = store;
    const purpose = `its store ${name}`;
    return resolveSerdes(this.#plan, { key, value, operator, purpose, call, valueOption });
  }
}

/** Their repartition serdes are options of the grouping. */
const GROUPING_CALLS: ReadonlySet<string> = new Set(['count()', 'reduce()', 'aggregate()']);

/** The topic that is a table as it is: that of `builder.table()`. */
function tableTopic({ origin, parents: [source] }: TablePlan): string | undefined {
  const ofTable = origin === 'source' && source?.kind === 'source' && !source.shared;
  return ofTable ? source.topics[0] : undefined;
}

/** Everything upstream of a join that keeps records without key. */
function ancestorsOfNullKeyJoins(
  graph: PlanGraph,
  order: readonly PlanNode[],
): ReadonlySet<PlanNode> {
  const ancestors = new Set<PlanNode>();
  // Parents come before their children, so that one pass backwards reaches every ancestor.
  for (const node of order.toReversed()) {
    const keeps = node.kind === 'operator' && node.keepsNullKeys === true;
    if (keeps || ancestors.has(node))
      for (const parent of graph.parentsOf(node)) ancestors.add(parent);
  }
  return ancestors;
}
