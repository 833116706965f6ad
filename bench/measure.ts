/**
 * How everything here is measured: millrace and its limit take turns in one fresh process, the middle value of several
 * rounds counts, and what is compared is the ratio. Absolute numbers of different days say nothing.
 */
export interface Comparison {
  readonly name: string;
  readonly unit: string;
  readonly units: number;
  readonly ours: () => Promise<number>;
  readonly limit: () => Promise<number>;
  /** The ratio that must hold. */
  readonly floor?: number;
}

export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly limit: number;
  readonly ratio: number;
  readonly floor: number | undefined;
  readonly rounds: { readonly ours: readonly number[]; readonly limit: readonly number[] };
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) * q;
  const low = sorted[Math.floor(middle)] ?? Number.NaN;
  const high = sorted[Math.ceil(middle)] ?? Number.NaN;
  return low + (high - low) * (middle - Math.floor(middle));
}

/** Milliseconds of one call. */
export async function timed(work: () => unknown): Promise<number> {
  globalThis.gc?.();
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** A B B A ...: one warm-up round of each, then `rounds` rounds. */
export async function compare(comparison: Comparison, rounds: number): Promise<Result> {
  const { name, unit, units, ours, limit, floor } = comparison;
  const times: { ours: number[]; limit: number[] } = { ours: [], limit: [] };
  await limit();
  await ours();
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (['ours', 'limit'] as const) : (['limit', 'ours'] as const);
    for (const side of order) times[side].push(await (side === 'ours' ? ours : limit)());
  }
  const perSecond = (ms: number) => (units / ms) * 1000;
  const rates = { ours: times.ours.map(perSecond), limit: times.limit.map(perSecond) };
  const pairs = rates.ours.map((rate, i) => rate / (rates.limit[i] ?? Number.NaN));
  return {
    name,
    unit,
    ours: median(rates.ours),
    limit: median(rates.limit),
    ratio: median(pairs),
    floor,
    rounds: rates,
  };
}
