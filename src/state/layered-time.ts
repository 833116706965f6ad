/** A time or a count that only grows, in the layers of a store: record scope, uncommitted, committed. */
export class LayeredTime {
  #current: number;
  #committed: number;
  /** What it was before the record scope, while the scope has moved it. */
  #beforeScope: number | undefined;

  constructor(initial: number) {
    this.#current = initial;
    this.#committed = initial;
  }

  get current(): number {
    return this.#current;
  }

  get committed(): number {
    return this.#committed;
  }

  advance(to: number, scoped: boolean): void {
    if (to <= this.#current) return;
    if (scoped) this.#beforeScope ??= this.#current;
    else if (this.#beforeScope !== undefined && to > this.#beforeScope) this.#beforeScope = to;
    this.#current = to;
  }

  /** As a restore brings it. */
  restore(to: number): void {
    if (to > this.#current) this.#current = to;
    if (to > this.#committed) this.#committed = to;
  }

  mergeScope(): void {
    this.#beforeScope = undefined;
  }

  dropScope(): void {
    if (this.#beforeScope !== undefined) this.#current = this.#beforeScope;
    this.#beforeScope = undefined;
  }

  promote(): void {
    this.#committed = this.#beforeScope ?? this.#current;
  }

  rollback(): void {
    this.#beforeScope = undefined;
    this.#current = this.#committed;
  }
}
