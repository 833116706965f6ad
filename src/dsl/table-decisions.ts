/**
 * Which tables keep a store and which send old values along. Operators ask for it in the order of the calls, and the
 * order matters: a filter takes old values only from a table that was materialised when the filter was drawn.
 */
import type { PlanNode, TablePlan, ValueGetterSupplier } from './plan.js';

export class TableDecisions {
  readonly #stored = new Set<TablePlan>();
  readonly #sendingOldValues = new Set<TablePlan>();

  constructor(calls: readonly PlanNode[]) {
    for (const node of calls) {
      if (node.kind === 'table') this.#decide(node);
      else if (node.kind === 'tableJoin') this.#requireGetter(node.table);
    }
  }

  /** Name of the table's store, if it keeps one. */
  storeOf(table: TablePlan): string | undefined {
    return this.#stored.has(table) ? table.store?.name : undefined;
  }

  sendsOldValues(table: TablePlan): boolean {
    return this.#sendingOldValues.has(table);
  }

  /** How to look values of the table up: in its store, or through its parents. */
  getterOf(table: TablePlan): ValueGetterSupplier {
    const store = this.storeOf(table);
    if (store !== undefined) return { stores: [store], make: (open) => open(store) };
    const { readThrough } = table;
    if (readThrough === undefined)
      throw new Error(`table ${table.name} has neither store nor parent`);
    const parent = this.getterOf(readThrough.parent);
    return { stores: parent.stores, make: (open) => readThrough.view(parent.make(open)) };
  }

  #decide(table: TablePlan): void {
    if (table.queryable || table.origin === 'aggregate') this.#stored.add(table);
    const parent = table.readThrough?.parent;
    if (table.wantsOldValues && parent !== undefined && this.#enableOldValues(parent, false)) {
      this.#sendingOldValues.add(table);
    }
  }

  #requireGetter(table: TablePlan): void {
    if (this.#stored.has(table)) return;
    if (table.readThrough === undefined) this.#stored.add(table);
    else this.#requireGetter(table.readThrough.parent);
  }

  /** False when the table has no old values; `force` makes it keep a store so that it has. */
  #enableOldValues(table: TablePlan, force: boolean): boolean {
    if (this.#sendingOldValues.has(table)) return true;
    if (!this.#stored.has(table)) {
      if (table.readThrough !== undefined) {
        if (!this.#enableOldValues(table.readThrough.parent, force)) return false;
      } else if (force) {
        this.#stored.add(table);
      } else {
        return false;
      }
    }
    this.#sendingOldValues.add(table);
    return true;
  }
}
