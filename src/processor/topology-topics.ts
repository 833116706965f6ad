/**
 * What a topology makes for itself, for `describe().toJSON()` and the drawings: its repartition topics, with the reason
 * for each, and its stores, with the topics they are restored from.
 */
import type { RepartitionReason, Subtopology, StoreDefinition } from './node-definition.js';

/** A topic that a topology writes and reads itself. */
export interface RepartitionDescription {
  /** Without the application id: the topic is `<applicationId>-<this>`. */
  readonly topic: string;
  /** Ids of sub-topologies. */
  readonly writtenBy: readonly number[];
  readonly readBy: readonly number[];
  /** Why records must go through it, as one sentence. */
  readonly reason: string;
  /** The nodes that changed the key. */
  readonly keyChangedBy: readonly string[];
  /** The nodes that need equal keys together in one task. */
  readonly neededBy: readonly string[];
  /** Null: derived at the start, by `partitionsRule`. */
  readonly partitions: number | null;
  readonly partitionsRule: string;
}

export interface StateStoreDescription {
  readonly name: string;
  readonly subtopology: number;
  readonly global: boolean;
  readonly kind: 'keyValue' | 'window' | 'session' | 'versioned';
  /** The topic that the store is restored from; null: it is empty after a restart. Its own one begins with the application id. */
  readonly changelog: string | null;
  /** A topic of the user doubles as changelog, and nothing is logged. */
  readonly sourceTopic: boolean;
}

export function describeRepartitions(
  subtopologies: readonly Subtopology[],
): readonly RepartitionDescription[] {
  const written = subtopologies.flatMap(({ repartitionSinks }) => repartitionSinks);
  return [...new Map(written.map((topic) => [topic.name, topic])).values()].map((topic) => {
    const { name, partitions, reason } = topic;
    const writers = subtopologies.filter(({ repartitionSinks }) =>
      repartitionSinks.some((other) => other.name === name),
    );
    return {
      topic: name,
      writtenBy: idsOf(writers),
      readBy: idsOf(subtopologies.filter((subtopology) => reads(subtopology, name))),
      reason: reason === undefined ? 'drawn by hand' : sentence(reason),
      keyChangedBy: reason?.keyChangedBy ?? [],
      neededBy: reason?.neededBy ?? [],
      partitions: partitions ?? null,
      partitionsRule: partitionsRule(name, partitions, subtopologies, writers),
    };
  });
}

export function describeStores(
  subtopologies: readonly Subtopology[],
): readonly StateStoreDescription[] {
  return subtopologies.flatMap(({ id, global, stores }) =>
    stores.map((store) => ({
      name: store.builder.name,
      subtopology: id,
      global,
      kind: store.builder.changelogKind,
      changelog: changelogOf(store),
      sourceTopic: store.sourceTopic !== undefined,
    })),
  );
}

function changelogOf({ builder, sourceTopic }: StoreDefinition): string | null {
  return sourceTopic ?? (builder.loggingEnabled ? `${builder.name}-changelog` : null);
}

const idsOf = (subtopologies: readonly Subtopology[]): number[] =>
  subtopologies.map(({ id }) => id);

const reads = ({ nodes }: Subtopology, topic: string): boolean =>
  nodes.some((node) => node.kind === 'source' && node.topics.includes(topic));

function sentence({ call, keyChangedBy, neededBy }: RepartitionReason): string {
  if (call === 'repartition()') return 'repartition() asks for it';
  const changed =
    keyChangedBy.length === 0 ? 'the key was changed' : `${and(keyChangedBy)} changed the key`;
  const needs = neededBy.length === 1 ? 'needs' : 'need';
  const who = neededBy.length === 0 ? call : `${and(neededBy)} (${call})`;
  return `${changed}, and ${who} ${neededBy.length === 0 ? 'needs' : needs} equal keys in one task`;
}

const and = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

function partitionsRule(
  name: string,
  partitions: number | undefined,
  subtopologies: readonly Subtopology[],
  writers: readonly Subtopology[],
): string {
  if (partitions !== undefined) return `${partitions}, as the program says`;
  const partners = subtopologies
    .flatMap(({ copartitionGroups }) => copartitionGroups)
    .filter((group) => group.includes(name))
    .flatMap((group) => group.filter((other) => other !== name));
  if (partners.length > 0)
    return `as many as ${and([...new Set(partners)])}, whose records it meets`;
  const [only] = writers;
  return writers.length === 1 && only !== undefined
    ? `as many as sub-topology ${only.id} has tasks`
    : `as many as the most tasks of sub-topologies ${and(idsOf(writers).map(String))}`;
}
