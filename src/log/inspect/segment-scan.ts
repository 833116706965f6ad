/**
 * Walks over the batches of a segment file, one after the other, through a window that is used again: a file of any
 * size takes the memory of its largest batch. A batch whose CRC is wrong is told of and passed over; where no batch
 * can be made out the walk stops, and may go on from a place that is known to begin one.
 */
import { allocate } from '../../env/bytes.js';
import type { FileHandle } from '../../env/file-system.js';
import { BATCH_HEADER_BYTES, batchBytes, CRC_START } from '../batch-header.js';
import { crc32c } from '../crc32c.js';

const WINDOW_BYTES = 1_048_576;
const MAGIC = 2;

export class SegmentScan {
  /** Where the current batch begins in the file. */
  position = 0;
  /** Bytes of the current batch. */
  size = 0;
  /** The current batch is `bytes[start, end)`; only until the next step. */
  bytes: Buffer;
  start = 0;
  end = 0;
  /** What is wrong with the current batch, or with the place where the walk stopped. */
  damage: string | undefined;
  crc = 0;
  #next = 0;
  /** The window holds the file's bytes [windowAt, windowAt + windowBytes). */
  #windowAt = 0;
  #windowBytes = 0;
  readonly #handle: FileHandle;
  readonly #limit: number;

  /** Bytes from `limit` on are not looked at. */
  constructor(handle: FileHandle, limit: number) {
    this.#handle = handle;
    this.#limit = limit;
    this.bytes = allocate(Math.min(limit, WINDOW_BYTES));
  }

  /** The walk came to the end. */
  get done(): boolean {
    return this.#next >= this.#limit;
  }

  /** Goes on at `position`, where a batch should begin. */
  resume(position: number): void {
    this.#next = position;
  }

  /** Steps to the next batch; false at the end, and where no batch can be made out (`damage` is set). */
  step(): boolean {
    this.damage = undefined;
    this.position = this.#next;
    if (this.done) return false;
    const left = this.#limit - this.position;
    if (!this.#load(BATCH_HEADER_BYTES)) return this.#stop(`${left} bytes are less than a batch`);
    this.size = batchBytes(this.bytes, this.start);
    const magic = this.bytes[this.start + 16];
    if (magic !== MAGIC) return this.#stop(`no batch begins there (magic ${magic} instead of 2)`);
    if (this.size < BATCH_HEADER_BYTES || this.size > left || !this.#load(this.size))
      return this.#stop(`a batch of ${this.size} bytes does not fit into ${left}`);
    this.end = this.start + this.size;
    this.crc = this.bytes.readUInt32BE(this.start + 17);
    const actual = crc32c(this.bytes, this.start + CRC_START, this.end);
    if (actual !== this.crc)
      this.damage = `the CRC of its bytes is ${hex(actual)}, but it says ${hex(this.crc)}`;
    this.#next = this.position + this.size;
    return true;
  }

  #stop(damage: string): false {
    this.damage = damage;
    return false;
  }

  /** Makes sure that `bytes` from the position on are in the window; false when the file has fewer. */
  #load(bytes: number): boolean {
    this.start = this.position - this.#windowAt;
    if (this.start >= 0 && this.start + bytes <= this.#windowBytes) return true;
    if (bytes > this.bytes.length) this.bytes = allocate(bytes);
    const wanted = Math.min(this.bytes.length, this.#limit - this.position);
    this.#windowAt = this.position;
    this.#windowBytes = this.#handle.read(this.bytes.subarray(0, wanted), this.position);
    this.start = 0;
    return bytes <= this.#windowBytes;
  }
}

const hex = (crc: number): string => crc.toString(16).padStart(8, '0');
