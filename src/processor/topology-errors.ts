/** What is wrong with a topology: Kafka's sentence first, so that it can be searched for, then the way out. */
import { TopologyException } from '../errors.js';

export const sameNode = (name: string): TopologyException =>
  new TopologyException(
    `Processor ${name} is already added. Nodes of a topology have names of their own: give one of the two another name.`,
    { node: name },
  );

export const differentStore = (name: string): TopologyException =>
  new TopologyException(
    `A different StateStore has already been added with the name ${name}. ` +
      'Stores of a topology have names of their own: give one of the two another name (the option `as` of a table). Processors that share a store use one builder.',
    { store: name },
  );

export const takenTopic = (topic: string): TopologyException =>
  new TopologyException(
    `Topic ${topic} has already been registered by another source. ` +
      'A topic is read once: draw everything behind that source. A table is a stream too (table.toStream()), and a stream a table (stream.toTable()).',
    { topic },
  );

export const takenByPattern = (pattern: RegExp, topic: string): TopologyException =>
  new TopologyException(
    `Pattern ${pattern.source} will match a topic that has already been registered by another source. ` +
      `That topic is ${topic}: make the pattern narrower, or let one source read it all and split the stream.`,
    { topic },
  );

export const unknownStateStore = (store: string): TopologyException =>
  new TopologyException(
    `StateStore ${store} is not added yet. Add it before with addStateStore(builder), or give the builder itself instead of its name: { stores: [builder] }.`,
    { store },
  );

export const globalStateStore = (store: string): TopologyException =>
  new TopologyException(
    `Global StateStore ${store} can be used by a Processor without being specified; it should not be explicitly passed.`,
    { store },
  );
