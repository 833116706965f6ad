/**
 * The plan as it will be written: who gets records from whom, and in which order nodes are built. It begins as what was
 * drawn, with streams of one topic on one source; optimisations move edges here and leave the drawing alone.
 */
import { assert } from '../errors.js';
import { mergeSources } from './merge-sources.js';
import type { Plan, PlanNode, SourceOfRecords } from './plan.js';

export class PlanGraph {
  #order: PlanNode[];
  readonly #parents = new Map<PlanNode, readonly PlanNode[]>();
  /** What stands for a node that is not built itself. */
  readonly #standIns = new Map<PlanNode, PlanNode>();

  constructor(plan: Plan) {
    for (const [source, first] of mergeSources(plan.calls)) this.#standIns.set(source, first);
    this.#order = plan.buildOrder.filter((node) => !this.#standIns.has(node));
    // As in Kafka, a node that is given the same parent twice (a stream merged with itself) has it once.
    for (const node of this.#order)
      this.#parents.set(node, [...new Set(node.parents.map((parent) => this.builtFor(parent)))]);
  }

  /** The nodes to build: as drawn, except that each waits for its parents (a shared hop moves behind later calls). */
  order(): readonly PlanNode[] {
    const written = new Set<PlanNode>();
    const waiting = [...this.#order];
    while (waiting.length > 0) {
      const next = waiting.findIndex((node) =>
        this.parentsOf(node).every((parent) => written.has(parent)),
      );
      const [node] = waiting.splice(next, 1);
      assert(next >= 0 && node !== undefined, 'the plan has no cycle and knows all parents');
      written.add(node);
    }
    return [...written];
  }

  parentsOf(node: PlanNode): readonly PlanNode[] {
    return this.#parents.get(node) ?? [];
  }

  childrenOf(node: PlanNode): readonly PlanNode[] {
    return this.#order.filter((child) => this.parentsOf(child).includes(node));
  }

  /** The node that is built where this one was drawn. */
  builtFor<N extends PlanNode>(node: N): N | SourceOfRecords {
    // Only sources and repartition hops are replaced, and only by one of them.
    return (this.#standIns.get(node) as SourceOfRecords | undefined) ?? node;
  }

  /** A new node right behind `parent`, before everything that was drawn later. */
  insertBehind(parent: PlanNode, node: PlanNode): void {
    this.#order.splice(this.#order.indexOf(parent) + 1, 0, node);
    this.#parents.set(node, [parent]);
  }

  /** `child` gets its records from `to` instead of `from`. */
  moveEdge(child: PlanNode, from: PlanNode, to: PlanNode): void {
    const moved = this.parentsOf(child).map((parent) => (parent === from ? to : parent));
    this.#parents.set(child, [...new Set(moved)]);
  }

  /** Takes out a node that has one parent: its children get their records from there, and `standIn` is its source. */
  replace(node: SourceOfRecords, standIn: SourceOfRecords): void {
    const [parent] = this.parentsOf(node);
    assert(parent !== undefined, `${node.name} has a parent`);
    for (const child of this.childrenOf(node)) this.moveEdge(child, node, parent);
    this.#order.splice(this.#order.indexOf(node), 1);
    this.#parents.delete(node);
    this.#standIns.set(node, standIn);
  }

  /** `standIn` is built in the place of `node`, and those that are `spared` are not built. */
  substitute(node: PlanNode, standIn: PlanNode, spared: readonly PlanNode[]): void {
    this.#order[this.#order.indexOf(node)] = standIn;
    this.#parents.set(standIn, standIn.parents);
    for (const child of this.#order)
      if (this.parentsOf(child).includes(node)) this.moveEdge(child, node, standIn);
    for (const gone of [node, ...spared]) this.#parents.delete(gone);
    this.#order = this.#order.filter((other) => !spared.includes(other));
  }
}
