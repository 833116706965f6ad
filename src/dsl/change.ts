/** What travels between table nodes: the new value of a key and, where somebody asked for it, the old one. */
export class Change<V> {
  /** `null`: the key is deleted. */
  readonly newValue: V | null;
  /** `null`: there was none, or nobody asked for old values. */
  readonly oldValue: V | null;
  /** False for an update of a versioned table that a later one precedes: what is there now stays. */
  readonly isLatest: boolean;

  constructor(newValue: V | null, oldValue: V | null, isLatest = true) {
    this.newValue = newValue;
    this.oldValue = oldValue;
    this.isLatest = isLatest;
  }
}
