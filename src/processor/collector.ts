/**
 * Where a task's output goes: the one-method port between the processor room and whoever runs it. The runtime
 * gives it a producer, the test driver a list. Encoding is done by the task (serdes are its business), the
 * partition is chosen here only when the sink did not name one.
 */
import type { Serde } from '../serde/serde.js';
import type { RecordHeader } from './record.js';

/** Chooses partitions for a record: a number, several, or nothing for the default (murmur2 of the key bytes; without key, sticky). An empty list drops the record. */
export type StreamPartitioner<K = unknown, V = unknown> = (
  topic: string,
  key: K,
  value: V,
  partitions: number,
) => number | readonly number[] | undefined;

/** A record on its way out; shares no memory with anything else. */
export interface EncodedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: readonly RecordHeader[];
}

/** `EncodingCollector` does the encoding and the choice of partitions for every implementation. */
export interface RecordCollector {
  /**
   * Encodes and appends one record. Bytes are taken before it returns. Throws `SERIALIZE_FAILED`,
   * `RECORD_TOO_LARGE`, `MISSING_SINK_TOPIC`; send failures surface at commit.
   */
  send<K, V>(
    topic: string,
    key: K,
    value: V,
    timestamp: number,
    headers: readonly RecordHeader[],
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): void;
  /**
   * Does what `send` does except appending: the encoded record, once per chosen partition. A task uses it inside a
   * record scope and gives the result to `sendBytes` when the scope ends.
   */
  encode<K, V>(
    topic: string,
    key: K,
    value: V,
    timestamp: number,
    headers: readonly RecordHeader[],
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): readonly EncodedRecord[];
  /** Changelog and dead letters: bytes to a known partition. */
  sendBytes(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void;
}
