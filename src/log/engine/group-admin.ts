/**
 * What an operator does to groups: describe them, set, forget and delete their offsets. Each call checks everything
 * before it appends, and appends without waiting; the caller makes it durable.
 */
import { StreamsError } from '../../errors.js';
import type { GroupDescription, PartitionOffsetAndMetadata, TopicPartition } from '../client.js';
import type { Broker } from './broker.js';

export class GroupAdmin {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** In the order asked for; a group without members and offsets is `Dead`. */
  describe(groupIds: readonly string[]): GroupDescription[] {
    const { groups, offsets } = this.#broker;
    return groupIds.map((groupId) => groups.describe(groupId, offsets.has(groupId)));
  }

  /** Throws `GROUP_NOT_EMPTY`, and what `GroupOffsets.entry` throws. */
  alterOffsets(groupId: string, offsets: readonly PartitionOffsetAndMetadata[]): void {
    this.#requireEmpty(groupId, 'its offsets cannot be set');
    const entry = this.#broker.offsets.entry(groupId, offsets, this.#broker.env.clock.now());
    if (entry.offsets.length > 0) this.#broker.offsets.write(entry);
  }

  /** Throws `UNKNOWN_GROUP`, `UNKNOWN_TOPIC`, `UNKNOWN_PARTITION`, and `GROUP_NOT_EMPTY` while a member reads the topic. */
  deleteOffsets(groupId: string, partitions: readonly TopicPartition[]): void {
    const { groups, offsets, topics } = this.#broker;
    this.#requireKnown(groupId);
    const removed = partitions.map(({ topic, partition }) => {
      const { topicId } = topics.get(topic).partition(partition);
      if (groups.reads(groupId, topic))
        throw new StreamsError(
          'GROUP_NOT_EMPTY',
          `A member of group '${groupId}' reads topic '${topic}', so its offsets stay. Close the members that subscribe to it first.`,
          { topic, partition },
        );
      return { topicId, partition };
    });
    const entry = offsets.removal(groupId, removed);
    if (entry.offsets.length > 0) offsets.write(entry);
  }

  /** Throws `UNKNOWN_GROUP`, `GROUP_NOT_EMPTY`. */
  deleteGroups(groupIds: readonly string[]): void {
    const { groups, offsets } = this.#broker;
    const found = new Set(groupIds);
    for (const groupId of found) {
      this.#requireKnown(groupId);
      this.#requireEmpty(groupId, 'it cannot be deleted');
    }
    for (const groupId of found) {
      groups.forget(groupId);
      const entry = offsets.removal(groupId);
      if (entry.offsets.length > 0) offsets.write(entry);
    }
  }

  #requireKnown(groupId: string): void {
    const { groups, offsets } = this.#broker;
    if (groups.has(groupId) || offsets.has(groupId)) return;
    throw new StreamsError(
      'UNKNOWN_GROUP',
      `There is no group '${groupId}' in this log. listGroups() names those that exist.`,
    );
  }

  #requireEmpty(groupId: string, consequence: string): void {
    const members = this.#broker.groups.size(groupId);
    if (members === 0) return;
    throw new StreamsError(
      'GROUP_NOT_EMPTY',
      `Group '${groupId}' has ${members} ${members === 1 ? 'member' : 'members'}, so ${consequence}. Close them first.`,
    );
  }
}
