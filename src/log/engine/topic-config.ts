/**
 * Topic configs with Kafka's names, types and ranges. Values are kept as Kafka keeps them, as text; only what a
 * caller set is kept, defaults stay here. What the engine does with retention and compaction is not decided here.
 */
import { StreamsError } from '../../errors.js';
import type { TopicConfig } from '../client.js';
import { didYouMean } from '../../nearest-name.js';

export type ConfigValues = Readonly<{ [name: string]: string }>;

type Definition =
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  | { readonly type: 'ratio' }
  | { readonly type: 'boolean' }
  | { readonly type: 'choice'; readonly choices: readonly string[]; readonly list?: boolean };

const INT32_MAX = 2_147_483_647;
const INT64_MAX = Number.MAX_SAFE_INTEGER;
/** Java's Long.MAX_VALUE is a usual way to write "never"; it is taken as the largest safe integer. */
const JAVA_LONG_MAX = '9223372036854775807';

const long = (min: number): Definition => ({ type: 'integer', min, max: INT64_MAX });
const int = (min: number): Definition => ({ type: 'integer', min, max: INT32_MAX });

const DEFINITIONS: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  ['cleanup.policy', { type: 'choice', choices: ['delete', 'compact'], list: true }],
  ['compression.type', { type: 'choice', choices: ['producer', 'uncompressed'] }],
  ['delete.retention.ms', long(0)],
  ['file.delete.delay.ms', long(0)],
  ['flush.messages', long(1)],
  ['flush.ms', long(0)],
  ['index.interval.bytes', int(0)],
  ['max.compaction.lag.ms', long(1)],
  ['max.message.bytes', int(0)],
  ['message.timestamp.after.max.ms', long(0)],
  ['message.timestamp.before.max.ms', long(0)],
  ['message.timestamp.type', { type: 'choice', choices: ['CreateTime', 'LogAppendTime'] }],
  ['min.cleanable.dirty.ratio', { type: 'ratio' }],
  ['min.compaction.lag.ms', long(0)],
  ['min.insync.replicas', int(1)],
  ['preallocate', { type: 'boolean' }],
  ['retention.bytes', long(-1)],
  ['retention.ms', long(-1)],
  ['segment.bytes', int(1_048_576)],
  ['segment.index.bytes', int(4)],
  ['segment.jitter.ms', long(0)],
  ['segment.ms', long(1)],
  ['unclean.leader.election.enable', { type: 'boolean' }],
]);

export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

/** The configs as text. Throws `INVALID_CONFIG` naming topic, config, value and what is allowed. */
export function parseTopicConfig(topic: string, config: TopicConfig): ConfigValues {
  const values: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(config)) {
    const definition = DEFINITIONS.get(name);
    if (definition === undefined) {
      const hint = didYouMean(name, DEFINITIONS.keys());
      throw invalid(
        topic,
        `there is no topic config '${name}'.${hint} Known are: ${[...DEFINITIONS.keys()].join(', ')}.`,
      );
    }
    values[name] = parseValue(topic, name, definition, value);
  }
  return Object.freeze(values);
}

/** A whole number config, or `otherwise` when it was not set. */
export function configNumber(config: ConfigValues, name: string, otherwise: number): number {
  const value = config[name];
  return value === undefined ? otherwise : Number(value);
}

function parseValue(topic: string, name: string, definition: Definition, value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : String(value);
  switch (definition.type) {
    case 'integer': {
      const number =
        text === JAVA_LONG_MAX ? INT64_MAX : /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (number >= definition.min && number <= definition.max) return String(number);
      throw invalid(
        topic,
        `${name} is '${text}', expected a whole number from ${definition.min} to ${definition.max}.`,
      );
    }
    case 'ratio': {
      const number = text === '' ? Number.NaN : Number(text);
      if (number >= 0 && number <= 1) return String(number);
      throw invalid(topic, `${name} is '${text}', expected a number from 0 to 1.`);
    }
    case 'boolean':
      if (text === 'true' || text === 'false') return text;
      throw invalid(topic, `${name} is '${text}', expected true or false.`);
    case 'choice': {
      const parts = definition.list === true ? text.split(',').map((part) => part.trim()) : [text];
      if (parts.every((part) => definition.choices.includes(part))) return parts.join(',');
      const allowed = definition.choices.join(', ');
      throw invalid(
        topic,
        `${name} is '${text}', expected ${definition.list === true ? `a list of ${allowed}` : `one of ${allowed}`}.`,
      );
    }
  }
}

function invalid(topic: string, what: string): StreamsError {
  return new StreamsError('INVALID_CONFIG', `Topic '${topic}': ${what}`, { topic });
}
