/**
 * From the graph of a case to a topology: one library call per operation, in list order, because generated names
 * depend on it. An error carries the phase it belongs to: a builder call (`dsl`) or `build()` with `describe()`.
 */
import { Serdes } from '../../src/serde/serdes.js';
import { StreamsBuilder } from '../../src/dsl/streams-builder.js';
import type { ProcessorSupplier } from '../../src/processor/processor.js';
import { Topology } from '../../src/processor/topology.js';
import { buildOperation } from './build-dsl.js';
import { buildTopologyCall } from './build-papi.js';
import type { ConformanceCase } from './case.js';
import { storeKinds } from './stores.js';
import { call } from './unsupported.js';

export interface BuiltCase {
  readonly topology: Topology;
  readonly describe: string;
  /** Sorted keys of each split's branches. */
  readonly branchKeys: Readonly<Record<string, readonly string[]>>;
}

/** What the graph of a case leads to: a topology, or the phase and the error that stopped it. */
export type BuildOutcome =
  | { readonly built: BuiltCase }
  | { readonly phase: 'dsl' | 'build'; readonly opIndex: number; readonly error: unknown };

/** `invoke` makes the calls of the DSL, `supply` changes the processors of the Topology API. */
export function buildCase(
  testCase: ConformanceCase,
  invoke: typeof call = call,
  supply: Supply = (supplier) => supplier,
): BuildOutcome {
  return testCase.api === 'papi' ? buildPapi(testCase, supply) : buildDsl(testCase, invoke);
}

type Supply = (supplier: ProcessorSupplier) => ProcessorSupplier;

function buildDsl(testCase: ConformanceCase, invoke: typeof call): BuildOutcome {
  const builder = new StreamsBuilder({ key: Serdes.string(), value: Serdes.string() });
  const graph = {
    builder,
    call: invoke,
    nodes: new Map<string, unknown>(),
    branchKeys: {},
    stores: storeKinds(testCase.graph),
  };
  for (const [opIndex, operation] of testCase.graph.entries()) {
    try {
      buildOperation(graph, operation);
    } catch (error) {
      return { phase: 'dsl', opIndex, error };
    }
  }
  return finish(() => buildTopology(builder, testCase), graph.branchKeys);
}

function buildPapi(testCase: ConformanceCase, supply: Supply): BuildOutcome {
  const topology = new Topology();
  const stores = storeKinds(testCase.graph);
  for (const [opIndex, operation] of testCase.graph.entries()) {
    try {
      buildTopologyCall(topology, operation, { stores, supply });
    } catch (error) {
      return { phase: 'dsl', opIndex, error };
    }
  }
  return finish(() => topology, {});
}

function finish(build: () => Topology, branchKeys: BuiltCase['branchKeys']): BuildOutcome {
  try {
    const topology = build();
    return { built: { topology, describe: topology.describe().toString(), branchKeys } };
  } catch (error) {
    return { phase: 'build', opIndex: -1, error };
  }
}

function buildTopology(builder: StreamsBuilder, testCase: ConformanceCase): Topology {
  const optimization = testCase.config['topology.optimization'];
  if (typeof optimization !== 'string') return builder.build();
  // The builder checks the text.
  return builder.build({ optimization: optimization as 'none' });
}
