/**
 * The stores of one task: makes them, gives them their changelog writers, and passes on what happens to the task
 * as a whole (record scope, commit, abort). Stores are handled in the order in which the topology added them.
 */
import { assert } from '../errors.js';
import { readOnlyView } from '../state/read-only-store.js';
import type {
  CacheBudget,
  ChangelogWriter,
  ManagedStore,
  RecordOrigin,
  StateStore,
  StoreContext,
} from '../state/store.js';
import type { StoreDefinition } from './node-definition.js';
import type { Parking } from './parking.js';
import type { TaskServices } from './task-services.js';

/** A store and the topic partition it is restored from. */
export interface StoreChangelog {
  readonly store: ManagedStore;
  readonly topic: string;
  readonly partition: number;
}

export interface StateManagerOptions {
  readonly services: TaskServices;
  readonly partition: number;
  /** Every processor may read these. */
  readonly globalStores: ReadonlyMap<string, StateStore>;
  /** The topic a store is logged to, or restored from; `undefined` without one. */
  changelogTopic(store: StoreDefinition): string | undefined;
  readonly cacheMaxBytes: number;
}

const NO_HEADERS: readonly [] = Object.freeze([]);

export class StateManager {
  readonly changelogs: readonly StoreChangelog[];
  /** Some store may hold updates back. */
  readonly caches: boolean;
  readonly #stores = new Map<string, ManagedStore>();
  #all: ManagedStore[] = [];
  readonly #parking: Parking;
  /** Where a pass over the caches goes on. */
  #nextToFlush = 0;
  readonly #cache: CacheBudget | undefined;
  readonly #globalStores: ReadonlyMap<string, StateStore>;
  /** Names of the stores that are connected to a processor. */
  readonly #connected = new Map<string, ReadonlySet<string>>();

  constructor(options: StateManagerOptions) {
    this.#parking = options.services.parking;
    this.#cache =
      options.cacheMaxBytes > 0 ? { maxBytes: options.cacheMaxBytes, usedBytes: 0 } : undefined;
    this.#globalStores = options.globalStores;
    const changelogs: StoreChangelog[] = [];
    for (const { nodes } of options.services.subtopologies) {
      for (const node of nodes)
        if (node.kind === 'processor') this.#connected.set(node.name, new Set(node.stores));
    }
    for (const definition of options.services.subtopologies.flatMap(({ stores }) => stores)) {
      const store = definition.builder.build();
      assert(
        !this.#stores.has(store.name),
        `task ${options.services.taskId} has one store ${store.name}`,
      );
      const topic = options.changelogTopic(definition);
      const logged =
        topic !== undefined &&
        definition.builder.loggingEnabled &&
        definition.sourceTopic === undefined;
      store.init(
        storeContext(
          options.services,
          store.name,
          this.#cache,
          logged ? writerTo(options, topic) : undefined,
        ),
      );
      this.#stores.set(store.name, store);
      this.#all.push(store);
      if (topic !== undefined) changelogs.push({ store, topic, partition: options.partition });
    }
    this.changelogs = changelogs;
    this.caches = options.services.subtopologies.some(({ stores }) =>
      stores.some(
        ({ builder }) =>
          builder.logsAtCommit === true || (this.#cache !== undefined && builder.cachingEnabled),
      ),
    );
  }

  get(name: string): ManagedStore | undefined {
    return this.#stores.get(name);
  }

  /** What processor `node` may use under this name: a store connected to it, or a view of a global one. */
  storeFor(node: string, name: string): StateStore | undefined {
    const own = this.#connected.get(node)?.has(name) === true ? this.#stores.get(name) : undefined;
    if (own !== undefined) return own;
    const global = this.#globalStores.get(name);
    return global === undefined ? undefined : readOnlyView(global);
  }

  get all(): readonly ManagedStore[] {
    return this.#all;
  }

  get hasDirtyCache(): boolean {
    return this.#all.some((store) => store.hasDirtyCache);
  }

  get uncommittedBytes(): number {
    let bytes = 0;
    for (const store of this.#all) bytes += store.uncommittedBytes;
    return bytes;
  }

  /**
   * One pass over all caches, in the order of the stores. It stops when what was forwarded waits for a promise, and the
   * next call goes on behind that store: the stores after it are to see what comes of it, as without the promise.
   */
  flushCaches(): void {
    while (this.#nextToFlush < this.#all.length) {
      this.#all[this.#nextToFlush++]!.flushCache();
      if (this.#parking.isHeld) return;
    }
    this.#nextToFlush = 0;
  }

  mergeScope(): void {
    for (const store of this.#all) store.mergeScope();
  }

  dropScope(): void {
    for (const store of this.#all) store.dropScope();
  }

  promote(): void {
    this.#nextToFlush = 0;
    for (const store of this.#all) store.promote();
  }

  rollback(): void {
    this.#nextToFlush = 0;
    for (const store of this.#all) store.rollback();
    this.#all = this.#all.map((store) => store.renew?.() ?? store);
    for (const store of this.#all) this.#stores.set(store.name, store);
    if (this.#cache !== undefined) this.#cache.usedBytes = 0;
  }

  close(): void {
    for (const store of this.#all) store.close();
  }
}

function writerTo(options: StateManagerOptions, topic: string): ChangelogWriter {
  const { partition } = options;
  const { collector } = options.services;
  return (key, value, timestamp, headers) =>
    collector.sendBytes(topic, partition, key, value, timestamp, headers ?? NO_HEADERS);
}

function storeContext(
  services: TaskServices,
  store: string,
  cache: CacheBudget | undefined,
  changelog: ChangelogWriter | undefined,
): StoreContext {
  const { parking } = services;
  return {
    taskId: services.taskId,
    changelog,
    cache,
    timestamp: () => Math.max(parking.timestamp, 0),
    streamTime: () => services.streamTime(),
    recordDropped: () => services.recordDropped(store, 'expired'),
    inRecordScope(): boolean {
      parking.checkWrite(store);
      return services.inRecordScope();
    },
    mayForward: () => parking.isRunning && !services.inRecordScope(),
    recordOrigin: (): RecordOrigin => parking.recordOrigin(),
    enterOrigin: (origin, timestamp) => parking.enterOrigin(origin, timestamp),
    requestCommit: () => services.requestCommit(),
  };
}
