/**
 * The options of an application, parsed once into a frozen object. Names are Kafka's in camelCase. An unknown
 * option, a value of the wrong kind or a guarantee that does not exist is `INVALID_CONFIG` before anything starts.
 */
import { type Duration, durationMs } from '../duration.js';
import type { Env } from '../env/env.js';
import { StreamsError } from '../errors.js';
import type { CompressionType, LogClient } from '../log/client.js';
import type { StreamPartitioner } from '../processor/collector.js';
import type { DeadLetter, ErrorPolicy } from '../processor/error-policy.js';
import type { TaskConfig } from '../processor/task-config.js';
import {
  type TimestampExtractor,
  failOnInvalidTimestamp,
} from '../processor/timestamp-extractor.js';
import { didYouMean } from '../nearest-name.js';

const MIB = 1024 * 1024;

export type ProcessingGuarantee = 'exactly-once' | 'at-least-once';

/** After an error that no policy took: stop with state ERROR (default), or go back to the last commit and go on. */
export type UncaughtErrorDecision = 'shutdown' | 'replace';
export type UncaughtErrorHandler =
  | UncaughtErrorDecision
  | ((error: StreamsError) => UncaughtErrorDecision);

/** Where an application says what it does and what it had to leave out. Default: nowhere; errors also reach `run()` and `on('error')`. */
export interface StreamsLogger {
  info(message: string): void;
  warn(message: string, error?: Error): void;
  error(message: string, error?: Error): void;
}

/** What happens to a record that cannot be decoded, processed or written: `'fail'` (default), `'continue'`, `deadLetter(topic)`, or a function. */
export interface ErrorPolicies {
  readonly deserialize?: ErrorPolicy;
  readonly process?: ErrorPolicy;
  readonly produce?: ErrorPolicy;
}

export interface KafkaStreamsOptions {
  /** Names the consumer group, the transactional id and the internal topics. Runs once per log at a time. */
  readonly applicationId: string;
  /** `await openLog(directory)`, `memoryLog()`, or a `LogClient`. Not closed with the application. */
  readonly log: LogClient | { readonly client: LogClient };
  /** Default `'exactly-once'`. */
  readonly processingGuarantee?: ProcessingGuarantee;
  /** Unset: whenever no input waits, and at least every 100 ms. */
  readonly commitInterval?: Duration;
  /** Record caches of all tables and aggregations together; 0 forwards every single update. Default 10 MiB. */
  readonly statestoreCacheMaxBytes?: number;
  /** Uncommitted data beyond this is committed early. Default 64 MiB. */
  readonly uncommittedMaxBytes?: number;
  /** How long a task waits for data of an empty partition before it takes from the others; -1: not at all. Default 0: only while the partition has data that was not fetched yet. */
  readonly maxTaskIdle?: Duration | -1;
  /** Only 0 in this version. */
  readonly numStandbyReplicas?: number;
  /** Only 1 in this version. */
  readonly numStreamThreads?: number;
  /** Directory of persistent stores; unused while stores are in memory. */
  readonly stateDir?: string;
  /** A promise of user code that does not settle for this long fails with `PROCESS_TIMEOUT`. Default 5 min. */
  readonly parkTimeout?: Duration;
  /** For sources without extractor of their own. Default `failOnInvalidTimestamp`. */
  readonly timestamps?: TimestampExtractor;
  /** What is sent is compressed with this codec: outputs, changelogs, repartition topics. Default 'none'; a topic's `compression.type` goes before it. */
  readonly compression?: CompressionType;
  /** For sinks without partitioner of their own. Default: murmur2 of the key bytes, as Kafka. */
  readonly partitioner?: StreamPartitioner;
  readonly logger?: Partial<StreamsLogger>;
  readonly onUncaughtError?: UncaughtErrorHandler;
  readonly errors?: ErrorPolicies;
  /** How often consumed records of repartition topics are deleted. Default 30 s. */
  readonly repartitionPurgeInterval?: Duration;
  /** Time, timers, signals: replaced by tests. */
  readonly env?: Env;
}

