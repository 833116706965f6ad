/**
 * The function library of the case format: a function is written `name` or `name:argument` (everything after the
 * first colon). Each table maps names to makers; an unknown name is a mistake of the case file and throws.
 */
import {
  failOnInvalidTimestamp,
  logAndSkipOnInvalidTimestamp,
  usePartitionTimeOnInvalidTimestamp,
} from '../../src/processor/timestamp-extractor.js';
import type { TimestampExtractor } from '../../src/processor/timestamp-extractor.js';
import {
  first,
  isNull,
  isNumeric,
  isWindowed,
  lower,
  numberOf,
  starts,
  text,
  textOrNull,
  upper,
} from './text.js';

export type Pair = [key: unknown, value: unknown];
export type Predicate = (key: unknown, value: unknown) => boolean;
export type KeyValueFunction = (key: unknown, value: unknown) => unknown;
export type PairFunction = (key: unknown, value: unknown) => Pair | null;
export type PairListFunction = (key: unknown, value: unknown) => Pair[] | null;
export type ListFunction = (key: unknown, value: unknown) => unknown[] | null;
export type Joiner = (key: unknown, left: unknown, right: unknown) => unknown;
export type Aggregator = (key: unknown, value: unknown, aggregate: unknown) => unknown;
export type Reducer = (left: unknown, right: unknown) => unknown;
export type TopicFunction = (key: unknown, value: unknown) => string;

type Makers<F> = { readonly [name: string]: (argument: string) => F };

/** What user code throws in a case. */
export function boom(): never {
  throw new Error('boom');
}

function resolve<F>(kind: string, makers: Makers<F>, written: string): F {
  const colon = written.indexOf(':');
  const name = colon < 0 ? written : written.slice(0, colon);
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make === undefined) throw new Error(`unknown ${kind} '${written}'`);
  return make(colon < 0 ? '' : written.slice(colon + 1));
}

const is = (value: unknown, expected: string): boolean =>
  !isNull(value) && text(value) === expected;

function codeSum(characters: string): number {
  let sum = 0;
  for (let i = 0; i < characters.length; i++) sum += characters.charCodeAt(i);
  return sum;
}

const PREDICATES: Makers<Predicate> = {
  always: () => () => true,
  never: () => () => false,
  valueNotNull: () => (_key, value) => !isNull(value),
  keyNotNull: () => (key) => !isNull(key),
  valueStartsWith: (prefix) => (_key, value) => starts(value, prefix),
  valueContains: (part) => (_key, value) => !isNull(value) && text(value).includes(part),
  valueIs: (expected) => (_key, value) => is(value, expected),
  keyIs: (expected) => (key) => is(key, expected),
  keyStartsWithAny: (characters) => (key) => {
    const start = first(key);
    return start !== null && characters.includes(start);
  },
  valueLenLe: (limit) => (_key, value) => !isNull(value) && text(value).length <= Number(limit),
  hashMod: (argument) => {
    const [modulus = 1, rest] = argument.split(':').map(Number);
    return (key, value) => codeSum(`${text(key)}|${text(value)}`) % modulus === rest;
  },
  numGe: (limit) => (_key, value) => isNumeric(value) && numberOf(value) >= Number(limit),
  throwIf: (trigger) => (_key, value) => (is(value, trigger) ? boom() : true),
};

/** A mapper that leaves null alone. */
const onText =
  (change: (value: string) => string): KeyValueFunction =>
  (_key, value) =>
    isNull(value) ? null : change(text(value));

const VALUE_MAPPERS: Makers<KeyValueFunction> = {
  identity: () => (_key, value) => value ?? null,
  upper: () => onText(upper),
  lower: () => onText(lower),
  append: (suffix) => onText((value) => value + suffix),
  prepend: (prefix) => onText((value) => prefix + value),
  reverse: () => onText((value) => [...value].reverse().join('')),
  len: () => onText((value) => String(value.length)),
  str: () => onText((value) => value),
  firstChar: () => (_key, value) => first(value),
  orEmpty: () => (_key, value) => value ?? '',
  nullIf: (prefix) => (_key, value) =>
    isNull(value) || starts(value, prefix) ? null : text(value),
  const: (constant) => () => constant,
  toNull: () => () => null,
  kv: () => (key, value) => `${text(key)}=${text(value)}`,
  wrap: () => (_key, value) => `(${text(value)})`,
  throwIf: (trigger) => (_key, value) => (is(value, trigger) ? boom() : (value ?? null)),
};

