/**
 * The ends that a read up to the current end goes to: of each partition, what it had when the read was asked for.
 * Offsets of markers and aborted records count, so that a partition whose tail holds nothing else has an end too.
 */
import type { Isolation, LogAdmin, TopicPartition } from './client.js';
import { keyOf } from './consumer-progress.js';
import { lookUpOffsets } from './offset-lookup.js';

interface End extends TopicPartition {
  readonly offset: number;
}

export class UntilEnd {
  readonly #open: Map<string, End>;

  constructor(ends: readonly End[]) {
    this.#open = new Map(ends.map((end) => [keyOf(end), end]));
  }

  /** The end of each partition as a reader of that isolation sees it now. */
  static async now(
    admin: LogAdmin,
    partitions: readonly TopicPartition[],
    isolation: Isolation,
  ): Promise<UntilEnd> {
    const offsets = await lookUpOffsets(admin, partitions, 'latest', isolation);
    return new UntilEnd(
      partitions.map(({ topic, partition }, i) => ({ topic, partition, offset: offsets[i] ?? 0 })),
    );
  }

  /** The end of a partition that was not reached yet. */
  endOf(at: TopicPartition): number | undefined {
    return this.#open.get(keyOf(at))?.offset;
  }

  /** Nothing of this partition is handed out any more. */
  reached(at: TopicPartition): void {
    this.#open.delete(keyOf(at));
  }

  /**
   * True when nothing is left to read: every partition stands at its end or beyond, or was given up to another member.
   */
  async isReached(
    assignment: readonly TopicPartition[],
    position: (at: TopicPartition) => Promise<number>,
  ): Promise<boolean> {
    const assigned = new Set(assignment.map(keyOf));
    for (const end of this.#open.values()) {
      // oxlint-disable-next-line no-await-in-loop -- few partitions, and the answer is at hand
      if (!assigned.has(keyOf(end)) || (await position(end)) >= end.offset) this.reached(end);
    }
    return this.#open.size === 0;
  }
}
