/**
 * The topics of the test driver: one partition each, no storage. What the task sends is captured in production
 * order; what it reads is handed to it as record batches, as a log would do. Offsets count from 0 per topic, those
 * of internal topics included.
 */
import { StreamsError } from '../errors.js';
import { assignOffset } from '../log/batch-header.js';
import type { FetchedRecords, RecordHeader } from '../log/client.js';
import { MAX_TIMESTAMP, RecordBatchBuilder } from '../log/record-batch.js';
import type { CollectorOutput } from '../processor/encoding-collector.js';
import type { ProducedRecord } from './test-topics.js';

/** The driver's single partition. */
const PARTITION = 0;

/** One topic on its way out: copies every record into the list of all that was produced. */
class CapturingOutput implements CollectorOutput {
  readonly partitions = 1;
  readonly #topic: string;
  readonly #captured: ProducedRecord[];

  constructor(topic: string, captured: ProducedRecord[]) {
    this.#topic = topic;
    this.#captured = captured;
  }

  append(
    partition: number,
    timestamp: number,
    key: Uint8Array | null,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array | null,
    valueStart: number,
    valueEnd: number,
    headers: readonly RecordHeader[],
  ): void {
    this.#captured.push({
      topic: this.#topic,
      partition,
      key: key === null ? null : new Uint8Array(key.subarray(keyStart, keyEnd)),
      value: value === null ? null : new Uint8Array(value.subarray(valueStart, valueEnd)),
      timestamp,
      headers: headers.slice(),
    });
  }
}

/** Collects what a task sends until the driver takes it. */
export class CapturedOutput {
  readonly #captured: ProducedRecord[] = [];

  readonly open = (topic: string): CollectorOutput => new CapturingOutput(topic, this.#captured);

  /** Everything since the last call, in production order. */
  take(): ProducedRecord[] {
    return this.#captured.splice(0, this.#captured.length);
  }
}

/** What a topic keeps of a record. */
export type LoggedRecord = Pick<ProducedRecord, 'key' | 'value' | 'timestamp' | 'headers'>;

/** Turns records into what a poll of a log would have returned, and counts offsets. */
export class InputLog {
  readonly #builder = new RecordBatchBuilder(1024);
  readonly #nextOffsets = new Map<string, number>();

  /** The next record of `topic`; topics with the same `counter` share their offsets. */
  fetched(topic: string, record: LoggedRecord, counter = topic): FetchedRecords {
    const { key, value, timestamp, headers } = record;
    if (!Number.isSafeInteger(timestamp) || timestamp > MAX_TIMESTAMP) {
      throw new StreamsError(
        'INVALID_TIMESTAMP',
        `Timestamp ${timestamp} of a record for topic '${topic}' is not a whole number of milliseconds.`,
        { topic },
      );
    }
    const offset = this.#nextOffsets.get(counter) ?? 0;
    this.#builder.append(
      timestamp,
      key,
      0,
      key?.length ?? 0,
      value,
      0,
      value?.length ?? 0,
      headers,
    );
    const bytes = this.#builder.seal();
    assignOffset(bytes, 0, offset, 0);
    this.#nextOffsets.set(counter, offset + 1);
    return {
      topic,
      partition: PARTITION,
      batches: [{ bytes, start: 0, end: bytes.length }],
      firstOffset: offset,
      nextOffset: offset + 1,
      endOffset: offset + 1,
    };
  }
}
