/** `split`: each record goes to the first branch whose predicate says yes, and nowhere when none does. */
import { isPromiseLike, type OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Predicate } from './filter.js';
import type { OperatorSupplier } from './operator.js';

export interface Branch<K, V> {
  /** Name of the child node. */
  readonly child: string;
  /** Undefined: takes everything that is left. */
  readonly predicate: Predicate<K, V> | undefined;
}

/** The list is read when the task is made: branches are added after the split was drawn. */
export const branch =
  <K, V>(branches: readonly Branch<K, V>[]): OperatorSupplier =>
  (context) =>
    new BranchProcessor(context, branches);

class BranchProcessor<K, V> implements Processor<K, V> {
  readonly #context: OperatorContext;
  readonly #branches: readonly Branch<K, V>[];

  constructor(context: OperatorContext, branches: readonly Branch<K, V>[]) {
    this.#context = context;
    this.#branches = branches;
  }

  process(record: Record<K, V>): void {
    this.#route(record, 0);
  }

  #route(record: Record<K, V>, from: number): void {
    for (let i = from; i < this.#branches.length; i++) {
      const { child, predicate } = this.#branches[i]!;
      if (predicate === undefined) {
        this.#context.forward(record, child);
        return;
      }
      const passes = predicate(record.key, record.value);
      if (isPromiseLike(passes)) {
        this.#context.park(passes, (later) => {
          if (later) this.#context.forward(record, child);
          else this.#route(record, i + 1);
        });
        return;
      }
      if (passes) {
        this.#context.forward(record, child);
        return;
      }
    }
  }
}
