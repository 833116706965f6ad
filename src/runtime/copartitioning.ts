/**
 * Kafka's rules for topics that are joined with each other: partition p of one must hold the same keys as
 * partition p of the others, so their counts must be equal. Repartition topics are ours and are adapted; topics of
 * the user are never touched, unequal ones are a `TopologyException` that names them and the ways out. Only counts
 * are checked: whoever writes the topics must also use the same partitioner.
 */
import { TopologyException } from '../errors.js';
import type { RepartitionTopic } from '../processor/node-definition.js';

export interface CopartitionInput {
  /** Source topics that must agree, as the topology names them. */
  readonly group: readonly string[];
  /** Partition counts known so far, by the same names. */
  readonly partitions: ReadonlyMap<string, number>;
  readonly repartitionTopics: ReadonlyMap<string, RepartitionTopic>;
}

/** The count that every repartition topic of the group must have. Throws `TopologyException`. */
export function copartitionedCount(input: CopartitionInput): number | undefined {
  const { group, partitions, repartitionTopics } = input;
  const external = group.filter((topic) => !repartitionTopics.has(topic));
  const enforced = group.filter((topic) => repartitionTopics.get(topic)?.partitions !== undefined);
  if (external.length === 0 && enforced.length === 0) return maximum(group, partitions);
  requireEqual(external, partitions, 'Topics not co-partitioned');
  requireEqual(enforced, partitions, 'Following topics do not have the same number of partitions');
  const [source] = external;
  const [repartition] = enforced;
  if (source === undefined || repartition === undefined)
    return partitions.get(source ?? repartition ?? '');
  if (partitions.get(source) !== partitions.get(repartition)) {
    throw new TopologyException(
      `Number of partitions [${partitions.get(repartition)}] of repartition topic [${repartition}] doesn't match number of partitions [${partitions.get(source)}] of the source topic [${source}], with which it is joined. ` +
        `Use repartition({ partitions: ${partitions.get(source)} }), or leave the number out.`,
      { topic: repartition },
    );
  }
  return partitions.get(source);
}

function maximum(
  group: readonly string[],
  partitions: ReadonlyMap<string, number>,
): number | undefined {
  const counts = group.map((topic) => partitions.get(topic)).filter((count) => count !== undefined);
  return counts.length === 0 ? undefined : Math.max(...counts);
}

function requireEqual(
  topics: readonly string[],
  partitions: ReadonlyMap<string, number>,
  problem: string,
): void {
  const [first] = topics;
  if (
    first === undefined ||
    topics.every((topic) => partitions.get(topic) === partitions.get(first))
  )
    return;
  const counts = topics.map((topic) => `${topic}=${partitions.get(topic)}`).join(', ');
  throw new TopologyException(
    `${problem}: [{${counts}}]. Joined topics need the same number of partitions, because partition p of one is joined with partition p of the other. ` +
      `Ways out: repartition one side before the join (stream.repartition({ partitions: ${partitions.get(first)} })), read the smaller topic as a globalTable, or make the topics with equal counts.`,
    { topic: first },
  );
}
