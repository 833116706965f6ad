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

  /** The same record with another key. It has its own list of headers, as all of these copies have. */
  withKey<K2>(key: K2): Record<K2, V> {
    return new Record(key, this.value, this.timestamp, ownList(this.headers));
  }

  withValue<V2>(value: V2): Record<K, V2> {
    return new Record(this.key, value, this.timestamp, ownList(this.headers));
  }

  withTimestamp(timestamp: number): Record<K, V> {
    return new Record(this.key, this.value, timestamp, ownList(this.headers));
  }

  withHeaders(headers: RecordHeader[]): Record<K, V> {
    return new Record(this.key, this.value, this.timestamp, headers);
  }

  /** Another key and value at once. */
  withKeyValue<K2, V2>(key: K2, value: V2): Record<K2, V2> {
    return new Record(key, value, this.timestamp, ownList(this.headers));
  }

  /** Another value at another time, at once. */
  withValueAt<V2>(value: V2, timestamp: number): Record<K, V2> {
    return new Record(this.key, value, timestamp, ownList(this.headers));
  }
}

/** Whoever appends to the headers of one record must not change those of another. */
const ownList = (headers: RecordHeader[]): RecordHeader[] =>
  headers.length === 0 ? [] : headers.slice();

/** Coordinates of the input record that is being processed. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}
