/**
 * `compression.type` of a topic: what batches are stored as, whatever their producers sent. As in Kafka, a batch of
 * that codec already stays as it is, levels notwithstanding, and the size is checked again afterwards.
 */
import { StreamsError } from '../../errors.js';
import type { CompressionType } from '../client.js';
import { batchCompression, decodeBatch, encodeBatch } from '../compression/batch.js';
import type { BatchPlace } from '../compression/record-codecs.js';
import type { Topic } from './topics.js';

export interface TopicCompression {
  readonly type: CompressionType;
  readonly level?: number;
}

/** Of a topic's configs in force; undefined: as the producer sent it. `text` and `number` look configs up. */
export function topicCompression(
  text: (name: string) => string,
  number: (name: string) => number,
): TopicCompression | undefined {
  const type = text('compression.type');
  switch (type) {
    case 'uncompressed':
      return { type: 'none' };
    case 'snappy':
      return { type };
    case 'gzip':
    case 'lz4':
    case 'zstd':
      return { type, level: number(`compression.${type}.level`) };
    default:
      return undefined;
  }
}

/** The batch as its topic keeps it. Throws `UNSUPPORTED_COMPRESSION`, `CORRUPT_RECORD`, `RECORD_TOO_LARGE`. */
export function recompressed(topic: Topic, bytes: Buffer, place: BatchPlace): Buffer {
  const target = topic.settings.compression;
  if (target === undefined || batchCompression(bytes, 0) === target.type) return bytes;
  const stored = encodeBatch(decodeBatch(bytes, 0, place), target.type, target.level, place);
  const { maxMessageBytes, segmentBytes } = topic.settings;
  if (stored.length <= maxMessageBytes && stored.length <= segmentBytes) return stored;
  const limit =
    stored.length > maxMessageBytes
      ? `max.message.bytes (${maxMessageBytes})`
      : `segment.bytes (${segmentBytes})`;
  throw new StreamsError(
    'RECORD_TOO_LARGE',
    `A batch for ${topic.name}-${place.partition} has ${stored.length} bytes under the topic's compression.type ${target.type}, more than its ${limit}. Send less at once or raise it.`,
    { topic: topic.name, ...(place.partition === undefined ? {} : { partition: place.partition }) },
  );
}
