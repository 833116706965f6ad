/**
 * Everything that one record does while it may still wait for promises, opened and ended as one: what it sends,
 * stores, and learns about time. Merged when the record ends, dropped when it fails; a commit in between sees none
 * of it. The stores keep their part in their scope layer, the collector keeps encoded records.
 */
import type { ScopedCollector } from './scoped-collector.js';
import type { StateManager } from './state-manager.js';
import type { TaskProgress, TaskTimes } from './task-progress.js';

export class RecordScope {
  readonly #collector: ScopedCollector;
  readonly #stores: StateManager;
  readonly #progress: TaskProgress;
  #timesBefore: TaskTimes | undefined;

  constructor(collector: ScopedCollector, stores: StateManager, progress: TaskProgress) {
    this.#collector = collector;
    this.#stores = stores;
    this.#progress = progress;
  }

  get isOpen(): boolean {
    return this.#collector.isOpen;
  }

  open(): void {
    this.#timesBefore = this.#progress.times();
    this.#collector.open();
  }

  merge(): void {
    if (!this.isOpen) return;
    this.#timesBefore = undefined;
    this.#stores.mergeScope();
    this.#collector.merge();
  }

  drop(): void {
    this.#timesBefore = undefined;
    this.#stores.dropScope();
    this.#collector.drop();
  }

  /** Times as finished records left them. */
  finishedTimes(): TaskTimes {
    return this.#timesBefore ?? this.#progress.times();
  }
}
