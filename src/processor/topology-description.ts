/**
 * What `topology.describe()` returns: the sub-topologies as plain data, and as the text that Java prints, byte for
 * byte. Within a sub-topology a node with more nodes below it comes first, then the name decides.
 */
import { hashOrder, InsertionSortedSet } from './hash-order.js';
import type { NodeDefinition, Subtopology } from './node-definition.js';
import { dotText, mermaidText } from './topology-drawing.js';
import {
  describeRepartitions,
  describeStores,
  type RepartitionDescription,
  type StateStoreDescription,
} from './topology-topics.js';

export interface SourceDescription {
  readonly kind: 'source';
  readonly name: string;
  /** Empty when `pattern` is set. */
  readonly topics: readonly string[];
  readonly pattern?: string;
  readonly successors: readonly string[];
}

export interface ProcessorDescription {
  readonly kind: 'processor';
  readonly name: string;
  readonly stores: readonly string[];
  readonly predecessors: readonly string[];
  readonly successors: readonly string[];
}

export interface SinkDescription {
  readonly kind: 'sink';
  readonly name: string;
  /** Undefined when the topic is chosen per record. */
  readonly topic?: string;
  /** Name of the function that chooses the topic. */
  readonly extractor?: string;
  readonly predecessors: readonly string[];
}

export type NodeDescription = SourceDescription | ProcessorDescription | SinkDescription;

export interface SubtopologyDescription {
  readonly id: number;
  /** A global store's source and processor: no tasks. */
  readonly global: boolean;
  readonly nodes: readonly NodeDescription[];
  /** Topics that must have equal partition counts, because their records meet in one task. */
  readonly copartitionedTopics: readonly (readonly string[])[];
}

/** What `TopologyDescription.toJSON()` returns. */
export interface TopologyData {
  readonly subtopologies: readonly SubtopologyDescription[];
  readonly repartitionTopics: readonly RepartitionDescription[];
  readonly stores: readonly StateStoreDescription[];
}

/**
 * A topology as Kafka's text (`toString()`), as data (`toJSON()`), and as a picture (`toMermaid()`, `toDot()`).
 *
 * @example
 * ```ts
 * const description = builder.build().describe();
 * console.log(String(description)); // what Java prints
 * for (const { topic, reason } of description.repartitionTopics) console.log(`${topic}: ${reason}`);
 * ```
 */
export class TopologyDescription {
  readonly subtopologies: readonly SubtopologyDescription[];
  /** Topics that the application writes and reads itself, and why. */
  readonly repartitionTopics: readonly RepartitionDescription[];
  /** Stores, and the topics that they are restored from. */
  readonly stores: readonly StateStoreDescription[];

  /** @internal */
  constructor(subtopologies: readonly Subtopology[]) {
    this.subtopologies = subtopologies.map(({ id, global, nodes, copartitionGroups }) => ({
      id,
      global,
      nodes: describeNodes(nodes),
      copartitionedTopics: copartitionGroups,
    }));
    this.repartitionTopics = describeRepartitions(subtopologies);
    this.stores = describeStores(subtopologies);
  }

  /** Plain data, for `JSON.stringify`. */
  toJSON(): TopologyData {
    const { subtopologies, repartitionTopics, stores } = this;
    return { subtopologies, repartitionTopics, stores };
  }

  /** A flowchart in Mermaid's language. */
  toMermaid(): string {
    return mermaidText(this);
  }

  /** A graph in DOT, the language of Graphviz: `millrace topology app.js --dot | dot -Tsvg`. */
  toDot(): string {
    return dotText(this);
  }

  toString(): string {
    return `Topologies:\n ${this.subtopologies.map((group) => `  ${groupText(group)}`).join('')}`;
  }
}

/** A node while its neighbours are connected; `size` counts the node and every path below it. */
interface DrawnNode {
  readonly definition: NodeDefinition;
  size: number;
  readonly predecessors: InsertionSortedSet<DrawnNode>;
  readonly successors: InsertionSortedSet<DrawnNode>;
}

