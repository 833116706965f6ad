/** Why a repartition topic is there: who changed the key above it, and who needs equal keys together behind it. */
import type { RepartitionReason } from '../processor/node-definition.js';
import type { PlanGraph } from './plan-graph.js';
import type { PlanNode, RepartitionPlan } from './plan.js';

export function repartitionReason(graph: PlanGraph, hop: RepartitionPlan): RepartitionReason {
  return {
    call: hop.reason,
    keyChangedBy: nearest(hop, (node) => graph.parentsOf(node), changesKey),
    neededBy: nearest(hop, (node) => graph.childrenOf(node), needsEqualKeys),
  };
}

const changesKey = (node: PlanNode): boolean =>
  node.kind === 'userProcessor'
    ? !node.supplier.fixedKey
    : node.kind === 'operator' && node.keyChanging;

/** It keeps something per key, or looks something up by it. */
function needsEqualKeys(node: PlanNode): boolean {
  if (node.kind === 'table') return true;
  if (node.kind === 'userProcessor') return node.stores.length > 0;
  if (node.kind !== 'operator') return false;
  const { stores, uses, lookups, copartitioned } = node;
  return [stores, uses, lookups, copartitioned].some((parts) => parts !== undefined);
}

/** Names of the first nodes on every way that are meant; a way ends at the next hop. */
function nearest(
  hop: PlanNode,
  next: (node: PlanNode) => readonly PlanNode[],
  meant: (node: PlanNode) => boolean,
): string[] {
  const found = new Set<PlanNode>();
  const seen = new Set<PlanNode>([hop]);
  const waiting = [...next(hop)];
  for (let node = waiting.shift(); node !== undefined; node = waiting.shift()) {
    if (seen.has(node) || node.kind === 'repartition') continue;
    seen.add(node);
    if (meant(node)) found.add(node);
    else waiting.push(...next(node));
  }
  return [...found].map(({ name }) => name);
}
