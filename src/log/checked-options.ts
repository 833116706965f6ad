/** What the calls that open a log, a producer or a consumer accept, said before anything is made. */
import { requireOptions, requireSerde } from '../arguments.js';
import { StreamsError } from '../errors.js';
import type { ConsumerOptions } from './consumer.js';
import type { NewTopic } from './client.js';
import type { ProducerOptions } from './producer.js';

type Known<T> = { readonly [name in keyof Required<T>]: true };

const PRODUCER: Known<ProducerOptions<unknown, unknown>> = {
  key: true,
  value: true,
  transactionalId: true,
  transactionTimeoutMs: true,
  batchBytes: true,
  compression: true,
  compressionLevel: true,
  clientId: true,
};
const CONSUMER: Known<ConsumerOptions<unknown, unknown>> = {
  groupId: true,
  key: true,
  value: true,
  offsetReset: true,
  fromBeginning: true,
  assignor: true,
  groupInstanceId: true,
  clientId: true,
  maxBytes: true,
  isolation: true,
  autoCommit: true,
  autoCommitInterval: true,
  maxPollInterval: true,
  maxPartitionBytes: true,
};
const NEW_TOPIC: Known<NewTopic> = { topic: true, partitions: true, config: true };
interface Entry {
  readonly call: string;
  readonly known: readonly string[];
}

const PARTITION_COUNT: Entry = { call: 'createPartitions', known: ['topic', 'partitions'] };
const CONFIG_CHANGE: Entry = { call: 'alterConfigs', known: ['topic', 'set', 'unset'] };
const LOGGER_METHODS = ['info', 'warn', 'error'] as const;

export function checkProducerOptions(options: object): void {
  requireOptions(options, Object.keys(PRODUCER), 'log.producer');
  const { key, value, transactionalId } = options as { readonly [name: string]: unknown };
  requireSerde(key, 'key', 'log.producer');
  requireSerde(value, 'value', 'log.producer');
  requireText(transactionalId, 'transactionalId', 'log.producer');
  requireText((options as { readonly clientId?: unknown }).clientId, 'clientId', 'log.producer');
}

export function checkConsumerOptions(options: object): void {
  requireOptions(options, Object.keys(CONSUMER), 'log.consumer');
  const given = options as { readonly [name: string]: unknown };
  requireSerde(given['key'], 'key', 'log.consumer');
  requireSerde(given['value'], 'value', 'log.consumer');
  requireText(given['groupId'], 'groupId', 'log.consumer');
  requireText(given['groupInstanceId'], 'groupInstanceId', 'log.consumer');
  requireText(given['clientId'], 'clientId', 'log.consumer');
  if (given['offsetReset'] !== undefined && given['fromBeginning'] !== undefined)
    throw invalid(
      "log.consumer: fromBeginning is short for offsetReset: 'earliest' or 'latest'. Give one of the two.",
    );
  requireBoolean(given['fromBeginning'], 'fromBeginning', 'log.consumer');
  requireBoolean(given['autoCommit'], 'autoCommit', 'log.consumer');
}

/** A logger that lacks a method would fail when there is something to tell. */
export function checkLogger(logger: unknown, where: string): void {
  const given = logger as { readonly [name: string]: unknown } | null | undefined; // looked at, not trusted
  const missing =
    given === undefined
      ? undefined
      : LOGGER_METHODS.find((name) => typeof given?.[name] !== 'function');
  if (missing !== undefined)
    throw invalid(`${where}: the logger has no function '${missing}'. \`console\` fits.`);
}

export function checkNewTopics(topics: unknown, options: unknown): void {
  if (!Array.isArray(topics))
    throw invalid(
      "createTopics: give an array of topics: createTopics([{ topic: 'order', partitions: 1 }]).",
    );
  for (const topic of topics as readonly unknown[]) {
    if (typeof topic !== 'object' || topic === null)
      throw invalid(
        `createTopics: ${JSON.stringify(topic)} is no description of a topic. Give { topic: 'order', partitions: 1 }.`,
      );
    requireOptions(topic, Object.keys(NEW_TOPIC), 'createTopics');
  }
  requireOptions(options, ['ifNotExists'], 'createTopics');
  const { ifNotExists } = (options ?? {}) as { readonly ifNotExists?: unknown };
  requireBoolean(ifNotExists, 'ifNotExists', 'createTopics');
}

/** Kafka has no call that takes one name; the names of `what` come as an array. */
export function requireArray(value: unknown, call: string, like: string): void {
  if (Array.isArray(value)) return;
  const example = typeof value === 'string' ? `['${value}']` : like;
  throw invalid(`${call}: give an array: ${call}(${example}).`);
}

export function checkPartitionCounts(topics: unknown): void {
  const like = "[{ topic: 'order', partitions: 6 }]";
  requireArray(topics, 'createPartitions', like);
  for (const topic of topics as readonly unknown[]) requireEntry(topic, PARTITION_COUNT, like);
}

export function checkConfigChanges(changes: unknown): void {
  const like = "[{ topic: 'order', set: { 'retention.ms': 3_600_000 } }]";
  requireArray(changes, 'alterConfigs', like);
  for (const change of changes as readonly unknown[]) {
    requireEntry(change, CONFIG_CHANGE, like);
    const { set, unset } = change as { readonly set?: unknown; readonly unset?: unknown };
    if (set !== undefined && (typeof set !== 'object' || set === null || Array.isArray(set)))
      throw invalid(`alterConfigs: set is ${JSON.stringify(set)}. Give an object of configs.`);
    if (unset !== undefined && !Array.isArray(unset))
      throw invalid(
        `alterConfigs: unset is ${JSON.stringify(unset)}. Give an array of names: ['retention.ms'].`,
      );
  }
}

function requireEntry(entry: unknown, { call, known }: Entry, like: string): void {
  if (typeof entry !== 'object' || entry === null || !('topic' in entry))
    throw invalid(`${call}: ${JSON.stringify(entry)} names no topic. Give ${call}(${like}).`);
  requireOptions(entry, known, call);
}

/** A loop over a consumer that has nothing to read would wait for ever. Kafka's words. */
export function notSubscribed(): StreamsError {
  return new StreamsError(
    'INVALID_STATE',
    "Consumer is not subscribed to any topics or assigned any partitions. Call `await consumer.subscribe(['order'])` or `await consumer.assign([{ topic: 'order', partition: 0 }])` first.",
  );
}

function requireBoolean(value: unknown, option: string, where: string): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw invalid(`${where}: ${option} is ${JSON.stringify(value)}. Give true or false.`);
}

function requireText(value: unknown, option: string, where: string): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return;
  throw invalid(`${where}: ${option} is ${JSON.stringify(value)}. Give a text that is not empty.`);
}

function invalid(message: string): StreamsError {
  return new StreamsError('INVALID_ARGUMENT', message);
}
