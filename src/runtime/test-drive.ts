/** What stands behind a test driver: the port between its face and the two ways to run a topology under test. */
import type { StateStore } from '../state/store.js';
import type { StoreFace, StoreHandle, StoreKind } from './store-reader.js';
import type { EncodedInput } from './test-topics.js';

export interface TestDrive {
  readonly droppedRecords: number;
  /** Throws `UNKNOWN_TOPIC` unless something of the topology reads the topic. */
  requireSource(topic: string): void;
  /** The test reads what is written to the topic: it exists. */
  expectOutput?(topic: string): void;
  /** Records of one call, one after the other; resolves when all that follows from them is done. */
  pipe(topic: string, inputs: readonly EncodedInput[]): Promise<void>;
  advance(ms: number): Promise<void>;
  /** The store itself. Throws `UNKNOWN_STORE`. */
  store(name: string): StateStore;
  /** The read face of a store. Throws `UNKNOWN_STORE`. */
  read<H extends StoreHandle, Kind extends StoreKind = never>(
    name: string,
    kind?: Kind,
  ): StoreFace<H, Kind>;
  /** What was not committed yet, with all that follows from it. */
  commit?(): Promise<void>;
  restart?(): Promise<void>;
  crash?(): Promise<void>;
  reassign?(): Promise<void>;
  close(): void | Promise<void>;
}
