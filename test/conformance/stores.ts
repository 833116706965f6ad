/** The store definitions of a case as store builders, and which kind each named store of a graph is. */
import { Serdes } from '../../src/serde/serdes.js';
import { Stores } from '../../src/state/stores.js';
import type { StateStore, StoreBuilder } from '../../src/state/store.js';
import type { Operation, StoreSpec } from './case.js';
import type { StoreKinds } from './processors.js';
import { call, UnsupportedOperation } from './unsupported.js';

const FACTORIES: Readonly<Record<StoreSpec['type'], string>> = {
  kv: 'keyValue',
  timestampedKv: 'timestampedKeyValue',
  versioned: 'versionedKeyValue',
  window: 'window',
  session: 'session',
};

export function storeBuilder(spec: StoreSpec): StoreBuilder {
  const options = {
    name: spec.name,
    key: Serdes.string(),
    value: Serdes.string(),
    store: spec.persistent === true || spec.type === 'versioned' ? 'persistent' : 'memory',
    ...(spec.type === 'versioned' ? {} : { caching: spec.caching ?? false }),
    logging: spec.logging ?? true,
    ...(spec.history === undefined ? {} : { historyRetention: spec.history }),
    ...(spec.retention === undefined ? {} : { retention: spec.retention }),
    ...(spec.windowSize === undefined ? {} : { windowSize: spec.windowSize }),
    ...(spec.retainDuplicates === undefined ? {} : { retainDuplicates: spec.retainDuplicates }),
  };
  const builder = call(Stores, FACTORIES[spec.type], options);
  if (typeof builder !== 'object' || builder === null)
    throw new UnsupportedOperation(`${spec.type} store`);
  // Every factory of Stores returns a builder.
  return builder as StoreBuilder<StateStore>;
}

/** Kinds of the stores that the case defines itself; those of tables and aggregations are not among them. */
export function storeKinds(graph: readonly Operation[]): StoreKinds {
  const kinds = new Map<string, StoreSpec['type']>();
  for (const operation of graph) {
    const provided = Array.isArray(operation['provides']) ? operation['provides'] : [];
    for (const spec of [operation['store'], ...provided]) {
      if (isStoreSpec(spec)) kinds.set(spec.name, spec.type);
    }
  }
  return kinds;
}

function isStoreSpec(value: unknown): value is StoreSpec {
  return typeof value === 'object' && value !== null && 'type' in value && 'name' in value;
}
