/** The face of a global store towards ordinary tasks: everything can be read, every write is refused. */
import { StreamsError } from '../errors.js';
import type { ReadOnlyKeyValueStore } from './key-value.js';
import { MemoryStore } from './memory-store.js';
import type { ReadOnlySessionStore } from './session.js';
import type { StateStore } from './store.js';
import type { ReadOnlyVersionedKeyValueStore } from './versioned.js';
import type { ReadOnlyWindowStore } from './window.js';

/** Calls that read a store of face S. */
type Reads<S extends StateStore> = readonly Exclude<keyof S, keyof StateStore>[];

interface Kind {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

const KEY_VALUE_READS = [
  'get',
  'range',
  'reverseRange',
  'all',
  'reverseAll',
  'prefixScan',
  'approximateNumEntries',
] as const satisfies Reads<ReadOnlyKeyValueStore<unknown, unknown>>;

const WINDOW_READS = [
  'fetch',
  'backwardFetch',
  'fetchAll',
  'backwardFetchAll',
  'all',
  'backwardAll',
] as const satisfies Reads<ReadOnlyWindowStore<unknown, unknown>>;

const SESSION_READS = [
  'fetchSession',
  'findSessions',
  'backwardFindSessions',
  'fetch',
  'backwardFetch',
] as const satisfies Reads<ReadOnlySessionStore<unknown, unknown>>;

const VERSIONED_READS = ['get'] as const satisfies Reads<
  ReadOnlyVersionedKeyValueStore<unknown, unknown>
>;

/** A kind is told by what it can do; what can do more comes first. */
const KINDS: readonly Kind[] = [
  { reads: KEY_VALUE_READS, writes: ['put', 'putIfAbsent', 'putAll', 'delete'] },
  { reads: WINDOW_READS, writes: ['put'] },
  { reads: SESSION_READS, writes: ['put', 'remove'] },
  { reads: VERSIONED_READS, writes: ['put', 'delete'] },
];

/** A view of `store` whose writes throw `READ_ONLY_STORE`. A store of a user's own kind is returned as it is. */
export function readOnlyView(store: StateStore): StateStore {
  const kind = KINDS.find(
    ({ reads, writes }) =>
      (store instanceof MemoryStore || 'prefixScan' in store) &&
      [...reads, ...writes].every((call) => call in store),
  );
  if (kind === undefined) return store;
  const view: { [call: string]: unknown } = { name: store.name, persistent: store.persistent };
  const calls = store as StateStore & { readonly [call: string]: (...args: never[]) => unknown };
  for (const call of kind.reads) view[call] = (calls[call] as () => unknown).bind(store);
  for (const call of kind.writes) {
    view[call] = () => {
      throw refused(store.name);
    };
  }
  // It has every call of the kind that the store is.
  return Object.freeze(view) as unknown as StateStore;
}

function refused(store: string): StreamsError {
  return new StreamsError(
    'READ_ONLY_STORE',
    `Global store is read only: ${store} is filled from its topic; write to that topic instead.`,
    { store },
  );
}
