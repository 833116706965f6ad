/** `toStream` of a table: the new value of each update; a deletion becomes a null value. */
import type { OperatorContext } from '../../processor/operator-context.js';
import type { Processor } from '../../processor/processor.js';
import type { Record } from '../../processor/record.js';
import type { Change } from '../change.js';
import type { OperatorSupplier } from './operator.js';

export const toStream: OperatorSupplier = (context) => new ToStream(context);

class ToStream<K, V> implements Processor<K, Change<V>> {
  readonly #context: OperatorContext;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  process(record: Record<K, Change<V>>): void {
    this.#context.forward(record.withValue(record.value.newValue));
  }
}
