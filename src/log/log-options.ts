/**
 * What a log is opened with: the options of `openLog` and `memoryLog`, checked before anything is made, and the
 * settings of the engine that they become. Where Kafka has a broker config for it, its name stands beside the option.
 */
import { requireOptions } from '../arguments.js';
import { durationMs, type Duration } from '../duration.js';
import type { Env } from '../env/env.js';
import { StreamsError } from '../errors.js';
import { checkLogger } from './checked-options.js';
import type { Codec, CustomCodecs } from './client.js';
import {
  DEFAULT_SETTINGS,
  type EngineLogger,
  type EngineSettings,
} from './engine/engine-options.js';

/** Where the log tells what an operator should know (what recovery did, for example). `console` fits. */
export type LogLogger = EngineLogger;

/** How much producers may write. */
export interface LogQuotas {
  /** Bytes a second, for every client id or by client id. Kafka's quota `producer_byte_rate`. Default: no limit. */
  readonly producerByteRate?: number | { readonly [clientId: string]: number };
  /** A producer that would have to wait longer than this gets `QUOTA_EXCEEDED`. Default 1 minute. */
  readonly maxDelay?: Duration;
}

/** What both kinds of log take. */
export interface LogOptions {
  readonly logger?: LogLogger;
  /** Clock, timers, randomness and files; simulations pass their own. Default: this machine's. */
  readonly env?: Env;
  /** How often old segments are looked for. Kafka's log.retention.check.interval.ms. Default 5 minutes. */
  readonly retentionCheckInterval?: Duration;
  /** How long the cleaner of compacted topics sleeps when there is nothing to clean. Kafka's log.cleaner.backoff.ms. Default 15 s. */
  readonly cleanerBackoff?: Duration;
  /** Memory for the keys of one cleaning pass. Kafka's log.cleaner.dedupe.buffer.size. Default 16 MiB. */
  readonly cleanerDedupeBufferBytes?: number;
  /** Offsets of a group without members are forgotten after this. Kafka's offsets.retention.minutes. Default 7 days. */
  readonly offsetsRetention?: Duration;
  /** How often such offsets are looked for. Kafka's offsets.retention.check.interval.ms. Default 10 minutes. */
  readonly offsetsRetentionCheckInterval?: Duration;
  /** Partitions of all topics together; creating more is `LIMIT_EXCEEDED`. Default 100 000. */
  readonly partitionsMax?: number;
  /** Consumer groups; what would make one more is `LIMIT_EXCEEDED`. Default 100 000. */
  readonly groupsMax?: number;
  readonly quotas?: LogQuotas;
  /** Codecs for compressed batches, used before this library's own. */
  readonly codecs?: CustomCodecs;
}

export interface OpenLogOptions extends LogOptions {
  /** `fsync` (default): what is acknowledged survives a power cut. `os`: faster, it survives the process, not the machine. */
  readonly durability?: 'fsync' | 'os';
  /** Segment files that are open at once, for reading and for writing each. Default 256. */
  readonly openFilesMax?: number;
}

export interface MemoryLogOptions extends LogOptions {
  /** Bytes of batches that are held; an append beyond is `LIMIT_EXCEEDED`. Default: no limit. */
  readonly memoryBytesMax?: number;
}

type Known<T> = { readonly [name in keyof Required<T>]: true };

const COMMON: Known<LogOptions> = {
  logger: true,
  env: true,
  retentionCheckInterval: true,
  cleanerBackoff: true,
  cleanerDedupeBufferBytes: true,
  offsetsRetention: true,
  offsetsRetentionCheckInterval: true,
  partitionsMax: true,
  groupsMax: true,
  quotas: true,
  codecs: true,
};
const OPEN_LOG: Known<OpenLogOptions> = { durability: true, openFilesMax: true, ...COMMON };
const MEMORY_LOG: Known<MemoryLogOptions> = { memoryBytesMax: true, ...COMMON };
const QUOTAS: Known<LogQuotas> = { producerByteRate: true, maxDelay: true };
const CODECS: Known<CustomCodecs> = { gzip: true, snappy: true, lz4: true, zstd: true };

const CLEANER_BUFFER_BYTES_MIN = 65_536;
/** A segment in use needs its three files open. */
const OPEN_FILES_MIN = 3;

/** Throws `INVALID_ARGUMENT`, `INVALID_CONFIG` naming option and value. */
export function openLogSettings(options: OpenLogOptions): EngineSettings {
  const where = 'openLog';
  requireOptions(options, Object.keys(OPEN_LOG), where);
  const { durability, openFilesMax } = options;
  if (durability !== undefined && durability !== 'fsync' && durability !== 'os')
    throw new StreamsError(
      'INVALID_CONFIG',
      `durability: '${String(durability)}' is neither 'fsync' nor 'os'.`,
    );
  return Object.freeze({
    ...settings(options, where),
    openFilesMax: count(
      openFilesMax,
      DEFAULT_SETTINGS.openFilesMax,
      OPEN_FILES_MIN,
      `${where}: openFilesMax`,
    ),
  });
}

