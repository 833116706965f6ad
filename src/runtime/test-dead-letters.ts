/** A dead letter as a test wants to see it: the record that failed, and what Kafka's headers say about the failure. */
import type { RecordHeader } from '../log/client.js';
import type { ProducedRecord } from './test-topics.js';

export interface DeadLetterRecord {
  /** Key and value as they stood in the source topic. */
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
  /** Name and message of the error. */
  readonly exception: string;
  readonly message: string;
  /** Where the record came from. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export function deadLetterRecord(record: ProducedRecord): DeadLetterRecord {
  const text = (name: string): string => {
    const header = record.headers.find(({ key }) => key === `__streams.errors.${name}`);
    return header === undefined || header.value === null
      ? ''
      : new TextDecoder().decode(header.value);
  };
  return {
    key: record.key,
    value: record.value,
    timestamp: record.timestamp,
    headers: record.headers,
    exception: text('exception'),
    message: text('message'),
    topic: text('topic'),
    partition: Number(text('partition')),
    offset: Number(text('offset')),
  };
}
