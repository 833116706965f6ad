/**
 * `single.store.self.join`: a stream that is joined with itself is kept once, and one node joins. Both sides are one
 * stream when their records come from one node, also where the user drew two streams of one topic.
 */
import type { PlanGraph } from './plan-graph.js';

export function spareSelfJoins(graph: PlanGraph): void {
  for (const node of graph.order()) {
    if (node.kind !== 'operator' || node.selfJoin === undefined) continue;
    const { sides, spared, node: single } = node.selfJoin;
    const [left, right] = sides.map((side) => graph.parentsOf(side)[0]);
    if (left === right) graph.substitute(node, single, spared);
  }
}