function bySizeThenName(left: DrawnNode, right: DrawnNode): number {
  if (left.size !== right.size) return right.size - left.size;
  if (left.definition.name === right.definition.name) return 0;
  return left.definition.name < right.definition.name ? -1 : 1;
}

const parentsOf = (node: NodeDefinition): readonly string[] =>
  node.kind === 'source' ? [] : node.parents;

function describeNodes(definitions: readonly NodeDefinition[]): NodeDescription[] {
  const drawn = new Map<string, DrawnNode>();
  for (const definition of definitions) {
    drawn.set(definition.name, {
      definition,
      size: 1,
      predecessors: new InsertionSortedSet(bySizeThenName),
      successors: new InsertionSortedSet(bySizeThenName),
    });
  }
  // Java connects the nodes in hash order, while sizes still grow: that decides the order of equal neighbours.
  for (const name of hashOrder([...drawn.keys()])) connect(drawn, name);
  return [...drawn.values()].sort(bySizeThenName).map(describeNode);
}

function connect(drawn: ReadonlyMap<string, DrawnNode>, name: string): void {
  const node = drawn.get(name);
  if (node === undefined) return;
  for (const parentName of parentsOf(node.definition)) {
    const parent = drawn.get(parentName);
    if (parent === undefined) continue;
    node.predecessors.add(parent);
    parent.successors.add(node);
    grow(parent, node.size);
  }
}

function grow(node: DrawnNode, by: number): void {
  node.size += by;
  for (const predecessor of node.predecessors) grow(predecessor, by);
}

const namesOf = (nodes: Iterable<DrawnNode>): string[] =>
  [...nodes].map((node) => node.definition.name);

/** A topic function without a name of its own. */
const ANONYMOUS_EXTRACTOR = 'DynamicTopic';

function describeNode({ definition, predecessors, successors }: DrawnNode): NodeDescription {
  const name = definition.name;
  switch (definition.kind) {
    case 'source':
      return {
        kind: 'source',
        name,
        topics: hashOrder([...new Set(definition.topics)]),
        ...(definition.pattern === undefined ? {} : { pattern: definition.pattern.source }),
        successors: namesOf(successors),
      };
    case 'processor':
      return {
        kind: 'processor',
        name,
        stores: hashOrder(definition.stores),
        predecessors: namesOf(predecessors),
        successors: namesOf(successors),
      };
    case 'sink':
      return {
        kind: 'sink',
        name,
        ...(typeof definition.topic === 'string'
          ? { topic: definition.topic }
          : { extractor: definition.topic.name || ANONYMOUS_EXTRACTOR }),
        predecessors: namesOf(predecessors),
      };
  }
}

function groupText({ id, global, nodes }: SubtopologyDescription): string {
  if (!global) {
    return `Sub-topology: ${id}\n${nodes.map((node) => `    ${nodeText(node)}\n`).join('')}\n`;
  }
  const title = `Sub-topology: ${id} for global store (will not generate tasks)\n`;
  return title + nodes.map((node) => `    ${nodeText(node)}\n`).join('');
}

const list = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

function nodeText(node: NodeDescription): string {
  switch (node.kind) {
    case 'source': {
      const topics = node.pattern ?? `[${node.topics.join(', ')}]`;
      return `Source: ${node.name} (topics: ${topics})\n      --> ${list(node.successors)}`;
    }
    case 'processor':
      return (
        `Processor: ${node.name} (stores: [${node.stores.join(', ')}])\n` +
        `      --> ${list(node.successors)}\n      <-- ${list(node.predecessors)}`
      );
    case 'sink': {
      const target =
        node.topic === undefined
          ? `extractor class: ${node.extractor ?? ''}`
          : `topic: ${node.topic}`;
      return `Sink: ${node.name} (${target})\n      <-- ${list(node.predecessors)}`;
    }
  }
}
