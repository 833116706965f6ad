/**
 * `transformValues` of a table: a value transformer with stores of its own, which sees deletions as well. A table that
 * keeps no store is transformed again wherever a value of it is looked up, so that the transformer must then give the
 * same result for the same row.
 */
import { StreamsError } from '../../errors.js';
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Awaitable, Processor, ProcessorContext } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import { suppliedBy } from '../../processor/supplier.js';
import type { ValueAndTimestamp } from '../../state/key-value.js';
import { Change } from '../change.js';
import type { Decision } from '../plan.js';
import { given, type OperatorSupplier } from './operator.js';
import { StoredTable } from './stored-table.js';
import { requireSync, type ValueGetter } from './value-getter.js';

/** Kafka's ValueTransformerWithKey. */
export interface ValueTransformer<K, V, V2> {
  /** `value` is null where the row was deleted; null as result deletes it. */
  transform(key: K, value: V | null): Awaitable<V2 | null>;
  close?(): Awaitable<void>;
}

/** What a transformer sees of its task: everything but `forward`. */
export type TransformerContext = Omit<ProcessorContext<never, never>, 'forward'>;

export type ValueTransformerSupplier<K, V, V2> =
  | ((context: TransformerContext) => ValueTransformer<K, V, V2>)
  | (new (context: TransformerContext) => ValueTransformer<K, V, V2>);

const TRANSFORMED = "transformer's result";

export const transformValues =
  <K, V, V2>(supplier: ValueTransformerSupplier<K, V, V2>) =>
  (decision: Decision): OperatorSupplier =>
  (context) =>
    new TransformValuesProcessor(context, transformerOf(supplier, context), decision);

/** Looks a value up in the parent and transforms it, with a transformer of its own. */
export const transformValuesView =
  <K, V, V2>(name: string, supplier: ValueTransformerSupplier<K, V, V2>) =>
  (parent: ValueGetter<K, V>, context: OperatorContext): ValueGetter<K, V2> => {
    const transformer = transformerOf(supplier, context);
    return {
      isVersioned: parent.isVersioned === true,
      get(key: K, asOf?: number): ValueAndTimestamp<V2> | undefined {
        const row = parent.get(key, asOf);
        const result = transformer.transform(key, row?.value ?? null);
        const value = given(requireSync(result, name), TRANSFORMED);
        return value === null ? undefined : { value, timestamp: row?.timestamp ?? -1 };
      },
    };
  };

function transformerOf<K, V, V2>(
  supplier: ValueTransformerSupplier<K, V, V2>,
  context: OperatorContext,
): ValueTransformer<K, V, V2> {
  const restricted = withoutForward(context);
  const transformer = suppliedBy(supplier, restricted, 'transform');
  if (typeof transformer?.transform === 'function') return transformer;
  throw new StreamsError(
    'INVALID_ARGUMENT',
    `transformValues(): the supplier of ${context.nodeName} returned no transformer, an object with transform(key, value).`,
    { node: context.nodeName },
  );
}

/** Plain JavaScript would find `forward` on the context itself. */
function withoutForward(context: OperatorContext): TransformerContext {
  return new Proxy(context, {
    get(target, property) {
      if (property === 'forward')
        throw new StreamsError(
          'INVALID_STATE',
          `ProcessorContext#forward() is not supported in transformValues() (${target.nodeName}): a transformer returns the new value. To send records use toStream().process().`,
          { node: target.nodeName },
        );
      const member: unknown = Reflect.get(target, property, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

class TransformValuesProcessor<K, V, V2> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;
  readonly #transformer: ValueTransformer<K, V, V2>;
  readonly #sendOldValues: boolean;
  readonly #table: StoredTable<K, V2> | undefined;

  constructor(
    context: OperatorContext,
    transformer: ValueTransformer<K, V, V2>,
    decision: Decision,
  ) {
    this.#context = context;
    this.#transformer = transformer;
    this.#sendOldValues = decision.sendOldValues;
    if (decision.store !== undefined)
      this.#table = new StoredTable(context, decision.store, decision);
  }

  process(record: Record<K, Change<V>>): void {
    const transformed = this.#transformer.transform(record.key, record.value.newValue);
    if (isPromiseLike(transformed)) {
      this.#context.park(transformed, (later) => this.#transformOld(record, later));
      return;
    }
    this.#transformOld(record, transformed);
  }

  close(): Awaitable<void> {
    return this.#transformer.close?.();
  }

  #transformOld(record: Record<K, Change<V>>, result: V2 | null): void {
    const newValue = given(result, TRANSFORMED);
    if (this.#table !== undefined) {
      const old = this.#table.storedValue(record.key);
      this.#table.update(record, newValue, old, record.timestamp);
      return;
    }
    if (!this.#sendOldValues) {
      this.#forward(record, newValue, null);
      return;
    }
    const transformed = this.#transformer.transform(record.key, record.value.oldValue);
    if (isPromiseLike(transformed)) {
      this.#context.park(transformed, (later) => this.#forward(record, newValue, later));
      return;
    }
    this.#forward(record, newValue, transformed);
  }

  #forward(record: Record<K, Change<V>>, newValue: V2 | null, oldValue: V2 | null): void {
    const change = new Change(newValue, given(oldValue, TRANSFORMED), record.value.isLatest);
    this.#context.forward(record.withValue(change));
  }
}
