/** Offsets of single partitions by what the admin tells of whole topics: where they begin, end, or are at a time. */
import { StreamsError } from '../errors.js';
import type { Isolation, LogAdmin, OffsetSpec, TopicPartition } from './client.js';

/** In the order asked for; -1 where a time is behind the last record. Throws `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`. */
export async function lookUpOffsets(
  admin: LogAdmin,
  partitions: readonly TopicPartition[],
  spec: OffsetSpec,
  isolation: Isolation,
): Promise<number[]> {
  const byTopic = new Map<string, Map<number, number>>();
  for (const topic of new Set(partitions.map((at) => at.topic))) {
    // oxlint-disable-next-line no-await-in-loop -- few topics, and the bundled log answers at once
    const offsets = await admin.listOffsets(topic, spec, { isolation });
    byTopic.set(topic, new Map(offsets.map(({ partition, offset }) => [partition, offset])));
  }
  return partitions.map(({ topic, partition }) => {
    const offset = byTopic.get(topic)?.get(partition);
    if (offset !== undefined) return offset;
    throw new StreamsError(
      'UNKNOWN_PARTITION',
      `Topic '${topic}' has no partition ${partition}; it has ${byTopic.get(topic)?.size ?? 0}, numbered from 0.`,
      { topic, partition },
    );
  });
}
