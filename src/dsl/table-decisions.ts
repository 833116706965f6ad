/**
 * Which tables keep a store and which nodes send old values along. Operators ask for it in the order of the calls, and
 * the order matters: a filter takes old values only from a table that was materialised when the filter was drawn.
 */
import { assert } from '../errors.js';
import type {
  OperatorPlan,
  PlanNode,
  TablePlan,
  TableStorePlan,
  ValueGetterSupplier,
} from './plan.js';

export class TableDecisions {
  readonly #stored = new Set<TablePlan>();
  readonly #sendingOldValues = new Set<TablePlan | OperatorPlan>();

  constructor(calls: readonly PlanNode[]) {
    for (const node of calls)
      if (node.kind === 'table' || node.kind === 'operator') this.#decide(node);
  }

  /** The table's store, if it keeps one. */
  storeOf(table: TablePlan): TableStorePlan | undefined {
    return this.#stored.has(table) ? table.store : undefined;
  }

  sendsOldValues(node: TablePlan | OperatorPlan): boolean {
    return this.#sendingOldValues.has(node);
  }

  /** How to look values of the table up: in its store, or through the tables it was derived from. */
  getterOf(table: TablePlan): ValueGetterSupplier {
    const store = this.storeOf(table);
    if (store !== undefined) {
      const { name, getter } = store;
      return { stores: [name], make: (context) => getter(context.getStateStore(name)) };
    }
    const { readThrough } = table;
    assert(readThrough !== undefined, `table ${table.name} has a store or is derived from others`);
    const tables = readThrough.tables.map((parent) => this.getterOf(parent));
    return {
      stores: [...tables.flatMap(({ stores }) => stores), ...(readThrough.stores ?? [])],
      make: (context) =>
        readThrough.view(
          tables.map(({ make }) => make(context)),
          context,
        ),
    };
  }

  /** Whether what a node sends on are updates of a versioned table. A table without store is what its parent is. */
  isVersioned(node: PlanNode | undefined): boolean {
    if (node === undefined) return false;
    if (node.kind !== 'table') return node.kind === 'operator' && this.#inherits(node);
    const store = this.storeOf(node);
    if (store !== undefined) return store.versioned;
    const single = node.readThrough?.tables.length === 1;
    return node.origin === 'derived' && single && this.#inherits(node);
  }

  #inherits(node: PlanNode): boolean {
    return node.parents.length > 0 && node.parents.every((parent) => this.isVersioned(parent));
  }

  #decide(node: TablePlan | OperatorPlan): void {
    for (const table of node.oldValuesOf ?? []) this.#enableOldValues(table, true);
    for (const table of node.lookups ?? []) this.#requireGetter(table);
    if (node.kind === 'operator') return;
    if (node.queryable || node.origin === 'stored') this.#stored.add(node);
    const parent = node.readThrough?.tables[0];
    if (node.wantsOldValues && parent !== undefined && this.#enableOldValues(parent, false)) {
      this.#sendingOldValues.add(node);
    }
  }

  #requireGetter(table: TablePlan): void {
    if (this.#stored.has(table)) return;
    if (table.readThrough === undefined) this.#stored.add(table);
    else for (const parent of table.readThrough.tables) this.#requireGetter(parent);
  }

  /** False when the table has no old values; `force` makes it keep a store so that it has. */
  #enableOldValues(table: TablePlan, force: boolean): boolean {
    if (this.#sendingOldValues.has(table)) return true;
    const joined = table.readThrough !== undefined && table.readThrough.tables.length > 1;
    if ((joined || !this.#stored.has(table)) && !this.#passesOldValuesOn(table, force))
      return false;
    this.#sendingOldValues.add(table);
    return true;
  }

  #passesOldValuesOn(table: TablePlan, force: boolean): boolean {
    const { readThrough } = table;
    if (readThrough === undefined) {
      if (force) this.#stored.add(table);
      return force;
    }
    const [first, ...others] = readThrough.tables;
    assert(first !== undefined, `table ${table.name} is derived from a table`);
    if (others.length === 0) return this.#enableOldValues(first, force);
    // A join computes its old result from the old values of both sides; its two halves send it.
    for (const side of readThrough.tables) this.#enableOldValues(side, true);
    for (const half of table.parents)
      if (half.kind === 'operator') this.#sendingOldValues.add(half);
    return true;
  }
}