/** Throws `INVALID_ARGUMENT` naming option and value. */
export function memoryLogSettings(options: MemoryLogOptions): EngineSettings {
  const where = 'memoryLog';
  requireOptions(options, Object.keys(MEMORY_LOG), where);
  const { memoryBytesMax } = options;
  const unlimited = memoryBytesMax === undefined || memoryBytesMax === Number.POSITIVE_INFINITY;
  return Object.freeze({
    ...settings(options, where),
    memoryBytesMax: unlimited
      ? Number.POSITIVE_INFINITY
      : count(memoryBytesMax, 0, 1, `${where}: memoryBytesMax`),
  });
}

/** A logger that throws is a guest like all user code: it stops no log, and there is nobody left to tell. */
export function guardedLogger(logger: LogLogger | undefined): { readonly logger?: LogLogger } {
  if (logger === undefined) return {};
  const guarded = (name: keyof LogLogger) => (message: string) => {
    try {
      logger[name](message);
    } catch {
      return;
    }
  };
  return { logger: { info: guarded('info'), warn: guarded('warn'), error: guarded('error') } };
}

function settings(options: LogOptions, where: string): EngineSettings {
  checkLogger(options.logger, where);
  checkCodecs(options.codecs, where);
  const time = (name: keyof LogOptions & keyof typeof options, otherwise: number): number =>
    interval(options[name] as Duration | undefined, otherwise, `${where}: ${name}`);
  return {
    ...DEFAULT_SETTINGS,
    retentionCheckMs: time('retentionCheckInterval', DEFAULT_SETTINGS.retentionCheckMs),
    cleanerBackoffMs: time('cleanerBackoff', DEFAULT_SETTINGS.cleanerBackoffMs),
    cleanerDedupeBufferBytes: count(
      options.cleanerDedupeBufferBytes,
      DEFAULT_SETTINGS.cleanerDedupeBufferBytes,
      CLEANER_BUFFER_BYTES_MIN,
      `${where}: cleanerDedupeBufferBytes`,
    ),
    offsetsRetentionMs: time('offsetsRetention', DEFAULT_SETTINGS.offsetsRetentionMs),
    offsetsRetentionCheckMs: time(
      'offsetsRetentionCheckInterval',
      DEFAULT_SETTINGS.offsetsRetentionCheckMs,
    ),
    partitionsMax: count(
      options.partitionsMax,
      DEFAULT_SETTINGS.partitionsMax,
      1,
      `${where}: partitionsMax`,
    ),
    groupsMax: count(options.groupsMax, DEFAULT_SETTINGS.groupsMax, 1, `${where}: groupsMax`),
    ...quotaSettings(options.quotas, where),
  };
}

function quotaSettings(
  quotas: LogQuotas | undefined,
  where: string,
): Pick<EngineSettings, 'producerByteRates' | 'quotaDelayMsMax'> {
  const at = `${where}: quotas`;
  requireOptions(quotas, Object.keys(QUOTAS), at);
  const { producerByteRate = {}, maxDelay } = quotas ?? {};
  // '' stands for every client id that is not named.
  const rates =
    typeof producerByteRate === 'object' && producerByteRate !== null
      ? Object.entries(producerByteRate)
      : [['', producerByteRate] as const];
  for (const [clientId, rate] of rates) checkRate(rate, `${at}.producerByteRate`, clientId);
  return {
    producerByteRates: new Map(rates),
    quotaDelayMsMax:
      maxDelay === undefined
        ? DEFAULT_SETTINGS.quotaDelayMsMax
        : durationMs(maxDelay, `${at}.maxDelay`),
  };
}

function checkRate(rate: unknown, where: string, clientId: string): void {
  if (typeof rate === 'number' && rate > 0) return;
  throw invalid(
    `${where}${clientId === '' ? '' : ` of '${clientId}'`} is ${JSON.stringify(rate)}. Give bytes a second above 0, or { [clientId]: bytes }.`,
  );
}

/** A looping timer without a pause would do nothing else. */
function interval(duration: Duration | undefined, otherwise: number, where: string): number {
  if (duration === undefined) return otherwise;
  const ms = durationMs(duration, where);
  if (ms >= 1) return ms;
  throw invalid(`${where} is ${JSON.stringify(duration)}. Give at least 1 ms.`);
}

function count(value: number | undefined, otherwise: number, min: number, where: string): number {
  if (value === undefined) return otherwise;
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(`${where} is ${JSON.stringify(value)}. Give a whole number of at least ${min}.`);
}

function checkCodecs(codecs: CustomCodecs | undefined, where: string): void {
  requireOptions(codecs, Object.keys(CODECS), `${where}: codecs`);
  for (const [type, codec] of Object.entries(codecs ?? {})) {
    const given: Partial<Codec> | null = codec; // looked at, not trusted
    if (typeof given?.compress === 'function' && typeof given.decompress === 'function') continue;
    throw invalid(
      `${where}: codecs.${type} is no codec. Give an object with the functions compress and decompress.`,
    );
  }
}

function invalid(message: string): StreamsError {
  return new StreamsError('INVALID_ARGUMENT', message);
}
