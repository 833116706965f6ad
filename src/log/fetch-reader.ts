/**
 * Reads what one poll brought for one partition, record by record. A record that cannot be decoded stays the next
 * one until the reader is thrown away by a seek: nothing behind it is skipped by accident.
 */
import { StreamsError } from '../errors.js';
import { deserializeFrom } from '../serde/define-serde.js';
import { reason } from '../serde/serde-errors.js';
import type { Serde } from '../serde/serde.js';
import type { FetchedRecords } from './client.js';
import type { ConsumerRecord } from './consumer.js';
import { RecordCursor } from './record-cursor.js';

export class FetchReader<K, V> {
  readonly fetched: FetchedRecords;
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #cursor = new RecordCursor();
  #batch = 0;
  /** The cursor stands on a record that was not handed out. */
  #standing = false;

  constructor(fetched: FetchedRecords, keySerde: Serde<K>, valueSerde: Serde<V>) {
    this.fetched = fetched;
    this.#keySerde = keySerde;
    this.#valueSerde = valueSerde;
  }

  /** The next record, or undefined at the end. Throws `DESERIALIZE_FAILED`, again and again for the same record. */
  next(): ConsumerRecord<K, V> | undefined {
    if (!this.#standing && !this.#advance()) return undefined;
    const cursor = this.#cursor;
    const record = {
      topic: this.fetched.topic,
      partition: this.fetched.partition,
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: this.#decode('key', this.#keySerde, cursor.keyStart, cursor.keyEnd),
      value: this.#decode('value', this.#valueSerde, cursor.valueStart, cursor.valueEnd),
      headers: cursor.headers(),
    };
    this.#standing = false;
    return record;
  }

  /** The offset of the record that `next` will give, or undefined at the end. */
  nextOffset(): number | undefined {
    return this.#standing || this.#advance() ? this.#cursor.offset : undefined;
  }

  #advance(): boolean {
    const { batches, firstOffset } = this.fetched;
    for (;;) {
      while (this.#cursor.next()) {
        // The first batch may begin below the position that was asked for.
        if (this.#cursor.offset >= firstOffset) return (this.#standing = true);
      }
      const batch = batches[this.#batch];
      if (batch === undefined) return false;
      this.#batch++;
      this.#cursor.reset(batch.bytes, batch.start, this.fetched);
    }
  }

  #decode<T>(part: 'key' | 'value', serde: Serde<T>, start: number, end: number): T | null {
    if (end < 0) return null;
    const { topic, partition } = this.fetched;
    const { buffer, offset } = this.#cursor;
    try {
      return deserializeFrom(serde, buffer, start, end, topic);
    } catch (cause) {
      throw new StreamsError(
        'DESERIALIZE_FAILED',
        `The ${part} of the record at topic ${topic}, partition ${partition}, offset ${offset} is not a value of the serde '${serde.name ?? 'custom'}': ${reason(cause)} To go on behind it: consumer.seek({ topic: '${topic}', partition: ${partition} }, ${offset + 1}).`,
        { topic, partition, offset, cause },
      );
    }
  }
}
