/** Hands out producer ids, each once in the life of the log. They are reserved in blocks, one journal entry each. */
import type { Durability } from './durability.js';
import type { JournalEntry } from './storage.js';

const BLOCK = 1000;

export class ProducerIds {
  readonly #durability: Durability;
  #next = 0;
  #reserved = 0;

  constructor(durability: Durability) {
    this.#durability = durability;
  }

  next(): number {
    if (this.#next === this.#reserved) {
      this.#durability.append({ type: 'producer-ids', next: this.#reserved + BLOCK });
      this.#reserved += BLOCK;
    }
    return this.#next++;
  }

  /** Ids below were reserved by an earlier run; which of them were used is not known. */
  replay(entry: JournalEntry & { readonly type: 'producer-ids' }): void {
    this.#reserved = Math.max(this.#reserved, entry.next);
    this.#next = this.#reserved;
  }

  snapshot(): JournalEntry {
    return { type: 'producer-ids', next: this.#reserved };
  }
}
