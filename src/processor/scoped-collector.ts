/**
 * The task's own collector. Outside a record scope it hands everything on; inside one it keeps the encoded records
 * of the record in flight, to send them when that record ends or to forget them when it fails. So a commit in
 * between takes finished records only.
 */
import type { Serde } from '../serde/serde.js';
import type { EncodedRecord, RecordCollector, StreamPartitioner } from './collector.js';
import type { RecordHeader } from './record.js';

export class ScopedCollector implements RecordCollector {
  readonly #collector: RecordCollector;
  #scoped = false;
  #held: EncodedRecord[] = [];

  constructor(collector: RecordCollector) {
    this.#collector = collector;
  }

  get isOpen(): boolean {
    return this.#scoped;
  }

  open(): void {
    this.#scoped = true;
  }

  merge(): void {
    const held = this.#held;
    this.#held = [];
    this.#scoped = false;
    for (const { topic, partition, key, value, timestamp, headers } of held) {
      this.#collector.sendBytes(topic, partition, key, value, timestamp, headers);
    }
  }

  drop(): void {
    this.#held = [];
    this.#scoped = false;
  }

  send<K, V>(
    topic: string,
    key: K,
    value: V,
    timestamp: number,
    headers: readonly RecordHeader[],
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): void {
    if (this.#scoped)
      this.#held.push(
        ...this.encode(topic, key, value, timestamp, headers, keySerde, valueSerde, partitioner),
      );
    else
      this.#collector.send(
        topic,
        key,
        value,
        timestamp,
        headers,
        keySerde,
        valueSerde,
        partitioner,
      );
  }

  encode<K, V>(
    topic: string,
    key: K,
    value: V,
    timestamp: number,
    headers: readonly RecordHeader[],
    keySerde: Serde<K>,
    valueSerde: Serde<V>,
    partitioner: StreamPartitioner<K, V> | undefined,
  ): readonly EncodedRecord[] {
    return this.#collector.encode(
      topic,
      key,
      value,
      timestamp,
      headers,
      keySerde,
      valueSerde,
      partitioner,
    );
  }

  sendBytes(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestamp: number,
    headers: readonly RecordHeader[],
  ): void {
    if (this.#scoped) {
      this.#held.push({
        topic,
        partition,
        key: copy(key),
        value: copy(value),
        timestamp,
        headers: headers.slice(),
      });
    } else this.#collector.sendBytes(topic, partition, key, value, timestamp, headers);
  }
}

const copy = (bytes: Uint8Array | null): Uint8Array | null =>
  bytes === null ? null : Buffer.from(bytes);