const KEY_SELECTORS: Makers<KeyValueFunction> = {
  same: () => (key) => key ?? null,
  value: () => (_key, value) => textOrNull(value),
  firstChar: () => (_key, value) => first(value),
  const: (constant) => () => constant,
  keyFirst: () => (key) => first(key),
  keyAndFirst: () => (key, value) => text(key) + text(first(value)),
  nullIf: (prefix) => (key, value) => (starts(value, prefix) ? null : (key ?? null)),
  len: () => (_key, value) => (isNull(value) ? null : `L${text(value).length}`),
  str: () => (key) => textOrNull(key),
  innerKey: () => (key) => (isWindowed(key) ? key.key : textOrNull(key)),
};

const PAIR_MAPPERS: Makers<PairFunction> = {
  identity: () => (key, value) => [key ?? null, value ?? null],
  swap: () => (key, value) => [textOrNull(value), textOrNull(key)],
  upperBoth: () => (key, value) => [
    isNull(key) ? null : upper(text(key)),
    isNull(value) ? null : upper(text(value)),
  ],
  byFirstChar: () => (_key, value) => [first(value), value ?? null],
  byValue: () => (_key, value) => [textOrNull(value), value ?? null],
  byConst: (constant) => (_key, value) => [constant, value ?? null],
  byFirstNullKeyIf: (prefix) => (_key, value) => [
    starts(value, prefix) ? null : first(value),
    value ?? null,
  ],
  byFirstNullValIf: (prefix) => (_key, value) => [
    first(value),
    starts(value, prefix) ? null : (value ?? null),
  ],
  kvPair: () => (key, value) => [key ?? null, `${text(key)}=${text(value)}`],
  innerKey: () => (key, value) => [isWindowed(key) ? key.key : textOrNull(key), value ?? null],
  stringify: () => (key, value) => [textOrNull(key), textOrNull(value)],
  nullResult: () => () => null,
};

const PAIR_LIST_MAPPERS: Makers<PairListFunction> = {
  chars: () => (key, value) =>
    isNull(value) ? [] : [...text(value)].map((character): Pair => [key ?? null, character]),
  charsAsKey: () => (_key, value) =>
    isNull(value) ? [] : [...text(value)].map((character): Pair => [character, value]),
  dup: () => (key, value) =>
    ['1', '2'].map((suffix): Pair => [key ?? null, isNull(value) ? null : text(value) + suffix]),
  both: () => (key, value) => [
    [key ?? null, value ?? null],
    [first(value), value ?? null],
  ],
  none: () => () => [],
  nullResult: () => () => null,
};

const LIST_MAPPERS: Makers<ListFunction> = {
  chars: () => (_key, value) => (isNull(value) ? [] : [...text(value)]),
  dup: () => (_key, value) =>
    ['1', '2'].map((suffix) => (isNull(value) ? null : text(value) + suffix)),
  none: () => () => [],
  withNull: () => (_key, value) => [value ?? null, null],
  nullResult: () => () => null,
};

const dash = (left: unknown, right: unknown): string => `${text(left)}-${text(right)}`;

const JOINERS: Makers<Joiner> = {
  dash: () => (_key, left, right) => dash(left, right),
  paren: () => (_key, left, right) => `(${text(left)},${text(right)})`,
  keyed: () => (key, left, right) => `${text(key)}:${dash(left, right)}`,
  left: () => (_key, left) => textOrNull(left),
  right: () => (_key, _left, right) => textOrNull(right),
  nullIfRight: (prefix) => (_key, left, right) =>
    starts(right, prefix) ? null : dash(left, right),
  throwIfRight: (trigger) => (_key, left, right) =>
    is(right, trigger) ? boom() : dash(left, right),
};

const INITIALIZERS: Makers<() => unknown> = {
  empty: () => () => '',
  const: (constant) => () => constant,
  null: () => () => null,
  throw: () => boom,
};

const concat = (value: unknown, aggregate: unknown): string =>
  (isNull(aggregate) ? '' : text(aggregate)) + text(value);
const withoutFirst = (from: unknown, part: unknown): string =>
  text(from).replace(text(part), () => '');

