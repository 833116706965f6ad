/**
 * Deletes what the last commit has consumed from the repartition topics of this application, now and then and
 * beside the loop: nothing waits for it, one request is under way at a time, and a failure is only reported,
 * because the next purge covers the same records.
 */
import type { Clock } from '../env/env.js';
import type { LogAdmin } from '../log/client.js';
import type { StreamsConfig } from './config.js';
import type { Intake, Lane } from './intake.js';

/** Sooner than the interval when this many records can go: a memory log would otherwise keep all of them. */
const RECORDS_MAX = 250_000;

export class RepartitionPurge {
  readonly #admin: LogAdmin;
  readonly #intake: Intake;
  readonly #config: StreamsConfig;
  readonly #clock: Clock;
  /** Per lane of a repartition topic: everything below is purged. */
  readonly #purged: Map<Lane, number>;
  #lastAt: number;
  #running: Promise<void> | undefined;

  constructor(
    parts: { readonly admin: LogAdmin; readonly intake: Intake },
    config: StreamsConfig,
    clock: Clock,
  ) {
    this.#admin = parts.admin;
    this.#intake = parts.intake;
    this.#config = config;
    this.#clock = clock;
    this.#lastAt = clock.monotonic();
    this.#purged = new Map(parts.intake.repartitionLanes.map((lane) => [lane, lane.committed]));
  }

  /** Called after each commit; returns at once. */
  committed(): void {
    if (this.#purged.size === 0 || this.#running !== undefined) return;
    const now = this.#clock.monotonic();
    const lanes = this.#intake.repartitionLanes;
    const overdue = now - this.#lastAt >= this.#config.repartitionPurgeIntervalMs;
    if (!overdue && this.#waiting() < RECORDS_MAX) return;
    this.#lastAt = now;
    const purging = lanes
      .filter((lane) => lane.committed > (this.#purged.get(lane) ?? 0))
      .map((lane) => ({ lane, offset: lane.committed }));
    if (purging.length === 0) return;
    this.#running = this.#admin
      .deleteRecords(
        purging.map(({ lane: { topic, partition }, offset }) => ({ topic, partition, offset })),
      )
      .then(
        () => {
          for (const { lane, offset } of purging) this.#purged.set(lane, offset);
        },
        (error: unknown) =>
          this.#config.logger.warn(
            'Repartition topics could not be purged',
            error instanceof Error ? error : undefined,
          ),
      )
      .then(() => {
        this.#running = undefined;
      });
  }

  /** Resolves when no request is under way. */
  async settled(): Promise<void> {
    await this.#running;
  }

  #waiting(): number {
    let records = 0;
    for (const lane of this.#intake.repartitionLanes)
      records += lane.committed - (this.#purged.get(lane) ?? 0);
    return records;
  }
}
