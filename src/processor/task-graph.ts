/** Makes the nodes of one task out of definitions, and the processors of those nodes out of their suppliers. */
import { StreamsError } from '../errors.js';
import { reason } from '../serde/serde-errors.js';
import { NodeContext, type StoreFor } from './context.js';
import type { NodeDefinition, ProcessorDefinition, SourceDefinition } from './node-definition.js';
import {
  GraphNode,
  ProcessorNode,
  SinkNode,
  SourceNode,
  type ChildNode,
  type OnNodeFailure,
} from './node.js';
import { isPromiseLike } from './operator-context.js';
import type { FixedKeyProcessorContext, Processor } from './processor.js';
import { suppliedBy } from './supplier.js';
import type { TaskServices } from './task-services.js';
import { matches } from './topology.js';

export interface TaskGraphOptions {
  readonly services: TaskServices;
  topicName(name: string): string;
  readonly onFailure: OnNodeFailure;
  readonly storeFor: StoreFor;
}

export interface GraphSource {
  readonly definition: SourceDefinition;
  readonly node: SourceNode;
}

interface GraphProcessor {
  readonly definition: ProcessorDefinition;
  readonly node: ProcessorNode;
}

export class TaskGraph {
  readonly sources: readonly GraphSource[];
  readonly #processors: readonly GraphProcessor[];
  readonly #options: TaskGraphOptions;
  /** Of the processors there are. */
  #contexts: NodeContext[] = [];

  constructor(options: TaskGraphOptions) {
    this.#options = options;
    const sources: GraphSource[] = [];
    const processors: GraphProcessor[] = [];
    const parents = new Map<string, GraphNode>();
    for (const definition of options.services.subtopologies.flatMap(({ nodes }) => nodes)) {
      const node = makeNode(definition, options);
      if (definition.kind === 'source') sources.push({ definition, node: node as SourceNode });
      else {
        if (definition.kind === 'processor')
          processors.push({ definition, node: node as ProcessorNode });
        for (const parent of definition.parents)
          parentOf(parents, parent, definition.name).children.push(node as ChildNode);
      }
      if (node instanceof GraphNode) parents.set(definition.name, node);
    }
    this.sources = sources;
    this.#processors = processors;
  }

  /** The source whose pattern meets the topic. */
  sourceMatching(topic: string): SourceNode | undefined {
    return this.sources.find(
      ({ definition: { pattern } }) => pattern !== undefined && matches(pattern, topic),
    )?.node;
  }

  /** Calls the suppliers. Throws `PROCESSOR_INIT_FAILED`. */
  initialize(): void {
    const { services, storeFor } = this.#options;
    services.parking.setup(() => {
      for (const { definition, node } of this.#processors) {
        try {
          const context = new NodeContext(node, services, storeFor);
          this.#contexts.push(context);
          node.setProcessor(supplied(definition, context));
        } catch (error) {
          throw new StreamsError(
            'PROCESSOR_INIT_FAILED',
            `failed to initialize processor ${node.name}: ${reason(error)}`,
            {
              cause: error,
              task: services.taskId,
              node: node.name,
            },
          );
        }
      }
    });
  }

  /** Closes the processors there are. What their `close` throws is logged: their task is gone already. */
  close(): void {
    this.#options.services.parking.setup(() => {
      for (const { node } of this.#processors) {
        const { processor } = node;
        node.setProcessor(undefined);
        if (processor !== undefined) this.#closeOne(node.name, processor);
      }
    });
    for (const context of this.#contexts) context.close();
    this.#contexts = [];
  }

  #closeOne(name: string, processor: Processor): void {
    const warn = (error: unknown) =>
      this.#options.services.config.logger?.warn(
        `Processor ${name} failed to close.`,
        error instanceof Error ? error : new Error(String(error)),
      );
    try {
      const closing = processor.close?.();
      if (isPromiseLike(closing)) closing.then(undefined, warn);
    } catch (error) {
      warn(error);
    }
  }
}

function makeNode(definition: NodeDefinition, options: TaskGraphOptions): GraphNode | SinkNode {
  const { services, onFailure } = options;
  const { parking, config, collector } = services;
  switch (definition.kind) {
    case 'source':
      return new SourceNode(definition, config.timestamps, parking, onFailure);
    case 'processor':
      return new ProcessorNode(definition.name, definition.fixedKey, parking, onFailure);
    case 'sink':
      return new SinkNode(definition, (name) => options.topicName(name), collector, parking);
  }
}

function parentOf(
  parents: ReadonlyMap<string, GraphNode>,
  parent: string,
  child: string,
): GraphNode {
  const node = parents.get(parent);
  if (node === undefined) {
    throw new StreamsError(
      'INVALID_TOPOLOGY',
      `Invalid topology: node ${child} has the parent ${parent}, which is not before it in its sub-topology.`,
      {
        node: child,
      },
    );
  }
  return node;
}

/** A supplier is a function or a class. */
function supplied({ supplier, name }: ProcessorDefinition, context: NodeContext): Processor {
  // The context has both faces; the definition knows which one the supplier was written for.
  const face = context as NodeContext & FixedKeyProcessorContext;
  const made: unknown = suppliedBy(supplier as (context: typeof face) => unknown, face, 'process');
  if (isPromiseLike(made)) {
    throw new StreamsError(
      'ASYNC_NOT_SUPPORTED',
      `The supplier of processor ${name} returned a promise. Make the processor synchronously and await inside its process().`,
      {
        node: name,
      },
    );
  }
  if (
    typeof made === 'object' &&
    made !== null &&
    typeof (made as { process?: unknown }).process === 'function'
  ) {
    return made as Processor;
  }
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `The supplier of processor ${name} did not return an object with a process function.`,
    {
      node: name,
    },
  );
}