/** The options, checked, with every default filled in. */
export interface StreamsConfig {
  readonly applicationId: string;
  readonly client: LogClient;
  readonly processingGuarantee: ProcessingGuarantee;
  readonly commitIntervalMs: number | undefined;
  readonly statestoreCacheMaxBytes: number;
  readonly uncommittedMaxBytes: number;
  readonly parkTimeoutMs: number;
  readonly partitioner: StreamPartitioner | undefined;
  readonly compression: CompressionType;
  readonly logger: StreamsLogger;
  /** A logger was given that is told of errors. */
  readonly logsErrors: boolean;
  readonly onUncaughtError: UncaughtErrorHandler;
  readonly onProduceError: ErrorPolicy;
  /** Topics of dead letters that are known before the first error. */
  readonly deadLetterTopics: readonly string[];
  readonly repartitionPurgeIntervalMs: number;
  readonly env: Env;
  /** For each task; the cache is shared out by the task manager. */
  readonly task: TaskConfig;
}

const OPTIONS: { readonly [name in keyof Required<KafkaStreamsOptions>]: true } = {
  applicationId: true,
  log: true,
  processingGuarantee: true,
  commitInterval: true,
  statestoreCacheMaxBytes: true,
  uncommittedMaxBytes: true,
  maxTaskIdle: true,
  numStandbyReplicas: true,
  numStreamThreads: true,
  stateDir: true,
  parkTimeout: true,
  timestamps: true,
  partitioner: true,
  compression: true,
  logger: true,
  onUncaughtError: true,
  errors: true,
  repartitionPurgeInterval: true,
  env: true,
};
const POLICIES: { readonly [name in keyof Required<ErrorPolicies>]: true } = {
  deserialize: true,
  process: true,
  produce: true,
};

/** Throws `INVALID_CONFIG` naming the option and, for an unknown one, the nearest that exists. */
export function parseConfig(options: KafkaStreamsOptions, hostEnv: () => Env): StreamsConfig {
  requireObject(options, 'options', "{ applicationId: 'app', log: await openLog('./data') }");
  requireKnown(options, OPTIONS, 'option');
  if (options.errors !== undefined)
    requireObject(options.errors, 'errors', "{ deserialize: 'continue' }");
  requireKnown(options.errors ?? {}, POLICIES, 'error policy');
  const applicationId = parseApplicationId(options.applicationId);
  requireOnly('numStreamThreads', options.numStreamThreads, 1);
  requireOnly('numStandbyReplicas', options.numStandbyReplicas, 0);
  const errors = options.errors ?? {};
  const logger = parseLogger(options.logger);
  const parkTimeoutMs = duration('parkTimeout', options.parkTimeout, 300_000);
  const policies = [
    parsePolicy('deserialize', errors.deserialize),
    parsePolicy('process', errors.process),
    parsePolicy('produce', errors.produce),
  ] as const;
  return Object.freeze({
    applicationId,
    client: parseLog(options.log),
    processingGuarantee: parseChoice('processingGuarantee', options.processingGuarantee, [
      'exactly-once',
      'at-least-once',
    ] as const),
    commitIntervalMs:
      options.commitInterval === undefined
        ? undefined
        : duration('commitInterval', options.commitInterval, 0),
    statestoreCacheMaxBytes: bytes(
      'statestoreCacheMaxBytes',
      options.statestoreCacheMaxBytes,
      10 * MIB,
    ),
    uncommittedMaxBytes: bytes('uncommittedMaxBytes', options.uncommittedMaxBytes, 64 * MIB),
    parkTimeoutMs,
    partitioner: options.partitioner,
    compression: parseChoice('compression', options.compression, [
      'none',
      'gzip',
      'snappy',
      'lz4',
      'zstd',
    ] as const),
    logger,
    logsErrors: options.logger?.error !== undefined,
    onUncaughtError:
      typeof options.onUncaughtError === 'function'
        ? options.onUncaughtError
        : parseChoice('onUncaughtError', options.onUncaughtError, ['shutdown', 'replace'] as const),
    onProduceError: policies[2],
    deadLetterTopics: [
      ...new Set(policies.filter(isDeadLetter).map((policy) => policy.deadLetter)),
    ],
    repartitionPurgeIntervalMs: duration(
      'repartitionPurgeInterval',
      options.repartitionPurgeInterval,
      30_000,
    ),
    env: options.env ?? hostEnv(),
    task: Object.freeze({
      timestamps: options.timestamps ?? failOnInvalidTimestamp,
      onDeserializeError: policies[0],
      onProcessError: policies[1],
      cacheMaxBytes: 0,
      parkTimeoutMs,
      maxTaskIdleMs:
        options.maxTaskIdle === -1 ? -1 : duration('maxTaskIdle', options.maxTaskIdle, 0),
      logger,
    }),
  });
}

