/**
 * Compares the index files of a segment with its batches while they are walked over. An entry must stand for the end
 * of a batch that is there: the last offset and place of one (`.index`), the greatest timestamp so far and the last
 * offset of the batch that brought it (`.timeindex`). Indexes are helps, made anew when they lead astray, so what is
 * wrong with them is never more than a warning.
 */
import { readInt64 } from '../../env/bytes.js';
import { INDEX_ENTRY_BYTES, TIME_INDEX_ENTRY_BYTES } from '../engine/segment.js';
import type { FindingPlace, Findings } from './findings.js';

export class OffsetIndexCheck {
  readonly #index: Buffer;
  readonly #baseOffset: number;
  readonly #findings: Findings;
  readonly #place: FindingPlace;
  #at = 0;
  #lastOffset = -1;
  #lastPosition = -1;
  #wrong = false;

  constructor(index: Buffer, baseOffset: number, findings: Findings, place: FindingPlace) {
    this.#index = index;
    this.#baseOffset = baseOffset;
    this.#findings = findings;
    this.#place = place;
    if (index.length % INDEX_ENTRY_BYTES !== 0)
      this.#warn(index.length, `${index.length} bytes are no whole entries`);
  }

  get entries(): number {
    return Math.floor(this.#index.length / INDEX_ENTRY_BYTES);
  }

  /** Takes note of the batch at `position`. */
  batch(position: number, lastOffset: number): void {
    while (!this.#wrong && this.#at + INDEX_ENTRY_BYTES <= this.#index.length) {
      const entryPosition = this.#index.readInt32BE(this.#at + 4);
      if (entryPosition > position) return;
      const offset = this.#baseOffset + this.#index.readInt32BE(this.#at);
      if (entryPosition <= this.#lastPosition || offset <= this.#lastOffset)
        this.#warn(this.#at, 'its entries do not ascend');
      else if (entryPosition < position)
        this.#warn(this.#at, `it has an entry for byte ${entryPosition}, where no batch begins`);
      else if (offset !== lastOffset)
        this.#warn(
          this.#at,
          `it says that the batch at byte ${position} ends with offset ${offset}, but it ends with ${lastOffset}`,
        );
      this.#lastPosition = entryPosition;
      this.#lastOffset = offset;
      this.#at += INDEX_ENTRY_BYTES;
    }
  }

  /** The first byte behind `position` where the index says that a batch begins, or -1. */
  placeBehind(position: number): number {
    for (let at = 0; at + INDEX_ENTRY_BYTES <= this.#index.length; at += INDEX_ENTRY_BYTES) {
      const place = this.#index.readInt32BE(at + 4);
      if (place > position) return place;
    }
    return -1;
  }

  /** The segment ends at `bytes`; what the index says of the bytes behind is told when nothing can be there. */
  end(bytes: number, complete: boolean): void {
    if (complete && !this.#wrong && this.#at + INDEX_ENTRY_BYTES <= this.#index.length)
      this.#warn(this.#at, `it goes on although the segment ends at byte ${bytes}`);
  }

  #warn(position: number, what: string): void {
    // One wrong entry makes the whole file useless; more about it says nothing new.
    if (!this.#wrong)
      this.#findings.add('warning', 'offset-index', { ...this.#place, position }, what);
    this.#wrong = true;
  }
}

export class TimeIndexCheck {
  readonly #index: Buffer;
  readonly #baseOffset: number;
  readonly #findings: Findings;
  readonly #place: FindingPlace;
  #at = 0;
  #maxTimestamp = -1;
  #maxOffset = -1;
  #wrong = false;

  constructor(index: Buffer, baseOffset: number, findings: Findings, place: FindingPlace) {
    this.#index = index;
    this.#baseOffset = baseOffset;
    this.#findings = findings;
    this.#place = place;
    if (index.length % TIME_INDEX_ENTRY_BYTES !== 0)
      this.#warn(index.length, `${index.length} bytes are no whole entries`);
  }

  get entries(): number {
    return Math.floor(this.#index.length / TIME_INDEX_ENTRY_BYTES);
  }

  batch(lastOffset: number, maxTimestamp: number): void {
    if (maxTimestamp > this.#maxTimestamp) {
      this.#maxTimestamp = maxTimestamp;
      this.#maxOffset = lastOffset;
    }
    while (!this.#wrong && this.#at + TIME_INDEX_ENTRY_BYTES <= this.#index.length) {
      const offset = this.#baseOffset + this.#index.readInt32BE(this.#at + 8);
      if (offset > lastOffset) return;
      const timestamp = readInt64(this.#index, this.#at);
      if (offset !== this.#maxOffset || timestamp !== this.#maxTimestamp)
        this.#warn(
          this.#at,
          `it says that ${timestamp} at offset ${offset} is the greatest timestamp so far, but that is ${this.#maxTimestamp} at ${this.#maxOffset}`,
        );
      this.#at += TIME_INDEX_ENTRY_BYTES;
    }
  }

  end(complete: boolean): void {
    if (complete && !this.#wrong && this.#at + TIME_INDEX_ENTRY_BYTES <= this.#index.length)
      this.#warn(this.#at, 'it goes on behind the last batch of the segment');
  }

  #warn(position: number, what: string): void {
    if (!this.#wrong)
      this.#findings.add('warning', 'time-index', { ...this.#place, position }, what);
    this.#wrong = true;
  }
}
