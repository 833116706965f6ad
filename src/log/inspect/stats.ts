/** How large a log is, told from its journal alone. */
import type { FileSystem } from '../../env/file-system.js';
import { journalPath, readFormat } from '../engine/log-directory.js';
import type { JournalPartition } from '../engine/partition-storage.js';
import { readImage, type LogImage } from './log-image.js';

export interface PartitionStats {
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly segments: number;
  readonly bytes: number;
  /** Offsets from start to end: what markers and cleaned records took is counted too. */
  readonly recordsMax: number;
}

export interface TopicStats {
  readonly topic: string;
  readonly topicId: string;
  /** The configs that are set, by Kafka's names. */
  readonly config: Readonly<{ [name: string]: string }>;
  readonly partitions: readonly PartitionStats[];
  readonly segments: number;
  readonly bytes: number;
  readonly recordsMax: number;
}

export interface GroupStats {
  readonly groupId: string;
  /** Partitions with a committed offset. */
  readonly partitions: number;
}

export interface LogStats {
  readonly directory: string;
  readonly logId: string;
  readonly cleanShutdown: boolean;
  /** By name. */
  readonly topics: readonly TopicStats[];
  readonly partitions: number;
  readonly segments: number;
  /** Of the records in segments. */
  readonly bytes: number;
  readonly recordsMax: number;
  readonly journalFiles: number;
  readonly journalBytes: number;
  /** By id. */
  readonly groups: readonly GroupStats[];
  /** Producer ids that were given to transactional ids. */
  readonly transactionalIds: number;
}

export function statsOf(files: FileSystem, directory: string): LogStats {
  const logId = readFormat(files, directory);
  const image = readImage(files, directory, logId);
  for (const partition of image.rewrites.keys()) partition.place();
  const topics = topicStats(image).toSorted((a, b) => (a.topic < b.topic ? -1 : 1));
  const sum = (of: (topic: TopicStats) => number) =>
    topics.reduce((total, topic) => total + of(topic), 0);
  return {
    directory,
    logId: logId?.toString('hex') ?? '',
    cleanShutdown: image.cleanShutdown,
    topics,
    partitions: sum((topic) => topic.partitions.length),
    segments: sum((topic) => topic.segments),
    bytes: sum((topic) => topic.bytes),
    recordsMax: sum((topic) => topic.recordsMax),
    journalFiles: image.chain.numbers.length,
    journalBytes: journalBytes(files, directory, image.chain.numbers),
    groups: groupStats(image),
    transactionalIds: transactionalIds(image),
  };
}

function topicStats(image: LogImage): TopicStats[] {
  const topics = new Map<string, JournalPartition[]>();
  for (const partition of image.topics.partitions()) {
    const known = topics.get(partition.topicId);
    if (known === undefined) topics.set(partition.topicId, [partition]);
    else known.push(partition);
  }
  const configs = new Map<string, TopicStats['config']>();
  for (const entry of image.entries)
    if (entry.type === 'topic-created' || entry.type === 'topic-config')
      configs.set(entry.topicId, entry.config);
  return Array.from(topics, ([topicId, stored]) => {
    const partitions = stored.map(partitionStats);
    const sum = (of: (partition: PartitionStats) => number) =>
      partitions.reduce((total, partition) => total + of(partition), 0);
    return {
      topic: stored[0]!.topic,
      topicId,
      config: configs.get(topicId) ?? {},
      partitions,
      segments: sum((partition) => partition.segments),
      bytes: sum((partition) => partition.bytes),
      recordsMax: sum((partition) => partition.recordsMax),
    };
  });
}

function partitionStats(partition: JournalPartition): PartitionStats {
  const { startOffset, endOffset, segmentList } = partition;
  return {
    partition: partition.partition,
    startOffset,
    endOffset,
    segments: segmentList.length,
    bytes: segmentList.reduce((bytes, segment) => bytes + segment.bytes, 0),
    recordsMax: endOffset - startOffset,
  };
}

function groupStats(image: LogImage): GroupStats[] {
  const groups = new Map<string, Set<string>>();
  for (const entry of image.entries) {
    if (entry.type !== 'group-offsets') continue;
    const partitions = groups.get(entry.groupId) ?? new Set();
    groups.set(entry.groupId, partitions);
    for (const { topicId, partition, offset } of entry.offsets) {
      const place = `${topicId} ${partition}`;
      if (offset < 0 || image.topics.find(topicId, partition) === undefined)
        partitions.delete(place);
      else partitions.add(place);
    }
  }
  return Array.from(groups, ([groupId, { size }]) => ({ groupId, partitions: size }))
    .filter(({ partitions }) => partitions > 0)
    .toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

function transactionalIds(image: LogImage): number {
  const ids = new Set<string>();
  for (const entry of image.entries)
    if (entry.type === 'transactional-id') ids.add(entry.transactionalId);
  return ids.size;
}

function journalBytes(files: FileSystem, directory: string, numbers: readonly number[]): number {
  let bytes = 0;
  for (const number of numbers) {
    const handle = files.open(journalPath(directory, number), 'read');
    bytes += handle.size();
    handle.close();
  }
  return bytes;
}
