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
import type { Windowed } from '../../src/serde/windowed.js';
import type { SessionStore } from '../../src/state/session.js';
import {
  PUT_RETURN_CODE_NOT_PUT,
  PUT_RETURN_CODE_VALID_TO_UNDEFINED,
  type VersionedKeyValueStore,
} from '../../src/state/versioned.js';
import type { WindowStore } from '../../src/state/window.js';
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
    case 'versioned':
      return versionedCommand(store as VersionedKeyValueStore<string, string>, operation, args);
    case 'window':
      return windowCommand(store as WindowStore<string, string>, operation, args);
    case 'session':
      return sessionCommand(store as SessionStore<string, string>, operation, args);
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

function versionedCommand(
  store: VersionedKeyValueStore<string, string>,
  operation: string,
  args: readonly string[],
): string {
  const [key = ''] = args;
  switch (operation) {
    case 'put':
      return validTo(store.put(key, args[1] ?? '', Number(args[2])));
    case 'putnull':
      return validTo(store.put(key, null, Number(args[1])));
    case 'get':
      return valueText(store.get(key));
    case 'asof':
      return valueText(store.get(key, Number(args[1])));
    case 'del':
      return valueText(store.delete(key, Number(args[1])));
    default:
      throw new UnsupportedOperation(`shell command ${operation} on a versioned store`);
  }
}

function validTo(code: number): string {
  if (code === PUT_RETURN_CODE_VALID_TO_UNDEFINED) return 'latest';
  return code === PUT_RETURN_CODE_NOT_PUT ? 'rejected' : String(code);
}

function windowCommand(
  store: WindowStore<string, string>,
  operation: string,
  args: readonly string[],
): string | Promise<string> {
  const [key = '', second = '', third, fourth] = args;
  switch (operation) {
    case 'put':
      store.put(key, second, Number(third));
      return 'ok';
    case 'putnull':
      store.put(key, null, Number(second));
      return 'ok';
    case 'get':
      return text(store.fetch(key, Number(second)));
    case 'fetch':
      return braces(store.fetch(key, Number(second), Number(third)));
    case 'bfetch':
      return braces(store.backwardFetch(key, Number(second), Number(third)));
    case 'fetchrange':
      return sortedListing(store.fetch(bound(key), bound(second), Number(third), Number(fourth)));
    case 'fetchall':
      return sortedListing(store.fetchAll(Number(key), Number(second)));
    case 'all':
      return sortedListing(store.all());
    default:
      throw new UnsupportedOperation(`shell command ${operation} on a window store`);
  }
}

function sessionCommand(
  store: SessionStore<string, string>,
  operation: string,
  args: readonly string[],
): string | Promise<string> {
  const [key = '', second = '', third = '', value = ''] = args;
  const times = [Number(second), Number(third)] as const;
  const session = { key, window: { start: times[0], end: times[1] } };
  switch (operation) {
    case 'put':
      store.put(session, value);
      return 'ok';
    case 'remove':
      store.remove(session);
      return 'ok';
    case 'get':
      return text(store.fetchSession(key, ...times));
    case 'find':
      return braces(store.findSessions(key, ...times));
    case 'bfind':
      return braces(store.backwardFindSessions(key, ...times));
    case 'fetch':
      return braces(store.fetch(key));
    case 'fetchrange':
      return sortedListing(store.fetch(bound(key), bound(second)));
    default:
      throw new UnsupportedOperation(`shell command ${operation} on a session store`);
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

/** Over several keys the order is the store's own: sorted by (start, end, key). */
function sortedListing(
  entries: AsyncIterable<[Windowed<string>, string]>,
): string | Promise<string> {
  const list = collect(entries);
  return Array.isArray(list)
    ? braces(byWindow(list))
    : list.then((later) => braces(byWindow(later)));
}

function byWindow(list: [unknown, unknown][]): [unknown, unknown][] {
  const windowOf = (entry: [unknown, unknown]) => entry[0] as Windowed<string>; // what windowed stores list
  return list.sort((left, right) => {
    const [one, other] = [windowOf(left), windowOf(right)];
    return (
      one.window.start - other.window.start ||
      one.window.end - other.window.end ||
      (one.key < other.key ? -1 : Number(one.key > other.key))
    );
  });
}

const braces = (list: readonly (readonly [unknown, unknown])[]): string =>
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
