/**
 * The rows of stores whose keys have times: for each key its rows in the order of (time, order), found by binary
 * search; and, in an index of the store, the rows that have a value by their time. Rows that lost their value are kept
 * apart until the commit, so that a key whose rows come and go is not slower than one whose rows stay.
 *
 *     window       time = start        order = sequence number of duplicates
 *     session      time = end          order = start
 *     outer join   time = timestamp    order = side
 *     versioned    time = valid from   order = 0
 */
import { OrderedChunks } from './ordered-chunks.js';
import { Row, RowLayers, type RowIndex } from './row-layers.js';
import { byTime, type PresentRows, type Timed, type TimeRows } from './time-index.js';

/** Where a row of a key is found. */
type Shelf = 'none' | 'present' | 'gone';

export class TimedRow extends Row implements Timed {
  readonly group: KeyRows;
  time: number;
  order: number;
  shelf: Shelf = 'none';
  /** The list of its time, and where it stands there: the index's business. */
  list: TimeRows | undefined = undefined;
  listAt = 0;

  constructor(group: KeyRows, time: number, order: number) {
    super();
    this.group = group;
    this.time = time;
    this.order = order;
  }

  get id(): unknown {
    return this.group.id;
  }
}

/** The rows of one key that have a value. */
export class KeyRows extends OrderedChunks<TimedRow, Timed> {
  readonly id: unknown;
  /** Made when they are needed, and at once where the id is not the key itself. */
  keyBytes: Buffer | undefined;
  /** Rows without a value that a commit or an abort still needs. */
  gone: OrderedChunks<TimedRow, Timed> | undefined = undefined;

  constructor(id: unknown, keyBytes: Buffer | undefined) {
    super(byTime);
    this.id = id;
    this.keyBytes = keyBytes;
  }

  get isEmpty(): boolean {
    return this.size === 0 && (this.gone === undefined || this.gone.size === 0);
  }
}

class Probe implements Timed {
  time = 0;
  order = 0;

  at(time: number, order: number): this {
    this.time = time;
    this.order = order;
    return this;
  }
}

export class TimedRows implements RowIndex<TimedRow> {
  readonly layers: RowLayers<TimedRow>;
  readonly #presentOf: ((row: TimedRow) => PresentRows) | undefined;
  readonly #keys = new Map<unknown, KeyRows>();
  readonly #from = new Probe();
  readonly #to = new Probe();
  #last: KeyRows | undefined;
  /** An update is a read and then a write of the same row: the second one does not look again. */
  #found: TimedRow | undefined;

  /** `presentOf` says which index has the row while it has a value. */
  constructor(presentOf?: (row: TimedRow) => PresentRows) {
    this.#presentOf = presentOf;
    this.layers = new RowLayers<TimedRow>(this);
  }

  key(id: unknown): KeyRows | undefined {
    const last = this.#last;
    if (last !== undefined && last.id === id && !last.isEmpty) return last;
    const group = this.#keys.get(id);
    if (group !== undefined) this.#last = group;
    return group;
  }

  /** Keys with rows; some of them may have no value any more. */
  keys(): Iterable<KeyRows> {
    return this.#keys.values();
  }

  find(id: unknown, time: number, order: number): TimedRow | undefined {
    const found = this.#found;
    if (
      found !== undefined &&
      found.time === time &&
      found.order === order &&
      found.group.id === id &&
      found.live
    )
      return found;
    const group = this.key(id);
    if (group === undefined) return undefined;
    const probe = this.#from.at(time, order);
    const row = group.find(probe) ?? group.gone?.find(probe);
    if (row !== undefined) this.#found = row;
    return row;
  }

  /** A new row, to be written at once; `keyBytes` are those of a new key whose id is not the key itself. */
  add(id: unknown, keyBytes: Buffer | undefined, time: number, order: number): TimedRow {
    let group = this.key(id);
    if (group === undefined) {
      group = new KeyRows(id, keyBytes);
      this.#keys.set(id, group);
      this.#last = group;
    }
    return new TimedRow(group, time, order);
  }

  /** A row of the key that lost its value, moved to where there is none; `undefined` when the key has no such row. */
  moved(id: unknown, time: number, order: number): TimedRow | undefined {
    const gone = this.key(id)?.gone;
    const row = gone?.last();
    if (gone === undefined || row === undefined || !this.layers.mayMove(row)) return undefined;
    gone.remove(row);
    row.shelf = 'none';
    this.layers.moves(row, { time: row.time, order: row.order });
    row.time = time;
    row.order = order;
    return row;
  }

  /** Rows of the key with times from `from` to `to`, both inclusive. */
  between(group: KeyRows, from: number, to: number): TimedRow[] {
    return group.between(this.#from.at(from, -Infinity), this.#to.at(to, Infinity));
  }

  remove(row: TimedRow, before: unknown): void {
    const { group } = row;
    if (before !== undefined) this.#presentOf?.(row).drop(row, before);
    takeOut(row);
    if (group.isEmpty) this.#keys.delete(group.id);
  }

  changed(row: TimedRow, before: unknown): void {
    const has = row.value !== undefined;
    if (row.shelf !== (has ? 'present' : 'gone')) putIn(row, has);
    if (this.#presentOf === undefined) return;
    if (before === undefined) {
      if (has) this.#presentOf(row).add(row);
    } else if (has) this.#presentOf(row).replace(row, before);
    else this.#presentOf(row).drop(row, before);
  }

  moveBack(row: TimedRow, place: object): void {
    takeOut(row);
    const { time, order } = place as Timed; // as `moved` gave it
    row.time = time;
    row.order = order;
  }
}

function putIn(row: TimedRow, has: boolean): void {
  takeOut(row);
  const { group } = row;
  if (has) group.insert(row);
  else (group.gone ??= new OrderedChunks<TimedRow, Timed>(byTime)).insert(row);
  row.shelf = has ? 'present' : 'gone';
}

function takeOut(row: TimedRow): void {
  if (row.shelf === 'present') row.group.remove(row);
  else if (row.shelf === 'gone') row.group.gone!.remove(row);
  row.shelf = 'none';
}
