/**
 * The nodes of one task: instances of a topology's definitions. A record goes from node to node by plain calls,
 * depth first, children in the order in which they were added. A node that throws is reported under its own name,
 * once; whether the task goes on without its subtree is the error policy's business.
 */
import { StreamsError } from '../errors.js';
import type { Serde } from '../serde/serde.js';
import type { RecordCollector, StreamPartitioner } from './collector.js';
import type { SinkDefinition, SourceDefinition, TopicNameExtractor } from './node-definition.js';
import { isPromiseLike } from './operator-context.js';
import { RUNNING, type ParkedNode, type Parking, type Wait } from './parking.js';
import type { Processor } from './processor.js';
import type { Record, RecordMetadata } from './record.js';
import type { TimestampExtractor } from './timestamp-extractor.js';

/** Reports an error of a node: throws, or returns when the task goes on. */
export type OnNodeFailure = (node: GraphNode, error: unknown) => void;

export interface ChildNode {
  readonly name: string;
  process(record: Record): void;
}

/** A node with children. */
export abstract class GraphNode implements ParkedNode {
  readonly name: string;
  readonly parking: Parking;
  readonly children: ChildNode[] = [];
  wait: Wait | undefined = undefined;
  readonly #onFailure: OnNodeFailure;

  constructor(name: string, parking: Parking, onFailure: OnNodeFailure) {
    this.name = name;
    this.parking = parking;
    this.#onFailure = onFailure;
  }

  fail(error: unknown): void {
    this.#onFailure(this, error);
  }

  /** Hands the record to every child, or to those from index `from` on. */
  deliver(record: Record, from = 0): void {
    const { parking, children } = this;
    if (parking.state !== RUNNING) {
      parking.hold(this, () => this.#attempt(record, from));
      return;
    }
    const { timestamp, headers } = parking;
    parking.timestamp = record.timestamp;
    parking.headers = record.headers;
    const count = children.length;
    for (let i = from; i < count; i++) {
      children[i]!.process(record);
      if (parking.state !== RUNNING) {
        if (i + 1 < count) parking.hold(this, () => this.#attempt(record, i + 1));
        break;
      }
    }
    parking.timestamp = timestamp;
    parking.headers = headers;
  }

  deliverTo(childName: string, record: Record): void {
    const child = this.children.find(({ name }) => name === childName);
    if (child === undefined) {
      const known =
        this.children.length === 0
          ? 'It has no children.'
          : `Its children are: ${this.children.map(({ name }) => name).join(', ')}.`;
      throw new StreamsError(
        'UNKNOWN_CHILD',
        `Unknown downstream node: ${childName} either does not exist or is not connected to this processor. ${known}`,
        { node: this.name },
      );
    }
    const { parking } = this;
    if (parking.state !== RUNNING) {
      parking.hold(this, () => this.#attemptOne(child, record));
      return;
    }
    this.#deliverOne(child, record);
  }

  #deliverOne(child: ChildNode, record: Record): void {
    const { parking } = this;
    const { timestamp, headers } = parking;
    parking.timestamp = record.timestamp;
    parking.headers = record.headers;
    child.process(record);
    parking.timestamp = timestamp;
    parking.headers = headers;
  }

  #attempt(record: Record, from: number): void {
    try {
      this.deliver(record, from);
    } catch (error) {
      this.fail(error);
    }
  }

  #attemptOne(child: ChildNode, record: Record): void {
    try {
      this.#deliverOne(child, record);
    } catch (error) {
      this.fail(error);
    }
  }
}

/** Where records of one or several topics enter. Decodes for the queues of its topics. */
export class SourceNode extends GraphNode {
  readonly keySerde: Serde<unknown>;
  readonly valueSerde: Serde<unknown>;
  readonly timestamps: TimestampExtractor;

  constructor(
    definition: SourceDefinition,
    timestamps: TimestampExtractor,
    parking: Parking,
    onFailure: OnNodeFailure,
  ) {
    super(definition.name, parking, onFailure);
    this.keySerde = definition.keySerde;
    this.valueSerde = definition.valueSerde;
    this.timestamps = definition.timestamps ?? timestamps;
  }

  process(record: Record): void {
    try {
      this.deliver(record);
    } catch (error) {
      this.fail(error);
    }
  }
}

/** User code, or an operator of the DSL. */
export class ProcessorNode extends GraphNode implements ChildNode {
  readonly #fixedKey: boolean;
  #processor: Processor | undefined;

  constructor(name: string, fixedKey: boolean, parking: Parking, onFailure: OnNodeFailure) {
    super(name, parking, onFailure);
    this.#fixedKey = fixedKey;
  }

  get processor(): Processor | undefined {
    return this.#processor;
  }

  setProcessor(processor: Processor | undefined): void {
    this.#processor = processor;
  }

  process(record: Record): void {
    try {
      // Kafka gives fixed-key processors headers of their own: what they append is not seen by later siblings.
      const input = this.#fixedKey ? record.withHeaders(record.headers.slice()) : record;
      const result = this.#processor!.process(input);
      if (result !== undefined) this.#returned(result);
    } catch (error) {
      // It may come out of a forward, which was at another time.
      this.parking.timestamp = record.timestamp;
      this.parking.headers = record.headers;
      this.fail(error);
    }
  }

  punctuate(callback: (timestamp: number) => unknown, timestamp: number): void {
    try {
      const result = callback(timestamp);
      if (result !== undefined) this.#returned(result);
    } catch (error) {
      this.fail(error);
    }
  }

  #returned(result: unknown): void {
    if (isPromiseLike(result)) this.parking.park(this, result, undefined);
  }
}

/** Writes records to a topic. */
export class SinkNode implements ChildNode {
  readonly name: string;
  readonly #topic: string | undefined;
  readonly #topicOf: TopicNameExtractor | undefined;
  readonly #keySerde: Serde<unknown>;
  readonly #valueSerde: Serde<unknown>;
  readonly #partitioner: StreamPartitioner | undefined;
  readonly #collector: RecordCollector;
  readonly #parking: Parking;

  constructor(
    definition: SinkDefinition,
    topicName: (name: string) => string,
    collector: RecordCollector,
    parking: Parking,
  ) {
    this.name = definition.name;
    this.#topic = typeof definition.topic === 'string' ? topicName(definition.topic) : undefined;
    this.#topicOf = typeof definition.topic === 'string' ? undefined : definition.topic;
    this.#keySerde = definition.keySerde;
    this.#valueSerde = definition.valueSerde;
    this.#partitioner = definition.partitioner;
    this.#collector = collector;
    this.#parking = parking;
  }

  process(record: Record): void {
    this.#collector.send(
      this.#topic ?? this.#chosenTopic(record),
      record.key,
      record.value,
      record.timestamp,
      record.headers,
      this.#keySerde,
      this.#valueSerde,
      this.#partitioner,
    );
  }

  #chosenTopic(record: Record): string {
    const metadata: RecordMetadata = this.#parking.origin;
    const topic = this.#topicOf!(record.key, record.value, metadata);
    if (typeof topic === 'string' && topic !== '') return topic;
    throw new StreamsError(
      'INVALID_TOPIC',
      `The topic name extractor of sink ${this.name} returned ${JSON.stringify(topic)} instead of a topic name.`,
      {
        node: this.name,
      },
    );
  }
}
