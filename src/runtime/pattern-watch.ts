/**
 * Notices topics that are created while the application runs and that a source pattern matches. It looks at the log's
 * list of topics now and then, as Kafka does at each refresh of its metadata; what to do about them is not its matter.
 */
import type { Timer, Timers } from '../env/env.js';
import type { LogAdmin } from '../log/client.js';
import type { Subtopology } from '../processor/node-definition.js';
import { matches } from '../processor/topology.js';
import type { TopicPlan } from './topic-plan.js';

/** The bundled log lists its topics without any I/O; a cluster is asked over the network. */
const INTERVAL_MS_OWN_LOG = 1000;
const INTERVAL_MS_CLUSTER = 30_000;

export interface PatternWatchParts {
  readonly subtopologies: readonly Subtopology[];
  readonly plan: TopicPlan;
  readonly admin: LogAdmin;
  readonly timers: Timers;
  /** The log is in this process. */
  readonly ownLog: boolean;
  /** True: they are taken, and there is nothing more to watch for. */
  onNewTopics(topics: readonly string[]): boolean;
  /** The topics could not be listed: it tries again. */
  onFailure(error: unknown): void;
}

export class PatternWatch {
  readonly #parts: PatternWatchParts;
  readonly #patterns: readonly RegExp[];
  readonly #known: ReadonlySet<string>;
  #timer: Timer | undefined;
  #closed = false;

  constructor(parts: PatternWatchParts) {
    this.#parts = parts;
    this.#patterns = parts.subtopologies.flatMap(({ nodes }) =>
      nodes.flatMap((node) =>
        node.kind === 'source' && node.pattern !== undefined ? [node.pattern] : [],
      ),
    );
    const { subtopologies, repartitionTopics, changelogs } = parts.plan;
    const sources = subtopologies.flatMap((subtopology) => subtopology.sources);
    // What the application made for itself is no news either, and never a source of its patterns.
    const known = [...sources, ...repartitionTopics, ...changelogs].map(({ topic }) => topic);
    this.#known = new Set(known);
    this.#wait();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    if (this.#patterns.length === 0 || this.#closed) return;
    const { timers, ownLog } = this.#parts;
    this.#timer = timers.after(
      ownLog ? INTERVAL_MS_OWN_LOG : INTERVAL_MS_CLUSTER,
      () => void this.#look(),
      { background: true },
    );
  }

  async #look(): Promise<void> {
    const { admin, onNewTopics, onFailure } = this.#parts;
    try {
      const fresh = (await admin.listTopics()).filter(
        (topic) =>
          !this.#known.has(topic) && this.#patterns.some((pattern) => matches(pattern, topic)),
      );
      if (this.#closed) return;
      if (fresh.length > 0 && onNewTopics(fresh)) return;
    } catch (error) {
      if (!this.#closed) onFailure(error);
    }
    this.#wait();
  }
}
