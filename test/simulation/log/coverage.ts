/** Counts of what happened in simulated lives, so that a kind of fault or feature that never happens is seen. */
export const CLASSES = [
  'seeds',
  'operations',
  'lives',
  'crashes',
  'crashes in write',
  'crashes in datasync',
  'crashes in directory sync',
  'crashes in recovery',
  'torn writes',
  'lost writes',
  'tails cut',
  'process kills',
  'clean restarts',
  'failed syncs',
  'failed writes',
  'full disks',
  'slow disks',
  'clock jumps',
  'read-only logs',
  'records acknowledged',
  'records unknown',
  'unknown kept',
  'unknown lost',
  'records refused',
  'transactions committed',
  'transactions aborted',
  'transactions unknown',
  'transactions cut by a crash',
  'producers fenced',
  'compressed batches',
  'polls with records',
  'group commits',
  'group joins',
  'topics created',
  'topics deleted',
  'topics made anew',
  'partitions added',
  'configs altered',
  'records deleted',
  'log starts raised by retention',
  'journal files begun',
  'segments rolled',
  'segments cleaned',
  'records cleaned away',
  'tombstones sent',
  'timestamps found',
  'log checks',
] as const;

export type CoverageClass = (typeof CLASSES)[number];

export class Coverage {
  readonly counts: Record<CoverageClass, number>;

  constructor() {
    // The list and the record's keys are the same names.
    this.counts = Object.fromEntries(CLASSES.map((name) => [name, 0])) as Record<
      CoverageClass,
      number
    >;
  }

  add(name: CoverageClass, count = 1): void {
    this.counts[name] += count;
  }

  merge(counts: Readonly<Record<string, number>>): void {
    for (const name of CLASSES) this.counts[name] += counts[name] ?? 0;
  }

  /** Classes that never happened. */
  missing(): CoverageClass[] {
    return CLASSES.filter((name) => this.counts[name] === 0);
  }
}
