/** Forwards what it gets: `merge`, a branch, and the filter of a repartition hop that keeps or drops null keys. */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { OperatorSupplier } from './operator.js';

export const passThrough: OperatorSupplier = (context) => new PassThrough(context);

/** A record without key can meet no other record: it does not enter a repartition topic, and is not counted. */
export const dropNullKeys: OperatorSupplier = (context) => new DropNullKeys(context);

class PassThrough implements Processor {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  process(record: Record): void {
    this.#context.forward(record);
  }
}

class DropNullKeys implements Processor {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  process(record: Record): void {
    if (record.key !== null) this.#context.forward(record);
  }
}
