/**
 * An open file of the simulated disk. It dies with the process that opened it, and asks the disk before each change
 * whether that fails.
 */
import { fileError } from './file-errors.js';
import type { FileHandle } from './file-system.js';
import type { SeededRandom } from './seeded-random.js';
import type { SimulatedFiles } from './simulated-files.js';
import type { SimulatedInode } from './simulated-inode.js';

export class SimulatedHandle implements FileHandle {
  readonly path: string;
  readonly #inode: SimulatedInode;
  readonly #files: SimulatedFiles;
  readonly #writable: boolean;
  readonly #alive: () => void;
  readonly #random: SeededRandom;

  constructor(
    path: string,
    inode: SimulatedInode,
    files: SimulatedFiles,
    writable: boolean,
    alive: () => void,
    random: SeededRandom,
  ) {
    this.path = path;
    this.#inode = inode;
    this.#files = files;
    this.#writable = writable;
    this.#alive = alive;
    this.#random = random;
  }

  size(): number {
    this.#alive();
    return this.#inode.size;
  }

  read(target: Uint8Array, position: number): number {
    this.#alive();
    return this.#inode.read(target, position);
  }

  write(bytes: Uint8Array, position: number): void {
    this.#mayWrite('write');
    this.#files.change('write', this.path, () => {
      this.#inode.write(bytes.subarray(0, this.#random.below(bytes.length + 1)), position);
    });
    const growth = Math.max(0, position + bytes.length - this.#inode.size);
    const free = this.#files.freeBytes();
    if (growth > free) {
      this.#inode.write(bytes.subarray(0, Math.max(0, bytes.length - (growth - free))), position);
      throw fileError('ENOSPC', 'write', this.path);
    }
    this.#inode.write(bytes, position);
  }

  datasync(): void {
    this.#alive();
    this.#files.change('datasync', this.path, () => this.#inode.failSync());
    this.#files.flushes++;
    this.#inode.datasync();
  }

  truncate(size: number): void {
    this.#mayWrite('truncate');
    this.#files.change('truncate', this.path);
    this.#inode.truncate(size);
  }

  close(): void {
    this.#alive();
  }

  #mayWrite(what: string): void {
    this.#alive();
    if (!this.#writable) throw fileError('EBADF', what, this.path);
  }
}
