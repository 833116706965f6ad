/**
 * Draws a topology for people: as Mermaid text, which GitHub and most documentation tools render, and as DOT for
 * Graphviz. Both draw the same picture: a frame for each sub-topology, topics between them, stores beside their users.
 */
import type { NodeDescription, SubtopologyDescription } from './topology-description.js';
import type { RepartitionDescription, StateStoreDescription } from './topology-topics.js';

export interface Drawable {
  readonly subtopologies: readonly SubtopologyDescription[];
  readonly repartitionTopics: readonly RepartitionDescription[];
  readonly stores: readonly StateStoreDescription[];
}

type Shape = 'node' | 'store' | 'topic' | 'internalTopic';

interface Box {
  readonly id: string;
  readonly shape: Shape;
  readonly lines: readonly string[];
}

interface Edge {
  readonly from: string;
  readonly to: string;
  /** Records flow, or a processor uses a store. */
  readonly flow: boolean;
}

interface Drawing {
  readonly frames: readonly {
    readonly id: string;
    readonly title: string;
    readonly boxes: readonly Box[];
  }[];
  readonly topics: readonly Box[];
  readonly edges: readonly Edge[];
}

export function mermaidText(topology: Drawable): string {
  const { frames, topics, edges } = drawingOf(topology);
  const lines = ['flowchart TD'];
  for (const { id, title, boxes } of frames) {
    lines.push(`  subgraph ${id}[${mermaidLabel([title])}]`);
    for (const box of boxes) lines.push(`    ${mermaidBox(box)}`);
    lines.push('  end');
  }
  for (const box of topics) lines.push(`  ${mermaidBox(box)}`);
  for (const { from, to, flow } of edges) lines.push(`  ${from} ${flow ? '-->' : '-.-'} ${to}`);
  const internal = topics.filter(({ shape }) => shape === 'internalTopic').map(({ id }) => id);
  if (internal.length > 0)
    lines.push(
      '  classDef internal stroke-dasharray: 5 5',
      `  class ${internal.join(',')} internal`,
    );
  return `${lines.join('\n')}\n`;
}

export function dotText(topology: Drawable): string {
  const { frames, topics, edges } = drawingOf(topology);
  const lines = ['digraph topology {', '  node [shape=box];'];
  for (const { id, title, boxes } of frames) {
    lines.push(`  subgraph cluster_${id} {`, `    label=${dotLabel([title])};`);
    for (const box of boxes) lines.push(`    ${dotBox(box)}`);
    lines.push('  }');
  }
  for (const box of topics) lines.push(`  ${dotBox(box)}`);
  for (const { from, to, flow } of edges)
    lines.push(`  ${from} -> ${to}${flow ? '' : ' [dir=none, style=dotted]'};`);
  return `${lines.join('\n')}\n}\n`;
}

const MERMAID_SHAPES: { readonly [S in Shape]: readonly [open: string, close: string] } = {
  node: ['[', ']'],
  store: ['[(', ')]'],
  topic: ['[/', '/]'],
  internalTopic: ['[/', '/]'],
};

const DOT_SHAPES: { readonly [S in Shape]: string } = {
  node: '',
  store: ', shape=cylinder',
  topic: ', shape=parallelogram',
  internalTopic: ', shape=parallelogram, style=dashed',
};

function mermaidBox({ id, shape, lines }: Box): string {
  const [open, close] = MERMAID_SHAPES[shape];
  return `${id}${open}${mermaidLabel(lines)}${close}`;
}

const dotBox = ({ id, shape, lines }: Box): string =>
  `${id} [label=${dotLabel(lines)}${DOT_SHAPES[shape]}];`;

/** Ids are ours, so that names with any characters stand in labels only, where these have no meaning. */
const mermaidLabel = (lines: readonly string[]): string =>
  `"${lines.map((line) => line.replaceAll(/[^\w .,:;=*@$()[\]{}/|+?!^-]/gu, entity)).join('<br/>')}"`;

function entity(character: string): string {
  if (/\s/u.test(character)) return ' ';
  const code = character.codePointAt(0) ?? 0;
  return code > 127 ? character : `#${code};`;
}

const dotLabel = (lines: readonly string[]): string =>
  `"${lines.map((line) => line.replaceAll(/["\\]/g, String.raw`\$&`).replaceAll(/\s/g, ' ')).join(String.raw`\n`)}"`;

function drawingOf({ subtopologies, repartitionTopics, stores }: Drawable): Drawing {
  const nodes = new Ids('n');
  const topics = new Ids('t');
  const tables = new Ids('s');
  const edges: Edge[] = [];
  const frames = subtopologies.map((subtopology) => {
    const own = stores.filter(({ subtopology: id }) => id === subtopology.id);
    for (const node of subtopology.nodes) {
      const id = nodes.of(node.name);
      edges.push(...topicEdges(node, id, topics));
      if (node.kind === 'sink') continue;
      for (const successor of node.successors)
        edges.push({ from: id, to: nodes.of(successor), flow: true });
      if (node.kind === 'source') continue;
      for (const store of node.stores) edges.push({ from: id, to: tables.of(store), flow: false });
    }
    return {
      id: `g${subtopology.id}`,
      title: `Sub-topology ${subtopology.id}${subtopology.global ? ' (global store, no tasks)' : ''}`,
      boxes: [
        ...subtopology.nodes.map(({ name }): Box => ({
          id: nodes.of(name),
          shape: 'node',
          lines: [name],
        })),
        ...own.map((store): Box => ({
          id: tables.of(store.name),
          shape: 'store',
          lines: storeLines(store),
        })),
      ],
    };
  });
  return { frames, topics: topicBoxes(topics, repartitionTopics), edges };
}

function topicEdges(node: NodeDescription, id: string, topics: Ids): Edge[] {
  if (node.kind === 'processor') return [];
  if (node.kind === 'sink') {
    const topic = node.topic ?? `chosen by ${node.extractor ?? 'a function'}`;
    return [{ from: id, to: topics.of(topic), flow: true }];
  }
  const read = node.pattern === undefined ? node.topics : [`/${node.pattern}/`];
  return read.map((topic) => ({ from: topics.of(topic), to: id, flow: true }));
}

function topicBoxes(topics: Ids, repartitionTopics: readonly RepartitionDescription[]): Box[] {
  return topics.all.map(([name, id]) => {
    const internal = repartitionTopics.find(({ topic }) => topic === name);
    return internal === undefined
      ? { id, shape: 'topic', lines: [name] }
      : { id, shape: 'internalTopic', lines: [name, internal.reason] };
  });
}

function storeLines({ name, changelog, sourceTopic }: StateStoreDescription): string[] {
  if (changelog === null) return [name, 'not logged'];
  return [name, sourceTopic ? `restored from ${changelog}` : changelog];
}

/** Short ids by name, in the order in which the names come up. */
class Ids {
  readonly #prefix: string;
  readonly #ids = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(name: string): string {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = `${this.#prefix}${this.#ids.size}`;
    this.#ids.set(name, id);
    return id;
  }

  get all(): [name: string, id: string][] {
    return [...this.#ids];
  }
}
