/**
 * The file port. Calls are synchronous: on the main thread they serve opening, recovery and reading; everything
 * that must wait for a device (journal writes, fdatasync) goes through the journal thread, which makes the same
 * calls on its own thread. A failed call throws `StreamsError` (`DISK_FULL`, `DIRECTORY_READ_ONLY`, `IO_FAILED`)
 * with `where.file` set.
 */
export interface FileHandle {
  readonly path: string;
  size(): number;
  /** Fills `target` from `position`; returns the bytes read, fewer only at the end of the file. */
  read(target: Uint8Array, position: number): number;
  /** Writes all of `bytes` at `position`, or throws. */
  write(bytes: Uint8Array, position: number): void;
  datasync(): void;
  truncate(size: number): void;
  close(): void;
}

/** Holds a directory against other processes; gone with the process that took it, also after `kill -9`. */
export interface DirectoryLock {
  release(): void;
}

export interface FileSystem {
  /** `read`: must exist. `write`: must exist, read and write. `create`: must not exist. */
  open(path: string, mode: 'read' | 'write' | 'create'): FileHandle;
  exists(path: string): boolean;
  /** Creates the directory and its missing parents. */
  makeDirectory(path: string): void;
  /** Names in the directory, sorted. */
  list(directory: string): string[];
  rename(from: string, to: string): void;
  remove(path: string): void;
  removeDirectory(path: string): void;
  /** Makes created, renamed and removed entries of the directory durable. */
  syncDirectory(directory: string): void;
  /** Throws `LOG_LOCKED` naming the holder (pid, host, since when). */
  lock(directory: string): DirectoryLock;
  /**
   * For those who only read: keeps writers out as far as that is possible without changing a byte in the directory
   * (on Linux it is; elsewhere a writer may still come). Throws `LOG_LOCKED` as `lock` does.
   */
  guard(directory: string): DirectoryLock;
}
