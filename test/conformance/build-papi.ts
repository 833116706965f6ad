/** The Topology API operations of a case (`api: "papi"`), and what both APIs share about processors. */
import { Serdes } from '../../src/serde/serdes.js';
import type { ProcessorSupplier } from '../../src/processor/processor.js';
import type { Topology } from '../../src/processor/topology.js';
import type { StoreBuilder } from '../../src/state/store.js';
import type { Operation, ProcessorSpec } from './case.js';
import {
  optionalText,
  processorField,
  storeField,
  storeList,
  textField,
  textList,
  topicsOf,
} from './fields.js';
import { timestampExtractor, topicFunction } from './functions.js';
import { processorSupplier } from './processors.js';
import type { StoreKinds } from './processors.js';
import { storeBuilder } from './stores.js';
import { UnsupportedOperation } from './unsupported.js';

/** What the processors of a case are made with. */
interface Kinds {
  readonly stores: StoreKinds;
  readonly supply: (supplier: ProcessorSupplier) => ProcessorSupplier;
}

type Build = (topology: Topology, operation: Operation, kinds: Kinds) => void;

const STRINGS = { key: Serdes.string(), value: Serdes.string() };

export function buildTopologyCall(topology: Topology, operation: Operation, kinds: Kinds): void {
  const build = Object.hasOwn(BUILDERS, operation.op) ? BUILDERS[operation.op] : undefined;
  if (build === undefined) throw new UnsupportedOperation(operation.op);
  build(topology, operation, kinds);
}

const BUILDERS: { readonly [op: string]: Build } = {
  addSource(topology, operation) {
    const extractor = optionalText(operation, 'extractor');
    topology.addSource(textField(operation, 'name'), topicsOf(operation), {
      ...STRINGS,
      ...(extractor === undefined ? {} : { timestamps: timestampExtractor(extractor) }),
    });
  },
  addProcessor(topology, operation, kinds) {
    topology.addProcessor(
      textField(operation, 'name'),
      kinds.supply(supplierOf(processorField(operation), kinds.stores)),
      textList(operation, 'parents'),
      {
        stores: storeList(operation, 'provides').map(storeBuilder),
      },
    );
  },
  addSink(topology, operation) {
    const extractor = optionalText(operation, 'extractor');
    const topic =
      extractor === undefined ? textField(operation, 'topic') : topicFunction(extractor);
    topology.addSink(textField(operation, 'name'), topic, textList(operation, 'parents'), STRINGS);
  },
  addStateStore(topology, operation) {
    topology.addStateStore(storeBuilder(storeField(operation)), textList(operation, 'processors'));
  },
  connectProcessorAndStateStores(topology, operation) {
    topology.connectProcessorAndStateStores(
      textField(operation, 'processor'),
      textList(operation, 'stores'),
    );
  },
  addGlobalStore(topology, operation, kinds) {
    topology.addGlobalStore<string, string>(...storeSource(operation, kinds));
  },
  addReadOnlyStateStore(topology, operation, kinds) {
    topology.addReadOnlyStateStore<string, string>(...storeSource(operation, kinds));
  },
};

type FedStore = [
  builder: StoreBuilder,
  source: string,
  topic: string,
  name: string,
  supplier: ProcessorSupplier,
  options: typeof STRINGS,
];

function storeSource(operation: Operation, kinds: Kinds): FedStore {
  return [
    storeBuilder(storeField(operation)),
    textField(operation, 'name'),
    textField(operation, 'topic'),
    textField(operation, 'processorName'),
    kinds.supply(supplierOf(processorField(operation), kinds.stores)),
    STRINGS,
  ];
}

/**
 * A supplier that hands out one instance again and again is Java's mistake; here the supplier is given the context,
 * so the same mistake is to pass the processor itself.
 */
export function supplierOf(spec: ProcessorSpec, kinds: StoreKinds): ProcessorSupplier {
  const supplier = processorSupplier(spec, kinds);
  if (spec.singleton !== true) return supplier;
  const instance: unknown = { process: () => undefined };
  return instance as ProcessorSupplier;
}
