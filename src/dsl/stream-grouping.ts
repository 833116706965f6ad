/**
 * What every aggregation of a grouped stream does the same, windowed or not: the repartition hop where the key was
 * changed, and the table behind it. A grouping with a name shares one hop among its aggregations.
 */
import { validateName } from './names.js';
import { behind, repartitionPlan, type Grouping } from './plan-steps.js';
import type {
  Plan,
  RepartitionPlan,
  SerdeSlot,
  StorePlan,
  StreamState,
  TablePlan,
  TableState,
  TableStorePlan,
} from './plan.js';

/** What tells one aggregation from another. */
export interface Aggregation {
  /** Of the generated name of its node. */
  readonly prefix: string;
  /** For messages: `count()`. */
  readonly call: string;
  readonly name: string | undefined;
  /** Its name was generated already: it comes before that of the node, as in Kafka. */
  readonly store: TableStorePlan;
  readonly queryable: boolean;
  /** Of the table: windowed keys for windows. */
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  readonly operator: TablePlan['operator'];
  readonly stores?: readonly StorePlan[];
  /** Of windows: so long after its end a window is closed. */
  readonly closesAfterMs?: number;
}

export class StreamGrouping {
  readonly plan: Plan;
  readonly stream: StreamState;
  readonly name: string | undefined;
  readonly key: SerdeSlot;
  readonly value: SerdeSlot;
  #shared: RepartitionPlan | undefined;

  constructor(stream: StreamState, { name, key, value }: Grouping) {
    this.plan = stream.plan;
    this.stream = stream;
    this.name = name === undefined ? undefined : validateName(name);
    this.key = key ?? stream.key;
    this.value = value ?? stream.value;
  }

  /** Draws the hop, if there must be one, and the table. */
  aggregate(aggregation: Aggregation): TableState {
    const { plan } = this;
    const { prefix, call, store, key, value, operator, queryable } = aggregation;
    const name = plan.names.node(aggregation.name, prefix);
    const stream = this.grouped(store.name, call);
    const table: TablePlan = {
      kind: 'table',
      origin: 'stored',
      name,
      parents: [stream.node],
      store,
      queryable,
      operator,
      readThrough: undefined,
      wantsOldValues: false,
      ...(aggregation.stores === undefined ? {} : { stores: aggregation.stores }),
      ...(aggregation.closesAfterMs === undefined
        ? {}
        : { closesAfterMs: aggregation.closesAfterMs }),
    };
    return { plan, node: plan.add(table), key, value, sources: stream.sources };
  }

  /** The stream with equal keys in one task. */
  grouped(storeName: string, call: string): StreamState {
    if (!this.stream.keyChanged) return this.stream;
    // Drawn every time, because it uses up names; a named grouping then keeps the first one.
    const drawn = repartitionPlan(this.stream, {
      prefix: this.name ?? storeName,
      reason: call,
      key: this.key,
      value: this.value,
    });
    if (this.name !== undefined && this.#shared !== undefined) {
      this.plan.addAgain(this.#shared);
      return behind(this.stream, this.#shared);
    }
    this.#shared = drawn;
    return behind(this.stream, this.plan.add(drawn));
  }
}
