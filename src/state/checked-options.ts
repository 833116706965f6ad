/**
 * What the arguments of the DSL, of `Topology` and of `Stores` have in common. Of options every name is known, and
 * what stands under it is of its kind. Checked at the call, because a misspelled or misplaced option would change
 * nothing, in silence. `undefined` is always "not given".
 */
import { requireFunction, requireOptions, requireSerde } from '../arguments.js';
import { StreamsError } from '../errors.js';

/** Sinks only write: half a serde is enough there. */
export type SerdeUse = 'readAndWrite' | 'write';

/** Throws `INVALID_ARGUMENT` unless `options` has only the options `known`, each of its kind; `where` names the call. */
export function checkOptions(
  options: unknown,
  known: readonly string[],
  where: string,
  serdes: SerdeUse = 'readAndWrite',
): void {
  requireOptions(options, known, where);
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value !== undefined) checkOption(name, value, where, serdes);
  }
}

/** Throws `INVALID_ARGUMENT` unless `topics` are what a source can read. */
export function checkTopics(call: string, topics: unknown): void {
  const named = Array.isArray(topics)
    ? topics.every((topic) => typeof topic === 'string')
    : typeof topics === 'string' || topics instanceof RegExp;
  if (named) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${call}: the topics must be a name, a list of names or a pattern of names, but are ${shown(topics)}.`,
  );
}

/** Throws `INVALID_ARGUMENT` unless `topic` is one topic. */
export function checkTopic(call: string, topic: unknown, alternative = ''): void {
  if (typeof topic === 'string') return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${call}: the topic must be a name${alternative}, but is ${shown(topic)}.`,
  );
}

function checkOption(name: string, value: unknown, where: string, serdes: SerdeUse): void {
  switch (name) {
    case 'key':
    case 'value':
      if (serdes === 'readAndWrite' || !canWrite(value)) requireSerde(value, name, where);
      break;
    case 'name':
    case 'as':
      if (typeof value !== 'string') throw wrong(name, 'a string', value, where);
      break;
    case 'timestamps':
    case 'partitioner':
    case 'keySelector':
    case 'foreignKey':
    case 'otherPartitioner':
      requireFunction(value, `option ${name}`, where);
      break;
    case 'caching':
    case 'logging':
    case 'retainDuplicates':
      if (typeof value !== 'boolean') throw wrong(name, 'true or false', value, where);
      break;
    case 'store':
      requireOneOf(name, ['persistent', 'memory'], value, where);
      break;
    case 'offsetReset':
      requireOneOf(name, ['earliest', 'latest'], value, where);
      break;
    case 'stores':
      if (!Array.isArray(value) || !value.every(isStore)) {
        throw wrong(name, 'a list of store builders and names of stores', value, where);
      }
      break;
    case 'logConfig':
      if (typeof value !== 'object' || value === null) {
        throw wrong(name, 'an object of topic configs', value, where);
      }
      break;
  }
}

function requireOneOf(
  name: string,
  values: readonly string[],
  value: unknown,
  where: string,
): void {
  if (values.includes(value as string)) return; // anything else than these strings is refused
  throw wrong(name, values.map((known) => `'${known}'`).join(' or '), value, where);
}

const canWrite = (value: unknown): boolean =>
  typeof (value as { readonly serialize?: unknown } | null)?.serialize === 'function';

/** Throws `INVALID_ARGUMENT` unless `builder` makes stores. */
export function checkBuilder(call: string, builder: unknown): void {
  if (isBuilder(builder)) return;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `${call}: the store must be a builder, as Stores makes them, but is ${shown(builder)}.`,
  );
}

export const isBuilder = (value: unknown): boolean =>
  typeof (value as { readonly build?: unknown } | null | undefined)?.build === 'function';

/** Throws `INVALID_ARGUMENT` unless `store` names one, or makes it. */
export function checkStore(store: unknown): void {
  if (!isStore(store)) checkBuilder('getStateStore()', store);
}

/** What a store is connected by: its builder or its name. */
const isStore = (value: unknown): boolean => typeof value === 'string' || isBuilder(value);

function wrong(name: string, expected: string, value: unknown, where: string): StreamsError {
  return new StreamsError(
    'INVALID_ARGUMENT',
    `${where}: the option ${name} must be ${expected}, but is ${shown(value)}.`,
  );
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
