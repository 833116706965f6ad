/**
 * The `shell` processor's command language: `op|arg|arg...` against a store, the result as text. A store kind or
 * command that the library does not have yet throws `UnsupportedOperation`, so that its cases count as failed.
 */
import type { StateStore } from '../../src/state/store.js';
import type {
  KeyValueStore,
  TimestampedKeyValueStore,
  ValueAndTimestamp,
} from '../../src/state/key-value.js';
import { UnsupportedOperation } from './unsupported.js';
import { isNull, text } from './text.js';

type Entries = AsyncIterable<[unknown, unknown]> | Iterable<[unknown, unknown]>;

/** Runs one command. `type` is the declared kind of the store. */
export function runCommand(
  store: StateStore,
  type: string,
  command: string,
): string | Promise<string> {
  const [operation = '', ...args] = command.split('|');
  switch (type) {
    // The declared kind says which face the store has.
    case 'kv':
      return keyValueCommand(store as KeyValueStore<string, string>, operation, args);
    case 'timestampedKv':
      return timestampedCommand(store as TimestampedKeyValueStore<string, string>, operation, args);
    default:
      throw new UnsupportedOperation(`shell on a ${type} store`);
  }
}

function keyValueCommand(
  store: KeyValueStore<string, string>,
  operation: string,
  args: readonly string[],
): string | Promise<string> {
  const [key = '', value = ''] = args;
  switch (operation) {
    case 'put':
      store.put(key, value);
      return 'ok';
    case 'putnull':
      store.put(key, null);
      return 'ok';
    case 'get':
      return text(store.get(key));
    case 'del':
      return text(store.delete(key));
    case 'pia':
      return text(store.putIfAbsent(key, value));
    case 'putall':
      store.putAll(pairs(args));
      return 'ok';
    case 'all':
      return listing(store.all());
    case 'rall':
      return listing(store.reverseAll());
    case 'range':
      return listing(store.range(bound(key), bound(value)));
    case 'rrange':
      return listing(store.reverseRange(bound(key), bound(value)));
    case 'prefix':
      return listing(store.prefixScan(key));
    default:
      throw new UnsupportedOperation(`shell command ${operation} on a kv store`);
  }
}

function timestampedCommand(
  store: TimestampedKeyValueStore<string, string>,
  operation: string,
  args: readonly string[],
): string | Promise<string> {
  const [key = '', value = '', timestamp = '0'] = args;
  const stamped = { value, timestamp: Number(timestamp) };
  switch (operation) {
    case 'put':
      store.put(key, stamped);
      return 'ok';
    case 'get':
      return valueText(store.get(key));
    case 'del':
      return valueText(store.delete(key));
    case 'pia':
      return valueText(store.putIfAbsent(key, stamped));
    case 'all':
      return listing(store.all());
    case 'range':
      return listing(store.range(bound(key), bound(value)));
    default:
      throw new UnsupportedOperation(`shell command ${operation} on a timestampedKv store`);
  }
}

/** An empty bound is an open end. */
const bound = (argument: string): string | undefined => (argument === '' ? undefined : argument);

function pairs(args: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < args.length; i += 2) list.push([args[i]!, args[i + 1]!]);
  return list;
}

export function isStamped(value: unknown): value is ValueAndTimestamp<unknown> {
  return typeof value === 'object' && value !== null && 'timestamp' in value && 'value' in value;
}

/** A value as the cases print it: `v@ts` for a timestamped one. */
export function valueText(value: unknown): string {
  return !isNull(value) && isStamped(value)
    ? `${text(value.value)}@${value.timestamp}`
    : text(value);
}

/** `{a=b,c=d}` in iteration order. */
function listing(entries: Entries): string | Promise<string> {
  const list = collect(entries);
  return Array.isArray(list) ? braces(list) : list.then(braces);
}

const braces = (list: readonly [unknown, unknown][]): string =>
  `{${list.map(([key, value]) => `${text(key)}=${valueText(value)}`).join(',')}}`;

/** Takes what can be iterated at once at once; only a store on disk needs the promise. */
export function collect(entries: Entries): [unknown, unknown][] | Promise<[unknown, unknown][]> {
  return Symbol.iterator in entries ? [...entries] : collectLater(entries);
}

async function collectLater(
  entries: AsyncIterable<[unknown, unknown]>,
): Promise<[unknown, unknown][]> {
  const list: [unknown, unknown][] = [];
  for await (const entry of entries) list.push(entry);
  return list;
}
