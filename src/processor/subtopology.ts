/**
 * Cuts a topology into sub-topologies: the connected components over edges and shared stores, numbered in the order
 * in which their first node was added. A sink and the source that reads its topic are not connected: that hop goes
 * through the log, and each side runs in its own tasks.
 */
import { TopologyException } from '../errors.js';
import {
  patternText,
  type NodeDefinition,
  type RepartitionTopic,
  type StoreDefinition,
  type Subtopology,
} from './node-definition.js';

/** Everything a topology has been told so far. */
export interface TopologyParts {
  readonly nodes: ReadonlyMap<string, NodeDefinition>;
  readonly stores: ReadonlyMap<string, StoreDefinition>;
  /** Names of the sources of global stores. */
  readonly globalSources: ReadonlySet<string>;
  readonly repartitionTopics: ReadonlyMap<string, RepartitionTopic>;
  readonly copartitionGroups: readonly (readonly string[])[];
}

export function cutSubtopologies(parts: TopologyParts): readonly Subtopology[] {
  requireSources(parts);
  return nodeGroups(parts.nodes).map((nodes, id) => subtopologyOf(parts, id, nodes));
}

/** Disjoint sets of node names; each set is represented by the earliest name. */
class DisjointNames {
  readonly #parents = new Map<string, string>();

  find(name: string): string {
    let root = name;
    for (let next = this.#parents.get(root); next !== undefined; next = this.#parents.get(root)) {
      root = next;
    }
    return root;
  }

  unite(left: string, right: string): void {
    const leftRoot = this.find(left);
    const rightRoot = this.find(right);
    if (leftRoot !== rightRoot) this.#parents.set(rightRoot, leftRoot);
  }
}

function nodeGroups(nodes: ReadonlyMap<string, NodeDefinition>): NodeDefinition[][] {
  const names = new DisjointNames();
  const firstUsers = new Map<string, string>();
  for (const node of nodes.values()) {
    if (node.kind === 'source') continue;
    for (const parent of node.parents) names.unite(parent, node.name);
    if (node.kind === 'sink') continue;
    for (const store of node.stores) {
      const user = firstUsers.get(store);
      if (user === undefined) firstUsers.set(store, node.name);
      else names.unite(user, node.name);
    }
  }
  const groups = new Map<string, NodeDefinition[]>();
  for (const node of nodes.values()) {
    const root = names.find(node.name);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [node]);
    else group.push(node);
  }
  return [...groups.values()];
}

function subtopologyOf(
  parts: TopologyParts,
  id: number,
  nodes: readonly NodeDefinition[],
): Subtopology {
  const topics = new Set(nodes.flatMap(readBy));
  const used = new Set(nodes.flatMap((node) => (node.kind === 'processor' ? node.stores : [])));
  return Object.freeze({
    id,
    nodes,
    // In the order in which the stores were added: caches are flushed in that order.
    stores: [...parts.stores].filter(([name]) => used.has(name)).map(([, store]) => store),
    repartitionSinks: repartitionSinks(parts, nodes),
    copartitionGroups: parts.copartitionGroups
      .map((group) => group.filter((topic) => topics.has(topic)))
      .filter((group) => group.length > 1),
    global: nodes.some((node) => parts.globalSources.has(node.name)),
  });
}

function readBy(node: NodeDefinition): readonly string[] {
  if (node.kind !== 'source') return [];
  return node.pattern === undefined ? node.topics : [patternText(node.pattern)];
}

function repartitionSinks(
  parts: TopologyParts,
  nodes: readonly NodeDefinition[],
): RepartitionTopic[] {
  const written = new Map<string, RepartitionTopic>();
  for (const node of nodes) {
    if (node.kind !== 'sink' || typeof node.topic !== 'string') continue;
    const topic = parts.repartitionTopics.get(node.topic);
    if (topic !== undefined) written.set(topic.name, topic);
  }
  return [...written.values()];
}

/** A repartition topic that is read but never written would leave its readers waiting for ever. */
function requireSources({ nodes, repartitionTopics }: TopologyParts): void {
  const written = new Set<string>();
  for (const node of nodes.values()) {
    if (node.kind === 'sink' && typeof node.topic === 'string') written.add(node.topic);
  }
  for (const name of repartitionTopics.keys()) {
    if (!written.has(name)) {
      throw new TopologyException(
        `Repartition topic ${name} is written by no sink. Add one with addSink(name, '${name}', parents).`,
      );
    }
  }
}
