/**
 * Rows whose state is logged at the commit only, once however often they changed: what buffers do. Rows that only the
 * record in flight has changed are kept apart until it ends.
 */
export class DeferredLog<T> {
  readonly #dirty = new Set<T>();
  readonly #scoped = new Set<T>();
  /** Logged since the last commit. */
  readonly #logged = new Set<T>();

  mark(item: T, scoped: boolean): void {
    (scoped ? this.#scoped : this.#dirty).add(item);
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /**
   * Logs everything that finished records have changed since the last call, in the order of the first change. `log`
   * is told whether the changelog may know the item already since the last commit.
   */
  flush(log: (item: T, logged: boolean) => void): boolean {
    if (this.#dirty.size === 0) return false;
    for (const item of this.#dirty) {
      log(item, this.#logged.has(item));
      this.#logged.add(item);
    }
    this.#dirty.clear();
    return true;
  }

  mergeScope(): void {
    for (const item of this.#scoped) this.#dirty.add(item);
    this.#scoped.clear();
  }

  dropScope(): void {
    this.#scoped.clear();
  }

  promote(): void {
    this.#logged.clear();
  }

  rollback(): void {
    this.#dirty.clear();
    this.#scoped.clear();
    this.#logged.clear();
  }
}
