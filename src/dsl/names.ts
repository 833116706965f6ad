/**
 * Node and store names. Generated names are Java's, number for number, because stores and internal topics are named
 * after them: the counter moves for every node and store, also where the user gave a name.
 */
import { TopologyException } from '../errors.js';

const NAME_LENGTH_MAX = 249;
const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;

/** Checks a name a user gave, with Kafka's words. Returns it. */
export function validateName(name: string): string {
  if (name === '') throw new TopologyException("Name is illegal, it can't be empty");
  if (name === '.' || name === '..') {
    throw new TopologyException('Name cannot be "." or ".."');
  }
  if (name.length > NAME_LENGTH_MAX) {
    throw new TopologyException(
      `Name is illegal, it can't be longer than ${NAME_LENGTH_MAX} characters, name: ${name}`,
    );
  }
  if (!LEGAL_NAME.test(name)) {
    throw new TopologyException(
      `Name "${name}" is illegal, it contains a character other than ASCII alphanumerics, '.', '_' and '-'`,
    );
  }
  return name;
}

/** The one counter of a builder. */
export class NameSource {
  #next = 0;

  /** `KSTREAM-FILTER-` gives `KSTREAM-FILTER-0000000007`. */
  newNode(prefix: string): string {
    return prefix + this.#number();
  }

  /** `KSTREAM-AGGREGATE-` gives `KSTREAM-AGGREGATE-STATE-STORE-0000000007`. */
  newStore(prefix: string): string {
    return `${prefix}STATE-STORE-${this.#number()}`;
  }

  /** The user's name, or a generated one. A number is used up in both cases. */
  node(given: string | undefined, prefix: string): string {
    const generated = this.newNode(prefix);
    return given === undefined ? generated : validateName(given);
  }

  /** As `node`, but a given name uses up no number: `process`, `repartition`. */
  nodeOrGiven(given: string | undefined, prefix: string): string {
    return given === undefined ? this.newNode(prefix) : validateName(given);
  }

  /** The user's name with a suffix, or a generated one. A number is used up in both cases. */
  suffixed(given: string | undefined, suffix: string, prefix: string): string {
    const generated = this.newNode(prefix);
    return given === undefined ? generated : validateName(given + suffix);
  }

  #number(): string {
    return String(this.#next++).padStart(10, '0');
  }
}

/** Names of the three nodes of a repartition hop; a user's name shows in all of them. */
export interface RepartitionNames {
  readonly topic: string;
  readonly filter: string;
  readonly sink: string;
  readonly source: string;
}

const GENERATED_REPARTITION = /^KSTREAM.*-[0-9]{10}-repartition$/;

export function repartitionNames(names: NameSource, prefix: string): RepartitionNames {
  const sink = names.newNode('KSTREAM-SINK-');
  const filter = names.newNode('KSTREAM-FILTER-');
  const source = names.newNode('KSTREAM-SOURCE-');
  const topic = prefix.endsWith('-repartition') ? prefix : `${prefix}-repartition`;
  if (GENERATED_REPARTITION.test(topic)) return { topic, filter, sink, source };
  return { topic, filter: `${topic}-filter`, sink: `${topic}-sink`, source: `${topic}-source` };
}
