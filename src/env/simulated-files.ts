/**
 * A disk in memory that can fail like a real one. It keeps apart what was written and what was synced, for bytes
 * and for directory entries:
 *
 *     write, truncate --> seen by reads --datasync----> durable bytes
 *     create, rename, remove -> seen by list/open --syncDirectory--> durable entries
 *
 * `crash` keeps what is durable and, as the seed chooses, none, all, a prefix or any subset of the rest, writes
 * torn at sectors. `inject` makes any call fail, or crash in the middle. A failed datasync loses the bytes it was
 * asked to sync although reads still show them, as Linux does.
 */
import { StreamsError } from '../errors.js';
import { fileError } from './file-errors.js';
import type { DirectoryLock, FileHandle, FileSystem } from './file-system.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedHandle } from './simulated-handle.js';
import { SimulatedInode, type CrashMode } from './simulated-inode.js';

export type OperationKind =
  | 'create'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'make-directory'
  | 'remove-directory'
  | 'sync-directory';

/** A call that changes the disk; `index` counts them from 0. */
export interface FileOperation {
  readonly kind: OperationKind;
  readonly path: string;
  readonly index: number;
}

/** `crash` stops the machine in the middle of the call; the others are what the call fails with. */
export type Fault = 'EIO' | 'ENOSPC' | 'EROFS' | 'EACCES' | 'crash';

/** Thrown by every call from the crash until `restart`: the process that would see it does not exist any more. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash';
}

export interface SimulatedFilesOptions {
  readonly random?: SeededRandom;
  /** Bytes that all files together may have. */
  readonly capacityBytes?: number;
}

type Entry = SimulatedInode | 'directory';
interface EntryChange {
  readonly path: string;
  readonly entry: Entry | undefined;
  /** What was durable in a directory that is removed: it goes with it, and what a new one of its name holds stays. */
  readonly children?: ReadonlyMap<string, Entry>;
}

export class SimulatedFiles implements FileSystem {
  capacityBytes: number;
  readOnly = false;
  /** Calls so far that change the disk. */
  operations = 0;
  /** Calls of `datasync` and `syncDirectory` so far: device flushes. */
  flushes = 0;
  #random: SeededRandom;
  #entries = new Map<string, Entry>();
  #durable = new Map<string, Entry>();
  /** Changes of a directory that are not durable; a rename is one change of two paths. */
  #unsynced = new Map<string, EntryChange[][]>();
  #locks = new Set<string>();
  #fault: ((operation: FileOperation) => Fault | undefined) | undefined;
  #generation = 0;
  #down = false;

