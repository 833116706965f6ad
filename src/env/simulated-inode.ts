/**
 * One file of the simulated disk: the bytes that reads see, the bytes that are durable, and the writes between
 * the two in their order. Growth without writing is zeros, as on a real file system.
 */
import type { SeededRandom } from './seeded-random.js';

/** What a crash keeps of the writes that were not synced. */
export type CrashMode = 'none' | 'all' | 'prefix' | 'subset';

const SECTOR_BYTES = 512;

type Change = { readonly position: number; readonly bytes: Uint8Array } | { readonly size: number };

export class SimulatedInode {
  #seen = new Image();
  #durable = new Image();
  #unsynced: Change[] = [];
  /** What a failed or interrupted sync was asked to keep. */
  #failed: Change[] = [];

  get size(): number {
    return this.#seen.size;
  }

  bytes(): Buffer {
    return Buffer.from(this.#seen.data.subarray(0, this.#seen.size));
  }

  read(target: Uint8Array, position: number): number {
    const bytes = Math.max(0, Math.min(target.length, this.#seen.size - position));
    target.set(this.#seen.data.subarray(position, position + bytes));
    return bytes;
  }

  write(bytes: Uint8Array, position: number): void {
    // Not `slice`: a Buffer would hand out a view of memory that its owner uses again.
    this.#do({ position, bytes: new Uint8Array(bytes) });
  }

  truncate(size: number): void {
    this.#do({ size });
  }

  datasync(): void {
    for (const change of this.#unsynced) this.#durable.apply(change);
    this.#unsynced = [];
  }

  /** The device refused: the pages count as clean from now on, but never reach it. A later crash shows the old bytes. */
  failSync(): void {
    // In a crash the data may have reached the device anyway; `crash` decides, because nothing is dropped here then.
    this.#failed = this.#failed.concat(this.#unsynced);
    this.#unsynced = [];
  }

  crash(mode: CrashMode, random: SeededRandom): void {
    const pending = [...this.#failed, ...this.#unsynced];
    if (mode === 'all') for (const change of pending) this.#durable.apply(change);
    if (mode === 'prefix') this.#keepPrefix(pending, random);
    if (mode === 'subset') for (const change of pending) this.#keepSectors(change, random);
    this.#unsynced = [];
    this.#failed = [];
    this.#seen = this.#durable.copy();
  }

  flip(position: number, bit: number): void {
    this.#seen.flip(position, bit);
    this.#durable.flip(position, bit);
  }

  copy(): SimulatedInode {
    const copy = new SimulatedInode();
    copy.#seen = this.#seen.copy();
    copy.#durable = this.#durable.copy();
    copy.#unsynced = [...this.#unsynced];
    copy.#failed = [...this.#failed];
    return copy;
  }

  #do(change: Change): void {
    this.#seen.apply(change);
    this.#unsynced.push(change);
  }

  #keepPrefix(pending: readonly Change[], random: SeededRandom): void {
    const kept = random.below(pending.length + 1);
    for (let i = 0; i < kept; i++) this.#durable.apply(pending[i]!);
    const torn = pending[kept];
    if (torn === undefined || 'size' in torn) return;
    this.#durable.apply({
      position: torn.position,
      bytes: torn.bytes.subarray(0, random.below(torn.bytes.length + 1)),
    });
  }

  /** Each sector of a write reaches the disk or not, on its own. */
  #keepSectors(change: Change, random: SeededRandom): void {
    if ('size' in change) {
      if (random.float() < 0.5) this.#durable.apply(change);
      return;
    }
    let at = 0;
    while (at < change.bytes.length) {
      const next = Math.min(
        change.bytes.length,
        at + SECTOR_BYTES - ((change.position + at) % SECTOR_BYTES),
      );
      if (random.float() < 0.5)
        this.#durable.apply({
          position: change.position + at,
          bytes: change.bytes.subarray(at, next),
        });
      at = next;
    }
  }
}

class Image {
  data = new Uint8Array(256);
  size = 0;

  apply(change: Change): void {
    if ('size' in change) {
      this.#grow(change.size);
      if (change.size < this.size) this.data.fill(0, change.size, this.size);
      this.size = change.size;
      return;
    }
    const end = change.position + change.bytes.length;
    if (change.bytes.length === 0) return;
    this.#grow(end);
    this.data.set(change.bytes, change.position);
    this.size = Math.max(this.size, end);
  }

  flip(position: number, bit: number): void {
    if (position < this.size) this.data[position]! ^= 1 << bit;
  }

  copy(): Image {
    const copy = new Image();
    copy.data = this.data.slice();
    copy.size = this.size;
    return copy;
  }

  #grow(size: number): void {
    if (size <= this.data.length) return;
    const grown = new Uint8Array(Math.max(size, this.data.length * 2));
    grown.set(this.data);
    this.data = grown;
  }
}
