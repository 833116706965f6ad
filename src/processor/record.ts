/**
 * The record as user code sees it, and where it came from. One class, one hidden shape: nodes stay monomorphic.
 */
import type { RecordHeader } from '../log/client.js';

export type { RecordHeader } from '../log/client.js';

/** What `forward` accepts: a `Record`, or an object with its fields (spread works; `headers` defaults to none). */
export interface RecordLike<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestamp: number;
  readonly headers?: RecordHeader[];
}

/** Key, value, timestamp (ms) and headers. The fields do not change; `headers` is a list that may be appended to, as in Kafka. */
export class Record<K = unknown, V = unknown> implements RecordLike<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestamp: number;
  readonly headers: RecordHeader[];

  constructor(key: K, value: V, timestamp: number, headers: RecordHeader[] = []) {
    this.key = key;
    this.value = value;
    this.timestamp = timestamp;
    this.headers = headers;
  }

  /** The same record with another key; headers are shared, not copied. */
  withKey<K2>(key: K2): Record<K2, V> {
    return new Record(key, this.value, this.timestamp, this.headers);
  }

  withValue<V2>(value: V2): Record<K, V2> {
    return new Record(this.key, value, this.timestamp, this.headers);
  }

  withTimestamp(timestamp: number): Record<K, V> {
    return new Record(this.key, this.value, timestamp, this.headers);
  }

  withHeaders(headers: RecordHeader[]): Record<K, V> {
    return new Record(this.key, this.value, this.timestamp, headers);
  }
}

/** Coordinates of the input record that is being processed. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
