/** The face of a global store towards ordinary tasks: everything can be read, every write is refused. */
import { StreamsError } from '../errors.js';
import type { KeyValueStore } from './key-value.js';
import type { StateStore } from './store.js';

/** A view of `store` whose writes throw `READ_ONLY_STORE`. Other kinds of stores are returned as they are. */
export function readOnlyView(store: StateStore): StateStore {
  return isKeyValueStore(store) ? new ReadOnlyView(store) : store;
}

function isKeyValueStore(store: StateStore): store is KeyValueStore<unknown, unknown> {
  return 'get' in store && 'put' in store && 'prefixScan' in store;
}

class ReadOnlyView implements KeyValueStore<unknown, unknown> {
  readonly name: string;
  readonly persistent: boolean;
  readonly #store: KeyValueStore<unknown, unknown>;

  constructor(store: KeyValueStore<unknown, unknown>) {
    this.name = store.name;
    this.persistent = store.persistent;
    this.#store = store;
  }

  get(key: unknown): unknown {
    return this.#store.get(key);
  }

  range(from?: unknown, to?: unknown): AsyncIterable<[unknown, unknown]> {
    return this.#store.range(from, to);
  }

  reverseRange(from?: unknown, to?: unknown): AsyncIterable<[unknown, unknown]> {
    return this.#store.reverseRange(from, to);
  }

  all(): AsyncIterable<[unknown, unknown]> {
    return this.#store.all();
  }

  reverseAll(): AsyncIterable<[unknown, unknown]> {
    return this.#store.reverseAll();
  }

  prefixScan(prefix: unknown): AsyncIterable<[unknown, unknown]> {
    return this.#store.prefixScan(prefix);
  }

  approximateNumEntries(): number {
    return this.#store.approximateNumEntries();
  }

  put(): void {
    throw this.#refused();
  }

  putIfAbsent(): unknown {
    throw this.#refused();
  }

  putAll(): void {
    throw this.#refused();
  }

  delete(): unknown {
    throw this.#refused();
  }

  #refused(): StreamsError {
    return new StreamsError(
      'READ_ONLY_STORE',
      `Global store is read only: ${this.name} is filled from its topic; write to that topic instead.`,
      { store: this.name },
    );
  }
}
