/**
 * Looking at a log without opening it: is it whole, what is in a file, how large is it. Nothing here changes a byte,
 * and nothing needs more memory for a larger log. A log that is in use is refused (`LOG_LOCKED`, naming the holder),
 * because its files change while they are read.
 */
import type { Env } from '../../env/env.js';
import { systemEnv } from '../../env/system-env.js';
import { DirectoryCheck } from './directory-check.js';
import type { LogCheckProgress, LogCheckReport } from './findings.js';
import { guarded } from './log-image.js';
import { dumpFile, type DumpedEntry } from './segment-dump.js';
import { statsOf, type LogStats } from './stats.js';

export type {
  FindingKind,
  FindingSeverity,
  LogCheckProgress,
  LogCheckReport,
  LogCheckTotals,
  LogFinding,
} from './findings.js';
export type {
  DumpedBatch,
  DumpedDamage,
  DumpedEntry,
  DumpedGroup,
  DumpedOffsetEntry,
  DumpedRecord,
  DumpedTimeEntry,
} from './segment-dump.js';
export { dumpLines } from './dump-lines.js';
export type { GroupStats, LogStats, PartitionStats, TopicStats } from './stats.js';

export interface InspectOptions {
  /** Files and timers; simulations pass their own. Default: this machine's. */
  readonly env?: Env;
}

export interface LogCheckOptions extends InspectOptions {
  /** Called now and then, and once at the end. */
  readonly onProgress?: (progress: LogCheckProgress) => void;
  /** Findings beyond this are only counted. Default 1000. */
  readonly findingsMax?: number;
}

/**
 * Verifies every byte of a log's directory: format, journal, segments with all their records, indexes, checkpoints,
 * transactions, and that no file is there that does not belong. What is wrong comes back as findings, most of them
 * with file and byte.
 *
 * Throws `LOG_LOCKED` when a process has the log open, `LOG_FORMAT_NEWER`, `INVALID_ARGUMENT` when the directory holds
 * no log, `IO_FAILED` when a file cannot be read.
 *
 * @example
 * ```ts
 * import { checkLog } from 'millrace';
 *
 * const { ok, findings } = await checkLog('./data');
 * if (!ok) for (const { severity, file, what, advice } of findings) console.log(severity, file, what, advice);
 * ```
 */
export async function checkLog(
  directory: string,
  options: LogCheckOptions = {},
): Promise<LogCheckReport> {
  const env = options.env ?? systemEnv();
  const release = guarded(env.files, directory, 'checkLog');
  try {
    return await new DirectoryCheck(env, directory, options).run();
  } finally {
    release();
  }
}

export interface DumpOptions extends InspectOptions {
  /** Also hands out the records of each batch, as `records`. Default false. */
  readonly records?: boolean;
}

/**
 * What one file of a log holds: the batches of a segment (`.log`), the entries of an index (`.index`, `.timeindex`),
 * or the groups of a journal file. Damaged batches come with `isValid: false`; the dump ends where nothing more can be
 * made out. `dumpLines` prints an entry as Kafka's DumpLogSegments does.
 *
 * Throws `INVALID_ARGUMENT` when the file is none of these, `IO_FAILED` when it cannot be read.
 *
 * @example
 * ```ts
 * import { dumpLines, dumpSegment } from 'millrace';
 *
 * for await (const entry of dumpSegment('./data/order-0/00000000000000000000.log', { records: true }))
 *   for (const line of dumpLines(entry)) console.log(line);
 * ```
 */
export function dumpSegment(
  file: string,
  options: DumpOptions = {},
): AsyncGenerator<DumpedEntry, void, undefined> {
  return dumpFile(options.env ?? systemEnv(), file, options.records === true);
}

/**
 * Topics, partitions, segments, bytes and groups of a log that is closed, from its journal alone: no segment is read,
 * so it takes as long for 10 GB as for none. Throws as `checkLog` does, and `LOG_CORRUPT` when the journal is damaged.
 *
 * @example
 * ```ts
 * import { logStats } from 'millrace';
 *
 * const { topics, bytes } = await logStats('./data');
 * console.log(topics.length, 'topics,', bytes, 'bytes');
 * ```
 */
export async function logStats(directory: string, options: InspectOptions = {}): Promise<LogStats> {
  const env = options.env ?? systemEnv();
  const release = guarded(env.files, directory, 'logStats');
  try {
    return statsOf(env.files, directory);
  } finally {
    release();
  }
}
