/**
 * `merge.repartition.topics`: hops behind the same key change become one, right behind it. What was drawn between the
 * key change and the hops then runs behind the topic. The merged topic keeps the name of the first one.
 */
import { assert } from '../errors.js';
import type { PlanGraph } from './plan-graph.js';
import type { PlanNode, RepartitionPlan } from './plan.js';

export function mergeRepartitions(graph: PlanGraph): void {
  const groups = new Map<PlanNode, RepartitionPlan[]>();
  for (const node of graph.order()) {
    if (node.kind !== 'repartition' || isPinned(node)) continue;
    const anchor = anchorOf(graph, node);
    if (anchor === undefined) continue;
    const group = groups.get(anchor);
    if (group === undefined) groups.set(anchor, [node]);
    else group.push(node);
  }
  for (const [anchor, hops] of inDrawnOrder(graph, groups)) mergeBehind(graph, anchor, hops);
}

/** The user asked for it here, or what passes are not the records of a stream. */
const isPinned = ({ pinned, wire }: RepartitionPlan): boolean =>
  pinned === true || wire !== undefined;

/** Where the hop may move up to: the operator that changed the key, or a merge that such records come from. */
function anchorOf(graph: PlanGraph, hop: RepartitionPlan): PlanNode | undefined {
  let [node, ...others] = graph.parentsOf(hop);
  // Above a node that changes values the topic would need serdes for values that nobody gave serdes for.
  while (node !== undefined && others.length === 0) {
    if (changesKey(node)) return node;
    if (changesValue(node)) return undefined;
    const parents = graph.parentsOf(node);
    if (parents.length > 1) return isMerge(node) && comesKeyed(graph, node) ? node : undefined;
    [node, ...others] = parents;
  }
  return undefined;
}

const isMerge = (node: PlanNode): boolean => node.kind === 'operator' && !node.valueChanging;

/** Kafka asks the first parent that leads to any change. */
const comesKeyed = (graph: PlanGraph, merge: PlanNode): boolean => {
  const change = nearestChange(graph, merge);
  return change !== undefined && changesKey(change);
};

function nearestChange(graph: PlanGraph, node: PlanNode): PlanNode | undefined {
  for (const parent of graph.parentsOf(node)) {
    const changes = changesKey(parent) || changesValue(parent);
    const found = changes ? parent : nearestChange(graph, parent);
    if (found !== undefined) return found;
  }
  return undefined;
}

const changesKey = (node: PlanNode): boolean => node.kind === 'operator' && node.keyChanging;

const changesValue = (node: PlanNode): boolean =>
  node.kind === 'operator' ? node.valueChanging : node.kind !== 'source';

function inDrawnOrder<T>(graph: PlanGraph, groups: ReadonlyMap<PlanNode, T>): [PlanNode, T][] {
  return graph.order().flatMap((node): [PlanNode, T][] => {
    const group = groups.get(node);
    return group === undefined ? [] : [[node, group]];
  });
}

function mergeBehind(graph: PlanGraph, anchor: PlanNode, hops: readonly RepartitionPlan[]): void {
  const merged = mergedHop(anchor, hops);
  graph.insertBehind(anchor, merged);
  for (const hop of hops) {
    moveBranch(graph, hop, anchor, merged);
    graph.replace(hop, merged);
  }
}

/** What leads from the anchor to the hop goes through the merged one, unless an earlier hop took it along. */
function moveBranch(
  graph: PlanGraph,
  hop: PlanNode,
  anchor: PlanNode,
  merged: RepartitionPlan,
): void {
  let node = hop;
  for (let [parent] = graph.parentsOf(node); parent !== merged; [parent] = graph.parentsOf(node)) {
    assert(parent !== undefined, `${hop.name} is behind ${anchor.name}`);
    if (parent === anchor) return graph.moveEdge(node, anchor, merged);
    node = parent;
  }
}

function mergedHop(anchor: PlanNode, hops: readonly RepartitionPlan[]): RepartitionPlan {
  const [first] = hops;
  const { topic } = first!.names; // groups are not empty
  return {
    kind: 'repartition',
    name: topic,
    parents: [anchor],
    names: {
      topic,
      filter: `${topic}-filter`,
      sink: `${topic}-sink`,
      source: `${topic}-source`,
    },
    key: hops.find(({ key }) => key !== undefined)?.key,
    value: hops.find(({ value }) => value !== undefined)?.value,
    partitions: undefined,
    partitioner: undefined,
    reason: [...new Set(hops.map(({ reason }) => reason))].join(', '),
  };
}
