/** How window and session stores give out their rows: as pairs of a windowed key and a value, stable once made. */
import { copyOf } from '../env/bytes.js';
import type { Window, Windowed } from '../serde/windowed.js';
import { SnapshotIteration } from './snapshot-iteration.js';
import type { StoreCodec } from './store-codec.js';
import type { Face } from './store-face.js';
import type { KeyRows, TimedRow } from './timed-rows.js';

export class WindowedReader<K, V, F> {
  readonly #codec: StoreCodec<K, V>;
  readonly #face: Face<V, F>;
  readonly #windowOf: (row: TimedRow) => Window;

  constructor(codec: StoreCodec<K, V>, face: Face<V, F>, windowOf: (row: TimedRow) => Window) {
    this.#codec = codec;
    this.#face = face;
    this.#windowOf = windowOf;
  }

  keyBytes(group: KeyRows): Buffer {
    // The id of a key without bytes is the key.
    return (group.keyBytes ??= copyOf(this.#codec.keyBytes(group.id as K)));
  }

  windowed(row: TimedRow): Windowed<K> {
    return {
      key: this.#codec.key(row.group.id, row.group.keyBytes),
      window: this.#windowOf(row),
    };
  }

  /** `undefined` for a row without a value. */
  value(row: TimedRow | undefined): F | undefined {
    if (row === undefined || row.value === undefined) return undefined;
    return this.#face.of(this.#codec.value(row.value), row.timestamp);
  }

  pair(row: TimedRow): [Windowed<K>, F] {
    return [this.windowed(row), this.#face.of(this.#codec.value(row.value), row.timestamp)];
  }

  snapshot(rows: readonly TimedRow[]): SnapshotIteration<[Windowed<K>, F]> {
    const values = rows.map((row) => row.value);
    const timestamps = rows.map((row) => row.timestamp);
    return new SnapshotIteration(rows.length, (index): [Windowed<K>, F] => [
      this.windowed(rows[index]!),
      this.#face.of(this.#codec.value(values[index]), timestamps[index]!),
    ]);
  }

  /** Those of the rows whose keys lie between the bounds, both inclusive. */
  withKeys(rows: TimedRow[], from: K | undefined, to: K | undefined): TimedRow[] {
    const least = this.#codec.bound(from);
    const most = this.#codec.bound(to);
    if (least === undefined && most === undefined) return rows;
    return rows.filter(({ group }) => {
      const bytes = this.keyBytes(group);
      return (
        (least === undefined || Buffer.compare(bytes, least) >= 0) &&
        (most === undefined || Buffer.compare(bytes, most) <= 0)
      );
    });
  }

  isInverted(from: K | undefined, to: K | undefined): boolean {
    const least = this.#codec.bound(from);
    const most = this.#codec.bound(to);
    return least !== undefined && most !== undefined && Buffer.compare(least, most) > 0;
  }

  /** Sorts by (time, order, key bytes). */
  sortByOrder(rows: TimedRow[]): TimedRow[] {
    return rows.sort(
      (left, right) =>
        left.time - right.time ||
        left.order - right.order ||
        Buffer.compare(this.keyBytes(left.group), this.keyBytes(right.group)),
    );
  }

  /** Sorts by (time, key bytes, order). */
  sortByKey(rows: TimedRow[]): TimedRow[] {
    return rows.sort(
      (left, right) =>
        left.time - right.time ||
        Buffer.compare(this.keyBytes(left.group), this.keyBytes(right.group)) ||
        left.order - right.order,
    );
  }
}
