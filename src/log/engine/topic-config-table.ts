/**
 * Every topic config of this log: Kafka's name, type, range, default (of Kafka 4.3) and what it does here. Configs
 * that are about other brokers (replication throttles, remote storage) are not known; those that Kafka's own
 * configuration files often carry are accepted, and their sentence says so when they change nothing.
 */
import type { ConfigEntry } from '../client.js';

export interface ConfigDefinition {
  readonly type: ConfigEntry['type'];
  readonly defaultValue: string;
  readonly documentation: string;
  /** Of a number. */
  readonly min?: number;
  readonly max?: number;
  /** A number below `min` that has a meaning of its own. */
  readonly also?: number;
  /** Of a text or a list. */
  readonly choices?: readonly string[];
}

const INT32_MAX = 2_147_483_647;
/** Java's Long.MAX_VALUE: how "never" and "no limit" are written. As a number it is only compared, never counted with. */
export const JAVA_LONG_MAX = '9223372036854775807';

export const MAX_MESSAGE_BYTES = 'max.message.bytes';

export const CONFIG_DEFINITIONS: ReadonlyMap<string, ConfigDefinition> = new Map([
  list(
    'cleanup.policy',
    'delete',
    ['delete', 'compact'],
    "What happens to old records: 'delete' drops whole segments by age and size, 'compact' keeps the last value of each key, both may be given.",
  ),
  [
    'compression.gzip.level',
    {
      type: 'INT',
      defaultValue: '-1',
      min: 1,
      max: 9,
      also: -1,
      documentation:
        "Level of gzip when compression.type is 'gzip': 1 (fast) to 9 (small), -1 for the codec's own choice.",
    },
  ],
  int(
    'compression.lz4.level',
    '9',
    1,
    "Level of lz4 when compression.type is 'lz4': 1 (fast) to 17 (small).",
    17,
  ),
  choice(
    'compression.type',
    'producer',
    ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
    "How batches are stored: 'producer' keeps what the producer sent, a codec compresses anew, 'uncompressed' unpacks.",
  ),
  int(
    'compression.zstd.level',
    '3',
    -131_072,
    "Level of zstd when compression.type is 'zstd': -131072 (fast) to 22 (small).",
    22,
  ),
  long(
    'delete.retention.ms',
    '86400000',
    0,
    'How long the tombstones of a compacted topic are kept after they were cleaned, in ms.',
  ),
  long(
    'file.delete.delay.ms',
    '60000',
    0,
    'Accepted, without effect: files go as soon as the journal says durably that they are not needed.',
  ),
  long(
    'flush.messages',
    JAVA_LONG_MAX,
    1,
    'Accepted, without effect: what is acknowledged is durable already.',
  ),
  long(
    'flush.ms',
    JAVA_LONG_MAX,
    0,
    'Accepted, without effect: what is acknowledged is durable already.',
  ),
  int(
    'index.interval.bytes',
    '4096',
    0,
    'Accepted; the indexes have an entry at least every 4096 bytes.',
  ),
  long(
    'max.compaction.lag.ms',
    JAVA_LONG_MAX,
    1,
    'A record of a compacted topic is cleaned at the latest after this time, in ms.',
  ),
  int(
    MAX_MESSAGE_BYTES,
    '1048588',
    0,
    'The largest record batch that is taken, in bytes, after compression.',
  ),
  long(
    'message.timestamp.after.max.ms',
    '3600000',
    0,
    'How far ahead of the clock of the log a timestamp of a producer may be, in ms; without effect with LogAppendTime.',
  ),
  long(
    'message.timestamp.before.max.ms',
    JAVA_LONG_MAX,
    0,
    'How far behind the clock of the log a timestamp of a producer may be, in ms; without effect with LogAppendTime.',
  ),
  choice(
    'message.timestamp.type',
    'CreateTime',
    ['CreateTime', 'LogAppendTime'],
    'Whether records have the time of their producer or that of their append.',
  ),
  [
    'min.cleanable.dirty.ratio',
    {
      type: 'DOUBLE',
      defaultValue: '0.5',
      min: 0,
      max: 1,
      documentation:
        'A compacted topic is cleaned when this part of its bytes is not clean, from 0 (always) to 1.',
    },
  ],
  long(
    'min.compaction.lag.ms',
    '0',
    0,
    'A record of a compacted topic is not cleaned before this time, in ms.',
  ),
  int('min.insync.replicas', '1', 1, 'Accepted, without effect: there is one copy.'),
  boolean('preallocate', 'false', 'Accepted, without effect: segments grow as they are written.'),
  long(
    'retention.bytes',
    '-1',
    -1,
    'The oldest segments of a partition go when all others are at least this large, in bytes; -1: never.',
  ),
  long(
    'retention.ms',
    '604800000',
    -1,
    'A segment goes when its youngest record is older than this, in ms; -1: never.',
  ),
  int(
    'segment.bytes',
    '1073741824',
    1_048_576,
    'The size of a segment, the unit in which records are deleted and cleaned, in bytes.',
  ),
  int('segment.index.bytes', '10485760', 4, 'Accepted, without effect: indexes grow as needed.'),
  long(
    'segment.jitter.ms',
    '0',
    0,
    'A segment is closed up to this much earlier than segment.ms, so that partitions do not all do it at once, in ms.',
  ),
  long(
    'segment.ms',
    '604800000',
    1,
    'A segment is closed when its records span this time, in ms, though it is not full.',
  ),
  boolean(
    'unclean.leader.election.enable',
    'false',
    'Accepted, without effect: there is no election.',
  ),
]);

type Row = [string, ConfigDefinition];

function long(name: string, defaultValue: string, min: number, documentation: string): Row {
  return [name, { type: 'LONG', defaultValue, min, max: Number(JAVA_LONG_MAX), documentation }];
}

function int(
  name: string,
  defaultValue: string,
  min: number,
  documentation: string,
  max = INT32_MAX,
): Row {
  return [name, { type: 'INT', defaultValue, min, max, documentation }];
}

function boolean(name: string, defaultValue: string, documentation: string): Row {
  return [name, { type: 'BOOLEAN', defaultValue, documentation }];
}

function choice(
  name: string,
  defaultValue: string,
  choices: readonly string[],
  documentation: string,
): Row {
  return [name, { type: 'STRING', defaultValue, choices, documentation }];
}

function list(
  name: string,
  defaultValue: string,
  choices: readonly string[],
  documentation: string,
): Row {
  return [name, { type: 'LIST', defaultValue, choices, documentation }];
}
