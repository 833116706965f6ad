/**
 * Cleans compacted topics, the dirtiest partition first, one at a time and in short slices on the host's loop, so that
 * nobody who writes or reads waits for it. When nothing is dirty enough it sleeps. What goes wrong is told and tried
 * again later, for the other partitions in between; the log itself is never touched by it.
 */
import type { Env, Timer } from '../../../env/env.js';
import { StreamsError } from '../../../errors.js';
import type { EngineLogger, EngineSettings } from '../engine-options.js';
import { PRODUCER_ID_EXPIRATION_MS } from '../maintenance.js';
import type { Partition } from '../partition.js';
import { BelievedClock } from '../retention.js';
import type { LogStorage } from '../storage.js';
import type { Topic } from '../topics.js';
import type { CustomCodecs } from '../../client.js';
import {
  cleanableRange,
  cleanerConfig,
  isDirty,
  type CleanableRange,
  type CleanerConfig,
} from './cleanable-range.js';
import { clean, type CleaningResult, type CleaningStep } from './cleaning.js';

/** A slice ends after this, or after so many batches where time stands still. */
const SLICE_MS = 2;
const SLICE_BATCHES = 64;
/** Between two slices the host does its own work. */
const SLICE_DELAY_MS = 1;
/** The partition's start was raised, or the log is not written any more: who did that knows it. */
const NOT_TOLD: ReadonlySet<string> = new Set(['INVALID_STATE', 'LOG_READ_ONLY', 'LOG_CLOSED']);
/** A partition that could not be cleaned is left alone for so many times the cleaner's sleep. */
const FAILURE_BACKOFF = 4;
/** All partitions are looked at once for so many passes, because there may be thousands of them. */
const QUEUE = 64;

export interface LogCleanerParts {
  readonly env: Env;
  readonly settings: Pick<EngineSettings, 'cleanerBackoffMs' | 'cleanerDedupeBufferBytes'>;
  readonly logger: EngineLogger | undefined;
  readonly storage: Pick<LogStorage, 'replace' | 'replacing' | 'checkpoint'>;
  readonly codecs?: CustomCodecs;
  topics(): Iterable<Topic>;
}

interface Candidate {
  readonly topic: Topic;
  readonly partition: Partition;
  readonly config: CleanerConfig;
  readonly range: CleanableRange;
}

interface Running {
  readonly candidate: Candidate;
  readonly steps: Generator<CleaningStep, CleaningResult>;
}