function invalid(option: string, problem: string): StreamsError {
  return new StreamsError('INVALID_CONFIG', `${option}: ${problem}`);
}

function requireObject(given: unknown, what: string, like: string): void {
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return;
  throw invalid(
    what,
    `${given === undefined ? 'missing' : `${String(JSON.stringify(given))} is no object`}. Give ${like}.`,
  );
}

function requireKnown(given: object, known: object, what: string): void {
  for (const name of Object.keys(given)) {
    if (name in known) continue;
    throw invalid(
      name,
      `there is no ${what} of this name.${didYouMean(name, Object.keys(known))} Known are: ${Object.keys(known).join(', ')}.`,
    );
  }
}

function parseApplicationId(id: unknown): string {
  if (typeof id === 'string' && /^[A-Za-z0-9._-]{1,200}$/.test(id) && id !== '.' && id !== '..')
    return id;
  throw invalid(
    'applicationId',
    `${JSON.stringify(id)} cannot be part of topic names. Give 1 to 200 letters, digits, '.', '_' or '-'.`,
  );
}

function parseLog(log: KafkaStreamsOptions['log'] | undefined): LogClient {
  if (typeof log === 'object' && log !== null) {
    const client = 'client' in log ? log.client : log;
    if (typeof client?.consumer === 'function') return client;
  }
  const given: unknown = log; // JavaScript may hand in anything
  const call =
    typeof given === 'string'
      ? `await openLog(${JSON.stringify(given)})`
      : 'await openLog(directory)';
  const opening = given instanceof Promise ? ' This is a promise: `await` it.' : '';
  throw invalid('log', `not a log.${opening} Give \`${call}\` or \`memoryLog()\`.`);
}

function parseLogger(logger: Partial<StreamsLogger> | undefined): StreamsLogger {
  return {
    info: (message) => guarded(() => logger?.info?.(message)),
    warn: (message, error) => guarded(() => logger?.warn?.(message, error)),
    error: (message, error) => guarded(() => logger?.error?.(message, error)),
  };
}

/** A logger that throws is a guest like all user code; there is nobody left to tell. */
function guarded(log: () => void): void {
  try {
    log();
  } catch {
    return;
  }
}

function parsePolicy(name: keyof ErrorPolicies, policy: ErrorPolicy | undefined): ErrorPolicy {
  if (policy === undefined) return 'fail';
  if (
    policy === 'fail' ||
    policy === 'continue' ||
    typeof policy === 'function' ||
    isDeadLetter(policy)
  )
    return policy;
  throw invalid(
    `errors.${name}`,
    `${JSON.stringify(policy)} is not a policy. Give 'fail', 'continue', deadLetter('topic') or a function.`,
  );
}

function isDeadLetter(policy: ErrorPolicy): policy is DeadLetter {
  return typeof policy === 'object' && policy !== null && typeof policy.deadLetter === 'string';
}

function parseChoice<T extends string>(
  option: string,
  given: T | undefined,
  choices: readonly [T, ...T[]],
): T {
  if (given === undefined) return choices[0];
  if (choices.includes(given)) return given;
  throw invalid(
    option,
    `${JSON.stringify(given)} is not one of ${choices.map((choice) => `'${choice}'`).join(', ')}.${didYouMean(String(given), choices)}`,
  );
}

function requireOnly(option: string, given: number | undefined, only: number): void {
  if (given !== undefined && given !== only)
    throw invalid(
      option,
      `${given} is not possible in this version, which runs with ${only}. Leave the option out.`,
    );
}

function bytes(option: string, given: number | undefined, byDefault: number): number {
  if (given === undefined) return byDefault;
  if (Number.isSafeInteger(given) && given >= 0) return given;
  throw invalid(option, `${JSON.stringify(given)} is not a number of bytes >= 0.`);
}

function duration(option: string, given: Duration | undefined, byDefault: number): number {
  if (given === undefined) return byDefault;
  try {
    return durationMs(given, option);
  } catch (error) {
    throw new StreamsError(
      'INVALID_CONFIG',
      error instanceof Error ? error.message : String(error),
      { cause: error },
    );
  }
}
