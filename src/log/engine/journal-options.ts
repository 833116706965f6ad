/** What a durable storage is told when it is made. */
import type { Env } from '../../env/env.js';

export const JOURNAL_BYTES_MAX = 67_108_864;
export const OPEN_FILES_MAX = 256;
export const WAITING_BYTES_MAX = 16_777_216;

/** `fsync`: acknowledged writes survive a power cut. `os`: they survive the process, not the machine. */
export type Durability = 'fsync' | 'os';

export interface JournalStorageOptions {
  readonly directory: string;
  readonly env: Env;
  readonly durability?: Durability;
  /** `inline` runs file calls on the caller's loop over `env.files`: for simulations. Default `worker`. */
  readonly thread?: 'worker' | 'inline';
  /** A journal file of this size is followed by a new one. Default 64 MiB. */
  readonly journalBytesMax?: number;
  /** Segment files that stay open for reading, and as many for writing. Default 256. */
  readonly openFilesMax?: number;
  /** Bytes that wait in memory to be written to segment files that are not open. Default 16 MiB. */
  readonly waitingBytesMax?: number;
}