  constructor(options: SimulatedFilesOptions = {}) {
    this.#random = options.random ?? new SeededRandom(1);
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Asked before each call that changes the disk; undefined ends all faults. */
  inject(fault: ((operation: FileOperation) => Fault | undefined) | undefined): void {
    this.#fault = fault;
  }

  /** The machine stops and starts again with what the disk kept. Handles and locks of before are gone. */
  crash(mode?: CrashMode): void {
    const modes: readonly CrashMode[] = ['none', 'all', 'prefix', 'subset'];
    const chosen = mode ?? modes[this.#random.below(modes.length)]!;
    for (const changes of this.#unsynced.values()) this.#keepChanges(changes, chosen);
    this.#unsynced.clear();
    for (const path of this.#durable.keys()) if (!this.#reachable(path)) this.#durable.delete(path);
    for (const entry of new Set(this.#durable.values()))
      if (entry !== 'directory') entry.crash(chosen, this.#random);
    this.#entries = new Map(this.#durable);
    this.#restart();
  }

  /** The process dies and the machine goes on (`kill -9`): nothing that was written is lost. */
  kill(): void {
    this.#restart();
  }

  /** Damages one bit of a file where it lies, as a bad sector does. */
  flip(path: string, position: number, bit: number): void {
    this.#inode(path, 'damage').flip(position, bit);
  }

  /** What a reader sees of the file; a copy. */
  bytes(path: string): Buffer {
    return this.#inode(path, 'read').bytes();
  }

  /** Every file, sorted. */
  paths(): string[] {
    return [...this.#entries]
      .filter(([, entry]) => entry !== 'directory')
      .map(([path]) => path)
      .toSorted();
  }

  /** An independent disk with the same state; nothing that is not durable is known to be so there either. */
  copy(seed: number): SimulatedFiles {
    const copy = new SimulatedFiles({
      random: new SeededRandom(seed),
      capacityBytes: this.capacityBytes,
    });
    const inodes = new Map<Entry, Entry>();
    const same = (entry: Entry): Entry => {
      if (entry === 'directory') return entry;
      const made = inodes.get(entry) ?? entry.copy();
      inodes.set(entry, made);
      return made;
    };
    for (const [path, entry] of this.#entries) copy.#entries.set(path, same(entry));
    for (const [path, entry] of this.#durable) copy.#durable.set(path, same(entry));
    for (const [directory, changes] of this.#unsynced) {
      copy.#unsynced.set(
        directory,
        changes.map((change) =>
          change.map(({ path, entry, children }) => ({
            path,
            entry: entry && same(entry),
            children: new Map([...(children ?? [])].map(([child, inode]) => [child, same(inode)])),
          })),
        ),
      );
    }
    return copy;
  }

  open(path: string, mode: 'read' | 'write' | 'create'): FileHandle {
    this.#alive();
    if (mode !== 'create') {
      if (this.readOnly && mode === 'write') throw fileError('EROFS', 'open', path);
      return this.#handle(path, this.#inode(path, 'open'), mode === 'write');
    }
    if (this.#entries.has(path)) throw fileError('EEXIST', 'open', path);
    this.#parent(path);
    this.change('create', path);
    const inode = new SimulatedInode();
    this.#change([{ path, entry: inode }]);
    return this.#handle(path, inode, true);
  }

  exists(path: string): boolean {
    this.#alive();
    return this.#entries.has(path);
  }

  makeDirectory(path: string): void {
    this.#alive();
    if (path === '/' || path === '.' || path === '' || this.#entries.get(path) === 'directory')
      return;
    this.makeDirectory(parentOf(path));
    this.change('make-directory', path);
    this.#change([{ path, entry: 'directory' }]);
  }

  list(directory: string): string[] {
    this.#alive();
    if (this.#entries.get(directory) !== 'directory')
      throw fileError('ENOENT', 'list the directory', directory);
    const names: string[] = [];
    for (const path of this.#entries.keys())
      if (parentOf(path) === directory) names.push(path.slice(directory.length + 1));
    return names.toSorted();
  }

  rename(from: string, to: string): void {
    const entry = this.#inode(from, 'rename');
    this.change('rename', from);
    this.#change([
      { path: to, entry },
      { path: from, entry: undefined },
    ]);
  }

  remove(path: string): void {
    this.#inode(path, 'remove');
    this.change('remove', path);
    this.#change([{ path, entry: undefined }]);
  }

  removeDirectory(path: string): void {
    if (this.list(path).length > 0) throw fileError('ENOTEMPTY', 'remove the directory', path);
    this.change('remove-directory', path);
    // What happened in it goes with it; a directory made anew under the name is another one.
    this.#unsynced.delete(path);
    const inside = [...this.#durable].filter(([child]) => child.startsWith(`${path}/`));
    this.#change([{ path, entry: undefined, children: new Map(inside) }]);
  }

  syncDirectory(directory: string): void {
    if (directory !== '/' && directory !== '.' && this.#entries.get(directory) !== 'directory')
      throw fileError('ENOENT', 'sync the directory', directory);
    this.change('sync-directory', directory);
    this.flushes++;
    for (const change of this.#unsynced.get(directory) ?? []) this.#apply(change);
    this.#unsynced.delete(directory);
  }

  lock(directory: string): DirectoryLock {
    if (this.readOnly) throw fileError('EROFS', 'lock', directory);
    return this.guard(directory);
  }

  guard(directory: string): DirectoryLock {
    this.#alive();
    if (this.#locks.has(directory)) {
      throw new StreamsError(
        'LOG_LOCKED',
        `The directory ${directory} is in use by this very process 4242 on simulated.`,
        { file: directory },
      );
    }
    this.#locks.add(directory);
    const generation = this.#generation;
    return {
      release: () => {
        if (generation === this.#generation) this.#locks.delete(directory);
      },
    };
  }

  /** Counts a call and lets it fail. `torn` is what a crash in the middle leaves of it. */
  change(kind: OperationKind, path: string, torn?: () => void): void {
    this.#alive();
    const fault = this.#fault?.({ kind, path, index: this.operations });
    this.operations++;
    if (fault === 'crash') {
      this.#down = true;
      torn?.();
      throw new SimulatedCrash(`crash in ${kind} of ${path}`);
    }
    if (fault !== undefined) {
      torn?.();
      throw fileError(fault, kind, path);
    }
    if (this.readOnly) throw fileError('EROFS', kind, path);
  }

  /** Bytes that may still be written. */
  freeBytes(): number {
    let used = 0;
    for (const entry of new Set(this.#entries.values()))
      if (entry !== 'directory') used += entry.size;
    return this.capacityBytes - used;
  }

  #handle(path: string, inode: SimulatedInode, writable: boolean): FileHandle {
    const generation = this.#generation;
    const alive = () => {
      if (generation !== this.#generation)
        throw new SimulatedCrash('the process of this handle is gone');
      this.#alive();
    };
    return new SimulatedHandle(path, inode, this, writable, alive, this.#random);
  }

  #alive(): void {
    if (this.#down) throw new SimulatedCrash('the machine is down');
  }

  #restart(): void {
    this.#down = false;
    this.#fault = undefined;
    this.#locks.clear();
    this.#generation++;
    this.operations = 0;
  }

  #inode(path: string, what: string): SimulatedInode {
    const entry = this.#entries.get(path);
    if (entry === undefined || entry === 'directory') throw fileError('ENOENT', what, path);
    return entry;
  }

  #parent(path: string): void {
    if (this.#entries.get(parentOf(path)) !== 'directory') throw fileError('ENOENT', 'open', path);
  }

  #change(change: EntryChange[]): void {
    for (const { path, entry } of change) {
      if (entry === undefined) this.#entries.delete(path);
      else this.#entries.set(path, entry);
    }
    const directory = parentOf(change[0]!.path);
    const changes = this.#unsynced.get(directory);
    if (changes === undefined) this.#unsynced.set(directory, [change]);
    else changes.push(change);
  }

  #apply(change: readonly EntryChange[]): void {
    for (const { path, entry, children } of change) {
      for (const [child, inode] of children ?? []) {
        if (this.#durable.get(child) === inode) this.#durable.delete(child);
      }
      if (entry === undefined) this.#durable.delete(path);
      else this.#durable.set(path, entry);
    }
  }

  #keepChanges(changes: readonly EntryChange[][], mode: CrashMode): void {
    // Directory entries are journaled by the file system: their order stays, also when bytes are reordered.
    const kept =
      mode === 'all'
        ? changes.length
        : mode === 'none'
          ? 0
          : this.#random.below(changes.length + 1);
    for (let i = 0; i < kept; i++) this.#apply(changes[i]!);
  }

  #reachable(path: string): boolean {
    const parent = parentOf(path);
    return (
      parent === '/' ||
      parent === '.' ||
      parent === '' ||
      (this.#durable.get(parent) === 'directory' && this.#reachable(parent))
    );
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : path.slice(0, slash);
}