const AGGREGATORS: Makers<Aggregator> = {
  concat: () => (_key, value, aggregate) => concat(value, aggregate),
  log: () => (_key, value, aggregate) => `${text(aggregate)}+${text(value)}`,
  keyLog: () => (key, value, aggregate) => `${text(aggregate)}+${text(key)}${text(value)}`,
  logMinus: () => (_key, value, aggregate) => `${text(aggregate)}-${text(value)}`,
  addLen: () => (_key, value, aggregate) => String(numberOf(aggregate) + text(value).length),
  subLen: () => (_key, value, aggregate) => String(numberOf(aggregate) - text(value).length),
  inc: () => (_key, _value, aggregate) => String(numberOf(aggregate) + 1),
  dec: () => (_key, _value, aggregate) => String(numberOf(aggregate) - 1),
  max: () => (_key, value, aggregate) =>
    isNull(aggregate) || text(aggregate) < text(value) ? text(value) : text(aggregate),
  last: () => (_key, value) => textOrNull(value),
  keep: () => (_key, _value, aggregate) => aggregate ?? null,
  removeFirst: () => (_key, value, aggregate) =>
    isNull(aggregate) ? null : withoutFirst(aggregate, value),
  nullIf: (prefix) => (_key, value, aggregate) =>
    starts(value, prefix) ? null : concat(value, aggregate),
  throwIf: (trigger) => (_key, value, aggregate) =>
    is(value, trigger) ? boom() : concat(value, aggregate),
};

const REDUCERS: Makers<Reducer> = {
  concat: () => (left, right) => text(left) + text(right),
  minus: () => (left, right) => dash(left, right),
  max: () => (left, right) => (text(left) >= text(right) ? text(left) : text(right)),
  min: () => (left, right) => (text(left) <= text(right) ? text(left) : text(right)),
  first: () => (left) => left ?? null,
  last: () => (_left, right) => right ?? null,
  removeFirst: () => (left, right) => withoutFirst(left, right),
  nullIf: (prefix) => (left, right) => (starts(right, prefix) ? null : text(left) + text(right)),
};

const MERGERS: Makers<Joiner> = {
  bar: () => (_key, left, right) => `${text(left)}|${text(right)}`,
  concat: () => (_key, left, right) =>
    (isNull(left) ? '' : text(left)) + (isNull(right) ? '' : text(right)),
  sum: () => (_key, left, right) => String(numberOf(left) + numberOf(right)),
  max: () => (_key, left, right) => (text(left) >= text(right) ? text(left) : text(right)),
};

const EXTRACTORS: Makers<TimestampExtractor> = {
  failOnInvalid: () => failOnInvalidTimestamp,
  logAndSkip: () => logAndSkipOnInvalidTimestamp,
  usePartitionTime: () => usePartitionTimeOnInvalidTimestamp,
  valueTs: () => (record) => {
    const match = /^t(-?[0-9]{1,12})/.exec(text(record.value));
    return match === null ? record.timestamp : Number(match[1]);
  },
  partitionPlus: (step) => (record, partitionTime) =>
    partitionTime < 0 ? record.timestamp : partitionTime + Number(step),
  negativeIfOdd: () => (record) => (record.timestamp % 2 === 0 ? record.timestamp : -1),
  const: (constant) => () => Number(constant),
};

/** The name that `describe()` prints for an extractor. */
const dynamicTopic = (choose: TopicFunction): TopicFunction => {
  const DynamicTopic: TopicFunction = (key, value) => choose(key, value);
  return DynamicTopic;
};

const TOPIC_FUNCTIONS: Makers<TopicFunction> = {
  firstChar: (prefix) => dynamicTopic((_key, value) => prefix + text(first(value))),
  key: (prefix) => dynamicTopic((key) => prefix + text(key)),
};

export const predicate = (written: string): Predicate => resolve('predicate', PREDICATES, written);
export const valueMapper = (written: string): KeyValueFunction =>
  resolve('value mapper', VALUE_MAPPERS, written);
export const keySelector = (written: string): KeyValueFunction =>
  resolve('key selector', KEY_SELECTORS, written);
export const pairMapper = (written: string): PairFunction =>
  resolve('pair mapper', PAIR_MAPPERS, written);
export const pairListMapper = (written: string): PairListFunction =>
  resolve('flat mapper', PAIR_LIST_MAPPERS, written);
export const listMapper = (written: string): ListFunction =>
  resolve('flat value mapper', LIST_MAPPERS, written);
export const joiner = (written: string): Joiner => resolve('joiner', JOINERS, written);
export const initializer = (written: string): (() => unknown) =>
  resolve('initializer', INITIALIZERS, written);
export const aggregator = (written: string): Aggregator =>
  resolve('aggregator', AGGREGATORS, written);
export const reducer = (written: string): Reducer => resolve('reducer', REDUCERS, written);
export const sessionMerger = (written: string): Joiner =>
  resolve('session merger', MERGERS, written);
export const timestampExtractor = (written: string): TimestampExtractor =>
  resolve('timestamp extractor', EXTRACTORS, written);
export const topicFunction = (written: string): TopicFunction =>
  resolve('topic function', TOPIC_FUNCTIONS, written);