export class LogCleaner {
  readonly #parts: LogCleanerParts;
  readonly #clock: BelievedClock;
  /** Not before this, by the monotonic clock. */
  readonly #failedUntil = new WeakMap<Partition, number>();
  readonly #waiters: (() => void)[] = [];
  /** Everything is cleaned, however little dirt there is. */
  #all = false;
  /** Some that could be cleaned is not at its place in the files yet. */
  #waitsForFiles = false;
  #running: Running | undefined;
  /** To be cleaned next, the dirtiest last. */
  #queue: Candidate[] = [];
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: LogCleanerParts) {
    this.#parts = parts;
    this.#clock = new BelievedClock(parts.env.clock, () => {});
  }

  start(): void {
    this.#after(this.#parts.settings.cleanerBackoffMs);
  }

  /** A pass under way comes to nothing. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#running?.steps.return(nothingCleaned());
    this.#running = undefined;
    this.#tell();
  }

  /**
   * Closes the active segments of compacted topics and resolves when nothing is left that could be cleaned, however
   * little of it is dirty. Lag configs hold, and what cannot be cleaned is left for later.
   */
  cleanNow(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    for (const topic of this.#parts.topics())
      if (topic.settings.compacted)
        for (const partition of topic.partitions) partition.storage.roll();
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      this.#all = true;
      if (this.#running === undefined) this.#after(0);
    });
  }

  #after(delayMs: number): void {
    this.#timer?.cancel();
    const background = this.#waiters.length === 0;
    this.#timer = this.#parts.env.timers.after(delayMs, () => this.#slice(), { background });
  }

  #slice(): void {
    if (this.#closed) return;
    if (this.#running === undefined && !this.#begin()) return;
    const { clock } = this.#parts.env;
    const end = clock.monotonic() + SLICE_MS;
    for (let i = 0; i < SLICE_BATCHES && this.#running !== undefined; i++) {
      if (this.#step(this.#running) === 'wait') return;
      if (clock.monotonic() >= end) break;
    }
    this.#after(SLICE_DELAY_MS);
  }

  #step({ candidate, steps }: Running): CleaningStep {
    try {
      if (candidate.partition.deleted) {
        this.#running = undefined;
        steps.return(nothingCleaned());
        return 'work';
      }
      const step = steps.next();
      if (step.done !== true) return step.value;
      this.#running = undefined;
      this.#told(candidate, step.value);
    } catch (error) {
      this.#running = undefined;
      this.#failed(candidate, error);
    }
    return 'work';
  }

  /** False when there is nothing to do: it sleeps. */
  #begin(): boolean {
    const candidate = this.#dirtiest();
    if (candidate === undefined && this.#all && this.#waitsForFiles) {
      this.#after(SLICE_DELAY_MS);
      return false;
    }
    if (candidate === undefined) {
      this.#all = false;
      this.#tell();
      this.#after(this.#parts.settings.cleanerBackoffMs);
      return false;
    }
    this.#running = { candidate, steps: this.#cleaning(candidate) };
    return true;
  }

  /** The next one of those that were the dirtiest when all were looked at. */
  #dirtiest(): Candidate | undefined {
    for (let found = this.#queue.pop(); found !== undefined; found = this.#queue.pop()) {
      const candidate = this.#candidate(found.topic, found.partition, found.config);
      if (candidate !== undefined && !found.topic.deleted) return candidate;
    }
    this.#lookAtAll();
    return this.#queue.pop();
  }

  #lookAtAll(): void {
    const monotonic = this.#parts.env.clock.monotonic();
    const found: Candidate[] = [];
    this.#waitsForFiles = false;
    for (const topic of this.#parts.topics()) {
      if (!topic.settings.compacted) continue;
      const config = cleanerConfig(topic.config);
      for (const partition of topic.partitions) {
        if ((this.#failedUntil.get(partition) ?? 0) > monotonic) continue;
        const candidate = this.#candidate(topic, partition, config);
        if (candidate !== undefined) found.push(candidate);
      }
    }
    found.sort((a, b) => a.range.ratio - b.range.ratio);
    this.#queue = found.slice(-QUEUE);
    // What stands in the way of the next pass goes while this one runs, or while the cleaner sleeps.
    if (this.#waitsForFiles) this.#checkpoint();
  }

  /** Undefined when there is nothing to clean in it, or too little. */
  #candidate(topic: Topic, partition: Partition, config: CleanerConfig): Candidate | undefined {
    const range = rangeOf(partition, config, this.#clock.now());
    if (range.waitsForFiles) this.#waitsForFiles = true;
    if (range.to <= range.from || !(this.#all || isDirty(range, config))) return undefined;
    return { topic, partition, config, range };
  }

  #checkpoint(): void {
    try {
      this.#parts.storage.checkpoint();
    } catch (error) {
      // A log that cannot be written keeps what it has.
      if (!(error instanceof StreamsError)) throw error;
      this.#waitsForFiles = false;
    }
  }

  #cleaning(candidate: Candidate): Generator<CleaningStep, CleaningResult> {
    const { partition, range, config, topic } = candidate;
    const now = this.#clock.now();
    const state = partition.snapshot(this.#parts.env.clock.now() - PRODUCER_ID_EXPIRATION_MS);
    const { codecs, storage, settings } = this.#parts;
    return clean({
      topicId: partition.topicId,
      partition: partition.partition,
      storage,
      log: partition.storage,
      range,
      place: {
        topic: partition.topic,
        partition: partition.partition,
        ...(codecs === undefined ? {} : { codecs }),
      },
      aborted: state.aborted,
      producers: new Map(state.producers.map((producer) => [producer.producerId, producer])),
      mapBytes: settings.cleanerDedupeBufferBytes,
      segmentBytes: topic.settings.segmentBytes,
      deleteRetentionMs: config.deleteRetentionMs,
      now,
      wake: () => {
        if (!this.#closed) this.#after(0);
      },
    });
  }

  #told({ partition }: Candidate, result: CleaningResult): void {
    const { cleanedTo, bytesBefore, bytesAfter, removedMarkers } = result;
    partition.aborted.forget(removedMarkers);
    this.#parts.logger?.info(
      `millrace log: cleaned ${partition.topic}-${partition.partition} up to offset ${cleanedTo}: ${bytesBefore} bytes are ${bytesAfter} now.`,
    );
  }

  #failed({ partition }: Candidate, error: unknown): void {
    if (partition.deleted || this.#closed) return;
    if (error instanceof StreamsError && NOT_TOLD.has(error.code)) return;
    const { env, settings, logger } = this.#parts;
    this.#failedUntil.set(
      partition,
      env.clock.monotonic() + FAILURE_BACKOFF * settings.cleanerBackoffMs,
    );
    // Only these are expected of a disk; anything else is a mistake of the cleaner, and still no reason to stop the log.
    const why =
      error instanceof StreamsError || !(error instanceof Error)
        ? String(error)
        : (error.stack ?? error.message);
    logger?.warn(
      `millrace log: ${partition.topic}-${partition.partition} could not be cleaned and is as it was; it is tried again later. ${why}`,
    );
  }

  #tell(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

function rangeOf(partition: Partition, config: CleanerConfig, now: number): CleanableRange {
  const { storage } = partition;
  return cleanableRange(
    {
      startOffset: partition.startOffset,
      cleanedTo: storage.cleanedTo,
      replaceableTo: storage.replaceableTo,
      lastStableOffset: partition.lastStableOffset,
      segments: storage.segments(),
    },
    config,
    now,
  );
}

const nothingCleaned = (): CleaningResult => ({
  more: false,
  cleanedTo: 0,
  bytesBefore: 0,
  bytesAfter: 0,
  removedMarkers: new Set(),
});
