/**
 * What an engine is made of. `openEngine(options): Promise<LogEngine>` in `engine.ts` recovers whatever the
 * storage holds; `memoryEngine({ env }): LogEngine` is the same engine over a `MemoryStorage`, made synchronously.
 */
import type { Env } from '../../env/env.js';
import type { CustomCodecs } from '../client.js';
import type { LogStorage } from './storage.js';

/** Where the engine tells what an operator should know. `console` fits. */
export interface EngineLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What of the engine can be set; all checked, durations in ms. Names and defaults are Kafka's where Kafka has them. */
export interface EngineSettings {
  /** log.retention.check.interval.ms. */
  readonly retentionCheckMs: number;
  /** log.cleaner.backoff.ms: how long the cleaner sleeps when nothing is dirty enough. */
  readonly cleanerBackoffMs: number;
  /** log.cleaner.dedupe.buffer.size: memory for the keys of one pass; more keys than fit take several passes. */
  readonly cleanerDedupeBufferBytes: number;
  /** offsets.retention.minutes: committed offsets of a group without members are forgotten after this. */
  readonly offsetsRetentionMs: number;
  /** offsets.retention.check.interval.ms. */
  readonly offsetsRetentionCheckMs: number;
  /** Segment files that are open at once, for reading and for writing each. */
  readonly openFilesMax: number;
  /** Bytes of batches that a memory log holds; an append beyond is `LIMIT_EXCEEDED`. */
  readonly memoryBytesMax: number;
  /** Partitions of all topics together. */
  readonly partitionsMax: number;
  /** Consumer groups with members, and as many with committed offsets. */
  readonly groupsMax: number;
  /** Bytes a second that producers of one client id may append, by client id; '' for all that are not named. Infinity: no quota. */
  readonly producerByteRates: ReadonlyMap<string, number>;
  /** A producer that its quota would delay for longer than this gets `QUOTA_EXCEEDED`. */
  readonly quotaDelayMsMax: number;
}

export const DEFAULT_SETTINGS: EngineSettings = Object.freeze({
  retentionCheckMs: 300_000,
  cleanerBackoffMs: 15_000,
  cleanerDedupeBufferBytes: 16_777_216,
  offsetsRetentionMs: 7 * 86_400_000,
  offsetsRetentionCheckMs: 600_000,
  openFilesMax: 256,
  memoryBytesMax: Number.POSITIVE_INFINITY,
  partitionsMax: 100_000,
  groupsMax: 100_000,
  producerByteRates: new Map<string, number>(),
  quotaDelayMsMax: 60_000,
});

export interface EngineOptions {
  readonly storage: LogStorage;
  readonly env: Env;
  readonly features: { readonly durable: boolean };
  readonly settings?: EngineSettings;
  readonly logger?: EngineLogger;
  /** Codecs of the user's choice, used before this library's own. */
  readonly codecs?: CustomCodecs;
}
