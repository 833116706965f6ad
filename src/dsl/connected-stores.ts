/**
 * Stores that a processor is handed by names of its own: `process(supplier, { stores: { seen } })` calls the supplier
 * with `(context, { seen })`. What was not connected is not there, and the compiler says so.
 */
import type {
  FixedKeyProcessorContext,
  FixedKeyProcessorSupplier,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
} from '../processor/processor.js';
import { suppliedBy } from '../processor/supplier.js';
import { isBuilder } from '../state/checked-options.js';
import type { StoreBuilder } from '../state/store.js';
import type { UserProcessorPlan } from './plan.js';

/** Builders, each under the name by which the supplier gets its store. */
export interface StoresByName {
  readonly [name: string]: StoreBuilder;
}

/** A list of stores gives the supplier nothing but its context. */
export type NoStores = { readonly [name in never]: StoreBuilder };

/** The stores themselves, as the supplier gets them. */
export type ConnectedStores<S> = {
  readonly [N in keyof S]: S[N] extends StoreBuilder<infer Store> ? Store : never;
};

/** A function, or a class (called with `new`). */
type Supplier<C, S, P> =
  | ((context: C, stores: ConnectedStores<S>) => P)
  | (new (context: C, stores: ConnectedStores<S>) => P);

export type ConnectedProcessorSupplier<KIn, VIn, KOut, VOut, S> = Supplier<
  ProcessorContext<KOut, VOut>,
  S,
  Processor<KIn, VIn>
>;

export type ConnectedFixedKeyProcessorSupplier<KIn, VIn, VOut, S> = Supplier<
  FixedKeyProcessorContext<KIn, VOut>,
  S,
  Processor<KIn, VIn>
>;

type Context = Pick<ProcessorContext, 'getStateStore'>;

type Stores = readonly (StoreBuilder | string)[] | StoresByName;

/** What the plan keeps of a supplier and its stores: a list of stores, and a supplier of the context alone. */
export function connected(
  supplier: UserProcessorPlan['supplier'],
  stores: Stores = [],
): Pick<UserProcessorPlan, 'supplier' | 'stores'> {
  if (isList(stores)) return { supplier, stores };
  const builders = Object.entries(stores);
  // What is behind a supplier takes what it was declared with: the context of its kind, and these stores.
  const given = supplier.make as unknown as Supplier<Context, StoresByName, Processor>;
  const make = (context: Context): Processor => {
    const handed = builders.map(([name, builder]) => [name, context.getStateStore(builder)]);
    return suppliedBy(given, context, 'process', Object.fromEntries(handed) as never);
  };
  return {
    supplier: supplier.fixedKey
      ? { fixedKey: true, make: make as FixedKeyProcessorSupplier }
      : { fixedKey: false, make: make as ProcessorSupplier },
    stores: builders.map(([, builder]) => builder),
  };
}

/** The options with a list of stores, for the checks of options. What is no record of builders stays as it is. */
export function withListedStores<O extends { readonly stores?: unknown }>(options: O): object {
  const stores = options?.stores;
  if (typeof stores !== 'object' || stores === null || Array.isArray(stores)) return options;
  const builders = Object.values(stores);
  return builders.every(isBuilder) ? { ...options, stores: builders } : options;
}

const isList = (stores: Stores): stores is readonly (StoreBuilder | string)[] =>
  Array.isArray(stores);
