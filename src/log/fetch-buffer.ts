/**
 * What a consumer of the typed face has fetched and not handed out yet, in the order of the fetches. Fetches of
 * partitions that are paused wait; they hold up no other.
 */
import type { FetchedRecords, TopicPartition } from './client.js';
import { keyOf } from './consumer-progress.js';
import { FetchReader } from './fetch-reader.js';
import type { Serde } from '../serde/serde.js';

export class FetchBuffer<K, V> {
  readonly #keySerde: Serde<K>;
  readonly #valueSerde: Serde<V>;
  readonly #paused = new Set<string>();
  #readers: FetchReader<K, V>[] = [];
  #current: FetchReader<K, V> | undefined;

  constructor(keySerde: Serde<K>, valueSerde: Serde<V>) {
    this.#keySerde = keySerde;
    this.#valueSerde = valueSerde;
  }

  add(fetches: readonly FetchedRecords[]): void {
    for (const fetched of fetches)
      this.#readers.push(new FetchReader(fetched, this.#keySerde, this.#valueSerde));
  }

  /** The oldest one that is not paused and that is `wanted`, the same one until it is finished. */
  next(wanted: (at: TopicPartition) => boolean): FetchReader<K, V> | undefined {
    const current = this.#current;
    if (current !== undefined && !wanted(current.fetched)) this.#current = undefined;
    this.#current ??= this.#readers.find(
      ({ fetched }) => !this.#paused.has(keyOf(fetched)) && wanted(fetched),
    );
    return this.#current;
  }

  /** Nothing is left in it. */
  finish(reader: FetchReader<K, V>): void {
    this.#readers = this.#readers.filter((other) => other !== reader);
    if (this.#current === reader) this.#current = undefined;
  }

  /** Where the oldest fetch of the partition begins. */
  firstOffset(at: TopicPartition): number | undefined {
    const key = keyOf(at);
    return this.#readers.find(({ fetched }) => keyOf(fetched) === key)?.fetched.firstOffset;
  }

  partitions(): TopicPartition[] {
    return this.#readers.map(({ fetched }) => fetched);
  }

  isPaused(at: TopicPartition): boolean {
    return this.#paused.has(keyOf(at));
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) this.#paused.add(keyOf(at));
    if (this.#current !== undefined && this.isPaused(this.#current.fetched))
      this.#current = undefined;
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const at of partitions) this.#paused.delete(keyOf(at));
    this.#current = undefined; // A partition that was held back may have the oldest fetch.
  }

  /** What was fetched of the partition is not wanted any more. */
  drop(at: TopicPartition): void {
    const key = keyOf(at);
    this.#readers = this.#readers.filter(({ fetched }) => keyOf(fetched) !== key);
    if (this.#current !== undefined && keyOf(this.#current.fetched) === key)
      this.#current = undefined;
  }

  /** The partition is somebody else's. */
  forget(at: TopicPartition): void {
    this.drop(at);
    this.#paused.delete(keyOf(at));
  }
}
