/**
 * Topic configs: parsed, checked together, described, and as they are in force. Values are kept as Kafka keeps
 * them, as text; only what a caller set is kept, defaults are those of `topic-config-table.ts`.
 */
import { assert, StreamsError } from '../../errors.js';
import type { ConfigChange, ConfigEntry, TopicConfig } from '../client.js';
import { didYouMean } from '../../nearest-name.js';
import {
  CONFIG_DEFINITIONS,
  JAVA_LONG_MAX,
  MAX_MESSAGE_BYTES,
  type ConfigDefinition,
} from './topic-config-table.js';
import { topicCompression, type TopicCompression } from './topic-compression.js';

export type ConfigValues = Readonly<{ [name: string]: string }>;

/** The configs as text. Throws `INVALID_CONFIG` naming topic, config, value and what is allowed. */
export function parseTopicConfig(topic: string, config: TopicConfig): ConfigValues {
  return checked(topic, parseValues(topic, config));
}

/** The configs after Kafka's incremental alter. Throws `INVALID_CONFIG`. */
export function alteredConfig(current: ConfigValues, change: ConfigChange): ConfigValues {
  const { topic, set = {}, unset = [] } = change;
  const values: { [name: string]: string } = { ...current, ...parseValues(topic, set) };
  for (const name of unset) {
    definitionOf(topic, name);
    if (Object.hasOwn(set, name)) throw invalid(topic, `${name} is both set and unset.`);
    delete values[name];
  }
  return checked(topic, values);
}

/** Every config, sorted by name. */
export function describeConfig(config: ConfigValues): ConfigEntry[] {
  return [...CONFIG_DEFINITIONS].map(([name, { type, defaultValue, documentation }]) => ({
    name,
    value: config[name] ?? defaultValue,
    source: config[name] === undefined ? 'DEFAULT_CONFIG' : 'DYNAMIC_TOPIC_CONFIG',
    type,
    documentation,
  }));
}

/** The value in force, set or default. */
export function configText(config: ConfigValues, name: string): string {
  const value = config[name] ?? CONFIG_DEFINITIONS.get(name)?.defaultValue;
  assert(value !== undefined, `'${name}' is a topic config`);
  return value;
}

/** A number config in force. Java's Long.MAX_VALUE is not a safe integer: compare with it, do not add to it. */
export function configNumber(config: ConfigValues, name: string): number {
  return Number(configText(config, name));
}

/** What of a topic's config the engine looks at often. */
export interface TopicSettings {
  readonly maxMessageBytes: number;
  readonly segmentBytes: number;
  /** Records get the time of their append instead of the producer's. */
  readonly logAppendTime: boolean;
  /** cleanup.policy includes `compact`. */
  readonly compacted: boolean;
  /** cleanup.policy includes `delete`. */
  readonly deletes: boolean;
  /** Below 0: for ever. */
  readonly retentionMs: number;
  /** Below 0: any size. */
  readonly retentionBytes: number;
  readonly timestampBeforeMsMax: number;
  readonly timestampAfterMsMax: number;
  /** What batches are stored as; undefined: as the producer sent them. */
  readonly compression: TopicCompression | undefined;
}

export function topicSettings(config: ConfigValues): TopicSettings {
  const policy = configText(config, 'cleanup.policy').split(',');
  return {
    maxMessageBytes: configNumber(config, MAX_MESSAGE_BYTES),
    segmentBytes: configNumber(config, 'segment.bytes'),
    logAppendTime: configText(config, 'message.timestamp.type') === 'LogAppendTime',
    compacted: policy.includes('compact'),
    deletes: policy.includes('delete'),
    retentionMs: configNumber(config, 'retention.ms'),
    retentionBytes: configNumber(config, 'retention.bytes'),
    timestampBeforeMsMax: configNumber(config, 'message.timestamp.before.max.ms'),
    timestampAfterMsMax: configNumber(config, 'message.timestamp.after.max.ms'),
    compression: topicCompression(
      (name) => configText(config, name),
      (name) => configNumber(config, name),
    ),
  };
}

function parseValues(topic: string, config: TopicConfig): { [name: string]: string } {
  const values: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(config))
    values[name] = parseValue(topic, name, definitionOf(topic, name), value);
  return values;
}

function definitionOf(topic: string, name: string): ConfigDefinition {
  const definition = CONFIG_DEFINITIONS.get(name);
  if (definition !== undefined) return definition;
  const known = [...CONFIG_DEFINITIONS.keys()];
  throw invalid(
    topic,
    `there is no topic config '${name}'.${didYouMean(name, known)} Known are: ${known.join(', ')}.`,
  );
}

/** Kafka's rules over more than one config. */
function checked(topic: string, values: { [name: string]: string }): ConfigValues {
  const min = configNumber(values, 'min.compaction.lag.ms');
  const max = configNumber(values, 'max.compaction.lag.ms');
  if (min > max)
    throw invalid(
      topic,
      `min.compaction.lag.ms (${min}) is above max.compaction.lag.ms (${max}): no record could be cleaned in time.`,
    );
  return Object.freeze(values);
}

function parseValue(
  topic: string,
  name: string,
  definition: ConfigDefinition,
  value: unknown,
): string {
  const text = typeof value === 'string' ? value.trim() : String(value);
  switch (definition.type) {
    case 'INT':
    case 'LONG':
      return wholeNumber(topic, name, definition, text);
    case 'DOUBLE': {
      const { min = 0, max = 1 } = definition;
      const number = text === '' ? Number.NaN : Number(text);
      if (number >= min && number <= max) return String(number);
      throw invalid(topic, `${name} is '${text}', expected a number from ${min} to ${max}.`);
    }
    case 'BOOLEAN':
      if (text === 'true' || text === 'false') return text;
      throw invalid(topic, `${name} is '${text}', expected true or false.`);
    case 'STRING':
    case 'LIST':
      return chosen(topic, name, definition, text);
  }
}

function wholeNumber(
  topic: string,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, also }: ConfigDefinition,
  text: string,
): string {
  const largest = max > Number.MAX_SAFE_INTEGER;
  if (largest && text === JAVA_LONG_MAX) return text;
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number === also) return String(number);
  if (number >= min && number <= Math.min(max, Number.MAX_SAFE_INTEGER)) return String(number);
  const to = largest ? `${Number.MAX_SAFE_INTEGER}, or ${JAVA_LONG_MAX} for no limit` : max;
  throw invalid(
    topic,
    `${name} is '${text}', expected a whole number from ${min} to ${to}${also === undefined ? '' : `, or ${also}`}.`,
  );
}

function chosen(
  topic: string,
  name: string,
  { type, choices = [] }: ConfigDefinition,
  text: string,
): string {
  const parts = type === 'LIST' ? text.split(',').map((part) => part.trim()) : [text];
  const known = parts.every((part) => choices.includes(part));
  if (known && new Set(parts).size === parts.length) return parts.join(',');
  const what = type === 'LIST' ? 'a list, each once, of' : 'one of';
  throw invalid(topic, `${name} is '${text}', expected ${what} ${choices.join(', ')}.`);
}

function invalid(topic: string, what: string): StreamsError {
  return new StreamsError('INVALID_CONFIG', `Topic '${topic}': ${what}`, { topic });
}
