/** Timestamp extractors: which time a record has. Kafka's four built-in ones under Kafka's names. */
import { StreamsError } from '../errors.js';
import type { RecordMetadata } from './record.js';

/** A consumed record before it becomes a `Record`. */
export interface ConsumedRecord<K = unknown, V = unknown> extends RecordMetadata {
  readonly key: K;
  readonly value: V;
  readonly timestamp: number;
}

/** Returns ms since the epoch; a negative number drops the record. `partitionTime` is the largest timestamp so far of the partition, -1 before the first. */
export type TimestampExtractor<K = unknown, V = unknown> = (
  record: ConsumedRecord<K, V>,
  partitionTime: number,
) => number;

const describe = (record: ConsumedRecord) =>
  `topic ${record.topic}, partition ${record.partition}, offset ${record.offset}`;

/** Default: the record's own timestamp; a negative one fails the task. */
export const failOnInvalidTimestamp: TimestampExtractor = (record) => {
  if (record.timestamp < 0) {
    throw new StreamsError(
      'INVALID_TIMESTAMP',
      `Input record ${describe(record)} has invalid (negative) timestamp ${record.timestamp}. Use another timestamp extractor (option \`timestamps\`) to process this data.`,
      { topic: record.topic, partition: record.partition, offset: record.offset },
    );
  }
  return record.timestamp;
};

/** Drops records with a negative timestamp. */
export const logAndSkipOnInvalidTimestamp: TimestampExtractor = (record) => record.timestamp;

/** Takes the partition time instead of a negative timestamp; fails when there is none yet. */
export const usePartitionTimeOnInvalidTimestamp: TimestampExtractor = (record, partitionTime) => {
  if (record.timestamp >= 0) return record.timestamp;
  if (partitionTime < 0) {
    throw new StreamsError(
      'INVALID_TIMESTAMP',
      `Could not infer new timestamp for input record ${describe(record)}: it is negative and the partition time is unknown.`,
      { topic: record.topic, partition: record.partition, offset: record.offset },
    );
  }
  return partitionTime;
};
