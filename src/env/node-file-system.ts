/**
 * The file port over Node's synchronous calls. Guarantees what the port says: writes are whole or throw, failures
 * are `StreamsError`s naming the file. Directories are made for this user alone. It knows nothing of logs.
 */
import * as fs from 'node:fs';
import { fileError } from './file-errors.js';
import type { DirectoryLock, FileHandle, FileSystem } from './file-system.js';
import { guardDirectory, lockDirectory, type LockOwner } from './directory-lock.js';

const OPEN_FLAGS = { read: 'r', write: 'r+', create: 'wx+' } as const;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

export class NodeFileSystem implements FileSystem {
  readonly #owner: LockOwner;

  constructor(owner: LockOwner) {
    this.#owner = owner;
  }

  open(path: string, mode: 'read' | 'write' | 'create'): FileHandle {
    return new NodeFileHandle(
      path,
      attempt('open', path, () => fs.openSync(path, OPEN_FLAGS[mode], FILE_MODE)),
    );
  }

  exists(path: string): boolean {
    return fs.existsSync(path);
  }

  makeDirectory(path: string): void {
    attempt('create the directory', path, () =>
      fs.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE }),
    );
  }

  list(directory: string): string[] {
    return attempt('list the directory', directory, () => fs.readdirSync(directory).toSorted());
  }

  rename(from: string, to: string): void {
    attempt('rename', from, () => fs.renameSync(from, to));
  }

  remove(path: string): void {
    attempt('remove', path, () => fs.unlinkSync(path));
  }

  removeDirectory(path: string): void {
    attempt('remove the directory', path, () => fs.rmdirSync(path));
  }

  syncDirectory(directory: string): void {
    // Windows cannot open a directory as a file; its file systems journal the entries themselves.
    if (process.platform === 'win32') return;
    attempt('sync the directory', directory, () => {
      const descriptor = fs.openSync(directory, 'r');
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  lock(directory: string): DirectoryLock {
    return attempt('lock', directory, () => lockDirectory(directory, this.#owner));
  }

  guard(directory: string): DirectoryLock {
    return attempt('guard', directory, () => guardDirectory(directory));
  }
}

class NodeFileHandle implements FileHandle {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  size(): number {
    return attempt('read the size of', this.path, () => fs.fstatSync(this.#descriptor).size);
  }

  read(target: Uint8Array, position: number): number {
    return attempt('read', this.path, () => {
      let done = 0;
      while (done < target.length) {
        const bytes = fs.readSync(
          this.#descriptor,
          target,
          done,
          target.length - done,
          position + done,
        );
        if (bytes === 0) break;
        done += bytes;
      }
      return done;
    });
  }

  write(bytes: Uint8Array, position: number): void {
    attempt('write', this.path, () => {
      let done = 0;
      while (done < bytes.length) {
        done += fs.writeSync(this.#descriptor, bytes, done, bytes.length - done, position + done);
      }
    });
  }

  datasync(): void {
    attempt('sync', this.path, () => fs.fdatasyncSync(this.#descriptor));
  }

  truncate(size: number): void {
    attempt('cut', this.path, () => fs.ftruncateSync(this.#descriptor, size));
  }

  close(): void {
    attempt('close', this.path, () => fs.closeSync(this.#descriptor));
  }
}

function attempt<T>(what: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error) {
      throw fileError(String(error.code), what, path, error);
    }
    throw error;
  }
}
